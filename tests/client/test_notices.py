"""Notices about the connection, and about what wasn't sent."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.client.conftest import Open, Server
from tests.support.client import load_lazy

SHOWN_AFTER, LOST_AFTER = 1_500, 5_000
"""Milliseconds without a connection until `data-live` says so, and from then until the notice."""


def come_back(page: Page, server: Server) -> None:
    page.evaluate("dispatchEvent(new Event('online'))")
    server.accept(rev=server.rev)


def be_lost_for(page: Page, server: Server, milliseconds: int) -> None:
    """Lose the connection. Nothing answers new ones meanwhile."""
    server.lose()
    page.clock.run_for(milliseconds)


def test_a_lost_connection_is_shown_after_some_seconds(open_page: Open) -> None:
    """Its part of the client is loaded before, while there is a network."""
    page, server = open_page(
        "<h1>Hello</h1>" + "<p>text</p>" * 40 + "<button id=last>Last</button>", clock=True, errors=True
    )
    page.set_viewport_size({"width": 375, "height": 667})
    with page.expect_response("**/lazy.js"):
        page.clock.run_for(SHOWN_AFTER)
    load_lazy(page)
    page.route("**", lambda route: route.abort())
    status = page.get_by_role("status")
    be_lost_for(page, server, SHOWN_AFTER + LOST_AFTER - 100)
    assert status.text_content() == ""  # a deployment takes less
    come_back(page, server)
    expect(status).to_have_count(0)
    be_lost_for(page, server, SHOWN_AFTER + LOST_AFTER + 100)
    expect(status).to_have_text("No connection. Reconnecting…")
    expect(status).to_be_in_viewport(ratio=1)
    page.locator("#last").scroll_into_view_if_needed()
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    above, below = page.locator("#last").bounding_box(), status.bounding_box()
    assert above and below and above["y"] + above["height"] <= below["y"] and below["height"] < 40
    page.click("#last")
    come_back(page, server)
    expect(status).to_have_count(0)


def test_an_element_of_the_page_shows_a_lost_connection_instead(open_page: Open) -> None:
    page, server = open_page('<p class="live-connection" role="status" hidden>Getrennt</p>', clock=True)
    load_lazy(page)
    own = page.locator(".live-connection")
    be_lost_for(page, server, SHOWN_AFTER + LOST_AFTER + 100)
    expect(own).to_have_count(1)
    expect(own).to_be_visible()
    expect(own).to_have_text("Getrennt")
    come_back(page, server)
    expect(own).to_be_hidden()


def test_a_click_whose_button_was_replaced_meanwhile_says_that_it_was_not_sent(open_page: Open) -> None:
    """Another worker has taken the page over: it can't know what the button called."""
    page, server = open_page('<div data-l="."><button id="b" data-l="@click">b</button></div>')
    load_lazy(page)
    server.lose()
    page.click("#b")
    page.evaluate("dispatchEvent(new Event('online'))")
    server.open()
    shapes = [1, '<button id="b" data-l="@click">b</button>']
    server.receive(
        {"token": "t", "rev": 1, "ack": 0, "migrated": 1, "patch": [0, {"f": [1]}], "shapes": shapes}
    )
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("Not sent")
    assert server.ops == []
    page.click("#b")
    expect(notice).to_have_count(0)
