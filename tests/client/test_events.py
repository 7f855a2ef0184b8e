"""Event attributes: which element, which address, which fields."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests.client.conftest import Open
from tests.support.client import load_lazy


def test_a_click_names_its_slot(open_page: Open) -> None:
    page, server = open_page(
        '<p title="t" data-l="title">x</p><button id="b" data-l="class @click .">b</button>'
    )
    page.click("#b")
    assert server.ops == [[1, 0, 0, [2], []]]
    server.answer(1)
    assert server.told == [["ok", "b", {"n": 1, "result": None}]]


def test_a_click_within(open_page: Open) -> None:
    page, server = open_page('<a data-l="@click"><b><i id="i">x</i></b></a>')
    page.click("#i")
    assert server.ops[0][3] == [0]


def test_nested_elements_are_called_from_the_inside_out(open_page: Open) -> None:
    page, server = open_page('<div data-l="@click"><button id="b" data-l="@click">b</button></div>')
    page.click("#b")
    assert [op[3] for op in server.ops] == [[1], [0]]


def test_stopped_events_go_no_further(open_page: Open) -> None:
    page, server = open_page('<div data-l="@click"><button id="b">b</button></div>')
    page.evaluate("() => { b.onclick = event => event.stopPropagation() }")
    page.click("#b")
    assert server.ops == []


def test_addresses_through_children_and_lists(open_page: Open) -> None:
    row = '<li><!--(--><button class="{0}" data-l="class @click">{0}</button><!--)--></li>'
    page, server = open_page(f'<p data-l=".">x</p><ul data-l="[0,0">{row.format("a")}{row.format("b")}</ul>')
    page.click(".b")
    assert server.ops[-1][3] == [1, 1, 0, 1]
    server.patch(
        [1, [[[2, 0, 1, "c", "c"], [1, 0]]]],
        shapes=[1, '<li><button class="" data-l="class @click .">x</button></li>'],
    )
    page.click(".c")
    assert server.ops[-1] == [2, 1, 0, [1, 2, 1], []]
    page.click(".b")
    assert server.ops[-1][3] == [1, 1, 0, 1]
    server.patch([1, [[1, 0]]])
    page.click(".c")
    assert server.ops[-1][3] == [1, 2, 1]


def test_addresses_in_ranges(open_page: Open) -> None:
    item = '<b>{0}</b><!--[--><button id="{0}" data-l="@click">{0}</button><!--,--><!--]--><!--,-->'
    page, server = open_page(
        f"<div><!--(-->x<!--)--><!--[-->{item.format('a')}{item.format('b')}<!--]--></div>"
    )
    page.click("#b")
    assert server.ops[0][3] == [1, 1, 0, 0, 0]


def test_raw_html_names_references(open_page: Open) -> None:
    page, server = open_page("<div><!--(--><!--)--></div>")
    server.patch(
        [
            0,
            {
                "h": '<button id="a" live-click="go~1~mac">a</button>'
                '<button id="b" live-click="/page?_a=go">b</button>'
            },
        ]
    )
    page.click("#a")
    page.click("#b")
    assert [op[2:4] for op in server.ops] == [[1, "go~1~mac"], [1, "go"]]


FIELDS_SENT: tuple[tuple[str, str, list[str]], ...] = (
    ('<input id="ID" name="n" value="v" data-l="@input">', "input", ["n", "v"]),
    ('<input id="ID" value="v" data-l="@input">', "input", []),
    ('<input id="ID" type="checkbox" name="n" checked data-l="@change">', "change", ["n", "on"]),
    ('<input id="ID" type="checkbox" name="n" data-l="@change">', "change", []),
    (
        '<select id="ID" name="n" multiple data-l="@change">'
        "<option selected>a<option>b<option selected>c</select>",
        "change",
        ["n", "a", "n", "c"],
    ),
    ('<button id="ID" name="n" value="v" data-l="@click">b</button>', "click", ["n", "v"]),
    (
        '<form id="ID" data-l="@change"><input name="n" value="v"><input name="m" value="w"></form>',
        "change",
        ["n", "v", "m", "w"],
    ),
    ('<div data-l="@input"><input id="ID" name="n" value="v"></div>', "input", ["n", "v"]),
    ('<fieldset data-l="@input"><input id="ID" name="n" value="v"></fieldset>', "input", ["n", "v"]),
    ('<input id="ID" name="n" value="v" data-l="@blur">', "blur", ["n", "v"]),
    ('<ul><li id="ID" value="3" data-l="@click">x</li></ul>', "click", []),
    ('<form id="ID" data-l="@submit"><input name="n" value="v"></form>', "submit", ["n", "v"]),
)
"""Markup, the event's type, and the fields that the op has."""


def test_an_event_sends_its_controls_fields(open_page: Open) -> None:
    markup = (html.replace("ID", f"t{n}") for n, (html, _, _) in enumerate(FIELDS_SENT))
    page, server = open_page("".join(markup))
    for n, (html, type, fields) in enumerate(FIELDS_SENT):
        bubbles = "false" if type == "blur" else "true"
        page.evaluate(f"t{n}.dispatchEvent(new Event('{type}', {{ bubbles: {bubbles}, cancelable: true }}))")
        assert [op[4] for op in server.ops[n:]] == [fields], html


def test_events_that_do_not_bubble(open_page: Open) -> None:
    page, server = open_page('<div data-l="@mouseenter @blur"><input id="t" data-l="@focus @blur"></div>')
    page.focus("#t")
    page.evaluate("t.blur()")
    page.hover("div")
    assert [op[3] for op in server.ops] == [[2], [3], [0]]


def test_a_form_with_a_submit_event_is_not_sent(open_page: Open) -> None:
    page, server = open_page(
        '<form data-l="@submit" action="/elsewhere"><input name="n" value="v">'
        '<button id="b">b</button></form>'
    )
    page.click("#b")
    assert server.ops == [[1, 0, 0, [0], ["n", "v"]]]
    assert page.url.endswith("/page")


KEYS = {
    ".enter": (["a", "Enter"], 1),
    ".escape": (["Escape", "Enter"], 1),
    ".space": ([" ", "a"], 1),
    ".arrowdown": (["ArrowDown", "ArrowUp"], 1),
    ".ctrl.enter": (["Enter", "Control+Enter"], 1),
    ".shift.a": (["a", "Shift+A"], 1),
    ".1": (["a", "1"], 1),
    "": (["a", "b"], 2),
}
"""For modifiers of keydown: which keys are pressed, and how many ops that sends."""


def test_keys(open_page: Open) -> None:
    inputs = (f'<input id="t{n}" data-l="@keydown{modifiers}">' for n, modifiers in enumerate(KEYS))
    page, server = open_page("".join(inputs))
    load_lazy(page)
    for n, (modifiers, (keys, count)) in enumerate(KEYS.items()):
        before = len(server.ops)
        for key in keys:
            page.press(f"#t{n}", key)
        assert len(server.ops) - before == count, modifiers


def test_self_and_prevent(open_page: Open) -> None:
    page, server = open_page(
        '<a id="a" href="#x" data-l="@click.prevent"><i>x</i></a>'
        '<div id="d" data-l="@click.self">y<b>z</b></div>'
    )
    load_lazy(page)
    page.click("i")
    page.click("b")
    assert [op[3] for op in server.ops] == [[0]]
    assert "#x" not in page.url
    page.click("#d", position={"x": 200, "y": 2})
    assert [op[3] for op in server.ops] == [[0], [1]]


def test_outside(open_page: Open) -> None:
    page, server = open_page(
        '<div id="d" data-l="@click.outside"><i>x</i></div><b id="b">y</b>'
        '<div id="raw" live-click.outside.once="/page?_a=close">z</div>'
    )
    load_lazy(page)
    page.click("i")
    page.click("#raw")
    page.click("#b")
    assert [op[2:4] for op in server.ops] == [[1, "close"], [0, [0]], [0, [0]]]


def test_stop(open_page: Open) -> None:
    page, server = open_page(
        '<div data-l="@click"><p data-l="@click.stop @click"><i data-l="@click">x</i><b>y</b></p>'
        '<p data-l="@click.stop.self"><u>z</u></p></div>'
    )
    page.evaluate("() => { document.body.onclick = () => { window.heard = (window.heard ?? 0) + 1 } }")
    load_lazy(page)
    page.click("i")
    assert [op[3] for op in server.ops] == [[3], [1], [2]]
    assert page.evaluate("window.heard") is None
    page.click("b")
    assert [op[3] for op in server.ops][3:] == [[1], [2]]
    page.click("u")
    assert [op[3] for op in server.ops][5:] == [[0]]
    assert page.evaluate("window.heard") == 1


def test_an_event_attribute_that_appears_in_a_start_tag(open_page: Open) -> None:
    """The page has used no such event yet, and the modifiers need more than the window's listener."""
    page, server = open_page(
        '<div data-l="@click"><button id="b" data-l="*">b</button><input id="i" data-l="*">'
        '<p data-l="*"><u>z</u></p><ul data-l="[0,0"></ul></div>'
    )
    server.patch([1, ["live-auxclick", "a"], 2, ["live-input", "i"], 3, ["live-click.stop", "p"]])
    load_lazy(page)
    page.click("#b", button="middle")
    page.fill("#i", "x")
    page.click("u")
    assert [op[3] for op in server.ops] == ["a", "i", "p"]
    server.patch([4, [[[0, -1, 1, ["live-dblclick", "d"]]]]], shapes=[1, '<li data-l="*">x</li>'])
    page.dispatch_event("li", "dblclick")
    assert [op[3] for op in server.ops][3:] == ["d"]


def test_modifiers_in_a_fragment_that_a_patch_brings(open_page: Open) -> None:
    page, server = open_page('<div data-l="@click ."></div>')
    shape = '<p data-l="@click.stop"><u>z</u></p><i data-l="@visible">x</i>'
    server.patch([1, {"f": [1]}], shapes=[1, shape])
    load_lazy(page)
    server.wait(2)
    page.click("u")
    assert [op[3] for op in server.ops] == [[1, 1], [1, 0]]


def test_capture(open_page: Open) -> None:
    page, server = open_page(
        '<div data-l="@click.capture"><p data-l="@click.capture.stop"><i data-l="@click">x</i></p>'
        '<b data-l="@click">y</b></div>'
    )
    load_lazy(page)
    page.click("b")
    assert [op[3] for op in server.ops] == [[0], [3]]
    page.click("i")
    assert [op[3] for op in server.ops][2:] == [[0], [1]]


def test_an_attribute_that_went_calls_nothing(open_page: Open) -> None:
    page, server = open_page('<p id="p" live-click.stop="/page?_a=add">x</p>')
    load_lazy(page)
    page.evaluate("p.removeAttribute('live-click.stop')")
    page.click("#p")
    assert server.ops == []


def test_passive(open_page: Open) -> None:
    page, server = open_page('<p id="p" data-l="@wheel.passive">x</p>')
    load_lazy(page)
    page.evaluate("p.dispatchEvent(new WheelEvent('wheel', { bubbles: true }))")
    assert [op[3] for op in server.ops] == [[0]]


def test_once(open_page: Open) -> None:
    page, server = open_page('<button id="b" data-l="@click.once @focus">b</button>')
    load_lazy(page)
    page.click("#b")
    page.click("#b")
    assert [op[3] for op in server.ops].count([0]) == 1


def test_window(open_page: Open) -> None:
    page, server = open_page('<p data-l="@keydown.escape.window">x</p><input id="t"><div data-l="."></div>')
    load_lazy(page)
    page.press("#t", "Escape")
    page.press("#t", "a")
    assert [op[3] for op in server.ops] == [[0]]
    server.patch([1, {"f": [1]}], shapes=[1, '<p data-l="@resize.window">y</p>'])
    page.evaluate("dispatchEvent(new Event('resize'))")
    assert [op[3] for op in server.ops] == [[0], [1, 0]]


def test_debounce(open_page: Open) -> None:
    page, server = open_page('<input id="t" name="q" data-l="@input.debounce.300">', clock=True)
    load_lazy(page)
    for text in ("a", "ab", "abc"):
        page.fill("#t", text)
        page.clock.run_for(200)
    assert server.ops == []
    page.clock.run_for(100)
    assert server.ops == [[1, 0, 0, [0], ["q", "abc"]]]


def test_throttle(open_page: Open) -> None:
    page, server = open_page('<input id="t" name="q" data-l="@input.throttle.500">', clock=True)
    load_lazy(page)
    for text in ("a", "ab", "abc"):
        page.fill("#t", text)
    assert [op[4][1] for op in server.ops] == ["a"]
    page.clock.run_for(500)
    assert [op[4][1] for op in server.ops] == ["a", "abc"]
    page.clock.run_for(500)
    page.fill("#t", "z")
    assert [op[4][1] for op in server.ops] == ["a", "abc", "z"]


def test_what_waits_goes_before_what_comes(open_page: Open) -> None:
    page, server = open_page(
        '<input id="t" name="q" data-l="@input.debounce.300"><button id="b" data-l="@click">b</button>',
        clock=True,
    )
    load_lazy(page)
    page.fill("#t", "a")
    page.click("#b")
    assert [op[3] for op in server.ops] == [[0], [1]]
    page.clock.run_for(1000)
    assert len(server.ops) == 2


def test_a_debounced_event_of_an_element_that_went(open_page: Open) -> None:
    page, server = open_page(
        '<div data-l="."><input id="t" name="q" data-l="@input.debounce"></div>', clock=True
    )
    load_lazy(page)
    page.fill("#t", "a")
    server.patch([0, "gone"])
    page.clock.run_for(1000)
    assert server.ops == []


def test_events_before_the_rest_is_loaded_wait_for_it(open_page: Open) -> None:
    held: list[Any] = []

    def hold(page: Page) -> None:
        page.route("**/lazy.js", lambda route: held.append(route))

    page, server = open_page('<input id="t" data-l="@keydown.enter">', prepare=hold)
    page.press("#t", "Enter")
    assert server.ops == []
    held[0].fallback()
    server.wait(2)
    assert server.ops == [[1, 0, 0, [0], []]]


def test_confirm(open_page: Open) -> None:
    page, server = open_page('<button id="b" live-confirm="Sure?" data-l="@click">b</button>')
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.click("#b")
    assert server.ops == []
    page.once("dialog", lambda dialog: dialog.accept())
    page.click("#b")
    assert len(server.ops) == 1


def test_many_clicks_are_as_many_ops_in_order(open_page: Open) -> None:
    page, server = open_page('<button id="b" data-l="@click">b</button>')
    page.evaluate("() => { for (let i = 0; i < 100; i++) b.click() }")
    assert len(server.ops) == 32  # the server keeps so many answers and more
    for ack in (32, 64, 96, 100):
        server.answer(ack)
    assert [op[0] for op in server.ops] == list(range(1, 101))
    assert len([1 for name, _, _ in server.told if name == "ok"]) == 100


def test_no_class_and_no_attribute_is_left_behind(open_page: Open) -> None:
    html = '<form id="f" method="post" action="?_a=x"><button id="b" data-l="@click">b</button></form>'
    page, server = open_page(html)
    before = page.inner_html("body")
    page.click("#b")
    server.answer(2)
    assert page.inner_html("body") == before


def test_the_key_that_ends_a_composition_is_the_input_methods(open_page: Open) -> None:
    """Safari says so by its code only, after the composition has ended."""
    page, server = open_page('<input id="t" data-l="@keydown.enter">')
    load_lazy(page)
    press = (
        "keyCode => t.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode, bubbles: true }))"
    )
    for code in (229, 13):
        page.evaluate(press, code)
    server.wait(2)
    assert len(server.ops) == 1
