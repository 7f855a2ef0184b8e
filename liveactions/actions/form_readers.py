"""Reads raw values from form fields, by annotation. Pydantic validates them afterwards.

Forms can't express empty lists, False or missing texts. So, by the annotation, a missing list is read as
empty, a missing checkbox as False, and an empty text as missing. Readers also find the form field to which
one of pydantic's errors belongs.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections import abc
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr
from typing_extensions import is_typeddict  # as pydantic does: before Python 3.12, it rejects typing's

from ..type_hints import optional, optional_keys, record_hints, unwrap
from .form_input import LEAF, MISSING, Node, Step

_LISTS = (
    list,
    set,
    frozenset,
    tuple,
    abc.Sequence,
    abc.Set,
    abc.MutableSequence,
    abc.Iterable,
    abc.Collection,
)
TRUE_TEXTS: Final = frozenset({"on", "true", "1", "yes", "t", "y"})
"""Text that pydantic converts to True."""
_DICTS = (dict, abc.Mapping, abc.MutableMapping)


class Reader(ABC):
    """Reads the value of one annotation from a node of the tree of fields."""

    structured = False
    """Whether names below the field's own belong to it: ``address.city``."""

    @abstractmethod
    def read(self, node: Node) -> Any:
        """Return the raw value, or `MISSING`."""

    def typed(self, node: Node) -> Any:
        """Return the submitted values as text, in lists and dicts, to show them again."""
        values = node.get(LEAF)
        return values[-1] if values else ""

    def takes(self, path: tuple[Step, ...]) -> bool:
        """Return whether a field is read whose name has these steps after the reader's own."""
        return not path

    def locate(self, path: tuple[Step, ...], node: Node) -> list[Step]:
        """Return the steps to the form field to which pydantic's error at `path` belongs."""
        return []


class TextReader(Reader):
    """A single value: the last one of its name, as with a hidden field before a checkbox."""

    def read(self, node: Node) -> Any:
        values = node.get(LEAF)
        return values[-1] if values and values[-1] != "" else MISSING


class FlagReader(Reader):
    """A checkbox, or a button with a name. An empty value counts as True."""

    def read(self, node: Node) -> Any:
        values = node.get(LEAF)
        return False if not values else True if values[-1] == "" else values[-1]

    def typed(self, node: Node) -> Any:
        return bool(node.get(LEAF))


class ConsentReader(FlagReader):
    """A checkbox for ``Literal[True]``, for which pydantic doesn't convert text."""

    def read(self, node: Node) -> Any:
        value = super().read(node)
        return value.lower() in TRUE_TEXTS if isinstance(value, str) else value


class ListReader(Reader):
    """Repeated names, or ``name[0]``, ``name[1]`` in the order of their indices."""

    def __init__(self, item: Reader) -> None:
        self._item = item
        self.structured = True

    def read(self, node: Node) -> Any:
        items = [self._item.read(node[index]) for index in _indices(node)]
        given = [value for value in node.get(LEAF, ()) if value != ""]
        return given + ["" if item is MISSING else item for item in items]

    def typed(self, node: Node) -> Any:
        return [*node.get(LEAF, ()), *(self._item.typed(node[index]) for index in _indices(node))]

    def takes(self, path: tuple[Step, ...]) -> bool:
        return not path or (isinstance(path[0], int) and self._item.takes(path[1:]))

    def locate(self, path: tuple[Step, ...], node: Node) -> list[Step]:
        indices = _indices(node)
        position = path[0] if path else None
        if not isinstance(position, int) or not 0 <= position < len(indices):
            return []
        index = indices[position]
        return [index, *self._item.locate(path[1:], node[index])]


class DictReader(Reader):
    """``name.key`` for each key."""

    structured = True

    def __init__(self, value: Reader) -> None:
        self._value = value

    def read(self, node: Node) -> Any:
        values = {key: self._value.read(below) for key, below in node.items() if key != LEAF}
        return {str(key): value for key, value in values.items() if value is not MISSING}

    def typed(self, node: Node) -> Any:
        return {str(key): self._value.typed(below) for key, below in node.items() if key != LEAF}

    def takes(self, path: tuple[Step, ...]) -> bool:
        return bool(path) and self._value.takes(path[1:])

    def locate(self, path: tuple[Step, ...], node: Node) -> list[Step]:
        if not path or path[0] not in node:
            return []
        return [path[0], *self._value.locate(path[1:], node[path[0]])]


class ModelReader(Reader):
    """A pydantic model, dataclass or TypedDict: each field under its own name, or its alias."""

    structured = True

    def __init__(self, model: Any) -> None:
        self._model = model

    @cached_property
    def fields(self) -> Mapping[str, tuple[Reader, bool]]:
        """Each field's reader, and whether a missing field is None. Lazy, because models may be recursive."""
        return {name: (reader(hint), nullable) for name, hint, nullable in _fields(self._model)}

    @cached_property
    def _omittable(self) -> frozenset[str]:
        """Names of fields with an optional model, which is omitted if the form has no field for it."""
        keys = optional_keys(self._model)
        models = [(name, hint) for name, hint, _ in _fields(self._model) if is_model(hint)]
        return frozenset(name for name, hint in models if optional(hint)[1] or name in keys)

    def read(self, node: Node) -> Any:
        data = {}
        for name, (field, nullable) in self.fields.items():
            below = node.get(name, {})
            is_absent = not below and (nullable or name in self._omittable)
            value = MISSING if is_absent else field.read(below)
            if value is not MISSING:
                data[name] = value
            elif nullable:
                data[name] = None
        return data

    def typed(self, node: Node) -> Any:
        given = {name: node.get(name, {}) for name in self.fields}
        return {
            name: field.typed(given[name]) if given[name] or name not in self._omittable else {}
            for name, (field, _) in self.fields.items()
        }

    def takes(self, path: tuple[Step, ...]) -> bool:
        name = path[0] if path else None
        return isinstance(name, str) and name in self.fields and self.fields[name][0].takes(path[1:])

    def locate(self, path: tuple[Step, ...], node: Node) -> list[Step]:
        if not path or path[0] not in self.fields:
            return []
        name = path[0]
        assert isinstance(name, str)
        return [name, *self.fields[name][0].locate(path[1:], node.get(name, {}))]


def reader(annotation: Any) -> Reader:
    """Return the reader for an annotation."""
    plain, _ = unwrap(optional(annotation)[0])
    origin = get_origin(plain) or plain
    if _is_flag(plain):
        return ConsentReader()
    if origin is bool:
        return TextReader() if optional(annotation)[1] else FlagReader()
    if origin in _LISTS:
        return ListReader(reader((get_args(plain) or (Any,))[0]))
    if is_model(plain):
        return ModelReader(plain)
    if origin in _DICTS:
        return DictReader(reader((*get_args(plain), Any, Any)[1]))
    return TextReader()


def _is_flag(annotation: Any) -> bool:
    """Return whether an annotation is ``Literal[True]``: a checkbox that must be checked."""
    return get_origin(annotation) is Literal and all(type(one) is bool for one in get_args(annotation))


def is_model(annotation: Any) -> bool:
    """Return whether a type has named fields that a form can fill."""
    plain, _ = unwrap(optional(annotation)[0])
    cls = get_origin(plain) or plain
    return isinstance(cls, type) and (
        issubclass(cls, BaseModel) or dataclasses.is_dataclass(cls) or is_typeddict(cls)
    )


def is_secret(annotation: Any) -> bool:
    """Return whether values of a type must not be shown again."""
    plain, _ = unwrap(optional(annotation)[0])
    return isinstance(plain, type) and issubclass(plain, (SecretStr, SecretBytes))


def secrets(annotation: Any) -> set[str]:
    """Return the names of a model's own fields that must not be shown again."""
    plain, _ = unwrap(optional(annotation)[0])
    return {name for name, hint, _ in _fields(plain) if is_secret(hint)} if is_model(plain) else set()


def _fields(model: Any) -> list[tuple[str, Any, bool]]:
    """Return a model's fields: name in forms, annotation, and whether a missing field is None."""
    cls = get_origin(model) or model
    hints = record_hints(model)
    if issubclass(cls, BaseModel):
        return [_model_field(name, info, hints[name]) for name, info in cls.model_fields.items()]
    if not dataclasses.is_dataclass(cls):
        return [(name, hint, False) for name, hint in hints.items()]
    return [
        (field.name, hints[field.name], _required(field) and optional(hints[field.name])[1])
        for field in dataclasses.fields(cls)
        if field.init
    ]


def _model_field(name: str, info: Any, hint: Any) -> tuple[str, Any, bool]:
    alias = info.validation_alias
    return alias if isinstance(alias, str) else name, hint, info.is_required() and optional(hint)[1]


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _indices(node: Node) -> list[int]:
    return sorted(step for step in node if isinstance(step, int))
