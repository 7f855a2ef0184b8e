"""Where the person is: scroll positions, focus, and what a screen reader says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chromium.stage import Stage

TALL = '<div style="height: 3000px" class="{{ mood }}"><p id="t">{{ inside }}</p></div>'
BOX = """<div id="box" class="{{ mood }}" tabindex="0" style="height: 100px; width: 100px; overflow: scroll">
<div style="height: 2000px; width: 2000px">{{ inside }}</div></div>"""


def test_the_page_stays_where_it_is_scrolled_to(stage: Stage) -> None:
    tab = stage.open(TALL)
    tab.evaluate("scrollTo(0, 1500)")
    for _ in stage.pushes():
        assert tab.evaluate("scrollY") > 1000  # browsers keep what is seen in its place


def test_what_the_person_reads_stays_in_its_place(stage: Stage) -> None:
    """Scroll anchoring: browsers do it if nobody replaces what is read."""
    tab = stage.open('<div style="height: 3000px"></div><p id="t">read</p><div style="height: 3000px"></div>')
    tab.evaluate("t.scrollIntoView({ block: 'center' })")
    before = tab.evaluate("t.getBoundingClientRect().top")
    for number in range(1, 4):
        stage.push(note="tall " * 500 * number)
        tab.evaluate("new Promise(requestAnimationFrame)")
        assert abs(tab.evaluate("t.getBoundingClientRect().top") - before) < 2


@pytest.mark.chromium_only(reason="Firefox forgets where a box was scrolled to when it is moved")
def test_a_box_stays_where_it_is_scrolled_to(stage: Stage) -> None:
    tab = stage.open(BOX)
    tab.evaluate("box.scrollTo(300, 700)")
    for _ in stage.pushes():
        assert tab.evaluate("[box.scrollLeft, box.scrollTop]") == [300, 700]


def test_a_text_area_stays_where_it_is_scrolled_to(stage: Stage) -> None:
    text = "line\n" * 200
    tab = stage.open(f'<textarea id="t" class="{{{{ mood }}}}" title="{{{{ inside }}}}">{text}</textarea>')
    tab.evaluate("t.scrollTop = 500")
    for _ in stage.pushes():
        assert tab.evaluate("t.scrollTop") == 500


def test_the_focus_stays_on_any_element(stage: Stage) -> None:
    for scene in (
        '<button id="t" class="{{ mood }}">{{ inside }}</button>',
        '<a href="#x" id="t" class="{{ mood }}">{{ inside }}</a>',
        '<div tabindex="0" id="t" class="{{ mood }}">{{ inside }}</div>',
        '<details><summary id="t" class="{{ mood }}">{{ inside }}</summary></details>',
        '<select id="t" class="{{ mood }}"><option>{{ inside }}</select>',
    ):
        tab = stage.open(scene)
        tab.evaluate("t.focus(); window.lost = 0; t.addEventListener('blur', () => lost++)")
        for _ in stage.pushes():
            assert tab.evaluate("[document.activeElement.id, lost]") == ["t", 0]


ROWS = """<main><h1>{{ note }}</h1><ul>{% for row in rows %}<li id="row-{{ row }}"><b>{{ row }}</b>
<button id="b-{{ row }}">Delete</button></li>{% endfor %}</ul><a href="#" id="after">after</a></main>"""


FOCUSED = "document.activeElement.id || document.activeElement.localName"


def focused(tab: Any) -> str:
    name: str = tab.evaluate(FOCUSED)
    return name


def wait_for_focus(tab: Any, name: str) -> None:
    """What hands the focus on is loaded when it is needed."""
    tab.wait_for_function(f"name => name === ({FOCUSED})", arg=name)


def test_the_focus_goes_to_the_next_row_where_its_own_is_removed(stage: Stage) -> None:
    tab = stage.open(ROWS, rows="abc")
    tab.evaluate("document.getElementById('b-b').focus()")
    stage.push(rows="ac")
    wait_for_focus(tab, "row-c")
    tab.keyboard.press("Tab")
    wait_for_focus(tab, "b-c")
    assert tab.evaluate("document.getElementById('row-c').hasAttribute('tabindex')") is False


def test_the_focus_goes_to_the_row_before_where_there_is_no_next_one(stage: Stage) -> None:
    tab = stage.open(ROWS, rows="abc")
    tab.evaluate("document.getElementById('b-c').focus()")
    stage.push(rows="ab")
    wait_for_focus(tab, "row-b")
    tab.keyboard.press("Tab")
    wait_for_focus(tab, "b-b")


def test_the_focus_goes_to_what_held_the_last_row(stage: Stage) -> None:
    tab = stage.open(ROWS, rows="a")
    tab.evaluate("document.getElementById('b-a').focus()")
    stage.push(rows="")
    wait_for_focus(tab, "ul")
    tab.keyboard.press("Tab")
    wait_for_focus(tab, "after")


def test_the_focus_goes_to_what_stands_for_the_removed_element(stage: Stage) -> None:
    scene = """<form class="{{ mood }}">{% if inside == "content" %}<input id="t" name="t" value="text">
    {% else %}<p>Another form</p><input id="t" name="t" value="text">{% endif %}</form>"""
    tab = stage.open(scene)
    tab.evaluate("t.focus(); t.setSelectionRange(1, 3)")
    stage.push(inside="other")
    wait_for_focus(tab, "t")
    assert tab.evaluate("[t.selectionStart, t.selectionEnd]") == [1, 3]


def test_the_focus_goes_back_to_what_opened_the_removed_dialog(stage: Stage) -> None:
    scene = """<button id="open">Open</button>
    {% if inside == "open" %}<dialog id="d" open live-modal><button id="in">In it</button></dialog>{% endif %}"""
    tab = stage.open(scene)
    tab.evaluate("open_ = document.getElementById('open'); open_.focus()")
    stage.push(inside="open")
    wait_for_focus(tab, "in")
    stage.push(inside="closed")
    wait_for_focus(tab, "open")


def test_the_focus_stays_away_where_the_person_had_none(stage: Stage) -> None:
    tab = stage.open(ROWS, rows="abc")
    stage.push(rows="ac")
    assert focused(tab) == "body"
    tab.evaluate("document.getElementById('after').focus()")
    stage.push(rows="c")
    assert focused(tab) == "after"


@pytest.mark.parametrize("inner", ['<input id="t" autofocus>', '<p><button id="t" autofocus>b</button></p>'])
def test_autofocus_in_inserted_markup(stage: Stage, inner: str) -> None:
    scene = f'<input id="other">{{% if inside == "new content" %}}<div class="{{{{ mood }}}}">{inner}</div>{{% endif %}}'
    tab = stage.open(scene)
    tab.evaluate("other.focus()")
    for push in stage.pushes():
        if push == "inside":
            assert focused(tab) == "t"
            tab.evaluate("other.focus()")
        assert focused(tab) == "other"  # once, when it comes


LIVE_REGION = '<div id="t" aria-live="polite" class="{{ mood }}">{{ inside }}</div>'


def test_a_live_region_speaks_once_for_each_of_its_own_changes(stage: Stage) -> None:
    """Screen readers speak when its nodes change: that happens only when its text does, and it is never replaced."""
    tab = stage.open(LIVE_REGION)
    tab.evaluate(WATCH)
    spoken = 0
    for push in stage.pushes():
        spoken += push in ("inside", "all at once")
        assert tab.evaluate("[note(watcher.takeRecords()), t === region]") == [spoken, True]
    stage.push()
    assert tab.evaluate("note(watcher.takeRecords())") == spoken


def test_a_live_region_whose_items_come_speaks_of_those_only(stage: Stage) -> None:
    scene = (
        '<ul id="t" role="log" class="{{ mood }}">{% for line in lines %}<li>{{ line }}</li>{% endfor %}</ul>'
    )
    tab = stage.open(scene, lines=["one"])
    tab.evaluate(WATCH)
    for _ in stage.pushes():
        assert tab.evaluate("note(watcher.takeRecords())") == 0
    stage.push(lines=["one", "two"])
    assert tab.evaluate("[note(watcher.takeRecords()), added]") == [1, ["two"]]


WATCH = """
window.region = t;
window.changes = 0;
window.added = [];
window.note = records => {
  added.push(...records.flatMap(({ addedNodes }) => [...addedNodes].map(node => node.textContent.trim())));
  return changes += records.length;
};
window.watcher = new MutationObserver(note);
watcher.observe(t, { childList: true, characterData: true, subtree: true });
"""
