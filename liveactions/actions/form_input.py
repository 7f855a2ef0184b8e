"""Submitted values: the fields of a form, or the arguments of a script.

`Input` has the names and values in order, and as a tree by the paths that names describe: ``address.city``,
``items[0].name``. A `Draft` has the values of a model, for an action that edits an unfinished form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final, Generic, TypeVar, get_args, get_origin
from urllib.parse import parse_qsl

from starlette.datastructures import FormData, UploadFile

from ..exceptions import path_name
from ..protocol.constants import FIELD_ACTION, FIELD_BOUND, FIELD_FORM, FIELD_SNAPSHOT
from ..type_hints import optional, unwrap

MAX_ITEMS = 1000
"""Maximum number of different indices of a list."""
MAX_NESTING = 32
"""Maximum number of steps in a name."""
_NAME = re.compile(r"[^\W\d][\w-]*(?:\.[^\W\d][\w-]*|\[\d{1,9}\])*\Z")
_STEP = re.compile(r"\[(\d+)\]|\.?([^.\[\]]+)")
Step = str | int
Node = dict[Step, Any]
"""A node of the tree of names: the values of the name are under `LEAF`, further nodes under the other
keys.
"""
LEAF = ""
MISSING: Final = object()
"""The absence of a value: use the default, or report that the value is required."""


class TooMany(ValueError):
    """A list has too many items."""


def steps(name: str) -> tuple[Step, ...] | None:
    """Return the path that a form name describes; None for others, and for steps like ``__internals__``."""
    if not _NAME.match(name):
        return None
    path = tuple(int(index) if index else key for index, key in _STEP.findall(name))
    hidden = any(isinstance(step, str) and step.startswith("__") for step in path)
    return None if hidden or len(path) > MAX_NESTING else path


def tree(fields: dict[str, list[Any]]) -> Node:
    """Return fields as a tree, without names that aren't paths. Raise `TooMany` above `MAX_ITEMS`."""
    root: Node = {}
    for name, values in fields.items():
        path = steps(name)
        if path is None:
            continue
        node = root
        for step in path:
            if step not in node:
                if len(node) >= MAX_ITEMS:
                    raise TooMany(name)
                node[step] = {}
            node = node[step]
        node[LEAF] = values
    return root


def indices(names: Iterable[str], name: str) -> list[int]:
    """Return the indices of the list `name` in field names, sorted: 0 and 2 for ``items[2].a``,
    ``items[0].b``.
    """
    start = f"{name}["
    found = (one[len(start) :].partition("]")[0] for one in names if one.startswith(start))
    return sorted({int(number) for number in found if number.isascii() and number.isdigit()})


RESERVED_FIELDS: Final = frozenset({FIELD_ACTION, FIELD_BOUND, FIELD_FORM, FIELD_SNAPSHOT})
"""Names of the library's own fields."""
_REPLACEMENT: Final = "\ufffd"


class Input:
    """Field names and values (text or uploaded files), without the library's own fields.

    NUL and lone surrogates in text are replaced, because databases and encoders reject them. Line ends are
    normalized to a newline, and folders are removed from file names.
    """

    def __init__(self, pairs: Iterable[tuple[str, Any]] = ()) -> None:
        self.pairs: list[tuple[str, Any]] = []
        self.form_token = ""
        """The reference of the form's own action, if a button called another one."""
        self.bound: dict[str, None] = {}
        """The references of fields to which the form's controls are bound."""
        for name, value in pairs:
            if name not in RESERVED_FIELDS:
                self.pairs.append((name, _clean(value)))
            elif name == FIELD_BOUND and isinstance(value, str):
                self.bound[value] = None
            elif name == FIELD_FORM and isinstance(value, str):
                self.form_token = dict(parse_qsl(value.partition("?")[2])).get(FIELD_ACTION, "")

    def __bool__(self) -> bool:
        return bool(self.pairs)

    @property
    def size(self) -> int:
        """Total bytes of names and text; files have limits of their own."""
        texts = (text for pair in self.pairs for text in pair if isinstance(text, str))
        return sum(len(text.encode()) for text in texts)

    @cached_property
    def by_name(self) -> dict[str, list[Any]]:
        """All values of each name, without file inputs that have no file."""
        found: dict[str, list[Any]] = {}
        for name, value in self.pairs:
            values = found.setdefault(name, [])
            if not is_no_file(value):
                values.append(value)
        return found

    @cached_property
    def tree(self) -> Node:
        """The fields as a tree. Raises `TooMany` if a list is too long."""
        return tree(self.by_name)

    def node(self, name: str, structured: bool) -> Node:
        """Return the node of a name: its values and, if `structured`, the names below it."""
        if structured:
            below: Node = self.tree.get(name, {})
            return below
        values = self.by_name.get(name)
        return {} if values is None else {LEAF: values}

    @cached_property
    def form(self) -> FormData:
        """All fields as they were sent."""
        return FormData(self.pairs)


NO_INPUT: Final = Input()


class Arguments(Input):
    """The arguments of a script by name, as JSON data."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__()
        self.values: dict[str, Any] = _clean_all(dict(values))

    def __bool__(self) -> bool:
        return True


def is_no_file(value: Any) -> bool:
    """Return whether a value is what a file input without a file sends."""
    return isinstance(value, UploadFile) and not value.filename and not value.size


def _base_name(name: str) -> str:
    """Return a file name without folders, for names from any operating system; "" for ``..``."""
    name = name.replace("\\", "/").rpartition("/")[2]
    return "" if name in (".", "..") else name


def _clean_all(value: Any) -> Any:
    if isinstance(value, dict):
        return {_clean(name): _clean_all(one) for name, one in value.items()}
    return [_clean_all(one) for one in value] if isinstance(value, list) else _clean(value)


def _clean(value: Any) -> Any:
    if isinstance(value, UploadFile) and value.filename:
        value.filename = _base_name(value.filename)
    if type(value) is not str:
        return value
    if "\r" in value:
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    if value.isascii() and "\0" not in value:
        return value
    return value.replace("\0", _REPLACEMENT).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


T = TypeVar("T")
CHECKBOX_ON: Final = "on"


class Draft(dict[str, Any], Generic[T]):
    """The submitted values of a model, by field name, before validation::

        @action
        async def add_row(self, invoice: Draft[Invoice]) -> None:
            invoice["items"].append({})

    Nested models are dicts, lists are lists. The form shows the draft as the action leaves it.
    """


def draft_of(annotation: Any) -> Any:
    """Return the model of a `Draft[Model]`; None for other annotations."""
    plain, _ = unwrap(optional(annotation)[0])
    return get_args(plain)[0] if get_origin(plain) is Draft else None


def flat(draft: Draft[Any]) -> dict[str, list[str]]:
    """Return the text values of a draft by field name. Empty rows and lists are included, without a value."""
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
    return CHECKBOX_ON if value is True else str(value)
