"""Changes of raw HTML: what a client makes of the splices is the new string, and the new page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jinja2 import DictLoader, Environment
from markupsafe import Markup

from liveactions.diff import ClientState, patch
from liveactions.diff.client_state import change, splices
from liveactions.diff.strings import grown, windows
from liveactions.html.balance import is_serialised
from liveactions.templates import Templates
from liveactions.testing.document import Document
from liveactions.testing.dom import canonical, parse_fragment
from liveactions.testing.raw_html import serialised, spliced

BODY = "<main>{{ a }}</main><section>{{ b }} <div>{{ c }}</div></section>"
PAGE = f"<!doctype html><html><head></head><body>{BODY}</body></html>"
WORDS = st.text("ab <>&\"'é\U0001f600\n", max_size=6).map(lambda text: str(Markup.escape(text)))
NAMES = st.sampled_from("b i u div span section ul x-y".split())
ATTRIBUTES = st.sampled_from(["", ' id="k"', ' class="a b"', " title='1'", " hidden", ' data-key="7"'])
VOIDS = st.sampled_from(["<br>", "<hr/>", '<img alt="x">', "<!--c-->", "<input value=1>"])


def _elements(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(NAMES, ATTRIBUTES, children).map(lambda e: f"<{e[0]}{e[1]}>{e[2]}</{e[0]}>")


TREES = st.recursive(
    WORDS | VOIDS, lambda inner: st.lists(_elements(inner) | inner, max_size=4).map("".join), max_leaves=12
)


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, str]:
    """A string of many parts, and one in which some of them have come, gone, moved or changed."""
    pool = draw(st.lists(TREES | st.text(max_size=30), min_size=1, max_size=6))
    old = draw(st.lists(st.sampled_from(pool), max_size=40))
    new = list(old)
    for _ in range(draw(st.integers(0, 5))):
        start, end = sorted((draw(st.integers(0, len(new))), draw(st.integers(0, len(new)))))
        match draw(st.sampled_from("cut insert move turn".split())):
            case "cut":
                del new[start : min(end, start + 3)]
            case "insert":
                new.insert(start, draw(TREES))
            case "move":
                piece = new[start:end]
                del new[start:end]
                new[draw(st.integers(0, len(new))) : 0] = piece
            case "turn":
                new[start:end] = new[start:end][::-1]
    return "".join(old), "".join(new)


@given(edited())
def test_splices_make_the_new_string(strings: tuple[str, str]) -> None:
    old, new = strings
    parts = splices(old, new)
    assert (spliced(old, json.loads(json.dumps(parts)), ()) if parts else old) == new
    assert bool(parts) is (old != new)


@given(edited())
def test_windows_are_apart_and_what_is_between_is_the_same(strings: tuple[str, str]) -> None:
    old, new = strings
    at = there = 0
    for window in windows(old, new):
        assert old[at : window.start] == new[there : window.first]
        assert window.start > at or window.first > there or at == there == 0
        at, there = window.end, window.last
    assert old[at:] == new[there:]


@given(st.lists(st.tuples(TREES, TREES, TREES), min_size=2, max_size=4))
def test_patched_is_rendered(moments: list[tuple[str, str, str]]) -> None:
    view = Templates(Environment(loader=DictLoader({"page": PAGE}), autoescape=True)).view("page")
    told = ClientState()
    shown = view.render(_names(moments[0]))
    document = Document(shown.html())
    for moment in moments[1:]:
        last, shown = shown, view.render(_names(moment), shown)
        document.apply(json.loads(json.dumps(patch(last, shown, told))), told.take())
        assert str(document) == str(Document(shown.html()))


def _names(moment: tuple[str, str, str]) -> dict[str, Any]:
    return {name: Markup(html) for name, html in zip("abc", moment, strict=True)}


@given(TREES)
@example("<p>&amp;&nbsp;</p>")
def test_what_is_taken_for_serialised_is(html: str) -> None:
    if is_serialised(html):
        assert serialised(parse_fragment(html).children) == html
    assert is_serialised('<ul><li class="a">x &amp; y</li><li><br></li></ul>')


@pytest.mark.parametrize(
    "html",
    [
        "<P>x</P>",
        "<p class=a>x</p>",
        "<p hidden>x</p>",
        "<p>x",
        "<p>x<p>y</p></p>",
        "<p>x</p></p>",
        "<ul><li>x<li>y</ul>",
        "<table><tr><td>x</td></tr></table>",
        "<br/>",
        "<p>x & y</p>",
        "<p>&eacute;</p>",
        "<p title='x'>x</p>",
        '<p title="<">x</p>',
        "<pre>\nx</pre>",
        "<p>\r\n</p>",
        '<svg viewBox="0 0 1 1"></svg>',
        '<form action="/x?_a=add"><p>x</p></form>',
        "<form><div><form></form></div></form>",
        "<keygen><code>x</code></keygen>",
    ],
)
def test_what_browsers_write_otherwise_isnt_taken_for_serialised(html: str) -> None:
    assert not is_serialised(html)


# What a change costs


LONG = "".join(f'<li id="i{n}">Item {n} of many, each of its own.</li>' for n in range(200))


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("<p>one</p>" * 9, "<p>one</p>" * 8 + "<p>two</p>", [83, 3, "two"]),
        ("<i>\U0001f600 a</i>" * 4, "<i>\U0001f600 a</i>" * 3 + "<i>\U0001f600 b</i>", [39, 1, "b"]),
        (LONG, LONG.replace("<ul>", ""), []),
        ("<p>one</p>" * 9 + "<br>", "<p>one</p>" * 9, [90, 4]),
        ("<p><u>one two</u></p>" * 2, "<p><i>one two</i></p><p><u>one two</u></p>", [4, 1, "i", 10, 1, []]),
        (LONG, LONG.replace(">Item 3 ", ">Item three ").replace("150 of", "151 of"), None),
    ],
)
def test_what_is_the_same_doesnt_travel(old: str, new: str, parts: list[Any] | None) -> None:
    if parts is not None:
        assert splices(old, new) == parts
    assert len(json.dumps(splices(old, new))) < 60


def test_what_moves_is_told_by_its_place() -> None:
    item = LONG[: LONG.index("</li>") + 5]
    moved = LONG[len(item) :] + item
    parts = splices(LONG, moved)
    assert spliced(LONG, parts, ()) == moved
    assert len(json.dumps(parts)) < 50


def test_the_shorter_of_splices_and_whole_is_sent() -> None:
    assert change("<p>abc</p>", "<b>other</b>") == {"h": "<b>other</b>"}
    assert change(LONG, LONG + "<hr>") == {"s": [len(LONG), "<hr>"]}


# What a client is told while it may not have the string


def _raw(told: ClientState, old: str, new: str) -> Any:
    view = Templates(Environment(loader=DictLoader({"page": PAGE}), autoescape=True)).view("page")
    before = view.render({"a": Markup(old), "b": "", "c": ""})
    after = view.render({"a": Markup(new), "b": "", "c": ""}, before)
    found = patch(before, after, told)
    assert isinstance(found, list)
    return found[1]


def test_first_splices_come_with_a_check_and_later_ones_without() -> None:
    told = ClientState()
    first = _raw(told, LONG, LONG + "<hr>")
    assert first.keys() == {"s", "c"}
    assert first["c"][0] == len(LONG)
    assert _raw(told, LONG + "<hr>", LONG).keys() == {"s"}
    told.forget_strings()
    assert _raw(told, LONG, LONG + "<hr>").keys() == {"s", "c"}


def test_a_string_that_browsers_write_otherwise_is_sent_whole_once() -> None:
    told = ClientState()
    written = LONG.replace('"', "'")
    assert _raw(told, written, written + "<hr>") == {"h": written + "<hr>"}
    assert _raw(told, written + "<hr>", written).keys() == {"s"}


def test_a_client_in_doubt_is_sent_each_string_once() -> None:
    told = ClientState(is_exact=False)
    assert _raw(told, LONG, LONG + "<hr>") == {"h": LONG + "<hr>"}
    assert _raw(told, LONG + "<hr>", LONG).keys() == {"s"}


def test_nodes_that_stay_are_the_same_ones() -> None:
    document = Document(f"<!doctype html><html><head></head><body><ul data-l='.'>{LONG}</ul></body></html>")
    before = {element.get("id"): element for element in document.root.elements()}
    item = LONG[: LONG.index("</li>") + 5]
    new = LONG[len(item) :].replace("Item 7 ", "Item seven ") + "<li>new</li>" + item
    document.apply([0, {"h": new}])
    after = [element for element in document.root.elements() if element.name == "li"]
    items = after[0].parent
    assert items is not None
    assert canonical(items) == canonical(parse_fragment(f"<ul data-l='.'>{new}</ul>").children[0])
    assert all(before[element.get("id")] is element for element in after if element.get("id"))


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("It was a dark and", "It was a dark and stormy", {"a": " stormy"}),
        ("“It was a dark and”", "“It was a dark and stormy”", {"a": " stormy", "b": 1}),
        ("It was a dark and 😀😀", "It was a dark and odd 😀😀", {"a": "odd ", "b": 4}),
        ("It was a dark and", "It was a dark", None),
        ("It was a dark and", "It was a long and", None),
        ("It was a dark and stormy" + "." * 65, "It was a dark and dull and stormy" + "." * 65, None),
        ("short", "short and more", None),
    ],
)
def test_a_text_that_has_grown(old: str, new: str, change: dict[str, Any] | None) -> None:
    assert grown(old, new) == change


@given(st.text(min_size=16), st.text(min_size=1), st.text(max_size=64))
def test_what_is_added_makes_the_new_text(start: str, added: str, end: str) -> None:
    old, new = start + end, start + added + end
    found = grown(old, new)
    assert found is not None
    units = old.encode("utf-16-le", "surrogatepass")
    at = len(units) - 2 * found.get("b", 0)
    made = units[:at] + found["a"].encode("utf-16-le", "surrogatepass") + units[at:]
    assert made.decode("utf-16-le", "surrogatepass") == new
