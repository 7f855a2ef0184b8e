"""A form as it was typed, unfinished: nested texts that an action may change, for the form to show next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Generic, TypeVar, get_args, get_origin

from ..errors import path_name
from .annotations import optional, unwrap
from .nested import Step

T = TypeVar("T")
CHECKED: Final = "on"


class Draft(dict[str, Any], Generic[T]):
    """What was typed for a model, by field name, before any validation::

        @action
        async def add_row(self, invoice: Draft[Invoice]) -> None:
            invoice["items"].append({})

    Nested models are dictionaries, lists are lists. What the action leaves in it, the form shows.
    """


def draft_of(annotation: Any) -> Any:
    """The model of a `Draft[Model]`; None for another annotation."""
    plain, _ = unwrap(optional(annotation)[0])
    return get_args(plain)[0] if get_origin(plain) is Draft else None


def flat(draft: Draft[Any]) -> dict[str, list[str]]:
    """The texts of a draft by the names of their fields. Empty rows and lists are there, without a text."""
    return dict(_flat(dict(draft), ())) or {"": []}


def _flat(value: Any, path: tuple[Step, ...]) -> Iterator[tuple[str, list[str]]]:
    if isinstance(value, dict) and (value or not path):
        for name, item in value.items():
            yield from _flat(item, (*path, str(name)))
    elif isinstance(value, list | tuple) and any(isinstance(item, dict | list) for item in value):
        for index, item in enumerate(value):
            yield from _flat(item, (*path, index))
    elif isinstance(value, list | tuple | dict):
        yield path_name(path), [_text(item) for item in value]
    elif value is not None and value is not False:
        yield path_name(path), [_text(value)]


def _text(value: Any) -> str:
    return CHECKED if value is True else str(value)
