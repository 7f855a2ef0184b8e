"""What debug mode's own script shows: errors, what changes, what is wrong in the page."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.client.conftest import Open

DEBUG = '<script type="module" src="/debug.js"></script>'
POLICY = {"Content-Security-Policy": "default-src 'self'; require-trusted-types-for 'script'"}
PAYLOAD = {
    "error": "ZeroDivisionError: <b>",
    "details": "Traceback …",
    "id": "1a",
    "status": 500,
    "template": {
        "name": "a.html",
        "line": 2,
        "column": 4,
        "excerpt": [[1, "<p>"], [2, "\t😀 {{ 1 // 0 }}"], [3, "</p>"]],
    },
}
SAVE = 'method="post" action="/page?_a=save~1~mac"'


def debugged(open_page: Open, body: str, **options: Any) -> tuple[Page, Any, list[str]]:
    """A page in debug mode, and what its console warns of."""
    said: list[str] = []

    def listen(page: Page) -> None:
        page.on("console", lambda message: said.append(message.text) if message.type == "warning" else None)

    page, server = open_page(body, head=DEBUG, prepare=listen, headers=POLICY, **options)
    with page.expect_console_message(lambda message: message.text == "looked at"):
        page.evaluate(
            "import(document.querySelector('script[src*=debug]').src).then(() => console.log('looked at'))"
        )
    return page, server, said


def codes(said: list[str]) -> list[str]:
    return [line.split()[0] for line in said]


def darker(overlay: Locator, scheme: Literal["light", "dark"]) -> str:
    """Return which is darker, the text or its background."""
    overlay.page.emulate_media(color_scheme=scheme)
    found: str = overlay.locator("mark").evaluate("""mark => {
        const sum = (colour) => colour.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0);
        const { color, backgroundColor } = getComputedStyle(mark);
        return sum(color) < sum(backgroundColor) ? "text" : "background";
    }""")
    return found


def test_an_answer_with_a_traceback_is_shown(open_page: Open) -> None:
    page, server, _ = debugged(open_page, '<button id="b" data-l="@click">b</button>')
    page.click("#b")
    server.answer(1, 1, 1, PAYLOAD)
    overlay = page.get_by_role("dialog")
    expect(overlay.locator("h1")).to_have_text("ZeroDivisionError: <b>")
    expect(overlay.locator("h2")).to_have_text("a.html, line 2, column 4")
    assert overlay.locator("mark").text_content() == "    2  \t😀 {{ 1 // 0 }}\n       \t  ^"
    expect(overlay).to_contain_text("Traceback …")
    assert [darker(overlay, "light"), darker(overlay, "dark")] == ["text", "background"]
    overlay.get_by_role("button", name="Close").click()
    expect(overlay).to_have_count(0)


def test_an_answer_without_one_is_not(open_page: Open) -> None:
    page, server, _ = debugged(open_page, '<button id="b" data-l="@click">b</button>')
    page.click("#b")
    server.answer(1, 1, 1, {"error": "No", "errors": {}, "status": 422})
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_what_failed_by_itself_is_shown_until_a_template_is_saved(open_page: Open) -> None:
    page, server, _ = debugged(open_page, "<p>x</p>")
    server.receive([1, 0, [], [], [], {"events": [["live:error", PAYLOAD]]}])
    expect(page.get_by_role("dialog").locator("h2")).to_have_text("a.html, line 2, column 4")
    another = {**PAYLOAD, "error": "Another", "details": "another"}
    server.receive([2, 0, [], [], [], {"events": [["live:error", another]]}])
    expect(page.get_by_role("dialog").locator("h1")).to_have_text("Another")
    server.receive([3, 0, [], [], [], {"events": [["live:template", None]]}])
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_what_fails_again_and_again_is_shown_once(open_page: Open) -> None:
    page, server, _ = debugged(open_page, "<p>x</p>")
    overlay = page.get_by_role("dialog")
    server.receive([1, 0, [], [], [], {"events": [["live:error", PAYLOAD]]}])
    overlay.get_by_role("button", name="Close").click()
    server.receive([2, 0, [], [], [], {"events": [["live:error", PAYLOAD], ["told", None]]}])
    expect(overlay).to_have_count(0)
    server.receive([3, 0, [], [], [], {"events": [["live:template", None], ["live:error", PAYLOAD]]}])
    expect(overlay).to_have_count(1)


def test_changed_places_flash_when_asked(open_page: Open) -> None:
    page, server, _ = debugged(open_page, '<p data-l=".">x</p><i data-l="class">y</i><b>z</b>')
    flashing = "document.getAnimations().map(({ effect }) => effect.target.localName).sort()"
    server.patch([0, "a"])
    assert page.evaluate(flashing) == []
    page.keyboard.press("Alt+Shift+F")
    page.evaluate("document.getAnimations().forEach((one) => one.finish())")
    server.patch([0, "b", 1, "new"])
    assert page.evaluate(flashing) == ["i", "p"]
    assert page.evaluate("document.querySelector('p').outerHTML") == '<p data-l=".">b</p>'
    page.keyboard.press("Alt+Shift+F")
    page.evaluate("document.getAnimations().forEach((one) => one.finish())")
    server.patch([0, "c"])
    assert page.evaluate(flashing) == []


def test_duplicate_ids_are_said_once_each(open_page: Open) -> None:
    page, server, said = debugged(open_page, '<p id="a">1</p><p id="a">2</p><div data-l="."></div>')
    assert codes(said) == ["LA001"] and 'id "a"' in said[0]
    server.patch([0, {"f": [7]}], shapes=[7, '<p id="b"></p><p id="b"></p><p id="a"></p>'])
    server.patch([0, "x"])
    with page.expect_console_message(lambda message: message.text == "the end"):
        server.patch([0, {"f": [7]}])
        page.evaluate("console.log('the end')")
    assert [line for line in said if 'id "b"' in line] == [said[-1]]


NEED_A_SCRIPT = {
    '<form data-l="@submit"><input name="a"></form>': "only live-submit submits it",
    '<form live-submit="x"><input name="a"></form>': "only live-submit submits it",
    '<form method="get" action="/page?_a=save~1~mac"><button>b</button></form>': "its method is GET",
    f'<form {SAVE}><input name="a"><input name="b"></form>': "nothing in it submits it",
    f'<form {SAVE}><select name="a"></select></form>': "nothing in it submits it",
    f'<form {SAVE}><button type="button">b</button></form>': "nothing in it submits it",
    f'<form {SAVE}><input type="file" name="f"><button>b</button></form>': "multipart/form-data",
}


def test_forms_that_need_a_script(open_page: Open) -> None:
    forms = (form.replace("<form", f'<form id="f{n}"') for n, form in enumerate(NEED_A_SCRIPT))
    _, _, said = debugged(open_page, "".join(forms))
    assert codes(said) == ["LA004"] * len(NEED_A_SCRIPT)
    for n, (line, why) in enumerate(zip(said, NEED_A_SCRIPT.values(), strict=True)):
        assert f"#f{n}" in line and why in line


WORK_WITHOUT = (
    f'<form {SAVE}><input name="a"></form>',
    f'<form {SAVE}><input name="a"><input name="b"><button>b</button></form>',
    f'<form {SAVE}><input name="a"><input type="checkbox" name="b"></form>',
    f'<form {SAVE} data-l="@submit"><input name="a"></form>',
    f'<form id="f" {SAVE}></form><p><input name="a" form="f"><button form="f">b</button></p>',
    f'<form {SAVE}><select name="a"></select><noscript><button>b</button></noscript></form>',
    f'<form id="g" {SAVE}></form><noscript><button form="g">b</button></noscript>',
    f'<form {SAVE} enctype="multipart/form-data"><input type="file" name="f"><button>b</button></form>',
    '<form action="/search"><input name="q"></form>',
    '<form method="post" action="/page"><input type="hidden" name="_a" value="x"><input name="q"></form>',
    '<form id="live" method="post" action="/page"><input type="submit" disabled></form>',
)


def test_forms_that_work_without(open_page: Open) -> None:
    _, _, said = debugged(open_page, "".join(WORK_WITHOUT))
    assert said == []


def test_what_the_server_says(open_page: Open) -> None:
    page, server, said = debugged(open_page, "<p>x</p>")
    advice = [["LA002", "a.html, line 3: no keys"], ["LA005", "a.html, line 4: nesting"]]
    with page.expect_console_message(lambda message: message.text == "the end"):
        page.evaluate("addEventListener('end', () => console.log('the end'), true)")
        server.receive([1, 0, [], [], [], {"events": [["live:advice", advice]]}])
        server.receive([2, 0, [], [], [], {"events": [["live:advice", advice[:1]], ["end", None]]}])
    assert said == ["LA002 a.html, line 3: no keys", "LA005 a.html, line 4: nesting"]


@pytest.mark.parametrize(
    ("attributes", "said"),
    [('data-l="@click"', ["LA008"]), ('data-l="@close"', []), ('live-close.once="go"', [])],
)
def test_a_modal_dialog_that_escape_closes_unheard(open_page: Open, attributes: str, said: list[str]) -> None:
    _, _, found = debugged(open_page, f'<dialog id="d" live-modal {attributes}>x</dialog>')
    assert codes(found) == said
    assert all("(#d)" in line for line in found)


def test_advice_about_a_form_whose_field_has_any_name(open_page: Open) -> None:
    """Nothing else is said of it, and what comes after it is looked at, too."""
    names = ("elements", "id", "enctype", "contains", "action", "method", "children")
    forms = (
        f'<form method="post" action="?_a={name}"><input name="{name}"><input name="t"></form>'
        f'<form method="post" action="?_a=x" enctype="multipart/form-data">'
        f'<input type="file" name="{name}"><button>b</button></form>'
        for name in names
    )
    _, _, said = debugged(open_page, f'{"".join(forms)}<form id="g" action="?_a=x"><button>b</button></form>')
    assert codes(said) == ["LA004"] * (len(names) + 1)
    for name, line in zip(names, said[:-1], strict=True):
        assert f"?_a={name}" in line and "add a button" in line
    assert "#g" in said[-1]


def test_a_socket_that_does_not_open(open_page: Open) -> None:
    page, server, said = debugged(open_page, "<p>x</p>", clock=True, join=False)
    page.clock.run_for(11_400)
    assert said == []
    page.clock.run_for(200)
    assert codes(said) == ["LA009"]


def test_a_socket_that_opens_late(open_page: Open) -> None:
    page, server, said = debugged(open_page, "<p>x</p>", clock=True, join=False)
    page.clock.run_for(8_000)
    server.accept()
    page.clock.run_for(8_000)
    assert said == []
