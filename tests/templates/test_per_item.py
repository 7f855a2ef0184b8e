"""What the items of a list call: references that are made when they are asked for are those of each item."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader, Environment

from liveactions import Page, action
from liveactions.actions.action import ActionRef
from liveactions.diff import ClientState, patch
from liveactions.templates import Templates, View, runtime
from liveactions.templates.digests import digests_of
from liveactions.templates.fragments import Fragment, Items, PerItem

SOURCE = """<ul>{% for row in rows %}<li class="{{ row.kind }}">
<a live-click="{{ select(row.id) }}">{{ row.id }}</a>
<b live-click="{{ other(row.id, 'x') }}"></b><i live-click="{{ whole(row) }}"></i></li>{% endfor %}</ul>"""


class Rows(Page):
    @action
    def select(self, id: int) -> None: ...

    @action
    def move(self, id: int, to: str = "") -> None: ...

    @action
    def show(self, row: object = None) -> None: ...


@dataclass(frozen=True)
class Row:
    id: Any
    kind: str = ""


@dataclass
class Mutable:
    id: Any
    kind: str = ""


@dataclass(frozen=True)
class Nameless:
    kind: str = ""


class Signer:
    def mac(self, data: bytes, size: int = 8) -> str:
        return "mac"


PAGE: Any = SimpleNamespace(live=SimpleNamespace(path="/rows", signer=Signer()))


def reference(name: str, context: str = "") -> ActionRef[..., Any]:
    return ActionRef(PAGE, vars(Rows)[name], name, (), context)


@contextmanager
def eager() -> Iterator[None]:
    """Make a reference for each item at once."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(runtime, "per_item", lambda shared, item: None)
        yield


def view_of(source: str = SOURCE) -> View:
    environment = Environment(loader=DictLoader({"page": source}), autoescape=True)
    return Templates(environment, debug=False).view("page")


def eager_view() -> View:
    with eager():
        view = view_of()
        view.render({"rows": ()})  # which loads what it is compiled from
    return view


LATE, EAGER = view_of(), eager_view()
ids = st.integers(0, 3) | st.sampled_from(["a", None, 1.5, True])
items = st.lists(
    st.integers(0, 9).map(Row) | st.builds(Row, ids) | st.builds(Mutable, ids) | st.just(Nameless()) | ids
    | st.fixed_dictionaries({"id": ids}),
    max_size=4,
)  # fmt: skip
names = st.fixed_dictionaries(
    {
        "select": st.sampled_from(["select", "move", "show"]).map(reference),
        "other": st.sampled_from([reference("move"), reference("move", "another visitor"), "{}{}".format]),
        "whole": st.just(reference("show")),
    }
)


def rendered(view: View, variables: dict[str, Any], before: Fragment | None) -> Fragment | str:
    try:
        return view.render(variables, before)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def calls(shown: Fragment) -> list[str]:
    """Return what each slot of each item calls."""
    rows: Items = shown.values[0]
    return [
        str(shown.at([0, ordinal, slot]))
        for ordinal, row in zip(rows.numbers(), rows.fragments, strict=True)
        for slot in range(len(row.values))
    ]


@given(st.lists(st.tuples(items, names), min_size=1, max_size=3))
def test_references_that_are_made_late_are_those_of_each_item(
    renders: list[tuple[list[Any], dict[str, Any]]],
) -> None:
    late = wanted = None
    for rows, callees in renders:
        variables = {"rows": tuple(rows), **callees}
        now, then = rendered(LATE, variables, late), rendered(EAGER, variables, wanted)
        if isinstance(now, str) or isinstance(then, str):
            assert now == then
            continue
        assert now.html() == then.html()
        assert now.plain() == then.plain()
        assert calls(now) == calls(then)
        assert digests_of(now) == digests_of(then)
        if late is not None and wanted is not None:
            assert patch(late, now, ClientState()) == patch(wanted, then, ClientState())
        late, wanted = now, then


def test_rows_of_a_table_share_what_they_call() -> None:
    callees = {"select": reference("select"), "other": reference("move"), "whole": reference("show")}
    shown = LATE.render({"rows": tuple(map(Row, range(3))), **callees})
    first, second, _ = shown.values[0].fragments
    shared = [value for value in first.values if type(value) is PerItem]
    assert len(shared) == 2 and all(one in second.values for one in shared)
    wanted = reference("select").bind(2)
    assert shown.shows(wanted, "no such signature")
    assert not shown.shows(reference("select").bind(3), "no such signature")


def test_arguments_that_do_not_fit_fail_when_the_page_is_rendered() -> None:
    callees = {"select": reference("select"), "other": reference("move"), "whole": reference("show")}
    with pytest.raises(TypeError, match="select"):
        LATE.render({"rows": (Row(1), Row("not a number")), **callees})
