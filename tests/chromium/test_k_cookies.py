"""K. Request context: cookies that a browser gets from a socket's action."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from liveactions.store import MemoryStore
from tests.behaviour.members import members
from tests.behaviour.test_k_signed_out import notes
from tests.chromium.conftest import Visit, Visitor
from tests.chromium.here import serving_here
from tests.support.client import load_lazy


async def whoami(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.session.get('name')} {request.cookies.get('greeting')}")


app = members(routes=[Route("/whoami", whoami)])


def log_in(page: Page, name: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Log in").click()


def fetching(visitor: Visitor, page: Page) -> Any:
    """With a script, cookies come by a request of their own, and then are there."""
    return page.expect_response("**/_live/cookies") if visitor.script else nullcontext()


def test_k2_cookies_and_session_are_there_at_once_and_later(anybody: Visitor) -> None:
    page = anybody.open("/")
    with fetching(anybody, page):
        log_in(page, "ada")
    expect(page.locator("output")).to_have_text("ada hello-ada")
    cookies = {cookie["name"]: cookie for cookie in anybody.context.cookies()}
    assert cookies["greeting"]["value"] == "hello-ada"
    assert [(cookie["httpOnly"], cookie["sameSite"]) for cookie in cookies.values()] == [(True, "Lax")] * 2
    assert page.evaluate("document.cookie") == "" if anybody.script else True
    page.goto(f"{anybody.url}/whoami")
    expect(page.locator("body")).to_have_text("ada hello-ada")


def test_k2_the_next_page_sees_them(anybody: Visitor) -> None:
    page = anybody.open("/")
    with fetching(anybody, page):
        page.get_by_role("button", name="Enter").click()
    expect(page.locator("body")).to_have_text("Club of ada dark", use_inner_text=True)
    page.reload()
    expect(page.locator("h1")).to_have_text("Club of ada")


def test_k2_what_is_set_when_a_page_connects_waits_for_no_op(person: Visitor) -> None:
    page = person.context.new_page()
    with page.expect_response("**/_live/cookies"):
        page.goto(f"{person.url}/welcome")
    assert {cookie["name"] for cookie in person.context.cookies()} == {"greeting", "session"}


def test_k2_a_ticket_survives_a_lost_request(visit: Visit, site: str) -> None:
    visitor = visit(site, outages=True)
    page = visitor.open("/")
    lost: list[str] = []

    def lose_first(route: Any) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.request.url)
            route.abort()

    page.route("**/_live/cookies", lose_first)
    with page.expect_response("**/_live/cookies"):
        log_in(page, "ada")
    page.goto(f"{visitor.url}/whoami")
    expect(page.locator("body")).to_have_text("ada hello-ada")


def test_k2_the_next_page_is_shown_when_they_are_there(person: Visitor) -> None:
    page = person.open("/")
    load_lazy(page)
    page.evaluate("window.same = true")
    held: list[Any] = []
    page.route("**/_live/cookies", lambda route: held.append(route))
    with page.expect_request("**/_live/cookies"):
        page.get_by_role("button", name="Enter").click()
    expect(page.get_by_role("button", name="Enter")).to_be_disabled()
    assert page.url == f"{person.url}/"
    held[0].continue_()
    expect(page.locator("h1")).to_have_text("Club of ada")
    assert page.evaluate("same")
    page.reload()
    expect(page.locator("h1")).to_have_text("Club of ada")


def test_k2_signing_out_takes_them_back(person: Visitor) -> None:
    page = person.open("/")
    with page.expect_response("**/_live/cookies"):
        page.get_by_role("button", name="Enter").click()
    person.go(page, "/")
    with page.expect_response("**/_live/cookies"):
        page.get_by_role("button", name="Log out").click()
    page.goto(f"{person.url}/whoami")
    expect(page.locator("body")).to_have_text("None None")


def test_k1_another_tab_acts_with_the_cookies_that_the_browser_has_now(visit: Visit, site: str) -> None:
    visitor = visit(site)
    page, tab = visitor.open("/"), visitor.open("/")
    for seen in ("ada", "nobody"):
        with page.expect_response("**/_live/cookies"), tab.expect_websocket():
            if seen == "ada":
                log_in(page, seen)
            else:
                page.get_by_role("button", name="Log out").click()
        tab.get_by_role("button", name="Look").click()
        expect(tab.locator("output")).to_have_text(re.compile(f"^{seen} "))


@pytest.fixture(scope="module")
def notebook() -> Iterator[str]:
    with serving_here(notes(MemoryStore())) as url:
        yield url


def test_k6_what_was_typed_in_another_tab_survives_signing_in_but_not_signing_out(
    visit: Visit, notebook: str
) -> None:
    visitor = visit(notebook)
    page, tab = visitor.open("/"), visitor.open("/")
    field = tab.locator("[name=text]")
    field.fill("of nobody")
    page.get_by_role("button", name="Sign in").click()
    expect(tab.locator("h1")).to_have_text("ada")
    expect(field).to_have_value("of nobody")
    expect(tab.get_by_role("alert")).to_contain_text("You have signed in")
    field.fill("of ada")
    expect(page.locator("h1")).to_have_text("ada")
    page.get_by_role("button", name="Sign out").click()
    expect(tab.locator("h1")).to_be_empty()
    expect(field).to_have_value("")
