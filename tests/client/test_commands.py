"""Client commands: what they do, and what of it stays while patches come."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, Route

from liveactions import Commands, js
from tests.client.conftest import SITE, STATIC, Open, document
from tests.support.client import load_lazy

STRICT = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self';"
    " require-trusted-types-for 'script'; trusted-types liveactions"
}


def button(commands: Commands | str, more: str = "", event: str = "click", id: str = "b") -> str:
    value = commands if isinstance(commands, str) else commands.__html__()
    return f'<button type="button" id="{id}" live-{event}="{value}" {more}>{id}</button>'


def called(*steps: list[Any]) -> str:
    """An attribute's value with a call in it, for which Python has no reference here."""
    quoted = [[f"&quot;{one}&quot;" if isinstance(one, str) else str(one) for one in step] for step in steps]
    return "[" + ",".join(f"[{','.join(step)}]" for step in quoted) + "]"


def has(page: Page, selector: str, name: str) -> str | None:
    return page.locator(selector).get_attribute(name)


def answer(page: Page, asked: list[str], accepts: bool) -> None:
    """Answer the next question of the page."""

    def heard(dialog: Dialog) -> None:
        asked.append(dialog.message)
        if accepts:
            dialog.accept()
        else:
            dialog.dismiss()

    page.once("dialog", heard)


# What they do

MENU = '<ul id="menu" hidden><li><input id="q"></li></ul>'


def test_commands_run_in_order_without_the_server(open_page: Open) -> None:
    page, server = open_page(button(js.toggle("#menu").focus("#q")) + MENU)
    page.click("#b")
    page.wait_for_function("() => document.activeElement === q")
    assert has(page, "#menu", "hidden") is None
    page.click("#b")
    assert has(page, "#menu", "hidden") == ""
    assert server.ops == []


def test_show_and_hide(open_page: Open) -> None:
    page, _ = open_page(
        button(js.show(".box"), id="s")
        + button(js.hide(".box"), id="h")
        + '<p class="box">a</p><p class="box" hidden>b</p>'
    )
    page.click("#s")
    page.wait_for_function("() => !document.querySelector('.box[hidden]')")
    page.click("#h")
    assert page.locator(".box[hidden]").count() == 2


def test_without_a_selector_the_element_itself_is_meant(open_page: Open) -> None:
    page, _ = open_page(button(js.add_class("on").hide()))
    page.click("#b")
    page.wait_for_function("() => b.hidden && b.className === 'on'")


def test_closest_restricts_the_selector(open_page: Open) -> None:
    item = (
        '<li id="{0}">'
        + button(js.toggle(".menu", closest="li").add_class("open", closest="li")).replace(
            'id="b"', 'class="{0}"'
        )
        + '<i class="menu" hidden>x</i></li>'
    )
    page, _ = open_page(f"<ul>{item.format('one')}{item.format('two')}</ul>")
    page.click("button.two")
    page.wait_for_function("() => document.querySelector('#two .menu').hidden === false")
    assert has(page, "#one .menu", "hidden") == ""
    assert (has(page, "#one", "class"), has(page, "#two", "class")) == (None, "open")


def test_what_is_not_there_is_left_out(open_page: Open) -> None:
    page, _ = open_page(
        button(js.hide("#none").focus("#none").hide(".x", closest="nav").copy(of="#none").add_class("done"))
    )
    page.click("#b")
    page.wait_for_function("() => b.className === 'done'")


def test_classes(open_page: Open) -> None:
    page, _ = open_page(
        button(js.add_class("a b", "#p").remove_class("c", "#p").toggle_class("d e", "#p"))
        + '<p id="p" class="c d">x</p>'
    )
    page.click("#b")
    page.wait_for_function("() => p.className === 'a b e'")


def test_attributes(open_page: Open) -> None:
    page, _ = open_page(
        button(
            js.set_attr("title", "a <b>", "#p")
            .remove_attr("lang", "#p")
            .toggle_attr("open", "#d")
            .toggle_attr("aria-pressed", value="true", other="false")
        )
        + '<p id="p" lang="de">x</p><details id="d"><p>y</p></details>'
    )
    page.click("#b")
    page.wait_for_function("() => b.ariaPressed === 'true' && d.open")
    assert (has(page, "#p", "title"), has(page, "#p", "lang")) == ("a <b>", None)
    page.click("#b")
    page.wait_for_function("() => b.ariaPressed === 'false' && !d.open")


def test_focus_goes_to_the_first_that_takes_it(open_page: Open) -> None:
    page, _ = open_page(
        button(js.focus("#box"), id="f")
        + button(js.blur("#box"), id="g", event="mousedown.prevent")
        + '<div id="box"><p>x</p><input disabled><input id="q"></div>'
    )
    page.click("#f")
    page.wait_for_function("() => document.activeElement === q")
    page.click("#g")
    page.wait_for_function("() => document.activeElement === document.body")


def test_scroll_into_view(open_page: Open) -> None:
    page, _ = open_page(
        button(js.scroll_into_view("#far", block="nearest", smooth=True))
        + '<div style="height:3000px"></div><p id="far">x</p>'
    )
    page.click("#b")
    page.wait_for_function("() => far.getBoundingClientRect().bottom <= innerHeight + 1")


def test_dispatch(open_page: Open) -> None:
    page, _ = open_page(
        button(js.dispatch("chosen", "#p", detail={"id": 3})) + '<div id="out"><p id="p">x</p></div>'
    )
    page.evaluate(
        "() => out.addEventListener('chosen',"
        " ({ target, detail }) => { window.heard = [target.id, detail]; })"
    )
    page.click("#b")
    page.wait_for_function("() => window.heard")
    assert page.evaluate("heard") == ["p", {"id": 3}]


def test_events_of_their_own_run_other_commands(open_page: Open) -> None:
    dialog = f'<p id="p" live-shut="{js.hide().__html__()}">x</p>'
    page, _ = open_page(button(js.dispatch("shut", "#p")) + dialog)
    page.click("#b")
    page.wait_for_function("() => p.hidden")


def test_copy(open_page: Open) -> None:
    page, _ = open_page(
        button(js.copy("plain"), id="x")
        + button(js.copy(of="#p"), id="y")
        + button(js.copy(of="#q"), id="z")
        + '<p id="p">\n  some <b>text</b>\n</p><input id="q" value="a">'
    )
    page.evaluate(
        "() => { window.copied = [];"
        " const value = { async writeText(text) { copied.push(text) } };"
        " Object.defineProperty(navigator, 'clipboard', { value }) }"
    )
    page.fill("#q", "typed")
    for id in "xyz":
        page.click(f"#{id}")
    page.wait_for_function("() => copied.length === 3")
    assert page.evaluate("copied") == ["plain", "some text", "typed"]


def test_copy_where_the_page_is_not_secure(open_page: Open) -> None:
    page, _ = open_page(button(js.copy("plain")) + '<textarea id="t"></textarea>')
    page.click("#b")
    load_lazy(page)
    page.click("#b")
    assert page.evaluate("document.querySelectorAll('textarea').length") == 1
    page.focus("#t")
    page.keyboard.press("Control+V")
    assert page.input_value("#t") == "plain"


def test_what_cannot_be_copied_is_told(open_page: Open) -> None:
    page, server = open_page(button(js.copy("plain")))
    page.evaluate(
        "() => { const value = { async writeText() { throw new Error() } };"
        " Object.defineProperty(navigator, 'clipboard', { value }) }"
    )
    page.click("#b")
    page.wait_for_function("() => told.length")
    name, id, detail = server.told[0]
    assert (name, id, detail["error"]) == ("error", "b", "Not copied")


SHAKING = (
    "<style>@keyframes shake { to { translate: 9px } }"
    " .shake { animation: shake 100ms } .still { color: red }</style>"
)


def test_a_transition_has_its_class_while_css_animates_it(open_page: Open) -> None:
    page, _ = open_page(
        button(js.transition("shake", "#p"), id="a")
        + button(js.transition("still", "#p"), id="c")
        + '<p id="p">x</p>',
        head=SHAKING,
    )
    page.evaluate(
        "() => { window.seen = [];"
        " new MutationObserver(() => seen.push(p.className)).observe(p, { attributes: true }) }"
    )
    page.click("#a")
    page.wait_for_function("() => seen.includes('shake') && p.className === ''")
    page.click("#c")
    page.wait_for_function("() => seen.includes('still') && p.className === ''")


def test_a_transition_that_begins_again_runs_as_long(open_page: Open) -> None:
    page, _ = open_page(button(js.transition("shake", "#p")) + '<p id="p">x</p>', head=SHAKING)
    load_lazy(page)
    page.evaluate("() => { window.ends = 0; p.addEventListener('animationend', () => { ends++ }) }")
    page.evaluate("() => { b.click(); b.click() }")
    page.wait_for_function("() => ends === 1 && p.className === ''")


def test_no_transition_for_whom_motion_is_too_much(open_page: Open) -> None:
    page, _ = open_page(
        button(js.transition("shake", "#p").add_class("done")) + '<p id="p">x</p>', head=SHAKING
    )
    page.emulate_media(reduced_motion="reduce")
    page.click("#b")
    page.wait_for_function("() => b.className === 'done'")
    assert has(page, "#p", "class") is None


# Events and modifiers


@pytest.mark.parametrize(
    "event, act",
    [
        ("click.once", "b.click()"),
        ("mouseenter", "b.dispatchEvent(new MouseEvent('mouseenter'))"),
        (
            "keydown.escape.window",
            "dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))",
        ),
        (
            "keydown.ctrl.k",
            "b.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true, bubbles: true }))",
        ),
        ("click.outside", "p.click()"),
        ("click.stop", "b.click()"),
        ("click.capture", "b.click()"),
        ("input.debounce.10", "b.dispatchEvent(new Event('input', { bubbles: true }))"),
        ("wheel.throttle.10", "b.dispatchEvent(new WheelEvent('wheel', { bubbles: true }))"),
    ],
)
def test_modifiers(open_page: Open, event: str, act: str) -> None:
    page, _ = open_page(button(js.add_class("on", "#p"), event=event) + '<p id="p">x</p>')
    load_lazy(page)
    page.evaluate(f"() => void {act}")
    page.wait_for_function("() => p.className === 'on'")


def test_keys_that_are_not_meant_do_nothing(open_page: Open) -> None:
    page, _ = open_page(button(js.toggle_class("on"), event="keydown.escape"))
    load_lazy(page)
    page.press("#b", "[")
    page.press("#b", "Enter")
    assert has(page, "#b", "class") is None
    page.press("#b", "Escape")
    assert has(page, "#b", "class") == "on"


def test_a_value_in_a_slot_is_run_once(open_page: Open) -> None:
    page, server = open_page(button(js.toggle_class("on"), 'data-l="live-click"'))
    load_lazy(page)
    page.click("#b")
    assert has(page, "#b", "class") == "on"
    server.patch([0, '[["add_class",0,"new"]]'])
    page.click("#b")
    assert has(page, "#b", "class") == "on new"


def test_a_reference_in_a_slot_of_its_own_is_called_once(open_page: Open) -> None:
    """An attribute with an `if` in it is a slot that has its name."""
    page, server = open_page('<button id="b" data-l="live-click" live-click="/page?_a=save~~mac">b</button>')
    page.click("#b")
    assert server.ops == [[1, 0, 1, "save~~mac", []]]


# The first click


def test_the_module_is_loaded_as_soon_as_the_page_has_commands(open_page: Open) -> None:
    page, _ = open_page(button(js.hide()))
    page.wait_for_function(
        "performance.getEntriesByType('resource').some(({ name }) => name.includes('/commands.'))"
    )


def test_a_click_before_the_module_is_there_is_not_lost(open_page: Open) -> None:
    waiting: list[Route] = []
    page, _ = open_page(
        button(js.toggle("#menu").focus("#q")) + MENU,
        prepare=lambda page: page.route(f"{SITE}/*/lazy.js", lambda route: waiting.append(route)),
    )
    page.click("#b")
    assert has(page, "#menu", "hidden") == ""
    waiting[0].fulfill(path=STATIC / "lazy" / "lazy.js", content_type="text/javascript")
    page.wait_for_function("() => !menu.hidden && document.activeElement === q")


def test_a_form_that_is_submitted_before_the_module_is_there_is_submitted_once(open_page: Open) -> None:
    waiting: list[Route] = []
    value = called(["add_class", 0, "on"], ["call", "save~~mac"])
    page, server = open_page(
        '<form method="post" action="/page?_a=save~~mac">'
        f'<button id="b" live-click="{value}">b</button></form>',
        prepare=lambda page: page.route(f"{SITE}/*/lazy.js", lambda route: waiting.append(route)),
    )
    page.click("#b")
    server.wait(2)
    waiting[0].fulfill(path=STATIC / "lazy" / "lazy.js", content_type="text/javascript")
    page.wait_for_function("() => b.className === 'on'")
    assert server.ops == [[1, 0, 1, "save~~mac", []]]


# Calls


def test_commands_as_an_element_comes_into_view(open_page: Open) -> None:
    page, _ = open_page('<p style="height:3000px"></p>' + button(js.add_class("seen"), event="visible"))
    load_lazy(page)
    assert has(page, "#b", "class") is None
    page.evaluate("() => b.scrollIntoView()")
    page.wait_for_function("() => b.className === 'seen'")


def test_a_call_follows(open_page: Open) -> None:
    page, server = open_page(
        button(called(["hide", "#menu"], ["call", "save~3~mac"], ["add_class", 0, "on"]))
    )
    page.click("#b")
    server.wait(2)
    assert server.ops == [[1, 0, 1, "save~3~mac", []]]
    assert has(page, "#b", "data-pending") == ""
    assert has(page, "#b", "class") == "on"
    server.answer(1)
    assert has(page, "#b", "data-pending") is None
    assert server.told == [["ok", "b", {"n": 1, "result": None}]]


def test_a_call_has_the_value_of_its_control(open_page: Open) -> None:
    value = called(["show", "#menu"], ["call", "find~~mac"])
    page, server = open_page(f'<input id="q" name="q" live-input="{value}">{MENU.replace("q", "r")}')
    page.fill("#q", "x")
    server.wait(2)
    assert server.ops == [[1, 0, 1, "find~~mac", ["q", "x"]]]


def test_a_page_that_is_rendered_again_calls_with_its_new_reference(open_page: Open) -> None:
    page, server = open_page(button(called(["call", "save~~old"]), 'data-l="live-click"'), join=False)
    load_lazy(page)
    page.click("#b")
    server.accept(patch=[0, '[["call","save~~new"]]'], ack=0)
    server.wait(2)
    assert server.ops == [[1, 0, 1, "save~~new", []]]


def test_the_person_is_asked_first_and_once(open_page: Open) -> None:
    asked: list[str] = []
    value = called(["add_class", 0, "on"], ["call", "save~~mac"])
    page, server = open_page(button(value, 'live-confirm="Sure?"'))
    load_lazy(page)
    answer(page, asked, False)
    page.click("#b")
    assert (has(page, "#b", "class"), server.ops) == (None, [])
    answer(page, asked, True)
    page.click("#b")
    server.wait(2)
    assert asked == ["Sure?"] * 2
    assert has(page, "#b", "class") == "on"


FORM = '<form id="f" method="post" action="/page?_a=form~~mac"><input id="q" name="q" {0}>{1}</form>'


def submitter(commands: Commands | str, more: str = "") -> str:
    return button(commands, more).replace('type="button"', 'name="by" value="b"')


def test_a_button_runs_its_commands_and_submits_its_form(open_page: Open) -> None:
    page, server = open_page(FORM.format("", submitter(js.add_class("on"))))
    load_lazy(page)
    page.fill("#q", "x")
    page.click("#b")
    server.wait(2)
    assert server.ops == [[1, 0, 1, "form~~mac", ["q", "x", "by", "b"]]]
    assert has(page, "#b", "class") == "on"


def test_a_submit_that_asks_asks_once(open_page: Open) -> None:
    asked: list[str] = []
    page, server = open_page(FORM.format("", submitter(js.add_class("on"), 'live-confirm="Sure?"')))
    load_lazy(page)
    answer(page, asked, False)
    page.click("#b")
    assert (has(page, "#b", "class"), server.ops) == (None, [])
    answer(page, asked, True)
    page.click("#b")
    server.wait(2)
    assert asked == ["Sure?"] * 2
    page.wait_for_function("() => b.hasAttribute('live-confirm')")


def test_a_call_on_a_button_stands_for_the_submit(open_page: Open) -> None:
    value = called(["add_class", 0, "on"], ["call", "save~~mac"])
    page, server = open_page(FORM.format("", submitter(value)))
    load_lazy(page)
    page.fill("#q", "x")
    page.click("#b")
    server.wait(2)
    assert [op[3:] for op in server.ops] == [["save~~mac", ["q", "x"]]]


def test_a_form_that_is_not_valid_is_not_called(open_page: Open) -> None:
    value = called(["add_class", 0, "on"], ["call", "save~~mac"], ["hide", "#f"])
    page, server = open_page(FORM.format("required", submitter(value)))
    load_lazy(page)
    page.click("#b")
    assert (has(page, "#b", "class"), has(page, "#f", "hidden"), server.ops) == ("on", None, [])


def test_a_submit_with_a_call_is_no_post(open_page: Open) -> None:
    value = called(["add_class", 0, "on"], ["call", "save~~mac"])
    page, server = open_page(
        f'<form id="f" live-submit="{value}"><input name="q" value="x"><button id="b">b</button></form>'
    )
    load_lazy(page)
    page.click("#b")
    server.wait(2)
    assert [op[3:] for op in server.ops] == [["save~~mac", ["q", "x"]]]
    assert has(page, "#f", "class") == "on"


# Patches


def test_what_was_shown_stays_while_other_things_change(open_page: Open) -> None:
    page, server = open_page(
        button(js.toggle("#menu").set_attr("title", "mine", "#menu"))
        + '<div id="menu" hidden title="t" data-l="title hidden class .">x</div>'
    )
    page.click("#b")
    page.wait_for_function("() => !menu.hidden")
    server.patch([2, "a", 3, "text"])
    assert (has(page, "#menu", "hidden"), has(page, "#menu", "title"), has(page, "#menu", "class")) == (
        None,
        "mine",
        "a",
    )
    server.patch([0, "new"])
    assert (has(page, "#menu", "hidden"), has(page, "#menu", "title")) == (None, "new")


def test_the_servers_value_counts_once_it_changes(open_page: Open) -> None:
    page, server = open_page(button(js.toggle("#menu")) + '<div id="menu" hidden data-l="hidden">x</div>')
    page.click("#b")
    page.wait_for_function("() => !menu.hidden")
    server.patch([0, None])  # the same as what is shown: from now on it is the server's
    server.patch([0, ""])
    assert has(page, "#menu", "hidden") == ""


def test_a_class_stays_until_the_server_changes_that_class(open_page: Open) -> None:
    page, server = open_page(
        button(js.add_class("mine", "#p").remove_class("a", "#p"))
        + '<p id="p" class="a" data-l="class">x</p>'
    )
    page.click("#b")
    page.wait_for_function("() => p.className === 'mine'")
    server.patch([0, "a b"])
    assert has(page, "#p", "class") == "b mine"
    server.patch([0, "a mine"])
    assert has(page, "#p", "class") == "mine"
    server.patch([0, "a"])
    assert has(page, "#p", "class") == ""
    server.patch([0, None])
    server.patch([0, "a"])
    assert has(page, "#p", "class") == "a"


def test_attributes_of_a_varying_tag(open_page: Open) -> None:
    """The server writes all of them whenever one changes, and names those that have gone."""
    page, server = open_page(button(js.toggle("#menu")) + '<div id="menu" hidden data-l="*">x</div>')
    server.patch([0, ["hidden", ""]])
    page.click("#b")
    page.wait_for_function("() => !menu.hidden")
    server.patch([0, ["hidden", "", "title", "t"]])
    assert (has(page, "#menu", "hidden"), has(page, "#menu", "title")) == (None, "t")
    server.patch([0, ["title", "t", "hidden", None]])
    server.patch([0, ["title", "t", "hidden", ""]])
    assert has(page, "#menu", "hidden") == ""


def test_rows_keep_it_while_they_move(open_page: Open) -> None:
    row = (
        '<li id="{0}"><i class="m" hidden>m</i>'
        + button(js.toggle(".m", closest="li")).replace('id="b"', "")
        + "</li>"
    )
    page, server = open_page(f'<ul data-l="[0,0">{row.format("r0")}{row.format("r1")}{row.format("r2")}</ul>')
    page.click("#r2 button")
    page.wait_for_function("() => !document.querySelector('#r2 .m').hidden")
    server.patch([0, [[[2, 0]]]])
    server.patch([0, [[0]]])
    assert page.evaluate("[...document.querySelectorAll('.m')].map(({ hidden }) => hidden)") == [False, True]


def test_raw_html(open_page: Open) -> None:
    page, server = open_page(
        button(js.toggle("#menu").add_class("mine", "#menu"))
        + '<div data-l="."><p id="menu" class="a" hidden>x</p></div>'
    )
    load_lazy(page)
    page.click("#b")
    server.patch([0, {"h": '<p id="menu" class="b" hidden>new</p><p>more</p>'}])
    assert (has(page, "#menu", "hidden"), has(page, "#menu", "class")) == (None, "b mine")
    server.patch([0, {"h": '<p id="menu" class="b">new</p>'}])
    server.patch([0, {"h": '<p id="menu" class="b" hidden>new</p>'}])
    assert has(page, "#menu", "hidden") == ""


def test_an_element_that_replaces_it_has_its_id(open_page: Open) -> None:
    page, server = open_page(
        button(js.toggle("#menu").set_attr("title", "own", "#menu"))
        + '<div data-l="."><p id="menu" hidden title="a">x</p></div>'
    )
    page.click("#b")
    page.wait_for_function("() => !menu.hidden")
    server.patch([0, {"f": [0]}], shapes=[0, '<p id="menu" hidden title="a">y</p>'])
    assert (has(page, "#menu", "hidden"), has(page, "#menu", "title")) == (None, "own")
    server.patch([0, {"f": [1]}], shapes=[1, '<p id="menu" title="b">y</p>'])
    assert has(page, "#menu", "title") == "b"
    server.patch([0, {"f": [0]}])
    assert (has(page, "#menu", "hidden"), has(page, "#menu", "title")) == ("", "a")


def test_reconnecting(open_page: Open) -> None:
    page, server = open_page(button(js.toggle("#menu")) + '<div id="menu" hidden data-l="hidden .">x</div>')
    page.click("#b")
    page.wait_for_function("() => !menu.hidden")
    server.lose()
    server.accept(patch=[0, "", 1, "y"])
    assert (has(page, "#menu", "hidden"), page.inner_text("#menu")) == (None, "y")


def test_a_page_that_comes_whole_keeps_it_by_ids(open_page: Open) -> None:
    body = button(js.toggle("#menu").add_class("dark", "body")) + '<div id="menu" hidden>x</div>'
    page, server = open_page(body)
    page.click("#b")
    page.wait_for_function("() => !menu.hidden")
    server.patch({"page": document(body.replace(">x<", ">y<"))})
    load_lazy(page)
    assert (has(page, "#menu", "hidden"), page.inner_text("#menu"), has(page, "body", "class")) == (
        None,
        "y",
        "dark",
    )


def test_another_page_begins_as_the_server_renders_it(open_page: Open) -> None:
    body = (
        button(js.show("#menu").set_attr("lang", "de", "#same").add_class("dark", "body"))
        + '<div id="menu" hidden>x</div><p id="same">y</p><a id="a" live-nav href="/other">a</a>'
    )
    page, server = open_page(body)
    load_lazy(page)
    page.click("#b")
    page.click("#a")
    server.wait(2)
    server.patch({"page": document(body.replace(">x<", ">z<"))}, answers=[1, 0, None])
    load_lazy(page)
    assert page.inner_text("body").endswith("a") and page.url == f"{SITE}/other"
    assert [has(page, "#menu", "hidden"), has(page, "#same", "lang"), has(page, "body", "class")] == [
        "",
        None,
        None,
    ]


# Accessibility


def test_aria_expanded_follows(open_page: Open) -> None:
    page, server = open_page(
        button(js.toggle("#menu"), 'aria-controls="x menu" aria-expanded="false"')
        + button(js.toggle("#menu"), 'aria-expanded="false"', id="d")
        + f'<div id="menu" hidden data-l="hidden">{button(js.hide("#menu"), id="c")}</div>'
        + button(js.toggle("#menu"), 'aria-controls="menu"', id="e")
    )
    page.click("#b")
    page.wait_for_function("() => b.ariaExpanded === 'true'")
    page.click("#c")
    page.wait_for_function("() => b.ariaExpanded === 'false'")
    page.click("#d")
    page.wait_for_function("() => b.ariaExpanded === 'true' && d.ariaExpanded === 'true'")
    server.patch([0, None])
    server.patch([0, ""])
    page.wait_for_function("() => menu.hidden && b.ariaExpanded === 'false'")
    assert has(page, "#e", "aria-expanded") is None


def test_the_focus_returns_to_what_has_shown_it(open_page: Open) -> None:
    page, _ = open_page(
        button(js.show("#menu").focus("#q"))
        + f'<div id="menu" hidden live-keydown.escape="{js.hide().__html__()}"><input id="q"></div>'
    )
    page.click("#b")
    page.wait_for_function("() => document.activeElement === q")
    page.keyboard.press("Escape")
    page.wait_for_function("() => menu.hidden && document.activeElement === b")


def test_the_focus_stays_where_it_is_outside(open_page: Open) -> None:
    page, _ = open_page(f'<div id="menu" live-click.outside="{js.hide().__html__()}">x</div><input id="q">')
    load_lazy(page)
    page.click("#q")
    page.wait_for_function("() => menu.hidden && document.activeElement === q")


# Content Security Policy


def test_a_strict_policy(open_page: Open) -> None:
    page, server = open_page(
        button(
            js.toggle("#menu").set_attr("style", "color: red", "#menu").transition("x", "#menu").dispatch("y")
        )
        + '<div id="menu" hidden data-l="hidden .">x</div>',
        headers=STRICT,
    )
    page.click("#b")
    page.wait_for_function("() => !menu.hidden && menu.style.color === 'red'")
    server.patch([1, "y"])
    assert has(page, "#menu", "hidden") is None
