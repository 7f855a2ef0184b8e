"""Slots are computed again if the names that they read have changed; the result is that of computing all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import ChainableUndefined, DictLoader, Environment

from liveactions.diff import ClientState
from liveactions.diff import patch as change
from liveactions.exceptions import RenderError
from liveactions.templates import Fragment, Reference, Templates, View, slot_memo
from liveactions.templates.fragments import are_alike
from liveactions.templates.purity import pure


def view_of(sources: str | Mapping[str, str], debug: bool = False, **settings: Any) -> View:
    sources = {"page": sources} if isinstance(sources, str) else sources
    environment = Environment(loader=DictLoader(sources), autoescape=True, **settings)
    return Templates(environment, debug).view("page")


@dataclass(frozen=True)
class Point:
    x: Any
    y: Any = 0


@dataclass
class Box:
    n: Any = 0


class Call(Reference):
    """A reference whose attributes templates read."""

    def __init__(self, name: str = "call", error: str = "", version: int = 0) -> None:
        self.name, self.error, self._version = name, error, version

    @property
    def version(self) -> int:
        return self._version

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Call) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def bind(self, *args: Any, **kwargs: Any) -> Reference:
        return Call(f"{self.name}{args}")

    def url(self) -> str:
        return f"?_a={self.name}"


class Looks:
    """A page whose slots show what they call `look` with, a pure function that notes it."""

    def __init__(self, source: str | Mapping[str, str], **settings: Any) -> None:
        self.seen: list[Any] = []
        self.view = view_of(source, **settings)
        self.shown: Fragment | None = None

        @pure
        def look(value: Any) -> Any:
            self.seen.append(value)
            return value

        self.look = look

    def show(self, **variables: Any) -> list[Any]:
        """Render the page, compare it with what rendering it afresh gives, and return what was looked at."""
        self.seen.clear()
        self.shown = self.view.render({"look": self.look, **variables}, self.shown)
        seen = list(self.seen)
        assert are_alike(self.shown, self.view.render({"look": self.look, **variables}))
        return seen


FOUR = """<p class="{{ look(a) }}">{{ look(b) }}</p><p>{{ look(c) }}</p>
{% if look(d) %}<b>{{ look(d) }}{{ a }}</b>{% endif %}"""


def test_only_slots_whose_names_have_changed_are_computed() -> None:
    page = Looks(FOUR)
    assert page.show(a=1, b="b", c="c", d=None) == [1, "b", "c", None]
    assert page.show(a=1, b="b", c="c", d=None) == []
    assert page.show(a=1, b="new", c="c", d=None) == ["new"]
    assert page.show(a=2, b="new", c="c", d=None) == [2, None]
    assert page.show(a=2, b="new", c="c", d=3) == [3, 3]
    assert page.show(a=2, b="new", c="c", d=3) == []


def test_a_page_of_which_nothing_has_changed_is_the_same_object() -> None:
    page = Looks(FOUR)
    page.show(a=1, b="b", c="c", d=None)
    before = page.shown
    page.show(a=1, b="b", c="c", d=None)
    assert page.shown is before


@pytest.mark.parametrize(
    ("old", "new", "is_computed"),
    [
        (1000, int("1000"), False),
        ("text", "".join(["te", "xt"]), False),
        (1, True, True),
        (0.0, -0.0, True),
        (Point(1), Point(1), True),
    ],
)
def test_equal_values_are_kept_if_they_are_interchangeable(old: Any, new: Any, is_computed: bool) -> None:
    page = Looks(FOUR)
    page.show(a=1, b=old, c="c", d=0)
    assert page.show(a=1, b=new, c="c", d=0) == ([new] if is_computed else [])


@pytest.mark.parametrize(
    ("value", "is_computed"),
    [
        (Point(1), False),
        ((1, "x"), False),
        (None, False),
        (Box(1), True),
        ([1], True),
        (([],), True),
        (Point([]), True),
        (tuple(range(100)), True),  # looking whether it is immutable would take longer than to compute it
        (len, True),
    ],
)
def test_what_may_change_inside_is_computed_each_time(value: Any, is_computed: bool) -> None:
    page = Looks(FOUR.replace("{{ look(b) }}", "{{ look(1) if b else look(2) }}"))
    for _ in range(2):
        page.show(a=1, b=value, c="c", d=0)
    assert bool(page.show(a=1, b=value, c="c", d=0)) == is_computed


def test_changes_inside_of_objects_are_shown() -> None:
    page = Looks("<p>{{ box.n }}</p><p>{{ items|length }}</p><p>{{ a }}{{ b }}</p>")
    box, items = Box(1), [1]
    page.show(box=box, items=items, a=1, b=2)
    box.n = 2
    items.append(2)
    page.show(box=box, items=items, a=1, b=2)
    assert page.shown is not None and page.shown.values[:2] == ("2", "2")


def test_attributes_of_references_are_read_again_when_their_version_has_changed() -> None:
    page = Looks("<p>{{ look(save.error) }}</p><p>{{ look(a) }}</p><form action='{{ save }}'>{{ b }}</form>")
    save = Call()
    page.show(save=save, a=1, b=2)
    assert page.show(save=save, a=1, b=2) == []
    save.error, save._version = "wrong", 1
    assert page.show(save=save, a=1, b=2) == ["wrong"]


def test_functions_that_are_not_known_to_be_pure_are_called_each_time() -> None:
    calls = 0

    def number() -> int:
        nonlocal calls
        calls += 1
        return calls

    view = view_of("<p>{{ number() }}</p><p>{{ a }}</p><p>{{ b }}</p><p>{{ c }}</p><p>{{ a }}{{ b }}</p>")
    shown = None
    for expected in ("1", "2", "3"):
        shown = view.render({"number": number, "a": 1, "b": 2, "c": 3}, shown)
        assert shown.values[0] == expected


FINALIZED = "<p>{{ a }}</p><p>{{ b }}</p><p>{{ c }}</p><p>{{ a }}{{ b }}</p><p>{{ a }}{{ b }}</p>"


def test_a_finalizer_that_is_not_known_to_be_pure_is_called_each_time() -> None:
    calls: list[Any] = []

    def finalize(value: Any) -> Any:
        calls.append(value)
        return f"{value} {len(calls)}"

    view = view_of(FINALIZED, finalize=finalize)
    shown = view.render({"a": 1, "b": 2, "c": 3})
    assert view.render({"a": 1, "b": 2, "c": 3}, shown).values != shown.values


OTHERS = "<i>{{ e }}</i>" * 9  # enough that comparing names is worth it


@pytest.mark.parametrize(
    "source",
    [
        "{% set a = box.n %}<p>{{ e }}</p><p>{{ a }}</p>" + OTHERS,
        "<p>{{ a }}</p>" + OTHERS + "{% set a = box.n %}<p>{{ a }}</p>",
        OTHERS + "{% if e %}{% set a = box.n %}{% endif %}<p>{{ a }}</p>",
        OTHERS + "{% set a %}{{ box.n }}{% endset %}<p>{{ a }}</p>",
        OTHERS + "{% with a = box.n %}<p>{{ a }}</p>{% endwith %}",
        OTHERS + "{% for a in [box.n] %}<p>{{ a }}</p>{% endfor %}<p>{{ a }}</p>",
        OTHERS + "{% set ns = namespace(n=0) %}{% set ns.n = box.n %}<p>{{ ns.n }}</p>",
        OTHERS + "{% macro a() %}<p>{{ box.n }}</p>{% endmacro %}{{ a() }}",
        OTHERS + "{% from 'parts' import shown with context %}{{ shown() }}",
        OTHERS + "{% from 'parts' import shown as e with context %}{{ e() }}",
        OTHERS + "{% import 'parts' as parts with context %}{{ parts.shown() }}",
        OTHERS + "{% include 'part' %}",
        OTHERS + "{% if e %}{% include 'part' %}{% endif %}",
        OTHERS + "{% call(a) wrapped() %}{{ box.n }}{% endcall %}",
        OTHERS + "{% filter upper %}{{ box.n }}{% endfilter %}",
        OTHERS + "{% if e %}<p>{{ (box, e)[0].n }}</p>{% endif %}",
        OTHERS + "{{ [box, e]|map(attribute='n')|join }}",
        OTHERS + "<p class='{% if e %}{{ box.n }}{% endif %}'></p>",
        OTHERS + "<p {% if e %}lang='{{ box.n }}'{% endif %}></p>",
        "{% extends 'base' %}{% set a = box.n %}{% block main %}<p>{{ a }}</p>" + OTHERS + "{% endblock %}",
        "{% extends 'base' %}{% block main %}{{ super() }}<p>{{ self.side() }}</p>"
        + OTHERS
        + "{% endblock %}",
    ],
)
def test_what_a_body_sets_or_takes_from_elsewhere_is_computed_each_time(source: str) -> None:
    parts = {
        "page": "{% macro wrapped() %}<u>{{ caller(1) }}</u>{% endmacro %}" * ("call(" in source) + source,
        "parts": "{% macro shown() %}<p>{{ box.n }}</p>{% endmacro %}",
        "part": f"<p>{{{{ box.n }}}}</p>{OTHERS}",
        "base": f"<div>{{% block side %}}{{{{ box.n }}}}{OTHERS}{{% endblock %}}</div>"
        f"<main>{{% block main %}}{{{{ box.n }}}}{OTHERS}{{% endblock %}}</main>",
    }
    page, box = Looks(parts, extensions=["jinja2.ext.do"]), Box(1)
    for number in (1, 2, 2, 3):
        box.n = number
        page.show(box=box, e=1, f=2)
        assert page.shown is not None and str(number) in page.shown.html()


@pytest.mark.parametrize("slot", ["<p>{{ box.n }}</p>", "<button live-click='{{ box.call }}'>Go</button>"])
def test_debug_mode_finds_a_slot_that_was_left_out_wrongly(
    slot: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slot_memo, "_known", lambda value: value)
    view, box = view_of(slot + OTHERS, debug=True), Box(1)
    box.call = Call("one")  # type: ignore[attr-defined]
    shown = view.render({"box": box, "e": 1, "f": 2})
    shown = view.render({"box": box, "e": 1, "f": 2}, shown)
    box.n, box.call = 2, Call("two")  # type: ignore[attr-defined]
    with pytest.raises(RenderError, match="twice gives different results"):
        view.render({"box": box, "e": 1, "f": 2}, shown)


# Whatever changes, the result is that of rendering everything

NAMES = "abcd"


class Author:
    """Writes random templates, and values for their names."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def value(self) -> Any:
        number, text = self.random.randint(0, 2), self.random.choice(["", "x", "<i>"])
        return self.random.choice(
            [None, number, True, 0.0, -0.0, text, (number, text), Point(number), Point(text, Point(number))]
            + [Box(number), [number], Call(text, text, number)]
        )

    def name(self) -> str:
        return self.random.choice(NAMES)

    def expression(self) -> str:
        a, b = self.name(), self.name()
        return self.random.choice(
            [a, a, f"{a} ~ {b}", f"{a}.x", f"{a}.n", f"{a}.y.x", f"{a}.error", f"({a} if {b} else 'no')"]
            + [f"{a}|string|upper", f"{a} is none", f"({a},)|first", f"{a} == {b}"]
        )

    def body(self, most: int, depth: int = 2) -> str:
        return "".join(self.piece(depth) for _ in range(self.random.randint(1, most)))

    def piece(self, depth: int) -> str:
        name, one, other = self.name(), self.expression(), self.expression()
        found = [
            *[f"<p>{{{{ {one} }}}}</p>"] * 6,
            f"<p class='{{{{ {one} }}}}'>{{{{ {other} }}}}</p>",
            f"{{% set {name} = {one} %}}",
            f"{{% for {name} in [{self.name()}, 1] %}}<i>{{{{ {name} }}}}</i>{{% endfor %}}",
            "{{ part(a) }}",
            "{% include 'part' %}",
        ]
        if depth:
            found.append(f"{{% if {one} %}}{self.body(5, depth - 1)}{{% endif %}}")
            found.append(f"{{% with {name} = {one} %}}{self.body(5, depth - 1)}{{% endwith %}}")
        return self.random.choice(found)

    def change(self, moment: dict[str, Any]) -> dict[str, Any]:
        """Replace the value of a name, or change something inside of it."""
        name = self.name()
        now = moment[name]
        if self.random.random() < 0.5:
            return {**moment, name: self.value()}
        if isinstance(now, Box):
            now.n = ("other", now.n)
        elif isinstance(now, list):
            now.append(0)
        elif isinstance(now, Call):
            now.error, now._version = now.error + "!", now._version + 1
        return moment


@pytest.mark.slow
@given(st.integers(0, 2**32))
@settings(max_examples=40)  # each compiles four templates
def test_pages_and_patches_are_those_of_computing_all_slots(seed: int) -> None:
    author = Author(seed)
    head = "{% macro part(a) %}<u>{{ a }}</u>{% endmacro %}"
    page, part = head + author.body(8), head + author.body(4).replace("{% include 'part' %}", "")
    view = view_of({"page": page, "part": part}, undefined=ChainableUndefined)
    moment = {name: author.value() for name in NAMES}
    shown = view.render(moment)
    with patch.object(slot_memo, "MIN_NODES", 10**9):  # templates are compiled when they are first rendered
        other = view_of({"page": page, "part": part}, undefined=ChainableUndefined)
        wanted = other.render(moment)
    known, known_of_other = ClientState(), ClientState()
    for _ in range(5):
        moment = author.change(moment)
        before, shown = shown, view.render(moment, shown)
        before_wanted, wanted = wanted, other.render(moment, wanted)
        assert are_alike(shown, wanted) and are_alike(shown, view.render(moment)), page
        sent, expected = change(before, shown, known), change(before_wanted, wanted, known_of_other)
        assert json.dumps(sent) == json.dumps(expected), page
