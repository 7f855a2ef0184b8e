"""What a person has chosen: checkboxes, radio buttons, options, files."""

from __future__ import annotations

import pytest

from tests.chromium.stage import Stage

CHECKBOX = '<input type="checkbox" id="t" class="{{ mood }}">'
BOUND_CHECKBOX = (
    '<input type="checkbox" id="t" class="{{ mood }}" {{ "checked" if inside == "new content" }}>'
)
RADIOS = """<form id="f" class="{{ mood }}">{% for value in "xyz" %}<input type="radio" name="r" id="{{ value }}"
value="{{ value }}" {{ "checked" if value == picked }}>{% endfor %}</form>"""
SELECT = """<select id="t" class="{{ mood }}" {{ attributes }}>{% for value in options -%}
<option id="o-{{ value }}" value="{{ value }}" {{ "selected" if value in picked }}>{{ value }} {{ inside }}</option>
{%- endfor %}</select>"""
CHOSEN = "[...t.selectedOptions].map(option => option.value).join()"


def test_a_checkbox_that_the_person_checked(stage: Stage) -> None:
    tab = stage.open(CHECKBOX)
    tab.click("#t")
    for _ in stage.pushes():
        assert tab.evaluate("t.checked") is True


def test_an_indeterminate_checkbox(stage: Stage) -> None:
    tab = stage.open(CHECKBOX)
    tab.evaluate("t.indeterminate = true")
    for _ in stage.pushes():
        assert tab.evaluate("[t.indeterminate, t.checked]") == [True, False]


def test_the_server_changes_a_checkbox_that_the_person_changed(stage: Stage) -> None:
    tab = stage.open(BOUND_CHECKBOX)
    tab.click("#t")
    tab.click("#t")
    for _ in stage.pushes():
        assert tab.evaluate("t.checked") is False


def test_a_checkbox_that_nobody_touched_follows(stage: Stage) -> None:
    tab = stage.open(BOUND_CHECKBOX)
    stage.push(inside="new content")
    assert tab.evaluate("[t.checked, t.defaultChecked]") == [True, True]
    stage.push(inside="another")
    assert tab.evaluate("[t.checked, t.defaultChecked]") == [False, False]


def test_a_radio_button_that_the_person_chose(stage: Stage) -> None:
    tab = stage.open(RADIOS, picked="x")
    tab.click("#y")
    for _ in stage.pushes():
        assert tab.evaluate("f.elements.r.value") == "y"
    stage.push(picked="z")
    assert tab.evaluate("[f.elements.r.value, z.defaultChecked, x.defaultChecked]") == ["y", True, False]


def test_radio_buttons_that_nobody_touched_follow(stage: Stage) -> None:
    tab = stage.open(RADIOS, picked="x")
    stage.push(picked="z")
    assert tab.evaluate("f.elements.r.value") == "z"


def test_an_option_that_the_person_chose(stage: Stage) -> None:
    tab = stage.open(SELECT, options="abc", picked="a")
    tab.evaluate(PICK, ["b"])
    for _ in stage.pushes():
        assert tab.evaluate(CHOSEN) == "b"
    stage.push(picked="c")
    assert tab.evaluate(f"[{CHOSEN}, t.options[2].defaultSelected]") == ["b", True]


def test_options_that_the_person_chose_among_several(stage: Stage) -> None:
    tab = stage.open(SELECT.replace("{{ attributes }}", "multiple"), options="abcd", picked="a")
    tab.evaluate(PICK, ["b", "d"])
    for _ in stage.pushes():
        assert tab.evaluate(CHOSEN) == "b,d"
    stage.push(picked="ac")
    assert tab.evaluate(CHOSEN) == "b,d"


@pytest.mark.parametrize("multiple", [False, True], ids=["one", "several"])
def test_options_come_and_go_around_the_chosen_one(stage: Stage, multiple: bool) -> None:
    tab = stage.open(
        SELECT.replace("{{ attributes }}", "multiple" if multiple else ""), options="abc", picked="a"
    )
    tab.evaluate(PICK, ["b"])
    for options in ("zabc", "bc", "bcz", "zcb", "b", "xbz"):
        stage.push(options=options)
        assert tab.evaluate(CHOSEN) == "b"
        assert tab.evaluate("[...t.options].map(option => option.value).join('')") == options
    for picked, options in (("n", "nbz"), ("nm", "bnm"), ("nmb", "mnb")):  # come with `selected`
        stage.push(picked=picked, options=options)
        assert tab.evaluate(CHOSEN) == "b"


def test_the_chosen_option_goes(stage: Stage) -> None:
    tab = stage.open(SELECT, options="abc", picked="c")
    tab.evaluate(PICK, ["b"])
    stage.push(options="ac")
    assert tab.evaluate(CHOSEN) == "c"  # what the server says
    stage.push(options="abc")
    assert tab.evaluate(CHOSEN) == "c"


def test_options_that_nobody_chose_from_follow(stage: Stage) -> None:
    tab = stage.open(SELECT, options="abc", picked="b")
    stage.push(options="zabc")
    assert tab.evaluate(CHOSEN) == "b"
    stage.push(options="zabcd", picked="d")
    assert tab.evaluate(CHOSEN) == "d"
    stage.push(options="xyz", picked="")
    assert tab.evaluate(CHOSEN) == "x"


def test_options_in_groups(stage: Stage) -> None:
    groups = """<select id="t" class="{{ mood }}">{% for group in groups %}<optgroup label="{{ group }}">
    {%- for value in group %}<option {{ "selected" if value == picked }}>{{ value }}</option>{% endfor -%}
    </optgroup>{% endfor %}</select>"""
    tab = stage.open(groups, groups=["ab", "cd"], picked="a")
    tab.evaluate(PICK, ["c"])
    for _ in stage.pushes():
        assert tab.evaluate(CHOSEN) == "c"
    stage.push(groups=["xab", "cd", "ef"], picked="x")
    assert tab.evaluate(CHOSEN) == "c"


@pytest.mark.chromium_only
def test_a_chosen_file_stays(stage: Stage) -> None:
    tab = stage.open('<input type="file" id="t" class="{{ mood }}" title="{{ inside }}" multiple>')
    tab.set_input_files("#t", [{"name": "a.txt", "mimeType": "text/plain", "buffer": b"text"}])
    for _ in stage.pushes():
        assert tab.evaluate("[...t.files].map(file => file.name)") == ["a.txt"]


def test_other_things_that_are_set(stage: Stage) -> None:
    scene = """<div class="{{ mood }}"><input type="range" id="r" value="10" class="{{ mood }}"><input type="color" id="c">
    <input type="date" id="d" title="{{ inside }}"><input type="hidden" id="h" value="{{ inside }}"></div>"""
    tab = stage.open(scene)
    for name, value in (("r", "70"), ("c", "#ff0000"), ("d", "2026-11-25")):
        tab.evaluate(
            "([name, value]) => { const c = document.getElementById(name); c.value = value;"
            "c.dispatchEvent(new Event('input', { bubbles: true })) }",
            [name, value],
        )
    for _ in stage.pushes():
        assert tab.evaluate("[r.value, c.value, d.value]") == ["70", "#ff0000", "2026-11-25"]
        assert tab.evaluate("h.value") == stage.scene.values["inside"]


PICK = """values => {
  for (const option of t.options) option.selected = values.includes(option.value);
  for (const type of ["input", "change"]) t.dispatchEvent(new Event(type, { bubbles: true }));
}"""
