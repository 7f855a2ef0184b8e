"""Conduit by itself in two processes, and a real browser. What its console says fails the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.chromium.conftest import Visit, Visitor, blocked, visit
from tests.chromium.server import Server, serving

__all__ = ["blocked", "visit"]


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from served("examples.conduit:app", tmp_path_factory.mktemp("conduit"))


@pytest.fixture(scope="package")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The application in which Conduit is mounted."""
    yield from served("examples.app:live", tmp_path_factory.mktemp("examples"))


def served(app: str, folder: Path) -> Iterator[Server]:
    env = {"CONDUIT_DATABASE": f"sqlite+aiosqlite:///{folder}/conduit.db"}
    with serving(app, workers=2, env=env) as server:
        yield server
        assert not server.faults()


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def visitor(request: pytest.FixtureRequest, visit: Visit, server: Server) -> Visitor:
    """A person at Conduit, once with JavaScript and once without."""
    return visit(server.url, script=request.param)


def sign_in(visitor: Visitor, name: str) -> Page:
    page = visitor.open("/login")
    page.get_by_label("Email").fill(f"{name}@example.org")
    page.get_by_label("Password").fill("password")
    page.locator("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="New Article")).to_be_visible()
    return page


def publish(page: Page, title: str, *tags: str) -> None:
    page.get_by_role("link", name="New Article").click()
    page.get_by_label("Article Title").fill(title)
    page.get_by_label("What's this article about?").fill(f"About {title}")
    page.get_by_label("Write your article").fill("It is **here**.")
    for count, tag in enumerate(tags, 1):
        page.get_by_placeholder("Enter tags").fill(tag)
        page.get_by_placeholder("Enter tags").press("Enter")
        expect(page.locator(".editor .tag-pill")).to_have_count(count)
    page.get_by_role("button", name="Publish Article").click()
    expect(page.get_by_role("heading", level=1).first).to_have_text(title)


def is_accessible(page: Page) -> None:
    """What axe-core finds is told as it tells it."""
    found = Axe().run(page)
    assert not found.violations_count, f"{page.url}\n{found.generate_report()}"
