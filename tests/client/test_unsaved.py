"""`live-guard` and `data-dirty`: what a visitor has changed and not saved."""

from __future__ import annotations

import pytest
from playwright.sync_api import Dialog, Page

from tests.client.conftest import Open, Server
from tests.support.client import load_lazy

FORM = (
    '<form id="f" method="post" action="/page?_a=save" live-guard="Leave?">'
    '<input id="text" name="a" value="one" data-l="value"><textarea id="area" name="b">two\nlines</textarea>'
    '<input id="box" type="checkbox" name="c"><select id="select" name="d"><option>x<option>y</select>'
    '<select id="several" name="e" multiple><option selected>x<option>y</select>'
    '<input id="file" type="file" name="f"><button id="save">Save</button></form>'
)


def dirty(page: Page) -> list[str]:
    page.wait_for_function("document.querySelector('script[data-live]')")
    ids: list[str] = page.evaluate("[...document.querySelectorAll('[data-dirty]')].map(({ id }) => id)")
    return ids


def opened(open_page: Open, html: str = FORM) -> tuple[Page, Server]:
    page, server = open_page(html)
    load_lazy(page)
    return page, server


@pytest.mark.parametrize(
    ("name", "change", "back"),
    [
        ("text", "text.value = 'ONE'", "text.value = 'one'"),
        ("area", "area.value = ''", "area.value = 'two\\nlines'"),
        ("box", "box.checked = true", "box.checked = false"),
        ("select", "select.selectedIndex = 1", "select.selectedIndex = 0"),
        ("several", "several.options[1].selected = true", "several.options[1].selected = false"),
    ],
)
def test_a_control_is_dirty_until_it_shows_again_what_was_rendered(
    open_page: Open, name: str, change: str, back: str
) -> None:
    page, _ = opened(open_page)
    assert dirty(page) == []
    for script, marked in ((change, ["f", name]), (back, []), (change, ["f", name])):
        page.evaluate(f"{script}; {name}.dispatchEvent(new Event('input', {{ bubbles: true }}))")
        assert dirty(page) == marked
    page.evaluate("f.reset()")
    page.wait_for_function("!document.querySelector('[data-dirty]')")


def test_a_file_is_dirty(open_page: Open) -> None:
    page, _ = opened(open_page)
    page.set_input_files("#file", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"x"})
    assert dirty(page) == ["f", "file"]


def test_what_is_saved_is_not_dirty(open_page: Open) -> None:
    page, server = opened(open_page)
    page.fill("#text", "ONE")
    assert dirty(page) == ["f", "text"]
    page.click("#save")
    server.patch([0, "ONE"], ack=1)
    assert dirty(page) == []


def answering(page: Page, *answers: bool) -> list[str]:
    """Answer the next questions, which are returned; others are a failure."""
    asked: list[str] = []
    waiting = list(answers)

    def answer(dialog: Dialog) -> None:
        asked.append(f"{dialog.type}: {dialog.message}")
        dialog.accept() if waiting and waiting.pop(0) else dialog.dismiss()

    page.on("dialog", answer)
    return asked


LINK = '<a id="link" live-nav href="/other">Other</a>'


@pytest.mark.parametrize("leaves", [True, False])
def test_a_link_to_another_page_asks(open_page: Open, leaves: bool) -> None:
    page, server = opened(open_page, FORM + LINK)
    page.fill("#text", "ONE")
    asked = answering(page, leaves)
    page.click("#link")
    assert asked == ["confirm: Leave?"]
    assert [op[2] for op in server.ops] == ([3] if leaves else [])
    assert page.url.endswith("/other" if leaves else "/page")


def test_nothing_asks_without_a_change_or_a_text(open_page: Open) -> None:
    for html in (FORM, FORM.replace("Leave?", "")):
        page, server = opened(open_page, html + LINK)
        asked = answering(page)
        if "Leave?" not in html:
            page.fill("#text", "ONE")
        page.click("#link")
        assert asked == [] and [op[2] for op in server.ops] == [3]


def test_another_query_of_the_page_asks_nothing(open_page: Open) -> None:
    page, server = opened(open_page, FORM + '<a id="link" live-nav href="/page?q=1">Other</a>')
    page.fill("#text", "ONE")
    asked = answering(page)
    page.click("#link")
    assert asked == [] and [op[2] for op in server.ops] == [3]


def test_back_asks_and_the_page_stays(open_page: Open) -> None:
    page, server = opened(open_page, FORM + LINK)
    page.click("#link")
    whole = page.content().replace("one", "other").replace('action="/page', 'action="/other')
    server.receive([1, 1, {"page": whole}])
    page.fill("#text", "ONE")
    asked = answering(page, False, True)
    page.evaluate("history.back()")
    page.wait_for_function("location.pathname === '/other'")
    assert asked == ["confirm: Leave?"] and page.input_value("#text") == "ONE"
    page.evaluate("history.back()")
    page.wait_for_function("sockets[0].sent.length > 2")
    assert asked == 2 * ["confirm: Leave?"] and server.ops[-1][2:4] == [3, "/page"]


def test_closing_asks_in_the_browsers_words(open_page: Open) -> None:
    page, _ = opened(open_page)
    page.fill("#text", "ONE")
    asked = answering(page, False)
    page.close(run_before_unload=True)
    page.wait_for_event("dialog") if not asked else None
    assert asked == ["beforeunload: "]


def test_an_action_that_leads_away_asks_nothing(open_page: Open) -> None:
    page, server = opened(open_page)
    page.fill("#text", "ONE")
    asked = answering(page)
    page.click("#save")
    with page.expect_navigation(wait_until="commit"):
        server.answer(1, 1, 3, {"url": "/page?done"})
    assert asked == []
