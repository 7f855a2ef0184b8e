"""The fields of a component before an operation: what has changed, and how it is undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from liveactions.pages.fields import loaded
from liveactions.pages.page import Page
from liveactions.pages.undo_log import UndoLog
from tests.support.pages import new


class Draft(BaseModel):
    title: str = ""


class Fields(Page):
    number: int = 1
    text: str = "text"
    names: list[str] = ["a", "b"]
    table: dict[str, list[int]] = {"a": [1]}
    seen: set[int] = {1}
    draft: Draft = Draft()
    rows: list[int] = loaded()


def page() -> Fields:
    made = new(Fields)
    made.rows = [1]
    return made


def state(page: Fields) -> dict[str, Any]:
    return {name: getattr(page, name) for name in ("number", "names", "table", "seen", "rows")}


CHANGES: list[Callable[[Fields], Any]] = [
    lambda page: setattr(page, "number", 2),
    lambda page: setattr(page, "names", ["a", "b", "c"]),
    lambda page: page.names.append("c"),
    lambda page: page.names.reverse(),
    lambda page: page.table.clear(),
    lambda page: page.table.update(b=[]),
    lambda page: page.seen.add(2),
    lambda page: delattr(page, "number"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen_and_undone(change: Callable[[Fields], Any]) -> None:
    one = page()
    before, containers = state(page()), [one.names, one.table, one.seen]
    log = UndoLog(one, deep=False)
    assert not log.changed()
    change(one)
    assert log.changed()
    log.restore()
    assert state(one) == before and not log.changed()
    assert all(now is then for now, then in zip([one.names, one.table, one.seen], containers, strict=True))


def test_an_equal_scalar_is_no_change_and_an_equal_container_is_one() -> None:
    one = page()
    log = UndoLog(one, deep=False)
    one.text = "".join(["te", "xt"])
    assert not log.changed()
    one.names = list(one.names)
    assert log.changed()


def test_what_load_sets_is_no_change_but_is_undone() -> None:
    one = page()
    log = UndoLog(one, deep=True)
    one.rows.append(2)
    one.rows = [*one.rows, 3]
    assert not log.changed()
    log.restore()
    assert one.rows == [1]


def test_what_is_inside_other_objects_is_seen_only_in_depth() -> None:
    one = page()
    shallow, deep = UndoLog(one, deep=False), UndoLog(one, deep=True)
    one.draft.title = "changed"
    assert deep.changed() and not shallow.changed()
    deep.restore()
    assert one.draft == Draft()


def test_what_has_no_value_has_none_again() -> None:
    one = new(Fields)
    log = UndoLog(one, deep=False)
    one.rows = [1]
    log.restore()
    assert "rows" not in one.__dict__


def test_what_can_not_be_dumped_is_left_alone() -> None:
    one = page()
    one.draft = object()  # type: ignore[assignment]
    log = UndoLog(one, deep=True)
    assert not log.changed()
    log.restore()


def test_what_others_have_changed_meanwhile_stays() -> None:
    one = page()
    log = UndoLog(one, deep=True)
    one.number = 2
    later = UndoLog(one, deep=True)
    one.names.append("theirs")
    one.draft.title = "theirs"
    one.table = {"theirs": []}
    log.exclude(later)
    one.seen.add(2)
    one.names.append("ours")
    log.restore()
    assert (one.number, one.names, one.table, one.seen) == (1, ["a", "b", "theirs"], {"theirs": []}, {1})
