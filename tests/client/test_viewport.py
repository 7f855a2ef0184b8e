"""`live-visible` and `live-hidden`: what an element calls when it comes into view, or leaves it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.client.conftest import Open, Server

SPACE = '<div style="height: 3000px"></div>'
FRAMES = """async () => {
  const frame = (resolve) => requestAnimationFrame(() => setTimeout(resolve));
  for (let i = 0; i < 3; i++) await new Promise(frame);
}"""
"""Observers have reported: they do so once in each frame."""


def called(page: Page, server: Server) -> list[list[int]]:
    """The slots that were called."""
    page.evaluate(FRAMES)
    return [op[3] for op in server.ops]


def scroll(page: Page, to: int) -> None:
    page.evaluate(f"scrollTo({{ top: {to}, behavior: 'instant' }})")


def test_what_is_in_view_at_first_is_called_once(open_page: Open) -> None:
    page, server = open_page(f'<p data-l="@visible">a</p><p data-l="@hidden">b</p>{SPACE}')
    page.wait_for_function("sockets[0].sent.length > 1")
    assert called(page, server) == [[0]]


def test_coming_into_view_and_leaving_it(open_page: Open) -> None:
    page, server = open_page(f'{SPACE}<p id="p" data-l="@visible @hidden">a</p>{SPACE}')
    assert called(page, server) == []
    scroll(page, 3000)
    assert called(page, server) == [[0]]
    scroll(page, 0)
    assert called(page, server) == [[0], [1]]
    scroll(page, 3000)
    assert called(page, server) == [[0], [1], [0]]


def test_once(open_page: Open) -> None:
    page, server = open_page(f'{SPACE}<p data-l="@visible.once">a</p>{SPACE}')
    for top in (3000, 0, 3000):
        scroll(page, top)
        called(page, server)
    assert called(page, server) == [[0]]


def test_half_of_it(open_page: Open) -> None:
    page, server = open_page(f'{SPACE}<div style="height: 200px" data-l="@visible.half">a</div>{SPACE}')
    height = page.evaluate("innerHeight")
    scroll(page, 3000 - height + 80)
    assert called(page, server) == []
    scroll(page, 3000 - height + 120)
    assert called(page, server) == [[0]]


@pytest.mark.parametrize("box", [False, True])
def test_a_margin_in_the_window_and_in_a_box(open_page: Open, box: bool) -> None:
    content = f'{SPACE}<p style="margin: 0" data-l="@visible.margin.500px">a</p>{SPACE}'
    page, server = open_page(
        f'<div id="box" style="overflow: auto; height: 300px">{content}</div>' if box else content
    )
    height = 300 if box else page.evaluate("innerHeight")
    target = "box" if box else "document.scrollingElement"
    for distance, calls in ((550, []), (450, [[0]])):
        page.evaluate(f"{target}.scrollTop = {3000 - height - distance}")
        assert called(page, server) == calls


def test_a_list_that_is_too_short_grows_on(open_page: Open) -> None:
    """As long as its end is in view after a patch that has changed the page's height, and no longer."""
    page, server = open_page(
        '<ul><!--[--><li>1</li><!--,--><!--]--></ul><p data-l="@visible">more</p><b><!--(-->x<!--)--></b>'
    )
    assert called(page, server) == [[1]]
    server.patch([2, "y"], ack=1)  # another part of the page: the list is as it was
    assert called(page, server) == [[1]]
    server.patch([0, [[[1, -1, 1, "2"]]]], shapes=[1, "<li><!--(--><!--)--></li>"])
    assert called(page, server) == [[1], [1]]


def test_what_is_read_stays_where_it_is(open_page: Open) -> None:
    """When a list grows at its beginning, also at the very top of the page."""
    page, server = open_page(
        '<p data-l="@visible">more</p><ul><!--[--><li id="first">1</li><!--,--><!--]--></ul>' + SPACE
    )
    assert called(page, server) == [[0]]
    top = page.evaluate("first.getBoundingClientRect().top")
    shape = '<li style="height: 400px"><!--(--><!--)--></li>'
    server.patch([1, [[[1, 0, 1, "0"]]]], ack=1, shapes=[1, shape])
    assert page.evaluate("scrollY") == 400
    assert page.evaluate("first.getBoundingClientRect().top") == top


def test_an_element_that_has_gone_calls_nothing(open_page: Open) -> None:
    page, server = open_page('<div><!--(--><p data-l="@visible @hidden">a</p><!--)--></div>')
    assert called(page, server) == [[0, 0]]
    server.patch([0, "gone"], ack=1)
    assert called(page, server) == [[0, 0]]


def test_raw_html(open_page: Open) -> None:
    page, server = open_page('<p live-visible="more~~x">a</p>')
    page.wait_for_function("sockets[0].sent.length > 1")
    page.evaluate(FRAMES)
    assert [op[2:4] for op in server.ops] == [[1, "more~~x"]]
