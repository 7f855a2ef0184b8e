"""What a person has in the page, when a welcome replaces the content of a slot or the whole page."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, Route

from tests.client.conftest import SITE, Open, Server, document
from tests.support.client import load_lazy

SAVE = '<form method="post" action="/page?_a=save~1~mac">{}<button>Save</button></form>'
PARTS = pytest.mark.parametrize("part", ["slot", "page"])
"""What the welcome replaces."""


def body(section: str) -> str:
    return f'<h1 data-l=".">Title</h1><!--(--><section>{section}</section><!--)-->'


def replaced(page: Page, server: Server, part: str, section: str, **welcome: Any) -> None:
    """The connection is lost and comes back, with another section."""
    page.evaluate("Math.random = () => 0")
    count = server.sockets
    server.lose()
    page.wait_for_function("count => sockets.length > count", arg=count)
    server.open()
    welcome |= {"token": "t", "rev": 1, "ack": welcome.get("ack", 0), "migrated": 1}
    if part == "page":
        welcome["patch"] = {"page": document(body(section))}
    else:
        welcome |= {"patch": [1, {"f": [1]}], "shapes": [1, f"<section>{section}</section>"]}
    page.evaluate("window.section = document.querySelector('section')")
    server.receive(welcome)
    page.wait_for_function("!section.isConnected")


STATE = """() => {
  const count = selector => document.querySelectorAll(selector).length;
  const [first, second] = document.querySelectorAll("[name=t]");
  const inDialog = document.querySelector("dialog .last");
  return {
    text: [first.value, second.value, inDialog.value],
    checked: Array.from(document.querySelectorAll("[type=checkbox]"), each => each.checked),
    chosen: Array.from(document.querySelector("select").selectedOptions, each => each.text),
    files: Array.from(document.querySelector("[type=file]").files, each => each.name),
    dirty: count("[data-dirty]"),
    open: ["details[open]", "dialog:modal", ":popover-open"].map(count),
    scrolled: [scrollY, document.querySelector(".box").scrollTop],
    caret: [document.activeElement === inDialog, inDialog.selectionStart, inDialog.selectionEnd],
    drawn: document.querySelector("#chart").textContent,
  };
}"""


@PARTS
def test_what_a_person_has_in_a_replaced_part_stays(open_page: Open, part: str) -> None:
    """The controls have equal names or none, and no items around them."""

    def section(rows: str) -> str:
        controls = (
            '<input name="t"><input name="t" value="given"><input type="checkbox"><input type="checkbox">'
            '<select name="s" multiple><option>a<option>b<option>c</select><input type="file" name="f">'
        )
        return (
            f"<p>{rows}</p>{SAVE.format(controls).replace('<form', '<form live-guard')}"
            "<details><summary>More</summary>…</details><div popover>Menu</div>"
            '<dialog><input autofocus><input class="last"></dialog>'
            '<div class="box" style="height: 50px; overflow: auto"><p style="height: 500px">…</p></div>'
            '<div id="chart" live-ignore></div><p style="height: 3000px">…</p>'
        )

    page, server = open_page(body(section("one row")))
    page.locator("[name=t]").last.fill("typed")
    page.locator("[type=checkbox]").last.check()
    page.select_option("select", ["a", "c"])
    page.set_input_files("[type=file]", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"x"})
    page.click("summary")
    page.evaluate("""() => {
      document.querySelector("#chart").textContent = "drawn";
      document.querySelector(".box").scrollTop = 100;
      document.querySelector("dialog").showModal();
      document.querySelector("[popover]").showPopover();
    }""")
    page.fill("dialog .last", "in a dialog")
    page.evaluate("() => { document.activeElement.setSelectionRange(3, 5); scrollTo(0, 300); }")
    page.wait_for_selector("input[data-dirty]", state="attached")
    before = page.evaluate(STATE)
    assert before == {
        "text": ["", "typed", "in a dialog"],
        "checked": [False, True],
        "chosen": ["a", "c"],
        "files": ["a.txt"],
        "dirty": 5,
        "open": [1, 1, 1],
        "scrolled": [300, 100],
        "caret": [True, 3, 5],
        "drawn": "drawn",
    }
    replaced(page, server, part, section("two rows"))
    assert page.evaluate(STATE) == before


@PARTS
def test_a_long_list_stays_where_it_was_scrolled_to(open_page: Open, part: str) -> None:
    def section(text: str) -> str:
        rows = "".join(
            f'<li data-key="{n}" style="height: 30px">{text}<input aria-label="{n}"></li>'
            for n in range(400, 475)
        )
        return f'<ul live-window="?_a=show" data-first="400" data-total="900">{rows}</ul>'

    page, server = open_page(body(section("row")))
    page.wait_for_selector("[data-window]")
    page.evaluate("scrollTo(0, 13000)")
    page.get_by_label("440").fill("typed")
    replaced(page, server, part, section("new row"))
    page.wait_for_selector("[data-window]")
    page.evaluate("() => new Promise(requestAnimationFrame)")
    assert page.evaluate("scrollY") == 13000
    assert page.input_value("[data-key='440'] input") == "typed"


@PARTS
def test_a_form_that_waits_for_its_answer_is_still_the_one_that_is_reset(open_page: Open, part: str) -> None:
    page, server = open_page(body(SAVE.format('<input name="t"><input name="u">')))
    page.fill("[name=t]", "sent")
    page.click("button")
    page.fill("[name=u]", "typed later")
    page.evaluate("document.activeElement.blur()")
    replaced(page, server, part, SAVE.format('<input name="t" class="new"><input name="u">'))
    assert server.ops == [[1, 1, 1, "save~1~mac", ["t", "sent", "u", ""]]]
    assert page.evaluate("document.querySelector('form').ariaBusy") == "true"
    server.rev = 1
    server.answer(1)
    assert page.evaluate("document.querySelector('form').ariaBusy") is None
    values = "Array.from(document.querySelectorAll('input'), each => each.value)"
    assert page.evaluate(values) == ["", "typed later"]


@PARTS
def test_what_was_sent_and_is_answered_by_the_welcome_does_not_come_back(open_page: Open, part: str) -> None:
    page, server = open_page(body(SAVE.format('<input name="t">')))
    page.fill("[name=t]", "sent")
    page.click("button")
    replaced(page, server, part, SAVE.format('<input name="t" class="new">'), ack=1)
    assert page.input_value("[name=t]") == ""


def test_what_is_typed_before_the_page_has_joined_stays(open_page: Open) -> None:
    page, server = open_page(body(SAVE.format('<input name="t">')), join=False)
    page.fill("[name=t]", "early")
    section = f"<section>{SAVE.format('<input name=t>')}</section>"
    server.accept(rev=1, patch=[0, "New title", 1, {"f": [1]}], shapes=[1, section])
    page.wait_for_function("document.querySelector('h1').textContent === 'New title'")
    assert page.input_value("[name=t]") == "early"


@PARTS
def test_text_stays_in_its_own_item(open_page: Open, part: str) -> None:
    """One item is gone, another one has come, and they are in another order."""

    def section(keys: str) -> str:
        rows = "".join(f'<li data-key="{key}"><input name="t" aria-label="{key}"></li>' for key in keys)
        return f'<ul id="rows">{rows}</ul>'

    page, server = open_page(body(section("abc")))
    page.get_by_label("a").fill("in a")
    page.get_by_label("b").fill("in b")
    replaced(page, server, part, section("dcb"))
    values = "Array.from(document.querySelectorAll('input'), each => [each.ariaLabel, each.value])"
    assert page.evaluate(values) == [["d", ""], ["c", ""], ["b", "in b"]]


@PARTS
def test_an_upload_continues_in_the_form_that_replaces_its_own(open_page: Open, part: str) -> None:
    held: list[Route] = []
    form = '<input type="file" name="f"><progress live-progress hidden></progress>'

    def respond(route: Route) -> None:
        if "live-upload" not in route.request.headers:
            route.fallback()
        elif route.request.headers["content-type"] == "application/json":
            route.fulfill(json={"files": [{"by": "form"}]})
        else:
            held.append(route)

    page, server = open_page(body(SAVE.format(form)))
    load_lazy(page)
    page.route(f"{SITE}/page*", respond)
    page.set_input_files("[type=file]", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"x"})
    with page.expect_request(lambda request: "multipart" in request.headers.get("content-type", "")):
        page.click("button")
    replaced(page, server, part, SAVE.format(form) + "<p>new</p>")
    assert page.evaluate("document.querySelector('form').ariaBusy") == "true"
    assert page.is_visible("progress")
    held[0].fulfill(json={"files": [["f", "handle"]]})
    server.wait(2)
    assert server.ops == [[1, 1, 1, "save~1~mac", ["f", {"file": "handle"}]]]
    assert server.told == []
