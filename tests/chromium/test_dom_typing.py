"""Caret, selection and text of a person who types while the server changes the page."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chromium.stage import Stage

INPUT = '<input id="t" class="{{ mood }}" value="one two three">'
TEXTAREA = '<textarea id="t" class="{{ mood }}">one two three</textarea>'
EDITABLE = '<div id="t" class="{{ mood }}" contenteditable>one <b>two</b> three</div>'
CARET = "[document.activeElement.id, t.selectionStart, t.selectionEnd, t.selectionDirection]"
BOUND = '<input id="t" class="{{ mood }}" value="{{ inside }}">'
BOUND_AREA = '<textarea id="t" class="{{ mood }}">{{ inside }}</textarea>'
CONTROLS = pytest.mark.parametrize("scene", [INPUT, TEXTAREA], ids=["input", "textarea"])
BOUND_CONTROLS = pytest.mark.parametrize("scene", [BOUND, BOUND_AREA], ids=["input", "textarea"])


@CONTROLS
def test_caret_and_selection_of_a_control_stay(stage: Stage, scene: str) -> None:
    tab = stage.open(scene)
    tab.evaluate("t.focus(); t.setSelectionRange(4, 7, 'backward')")
    for _ in stage.pushes():
        assert tab.evaluate(CARET) == ["t", 4, 7, "backward"]


def test_caret_and_selection_in_contenteditable_stay(stage: Stage) -> None:
    tab = stage.open(EDITABLE)
    tab.evaluate("t.focus(); getSelection().setBaseAndExtent(t.lastChild, 3, t.firstChild, 1)")
    for _ in stage.pushes():
        selection = "(s => [document.activeElement.id, s.anchorNode === t.lastChild, s.anchorOffset, `${s}`])"
        assert tab.evaluate(f"{selection}(getSelection())") == ["t", True, 3, "ne two th"]


def test_a_selection_in_plain_text_stays(stage: Stage) -> None:
    tab = stage.open('<p id="t" class="{{ mood }}">some words</p>')
    tab.evaluate("getSelection().setBaseAndExtent(t.firstChild, 5, t.firstChild, 10)")
    for _ in stage.pushes():
        assert tab.evaluate("`${getSelection()}`") == "words"


def test_the_caret_stays_where_the_server_changes_the_text_around_it(stage: Stage) -> None:
    tab = stage.open(
        '<div id="t" contenteditable class="{{ mood }}">{{ inside }}</div>', inside="one two three"
    )
    tab.evaluate("t.focus(); getSelection().collapse(t.firstChild, 5)")
    stage.push(inside="one two and three")
    assert tab.evaluate("[document.activeElement.id, getSelection().anchorOffset]") == ["t", 5]
    tab.keyboard.type("X")
    assert tab.evaluate("t.textContent") == "one tXwo and three"


@CONTROLS
def test_unsent_text_stays_in_a_control_that_the_server_does_not_change(stage: Stage, scene: str) -> None:
    tab = stage.open(scene)
    tab.click("#t")
    tab.keyboard.press("End")
    tab.keyboard.type(" four")
    for number, _ in enumerate(stage.pushes(), 1):
        tab.keyboard.type("!")
        assert tab.evaluate("[document.activeElement.id, t.value]") == [
            "t",
            "one two three four" + "!" * number,
        ]


@BOUND_CONTROLS
def test_the_server_changes_a_control_that_is_focused_and_edited(stage: Stage, scene: str) -> None:
    tab = stage.open(scene)
    tab.evaluate("t.focus(); t.setSelectionRange(3, 3)")
    tab.keyboard.type("XY")
    for _ in stage.pushes():
        assert tab.evaluate("[t.value, document.activeElement.id, t.selectionStart, t.selectionEnd]") == [
            "conXYtent",
            "t",
            5,
            5,
        ]
    assert tab.evaluate("t.defaultValue") == "more"


@BOUND_CONTROLS
def test_a_control_that_nobody_edited_follows_and_keeps_its_caret(stage: Stage, scene: str) -> None:
    tab = stage.open(scene)
    tab.evaluate("t.focus(); t.setSelectionRange(3, 3)")
    stage.push(inside="content, changed")
    assert tab.evaluate("[t.value, document.activeElement.id, t.selectionStart]") == [
        "content, changed",
        "t",
        3,
    ]


@pytest.mark.parametrize("scene", [INPUT, TEXTAREA, EDITABLE], ids=["input", "textarea", "contenteditable"])
@pytest.mark.chromium_only
def test_a_composition_goes_on(stage: Stage, scene: str) -> None:
    tab = stage.open(scene)
    tab.evaluate(WATCH_COMPOSITION)
    tab.evaluate("t.focus(); t.select ? t.setSelectionRange(3, 3) : getSelection().collapse(t.firstChild, 3)")
    session = tab.context.new_cdp_session(tab)
    compose(session, "に")
    for _ in stage.pushes():
        compose(session, "にほ")
    session.send("Input.insertText", {"text": "日本"})
    assert tab.evaluate("(t.value ?? t.textContent).replace('\\xa0', ' ')") == "one日本 two three"
    assert tab.evaluate("compositions") == ["compositionstart", "compositionend"]


@BOUND_CONTROLS
@pytest.mark.chromium_only
def test_the_server_changes_the_control_in_which_a_composition_is(stage: Stage, scene: str) -> None:
    tab = stage.open(scene)
    tab.evaluate(WATCH_COMPOSITION)
    tab.evaluate("t.focus(); t.setSelectionRange(3, 3)")
    session = tab.context.new_cdp_session(tab)
    compose(session, "に")
    for _ in stage.pushes():
        compose(session, "にほ")
    session.send("Input.insertText", {"text": "日本"})
    assert tab.evaluate("[t.value, t.defaultValue]") == ["con日本tent", "more"]
    assert tab.evaluate("compositions") == ["compositionstart", "compositionend"]


WATCH_COMPOSITION = """
window.compositions = [];
for (const type of ["compositionstart", "compositionend"]) addEventListener(type, () => compositions.push(type), true);
"""


def compose(session: Any, text: str) -> None:
    """The input method shows this instead of what it showed."""
    session.send(
        "Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)}
    )
