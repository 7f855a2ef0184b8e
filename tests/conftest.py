"""Configure pytest: options, Hypothesis, timeouts, and fixtures that all tests share."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, expect, sync_playwright

from liveactions.pubsub.channel import channels
from liveactions.session import resuming
from liveactions.templates.component_files import Components
from liveactions.templates.environment import LiveEnvironment
from liveactions.testing import Browser as InProcessBrowser
from tests.chromium.launch import launch
from tests.support.compiled import compile_once, load_once
from tests.support.patience import PATIENCE, PATIENCE_MS
from tests.support.servers import PostgresServer, RedisServer, S3Server, shared


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cases", type=int, default=100, help="random cases of each property test (default: %(default)s)"
    )
    parser.addoption("--random", action="store_true", help="use other random cases each time")
    parser.addoption(
        "--all-variants",
        action="store_true",
        help="run tests of the DOM in all variants, Firefox too, and of the examples on one worker as well",
    )
    parser.addoption(
        "--blocked",
        action="store_true",
        help="put a proxy that blocks WebSockets before all servers of tests/chromium",
    )
    parser.addoption(
        "--chaos",
        action="store_true",
        help="break the machines of tests/cluster for a minute, behind HAProxy",
    )


def pytest_configure(config: pytest.Config) -> None:
    use_own_stores(config)
    set_cases(config)
    InProcessBrowser.timeout = PATIENCE
    LiveEnvironment.compile = compile_once  # type: ignore[method-assign]
    Components._load = load_once  # type: ignore[method-assign]


def use_own_stores(config: pytest.Config) -> None:
    """Use a temporary directory for stores: those of other test runs have the same names and keys."""
    place = tempfile.TemporaryDirectory(prefix="liveactions-tests-")
    config.add_cleanup(place.cleanup)
    os.environ["XDG_RUNTIME_DIR"] = place.name


def set_cases(config: pytest.Config) -> None:
    """Set the number of random cases to that of the command line, without deadlines.

    Without ``--random``, the cases are the same each time, so that only changes of the code cause failures.
    """
    cases, random = config.getoption("--cases"), config.getoption("--random")
    settings.register_profile(
        "liveactions", max_examples=cases, deadline=None, print_blob=True, derandomize=not random
    )
    settings.load_profile("liveactions")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without garbage collections, and exclude the tests and their modules from later ones."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need a browser, and run them last.

    Once Playwright has started, its event loop occupies the thread, and other coroutines can't run in it.
    """
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Return the Chromium browser that all tests share."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        yield launch(playwright)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Return the Redis server of this test run."""
    with shared(RedisServer, tmp_path_factory.getbasetemp()) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """Return the PostgreSQL server of this test run."""
    with shared(PostgresServer, tmp_path_factory.getbasetemp()) as server:
        yield server


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Return the object storage of this test run."""
    with shared(S3Server, tmp_path_factory.getbasetemp()) as server:
        yield server


@pytest.fixture
def no_handover(monkeypatch: pytest.MonkeyPatch) -> None:
    """Don't wait a second each time for a page's last worker to store newer state."""
    monkeypatch.setattr(resuming, "HANDOVER_TIMEOUT", 0)


@pytest.fixture(autouse=True)
def forget_channels() -> Iterator[None]:
    """Remove the channels of a test's applications, or else actions of later tests would publish to them."""
    before = set(channels._channels)
    yield
    for channel in set(channels._channels) - before:
        channel.close()
        channels._channels.discard(channel)
