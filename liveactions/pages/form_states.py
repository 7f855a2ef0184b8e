"""What became of a page's calls, as data: a part of its state."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from pydantic import ValidationError

from ..actions.forms import DONE, FormState, FormStates
from ..errors import UnknownAction
from .lookup import find
from .page import Page

_EMPTY: Final[tuple[Any, ...]] = (0, None, "", {}, {})
_DONE: Final = [1]
"""What most calls come to."""

Stored = dict[str, list[Any]]
"""By `ActionRef.key`: ok, result, error, errors, values, without empty ends."""


def dump_forms(page: Page) -> Stored:
    """`TypeError` for a result that isn't data."""
    waiting: Stored | None = page._live_node.waiting
    if waiting:
        return waiting
    stored: Stored = {}
    for key, state in page.live.forms:
        try:
            stored[key] = _DONE if state is DONE else _dump(page, key, state)
        except UnknownAction:  # its component is gone, or the page function no longer defines it
            continue
    return stored


def load_forms(page: Page, stored: Stored) -> None:
    """Sets the outcomes of the actions that are still there, if their results still fit."""
    states = page.live.forms = FormStates()
    for key, one in stored.items():
        ok, result, error, errors, values = [*one, *_EMPTY[len(one) :]]
        with suppress(UnknownAction, ValidationError):
            known = None if result is None else find(page, key).results.load(result)
            states.put(key, FormState(bool(ok), known, error, errors, values))


def _dump(page: Page, key: str, state: FormState) -> list[Any]:
    result = None if state.result is None else find(page, key).results.dump(state.result)
    data = [int(state.ok), result, state.error, dict(state.errors), dict(state.values)]
    while len(data) > 1 and data[-1] == _EMPTY[len(data) - 1]:
        data.pop()
    return data
