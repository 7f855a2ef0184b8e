"""Lists: items are inserted, moved and removed as nodes; the others aren't touched."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.chromium.observe import counting_layouts, watching
from tests.client.conftest import Open

ELEMENTS = (
    '<ul data-l="[3,1">\n  <li data-l=".">0</li> \n  <li data-l=".">1</li> \n  <li data-l=".">2</li> </ul>'
)
ELEMENT = [1, '\n  <li data-l="."></li> ']
RANGES = "<ul><!--[-->{}<!--]-->tail</ul>".format("".join(f"<li>{n}</li><!--,-->" for n in range(3)))
RANGE = [1, "<li><!--(--><!--)--></li>"]
FORMS = pytest.mark.parametrize(
    ("html", "shape"),
    [
        (ELEMENTS, ELEMENT),
        (ELEMENTS.replace(' data-l="[3,1">', "><!--[3,1-->").replace("</ul>", "<!--]--></ul>"), ELEMENT),
        (
            "<ul><!--[-->"
            + "".join(f"<li><!--(-->{n}<!--)--></li><!--,-->" for n in range(3))
            + "<!--]--></ul>",
            RANGE,
        ),
        (
            '<ul data-l="[">' + "".join(f"<li><!--(-->{n}<!--)--></li><!--,-->" for n in range(3)) + "</ul>",
            RANGE,
        ),
    ],
    ids=["elements-whole", "elements-among", "ranges-among", "ranges-whole"],
)
REMEMBER = "window.kept = [...document.querySelectorAll('li')]"
KEPT = "[...document.querySelectorAll('li')].map(li => kept.indexOf(li))"


def texts(page: Page) -> list[str]:
    return page.locator("li").all_inner_texts()


@FORMS
def test_insert_move_remove(open_page: Open, html: str, shape: list[Any]) -> None:
    page, server = open_page(html)
    page.evaluate(REMEMBER)
    server.patch([0, [[[3, -1, 1, "end"], [4, 0, 1, "start"], [5, 2, 1, "middle"]]]], shapes=shape)
    assert texts(page) == ["start", "0", "1", "middle", "2", "end"]
    server.patch([0, [[1, [2, 4], [0, -1]]]])
    assert texts(page) == ["2", "start", "middle", "end", "0"]
    assert page.evaluate(KEPT) == [2, -1, -1, -1, 0]
    server.patch([0, [[[6, 4, 1, "a"], 2], 0, [0, "zero"], 6, [0, "b"]]])
    assert texts(page) == ["b", "start", "middle", "end", "zero"]
    server.patch([0, [[0, 3, 4, 5, 6]]])
    assert texts(page) == []
    server.patch([0, [[[7, -1, 1, "again"]]]])
    assert texts(page) == ["again"]


@FORMS
def test_whole_lists_are_numbered_anew(open_page: Open, html: str, shape: list[Any]) -> None:
    page, server = open_page(html)
    server.patch([0, {"l": [[1, "a"], [1, "b"], [1, "c"]]}], shapes=shape)
    server.patch([0, [[1], 0, [0, "A"]]])
    assert texts(page) == ["A", "c"]
    server.patch([0, {"l": []}])
    assert texts(page) == []
    server.patch([0, {"l": [[1, "x"]]}])
    assert texts(page) == ["x"]


@FORMS
def test_patches_of_items_touch_those_alone(open_page: Open, html: str, shape: list[Any]) -> None:
    page, server = open_page(html)
    with watching(page) as touched:
        server.patch([0, [1, [0, "one"]]])
    assert texts(page) == ["0", "one", "2"]
    assert [change for _, change in touched] == ["text"]


def test_a_list_that_is_emptied_is_a_single_change(open_page: Open) -> None:
    """Mutation observers, also those of other scripts, cost time for each change."""
    page, server = open_page(ELEMENTS)
    with watching(page) as touched:
        server.patch([0, {"l": []}])
    assert [change for _, change in touched] == ["-7"]


def test_white_space_goes_with_its_item(open_page: Open) -> None:
    page, server = open_page(ELEMENTS)
    server.patch([0, [[1, [3, 0, 1, "new"]]]], shapes=ELEMENT)
    assert page.evaluate("document.querySelector('ul').innerHTML.replace(/ data-l=\"\\.\"/g, '')") == (
        "\n  <li>new</li> \n  <li>0</li> \n  <li>2</li> "
    )
    server.patch([0, [[[2, 3], 0, 3]]])
    assert page.evaluate("document.querySelector('ul').textContent") == "\n  2 "


@pytest.mark.parametrize(("head", "tail"), [("", ""), (" ", ""), ("", "\n"), ("\n  ", "\n"), ("\t", " \n ")])
def test_random_edits(open_page: Open, head: str, tail: str) -> None:
    """As many as it takes to split white space at every kind of neighbour."""
    chance = random.Random(head + tail)
    items = list(range(5))
    body = "".join(f'{head}<li data-l=".">{n}</li>{tail}' for n in items)
    form = f"[{len(head)},{len(tail)}"
    page, server = open_page(f"<ul>before<!--{form}-->{body}<!--]-->after</ul>")
    for made in range(5, 60):
        edits: list[Any] = []
        gone = chance.sample(items, min(len(items), chance.randrange(3)))
        items = [item for item in items if item not in gone]
        edits += gone
        for edit in [made, *chance.sample(items, min(len(items), 2))]:
            if edit in items:
                items.remove(edit)
            place = chance.randint(0, len(items))
            before = items[place] if place < len(items) else -1
            edits.append([edit, before, 1, str(made)] if edit == made else [edit, before])
            items.insert(place, edit)
        server.patch([0, [edits]], shapes=[1, f'{head}<li data-l="."></li>{tail}'] if made == 5 else [])
        assert texts(page) == [str(item) for item in items]
        expected = "".join(f"{head}{item}{tail}" for item in items)
        assert page.evaluate("document.querySelector('ul').textContent") == f"before{expected}after"


def test_items_of_several_nodes_and_of_none(open_page: Open) -> None:
    page, server = open_page(
        "<p><!--[-->a<!--(-->1<!--)--><br><!--,--><!--,-->c<!--(-->3<!--)--><!--,--><!--]-->.</p>"
    )
    shape = [1, "x<!--(--><!--)--><br>", 2, ""]
    server.patch([0, [[[3, 1, 1, "2"], [4, 0, 2], [0, -1], [1, 4]], 0, [0, "one"]]], shapes=shape)
    assert page.evaluate("document.querySelector('p').textContent") == "x2c3aone."
    server.patch([0, [[4, 1, [2, 3]], 2, [0, "three"]]])
    assert page.evaluate("document.querySelector('p').textContent") == "cthreex2aone."


def test_lists_in_lists(open_page: Open) -> None:
    inner = '<ol data-l="[0,0"><li data-l=".">{}</li><li data-l=".">{}</li></ol>'
    sections = [f"<section>{inner.format(*numbers)}</section>" for numbers in ((1, 2), (3, 4))]
    page, server = open_page(f'<div data-l="[0,0">{"".join(sections)}</div>')
    server.patch([0, [1, [0, [[0, [2, -1, 1, "5"]], 1, [0, "four"]]]]], shapes=[1, '<li data-l="."></li>'])
    assert texts(page) == ["1", "2", "four", "5"]
    server.patch(
        [0, [[[2, 0, 2, [[1, "a"], [1, "b"]]], [1, 2]], 2, [0, [[[2, 1, 1, "c"]]]]]],
        shapes=[2, '<section><ol data-l="[0,0"></ol></section>'],
    )
    assert texts(page) == ["four", "5", "a", "c", "b", "1", "2"]


def test_ranges_in_ranges(open_page: Open) -> None:
    item = "<!--[--><li><!--(-->{}<!--)--></li><!--,--><li><!--(-->{}<!--)--></li><!--,--><!--]--><!--,-->"
    page, server = open_page(f"<ul><!--[-->{item.format(1, 2)}{item.format(3, 4)}<!--]--></ul>")
    server.patch([0, [[[1, 0]], 0, [0, [[0], 1, [0, "two"]]]]])
    assert texts(page) == ["3", "4", "two"]
    server.patch([0, [[[2, 0, 2, [[1, "x"], [1, "y"]]]]]], shapes=[1, RANGE[1], 2, "<!--[--><!--]-->"])
    assert texts(page) == ["3", "4", "x", "y", "two"]
    server.patch([0, [2, [0, [[0]]]]])
    assert texts(page) == ["3", "4", "y", "two"]


def test_moves_keep_focus_scroll_and_frames(open_page: Open) -> None:
    page, server = open_page(
        '<div data-l="[0,0"><p><input id="a"></p><p><input id="b" value="text"></p>'
        '<p><iframe srcdoc="<p>x</p>"></iframe></p></div>'
    )
    page.frames[1].wait_for_load_state()
    page.evaluate("b.focus(); b.setSelectionRange(1, 3)")
    page.evaluate("""() => {
      window.blurs = window.loads = 0;
      b.onblur = () => blurs++;
      document.querySelector("iframe").onload = () => loads++;
    }""")
    server.patch([0, [[[1, 0], [2, 1]]]])
    assert page.evaluate("[document.activeElement.id, b.selectionStart, b.selectionEnd, blurs, loads]") == [
        "b",
        1,
        3,
        0,
        0,
    ]


def test_moves_without_move_before_keep_the_focus(open_page: Open) -> None:
    page, server = open_page(
        '<div data-l="[0,0"><p><input id="a"></p><p><input id="b" value="text"></p></div>'
    )
    page.evaluate("delete Element.prototype.moveBefore; b.focus(); b.setSelectionRange(1, 3)")
    server.patch([0, [[[1, 0]]]])
    assert page.evaluate("[document.activeElement.id, b.selectionStart, b.selectionEnd]") == ["b", 1, 3]
    assert page.evaluate("document.querySelector('input').id") == "b"


def test_a_stranger_between_items_is_not_taken_for_white_space(open_page: Open) -> None:
    page, server = open_page(ELEMENTS, errors=True)
    page.evaluate(
        "document.querySelectorAll('li')[1].previousSibling.replaceWith(document.createElement('hr'))"
    )
    server.patch([0, [[1]]])
    assert page.locator("hr").count() == 1
    assert page.evaluate("sockets[0].closed")


ORDERS = pytest.mark.parametrize(
    "edits",
    [
        [[98, 2], [1, 99]],
        [[item, item + 1 if item < 99 else -1] for item in random.Random(1).sample(range(100), 100)],
        [[item, item - 1 if item else -1] for item in range(100)],
    ],
    ids=["swap", "shuffle", "reverse"],
)


@ORDERS
def test_items_that_move_are_laid_out_once(open_page: Open, edits: list[Any]) -> None:
    """Nothing has the focus, nothing is selected: then asking where the selection is forces a layout."""
    page, server = open_page(f'<ul data-l="[0,0">{"".join(f"<li>{n}</li>" for n in range(100))}</ul>')
    page.evaluate("() => new Promise(requestAnimationFrame)")
    with counting_layouts(page) as layouts:
        server.patch([0, [edits]])
    assert layouts[0] <= 1


def test_a_patch_that_writes_before_it_moves_needs_one_layout(open_page: Open) -> None:
    items = "".join(f"<li>{n}</li>" for n in range(100))
    page, server = open_page(f'<p data-l=".">text</p><ul data-l="[0,0">{items}</ul>')
    server.patch([1, [[[1, 0]]]])  # the rest of the client is there
    page.evaluate("() => new Promise(requestAnimationFrame)")
    with counting_layouts(page) as layouts:
        server.patch([0, "a longer text", 1, [[5, [3, 1]]]])
    assert layouts[0] == 1


def test_items_have_nothing_of_those_made_before(open_page: Open) -> None:
    page, server = open_page('<ul data-l="[0,0"></ul>')
    shape = '<li data-l="title" title="none"><b><!--(--><!--)--></b><i data-l="."></i></li>'
    values: list[list[Any]] = [
        ["a", "b", "c"],
        [None, "", ""],
        ["a", "bc", "c"],
        [None, [2], {"h": "<u>u</u>"}],
        ["", "b", ""],
    ]
    server.patch([0, {"l": [[1, *value] for value in values]}], shapes=[1, shape, 2, "<s>s</s>"])
    server.patch([0, [0, [1, "B"]]])
    written = "[...document.querySelectorAll('li')].map(li => li.outerHTML)"
    assert [re.sub(' data-l="[^"]*"|<!--.-->', "", item) for item in page.evaluate(written)] == [
        '<li title="a"><b>B</b><i>c</i></li>',
        "<li><b></b><i></i></li>",
        '<li title="a"><b>bc</b><i>c</i></li>',
        "<li><b><s>s</s></b><i><u>u</u></i></li>",
        '<li title=""><b>b</b><i></i></li>',
    ]


def test_controls_in_items_have_their_own_state(open_page: Open) -> None:
    page, server = open_page('<ul data-l="[0,0"></ul>')
    shape = (
        '<li><input type="checkbox" data-l="checked"><input type="number" data-l="value">'
        '<select><option>a</option><option data-l="selected">b</option></select></li>'
    )
    values: list[list[Any]] = [["", "no number", ""], [None, "1", None], ["", "2", None]]
    server.patch([0, {"l": [[1, *value] for value in values]}], shapes=[1, shape])
    states = (
        "[...document.querySelectorAll('li')].map(({ children: [box, number, select] }) => "
        "[box.checked, number.value, select.value])"
    )
    assert page.evaluate(states) == [[True, "", "b"], [False, "1", "a"], [True, "2", "a"]]
    server.patch([0, [0, [0, None, 1, "5"], 1, [0, "", 1, "6"]]])
    assert page.evaluate(states) == [[False, "5", "b"], [True, "6", "a"], [True, "2", "a"]]


def test_custom_elements_in_items_are_made_with_their_attributes(open_page: Open) -> None:
    page, server = open_page('<ul data-l="[0,0"></ul>')
    page.evaluate("""() => {
      window.connected = [];
      customElements.define("x-item", class extends HTMLElement {
        connectedCallback() { connected.push([this.getAttribute("name"), this.textContent]); }
      });
    }""")
    server.patch([0, {"l": [[1, "a", "A"], [1, "b", "B"]]}], shapes=[1, '<x-item data-l="name ."></x-item>'])
    assert page.evaluate("connected") == [["a", "A"], ["b", "B"]]
