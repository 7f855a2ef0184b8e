"""Settings of all tests."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, expect, sync_playwright

from tests.chromium.launch import launch


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cases", type=int, default=2000, help="random cases of each property test (default: %(default)s)"
    )
    parser.addoption(
        "--random", action="store_true", help="other random cases each time, to find new ones that fail"
    )


def pytest_configure(config: pytest.Config) -> None:
    use_own_stores(config)
    set_cases(config)


def use_own_stores(config: pytest.Config) -> None:
    """Whoever else runs these tests on this machine has the same applications, and the same keys."""
    place = tempfile.TemporaryDirectory(prefix="liveactions-tests-")
    config.add_cleanup(place.cleanup)
    os.environ["XDG_RUNTIME_DIR"] = place.name


def set_cases(config: pytest.Config) -> None:
    """Property tests take their cases from the command line, and no time limit from the machine.

    Without ``--random`` they are the same each time: what fails then is what was changed.
    """
    cases, random = config.getoption("--cases"), config.getoption("--random")
    settings.register_profile(
        "liveactions", max_examples=cases, deadline=None, print_blob=True, derandomize=not random
    )
    settings.load_profile("liveactions")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real browsers last: Playwright's event loop stays in the thread, where no coroutine runs then."""
    items.sort(key=lambda item: item.path.parent.name in ("chromium", "client"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The one real browser of all tests."""
    expect.set_options(timeout=10_000)
    with sync_playwright() as playwright:
        yield launch(playwright)
