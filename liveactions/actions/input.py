"""What a form or an event sent: names and values in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.datastructures import FormData, UploadFile

from ..wire import FIELD_ACTION, FIELD_FORM, FIELD_SNAPSHOT
from .nested import LEAF, Node, tree

MOST_FIELDS: Final = 1000
OWN: Final = frozenset({FIELD_ACTION, FIELD_FORM, FIELD_SNAPSHOT})
"""Names of the library's own fields."""
_REPLACEMENT: Final = "\ufffd"


class Input:
    """Field names and values (texts, uploaded files), without the library's own fields.

    NUL and lone surrogates in texts are replaced: no database and no encoder takes them.
    """

    def __init__(self, pairs: Iterable[tuple[str, Any]] = ()) -> None:
        self.pairs: list[tuple[str, Any]] = []
        self.form_token = ""
        """The reference of the form's own action, where that of a button was called."""
        for name, value in pairs:
            if name not in OWN:
                self.pairs.append((name, _clean(value)))
            elif name == FIELD_FORM and isinstance(value, str):
                self.form_token = dict(parse_qsl(value.partition("?")[2])).get(FIELD_ACTION, "")

    def __bool__(self) -> bool:
        return bool(self.pairs)

    @property
    def size(self) -> int:
        """Bytes of all names and texts; files have limits of their own."""
        texts = (text for pair in self.pairs for text in pair if isinstance(text, str))
        return sum(len(text.encode()) for text in texts)

    @cached_property
    def by_name(self) -> dict[str, list[Any]]:
        """All values of each name. Files that nobody chose are left out."""
        found: dict[str, list[Any]] = {}
        for name, value in self.pairs:
            values = found.setdefault(name, [])
            if not is_no_file(value):
                values.append(value)
        return found

    @cached_property
    def tree(self) -> Node:
        """The names as paths. `TooMany` when a list is too long."""
        return tree(self.by_name)

    def node(self, name: str, structured: bool) -> Node:
        """What stands under a name: its values, and with `structured` the names below it."""
        if structured:
            below: Node = self.tree.get(name, {})
            return below
        values = self.by_name.get(name)
        return {} if values is None else {LEAF: values}

    @cached_property
    def form(self) -> FormData:
        """Everything as it was sent."""
        return FormData(self.pairs)


class Arguments(Input):
    """Values that a script gives for parameters, by their names: data as JSON has it."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__()
        self.values: dict[str, Any] = _clean_all(dict(values))

    def __bool__(self) -> bool:
        return True


def is_no_file(value: Any) -> bool:
    """Whether it is what a file input without a file sends."""
    return isinstance(value, UploadFile) and not value.filename and not value.size


def _clean_all(value: Any) -> Any:
    if isinstance(value, dict):
        return {_clean(name): _clean_all(one) for name, one in value.items()}
    return [_clean_all(one) for one in value] if isinstance(value, list) else _clean(value)


def _clean(value: Any) -> Any:
    if type(value) is not str or (value.isascii() and "\0" not in value):
        return value
    return value.replace("\0", _REPLACEMENT).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
