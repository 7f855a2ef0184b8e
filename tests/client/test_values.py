"""What a person typed is never overwritten; what nobody touched follows the server."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.client.conftest import Open, Server
from tests.support.client import load_lazy

FORM = '<form id="f" method="post" action="/page?_a=save">{}<button>Save</button></form>'
TEXT = FORM.format('<input id="t" name="t" value="a" data-l="value">')


def save(page: Page) -> None:
    page.evaluate("document.forms.f.requestSubmit()")


def value(page: Page, id: str = "t") -> str:
    return page.input_value(f"#{id}")


def test_an_untouched_control_follows(open_page: Open) -> None:
    page, server = open_page(TEXT)
    server.patch([0, "b"])
    assert value(page) == "b"
    assert page.get_attribute("#t", "value") == "b"
    server.patch([0, None])
    assert value(page) == ""


def test_typed_text_stays_while_the_server_renders_another(open_page: Open) -> None:
    page, server = open_page(TEXT)
    page.fill("#t", "typed")
    server.patch([0, "b"])
    assert value(page) == "typed"
    assert page.get_attribute("#t", "value") == "b"


def test_the_answer_to_the_newest_edit_is_written(open_page: Open) -> None:
    page, server = open_page(TEXT)
    page.fill("#t", "  typed ")
    save(page)
    server.answer(1, patch=[0, "typed"])
    assert value(page) == "typed"


def test_typing_after_the_submit_stays(open_page: Open) -> None:
    page, server = open_page(TEXT)
    page.fill("#t", "one")
    save(page)
    page.fill("#t", "one and more")
    server.answer(1, patch=[0, ""])
    assert value(page) == "one and more"
    save(page)
    server.answer(2)
    assert value(page) == ""


def test_an_older_answer_lets_nothing_through(open_page: Open) -> None:
    page, server = open_page(TEXT)
    for text in ("one", "two"):
        page.fill("#t", text)
        save(page)
    server.answer(1, patch=[0, "ONE"])
    assert value(page) == "two"
    server.answer(2, patch=[0, "TWO"])
    assert value(page) == "TWO"


def test_after_success_fields_go_back_to_what_the_server_rendered(open_page: Open) -> None:
    page, server = open_page(
        FORM.format('<input id="t" name="t"><input id="c" type="checkbox" name="c"><input id="x">')
    )
    page.fill("#t", "typed")
    page.check("#c")
    save(page)
    server.answer(1)
    assert value(page) == ""
    assert not page.is_checked("#c")


def test_after_an_error_nothing_is_lost(open_page: Open) -> None:
    page, server = open_page(TEXT)
    page.fill("#t", "typed")
    save(page)
    server.answer(1, 1, 1, {"error": "no"}, patch=[0, "b"])
    assert value(page) == "typed"


def test_a_patch_between_submit_and_answer_writes_nothing(open_page: Open) -> None:
    page, server = open_page(TEXT)
    page.fill("#t", "typed")
    save(page)
    server.patch([0, "pushed"])
    assert value(page) == "typed"
    server.answer(1)
    assert value(page) == "pushed"


def test_controls_that_an_op_does_not_report_keep_their_text(open_page: Open) -> None:
    page, server = open_page(
        TEXT + '<input id="o" name="o" value="x" data-l="value"><button id="e" data-l="@click">e</button>'
    )
    page.fill("#o", "typed")
    page.click("#e")
    save(page)
    server.answer(2, patch=[1, "y"])
    assert value(page, "o") == "typed"


def test_text_areas(open_page: Open) -> None:
    page, server = open_page(FORM.format('<textarea id="t" name="t" data-l=".">a</textarea>'))
    server.patch([0, "b"])
    assert value(page) == "b"
    page.fill("#t", "typed\nlines")
    server.patch([0, "c"])
    assert value(page) == "typed\nlines"
    save(page)
    server.answer(1, patch=[0, "d"])
    assert value(page) == "d"


def test_checkboxes(open_page: Open) -> None:
    page, server = open_page(FORM.format('<input id="c" type="checkbox" name="c" value="v" data-l="*">'))
    server.patch([0, ["checked", ""]])
    assert page.is_checked("#c")
    page.uncheck("#c")
    server.patch([0, ["checked", None]])
    server.patch([0, ["checked", ""]])
    assert not page.is_checked("#c")
    save(page)
    assert server.ops[-1][2:] == [1, "save", []]
    server.answer(1, patch=[0, ["checked", None]])
    assert not page.is_checked("#c")
    server.patch([0, ["checked", ""]])
    assert page.is_checked("#c")


def test_a_checkbox_whose_event_is_answered_shows_what_the_server_says(open_page: Open) -> None:
    page, server = open_page('<input id="c" type="checkbox" name="c" data-l="@change *">')
    page.check("#c")
    assert server.ops == [[1, 0, 0, [0], ["c", "on"]]]
    server.answer(1, patch=[1, ["checked", ""]])
    page.uncheck("#c")
    assert server.ops[-1] == [2, 1, 0, [0], []]
    server.answer(2, patch=[1, ["checked", None]])
    server.patch([1, ["checked", ""]])
    assert page.is_checked("#c")


RADIOS = "".join(
    f'<input id="{n}" type="radio" name="r" value="{n}" data-l="*" {x}>'
    for n, x in [("one", "checked"), ("two", "")]
)


def test_radio_buttons_are_edited_as_a_group(open_page: Open) -> None:
    page, server = open_page(FORM.format(RADIOS))
    server.patch([0, ["checked", None], 1, ["checked", ""]])
    assert page.is_checked("#two")
    page.check("#one")
    server.patch([1, ["checked", None], 0, ["checked", ""]])
    server.patch([0, ["checked", None], 1, ["checked", ""]])
    assert page.is_checked("#one")
    save(page)
    assert server.ops[-1][4] == ["r", "one"]
    server.answer(1)
    assert page.is_checked("#two")


SELECT = FORM.format(
    '<select id="s" name="s"><option value="a" data-l="*">A</option>'
    '<option value="b" selected data-l="*">B</option><option value="c" data-l="*">C</option></select>'
)


def test_selects(open_page: Open) -> None:
    page, server = open_page(SELECT)
    server.patch([1, ["selected", None], 0, ["selected", ""]])
    assert value(page, "s") == "a"
    page.select_option("#s", "c")
    server.patch([0, ["selected", None], 1, ["selected", ""]])
    assert value(page, "s") == "c"
    save(page)
    assert server.ops[-1][4] == ["s", "c"]
    server.answer(1, patch=[1, ["selected", None], 2, ["selected", ""]])
    assert value(page, "s") == "c"
    server.patch([2, ["selected", None], 0, ["selected", ""]])
    assert value(page, "s") == "a"


def test_options_that_come_and_go_leave_the_choice(open_page: Open) -> None:
    page, server = open_page(
        FORM.format('<select id="s" name="s" data-l="[0,0"><option>a</option><option>b</option></select>')
    )
    page.select_option("#s", "b")
    server.patch([0, [[[2, 0, 1, "new"], 0]]], shapes=[1, '<option data-l="."></option>'])
    assert value(page, "s") == "b"


def test_a_multiple_select(open_page: Open) -> None:
    page, server = open_page(SELECT.replace("<select", "<select multiple"))
    page.select_option("#s", ["a", "c"])
    server.patch([1, ["selected", None]])
    chosen = "[...document.getElementById('s').selectedOptions].map(o => o.value)"
    assert page.evaluate(chosen) == ["a", "c"]
    save(page)
    assert server.ops[-1][4] == ["s", "a", "s", "c"]
    server.answer(1)
    assert page.evaluate(chosen) == []


def test_what_was_typed_before_the_script_ran_counts(open_page: Open) -> None:
    early = "<script>document.getElementById('t').value = 'early'</script>"
    page, server = open_page(TEXT + early)
    server.patch([0, "b"])
    assert value(page) == "early"


def test_values_set_by_scripts_are_overwritten_only_by_a_change(open_page: Open) -> None:
    page, server = open_page(TEXT + '<p data-l=".">x</p>')
    page.evaluate("t.value = 'by script'")
    server.patch([1, "y"])
    assert value(page) == "by script"


@pytest.mark.parametrize("kind", ["hidden", "range", "color", "date", "number"])
def test_other_inputs(open_page: Open, kind: str) -> None:
    values = {"hidden": ("a", "b"), "range": ("1", "2"), "color": ("#000000", "#ffffff")}
    values |= {"date": ("2026-01-01", "2026-01-02"), "number": ("1", "2")}
    old, new = values[kind]
    page, server = open_page(f'<input id="t" type="{kind}" value="{old}" data-l="value">')
    server.patch([0, new])
    assert page.evaluate("t.value") == new


def test_composed_text_is_left_alone(open_page: Open) -> None:
    page, server = open_page(TEXT)
    page.focus("#t")
    page.keyboard.press("End")
    keyboard = page.context.new_cdp_session(page)
    keyboard.send("Input.imeSetComposition", {"text": "か", "selectionStart": 1, "selectionEnd": 1})
    save(page)
    server.answer(1, patch=[0, "server"])
    assert value(page) == "aか"
    keyboard.send("Input.insertText", {"text": "家"})
    assert value(page) == "a家"
    save(page)
    server.answer(2)
    assert value(page) == "server"


def test_typed_text_of_a_row_that_moves(open_page: Open) -> None:
    page, server = open_page(
        '<div data-l="[0,0"><p><input id="a" value="a"></p><p><input id="b" value="b"></p></div>'
    )
    page.fill("#b", "typed")
    server.patch([0, [[[1, 0]]]])
    assert [value(page, "a"), value(page, "b")] == ["a", "typed"]


def test_typed_text_of_an_item_that_is_inserted_elsewhere(open_page: Open) -> None:
    """Also if the page was loaded with the hidden field that its forms have then."""
    item = '<p data-key="k">{}<input name="t"></p>'
    hidden = '<input type="hidden" name="_s" value="snapshot">'
    page, server = open_page(f'<div data-l=".">{item.format(hidden)}</div><div data-l=".">x</div>')
    load_lazy(page)
    page.fill("[name=t]", "typed")
    server.patch([0, "x", 1, {"f": [1]}], shapes=[1, item.format("")])
    assert page.input_value("[name=t]") == "typed"


def test_typed_text_of_a_removed_item_doesnt_go_to_one_that_was_there(open_page: Open) -> None:
    """It goes to the only item with its key among those that the patch has added, in whatever is added."""
    item = '<p data-key="k"><input name="t"></p>'
    page, server = open_page(f'<b>{item}</b><div data-l=".">{item}</div><div data-l=".">x</div>')
    load_lazy(page)
    page.fill("div [name=t]", "typed")
    server.patch([1, {"f": [1]}, 0, "x"], shapes=[1, f"<section>{item}</section>"])
    values = page.locator("[name=t]").evaluate_all("controls => controls.map(({value}) => value)")
    assert values == ["", "typed"]


def opened(server: Server, tag: str) -> bool:
    return bool(server.page.evaluate(f"document.querySelector('{tag}').open"))


def test_what_a_person_opened_stays_open(open_page: Open) -> None:
    page, server = open_page('<details data-l="*"><summary>s</summary><p data-l=".">x</p></details>')
    page.click("summary")
    server.patch([1, "y"])
    assert opened(server, "details")


def test_after_a_reset_controls_count_as_unedited(open_page: Open) -> None:
    page, server = open_page(TEXT.replace("<button>", '<button type="reset" id="r">Reset</button><button>'))
    page.fill("#t", "typed")
    server.patch([0, "b"])
    page.click("#r")
    assert value(page) == "b"
    server.patch([0, "c"])
    assert value(page) == "c"
    page.fill("#t", "again")
    server.patch([0, "d"])
    assert value(page) == "again"


def test_a_reset_that_is_prevented_changes_nothing(open_page: Open) -> None:
    page, server = open_page(TEXT)
    page.evaluate("document.addEventListener('reset', (event) => event.preventDefault())")
    page.fill("#t", "typed")
    page.evaluate("f.reset()")
    server.patch([0, "b"])
    assert value(page) == "typed"


def test_an_answer_to_edits_before_a_reset_frees_nothing_typed_after_it(open_page: Open) -> None:
    page, server = open_page(TEXT)
    for text in ("one", "two"):
        page.fill("#t", text)
    save(page)
    page.evaluate("f.reset()")
    page.fill("#t", "three")
    server.answer(1, patch=[0, "b"])
    assert value(page) == "three"


REFUSED: tuple[tuple[str, str, str, object], ...] = (
    ('<input id="ID" name="t" value="10" data-l="value @change">', "t.value = '99'", "t.value", "10"),
    ('<input id="ID" name="t" value="10" data-l="@change *">', "t.value = '99'", "t.value", "10"),
    ('<textarea id="ID" name="t" data-l="@change .">10</textarea>', "t.value = '99'", "t.value", "10"),
    ('<input id="ID" type="checkbox" data-l="@change *">', "t.checked = true", "t.checked", False),
    (
        '<select id="ID" data-l="@change"><option>9<option selected data-l="*">10</select>',
        "t.value = '9'",
        "t.value",
        "10",
    ),
    (
        '<input id="ID" type="radio" name="r" value="1" data-l="@change *">'
        '<input type="radio" name="r" value="2" checked data-l="@change *">',
        "t.checked = true",
        "[t.checked, document.querySelector('[value=\"2\"]').checked]",
        [False, True],
    ),
    (
        '<select id="ID" multiple data-l="@change"><option>9<option selected data-l="*">10</select>',
        "t.value = '9'",
        "[...t.selectedOptions].map(({ value }) => value)",
        ["10"],
    ),
    ('<input id="ID" name="t" value="10" data-l="@change">', "t.value = '99'", "t.value", "99"),
    ('<input id="ID" name="t" data-l="@change *">', "t.value = '99'", "t.value", "99"),
)
"""A control `t`, how it is edited, what is looked at, and what that is after the server's answer."""


def test_an_edit_that_the_server_refuses_doesnt_stay(open_page: Open) -> None:
    """What it renders is what it rendered before, so the answer has no patch."""
    controls = (control.replace("ID", f"t{n}") for n, (control, *_) in enumerate(REFUSED))
    page, server = open_page("".join(controls))
    load_lazy(page)
    for n, (control, edit, state, shown) in enumerate(REFUSED):
        page.evaluate(
            f"() => {{ const t = t{n}; {edit}; for (const type of ['input', 'change'])"
            " t.dispatchEvent(new Event(type, { bubbles: true })) }"
        )
        assert len(server.ops) == n + 1, control
        server.answer(n + 1)
        assert page.evaluate(f"() => {{ const t = t{n}; return {state} }}") == shown, control


def test_an_edit_after_the_one_that_is_refused_stays(open_page: Open) -> None:
    page, server = open_page('<input id="t" name="t" value="10" data-l="value @change">')
    load_lazy(page)
    page.fill("#t", "99")
    page.press("#t", "Enter")
    page.fill("#t", "5")
    server.answer(1)
    assert value(page) == "5"
