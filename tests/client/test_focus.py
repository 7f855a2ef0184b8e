"""Focus and caret: kept, or given to what asks for them."""

from __future__ import annotations

from tests.client.conftest import Open


def test_focus_and_caret_stay_where_text_around_changes(open_page: Open) -> None:
    page, server = open_page('<p data-l=".">x</p><input id="t" value="some text" title="" data-l="title">')
    page.evaluate("t.focus(); t.setSelectionRange(2, 6, 'backward')")
    server.patch([0, "y", 1, "new"])
    state = "[document.activeElement.id, t.selectionStart, t.selectionEnd, t.selectionDirection]"
    assert page.evaluate(state) == ["t", 2, 6, "backward"]


def test_the_caret_stays_where_the_server_writes_the_value(open_page: Open) -> None:
    page, server = open_page('<input id="t" value="some text" data-l="value">')
    page.evaluate("t.focus(); t.setSelectionRange(2, 2)")
    server.patch([0, "Some text"])
    assert page.evaluate("[t.value, t.selectionStart, t.selectionEnd]") == ["Some text", 2, 2]


def test_an_inserted_element_with_autofocus_gets_the_focus(open_page: Open) -> None:
    page, server = open_page('<div data-l="."></div><input id="o">')
    page.focus("#o")
    server.patch([0, {"f": [1]}], shapes=[1, '<input id="t" value="text" autofocus>'])
    assert page.evaluate("[document.activeElement.id, t.selectionStart]") == ["t", 4]


def test_an_attribute_that_comes_asks_for_the_focus(open_page: Open) -> None:
    page, server = open_page('<input id="t" data-l="*">')
    server.patch([0, ["autofocus", ""]])
    assert page.evaluate("document.activeElement.id") == "t"


def test_raw_html_may_ask_for_the_focus(open_page: Open) -> None:
    page, server = open_page('<div data-l="."></div>')
    server.patch([0, {"h": '<p><button id="b" autofocus>b</button></p>'}])
    assert page.evaluate("document.activeElement.id") == "b"


def test_the_first_that_asks_gets_it(open_page: Open) -> None:
    page, server = open_page('<div data-l="[0,0"></div>')
    server.patch([0, {"l": [[1, "a"], [1, "b"]]}], shapes=[1, '<input id="" data-l="id" autofocus>'])
    assert page.evaluate("document.activeElement.id") == "a"


def test_an_element_that_had_autofocus_before_asks_no_more(open_page: Open) -> None:
    page, server = open_page('<input autofocus><div data-l="."></div><input id="o">')
    page.focus("#o")
    server.patch([0, {"f": [1]}], shapes=[1, "<p>autofocus</p>"])
    assert page.evaluate("document.activeElement.id") == "o"


def test_the_focus_that_a_patch_moves_makes_no_op(open_page: Open) -> None:
    page, server = open_page('<div data-l="."><input id="t" data-l="@blur @focus"></div>')
    page.focus("#t")
    server.patch([0, {"f": [1]}], shapes=[1, '<input id="n" autofocus data-l="@focus">'])
    assert page.evaluate("document.activeElement.id") == "n"
    assert len(server.ops) == 1


def test_a_button_gets_the_focus_back_that_it_lost_while_disabled(open_page: Open) -> None:
    page, server = open_page('<form method="post" action="?_a=go"><button id="b">Go</button></form>')
    page.focus("#b")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement === document.body")
    server.answer(1)
    assert page.evaluate("document.activeElement.id") == "b"


def test_the_focus_goes_to_the_next_step_that_replaces_the_form_of_the_pressed_button(
    open_page: Open,
) -> None:
    page, server = open_page(
        '<div><!--(--><form method="post" action="?_a=go"><button id="b">Next</button></form><!--)--></div>'
    )
    page.focus("#b")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement === document.body")  # the button is disabled meanwhile
    server.patch([0, {"f": [1]}], shapes=[1, "<fieldset><input></fieldset>"], ack=1)
    page.wait_for_function("document.activeElement.localName === 'fieldset'")
    assert not page.evaluate("document.activeElement.matches(':focus-visible')")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.localName") == "input"


def test_the_focus_goes_to_the_new_row_of_a_list(open_page: Open) -> None:
    page, server = open_page('<ul data-l="[0,0"><li><!--(--><b>a</b><!--)--></li></ul>')
    server.patch(
        [0, [0, [0, {"f": [1, "a"]}]]], shapes=[1, '<input class="edit" value="" autofocus data-l="value">']
    )
    assert page.evaluate("document.activeElement.className") == "edit"
    server.patch([0, [0, [0, {"f": [2]}]]], shapes=[2, "<b>a</b>"])
    page.wait_for_function("document.activeElement.localName === 'b'")
