"""Check the attributes that templates read against the annotations of a page's fields.

Jinja renders a misspelt attribute as nothing: ``{{ note.titel }}`` in a loop over ``notes: list[Note]``.
Types are followed through attributes and loops as long as they are certain: dataclasses, pydantic models,
named tuples, components, actions and built-in types. Anything else that a template does (filters, calls,
``set``) makes a type unknown, and unknown types aren't checked.
"""

from __future__ import annotations

import dataclasses
import types
from collections import abc
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from jinja2 import nodes
from pydantic import BaseModel

from ..actions.action import ActionRef
from ..pages.component import Component, describe
from ..pages.description import Description
from ..type_hints import unwrap

Types = Mapping[str, Any]
"""Annotations by name; a name that isn't there has an unknown type."""
UNKNOWN: Final = object()
SIMILAR: Final = 0.75
"""How alike names are that may be meant, as for `difflib.get_close_matches`."""
_BUILTIN: Final = (str, int, float, bool, list, tuple, set, frozenset)
_LISTS: Final = (list, tuple, set, frozenset, abc.Sequence, abc.Iterable, abc.Collection, abc.Set)
_SAME_ITEMS: Final = frozenset({"list", "reverse", "sort", "unique"})
"""Filters that return the items of a list."""


class Checker:
    """Checks the templates of one component. `untyped` are names whose types are unknown."""

    def __init__(self, description: Description, untyped: Collection[str] = ()) -> None:
        self._types: dict[str, Any] = {name: field.annotation for name, field in description.fields.items()}
        self._types.update(dict.fromkeys(description.actions, ActionRef))
        for name in untyped:
            self._types.pop(name, None)

    def faults(self, tree: nodes.Template) -> Iterator[tuple[int, str]]:
        """Yield line and text of each attribute that can't be there."""
        stored = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
        yield from self._visit(tree, {name: kind for name, kind in self._types.items() if name not in stored})

    def _visit(self, node: nodes.Node, known: Types) -> Iterator[tuple[int, str]]:
        if isinstance(node, nodes.For):
            yield from self._visit(node.iter, known)
            inside = known
            if isinstance(node.target, nodes.Name):
                inside = {**known, node.target.name: _item_of(self._type(node.iter, known))}
            for child in node.iter_child_nodes(exclude=("iter", "target")):
                yield from self._visit(child, inside)
            return
        if isinstance(node, nodes.Getattr):
            fault = self._fault(node, known)
            if fault:
                yield node.lineno, fault
        for child in node.iter_child_nodes():
            yield from self._visit(child, known)

    def _fault(self, node: nodes.Getattr, known: Types) -> str:
        kind = self._type(node.node, known)
        names = _attributes(kind)
        if names is None or node.attr in names or hasattr(_class_of(kind), node.attr):
            return ""
        similar = get_close_matches(node.attr, names, 1, SIMILAR)
        hint = f"; did you mean {similar[0]!r}?" if similar else ""
        return f"{_class_of(kind).__qualname__} has no attribute {node.attr!r}{hint}"

    def _type(self, node: nodes.Node, known: Types) -> Any:
        """Return the annotation of an expression's value, or `UNKNOWN`."""
        if isinstance(node, nodes.Name):
            return _certain(known.get(node.name, UNKNOWN))
        if isinstance(node, nodes.Getattr):
            names = _attributes(self._type(node.node, known)) or {}
            return _certain(names.get(node.attr, UNKNOWN))
        if isinstance(node, nodes.Filter) and node.name in _SAME_ITEMS and node.node is not None:
            return self._type(node.node, known)
        return UNKNOWN


def _certain(annotation: Any) -> Any:
    """Return a type without markers and None; `UNKNOWN` for a union."""
    annotation = unwrap(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        left = [one for one in get_args(annotation) if one is not type(None)]
        return _certain(left[0]) if len(left) == 1 else UNKNOWN
    return annotation


def _class_of(annotation: Any) -> Any:
    return get_origin(annotation) or annotation


def _item_of(annotation: Any) -> Any:
    args = get_args(annotation)
    if _class_of(annotation) not in _LISTS or not args:
        return UNKNOWN
    same = len(args) == 1 or (len(args) == 2 and args[1] is ...)
    return args[0] if same else UNKNOWN


def _attributes(annotation: Any) -> Mapping[str, Any] | None:
    """Return the attributes of a type with their annotations; None where they aren't known."""
    cls = _class_of(annotation)
    if not isinstance(cls, type) or _is_open(cls):
        return None
    if issubclass(cls, Component):
        description = describe(annotation)
        fields = {name: field.annotation for name, field in description.fields.items()}
        return fields | dict.fromkeys(description.actions, ActionRef)
    if cls is ActionRef or cls in _BUILTIN:
        return {name: UNKNOWN for name in dir(cls) if not name.startswith("_")}
    if not (dataclasses.is_dataclass(cls) or issubclass(cls, BaseModel) or hasattr(cls, "_fields")):
        return None
    try:
        hints = get_type_hints(cls, include_extras=True)
    except Exception:  # names that are known to type checkers only
        return None
    return {name: UNKNOWN for name in dir(cls) if not name.startswith("_")} | hints


def _is_open(cls: type[Any]) -> bool:
    """Return whether instances may have attributes of any name, or items, which Jinja tries as well."""
    if issubclass(cls, BaseModel):
        return cls.model_config.get("extra") == "allow" or "__getattr__" in cls.__dict__
    return hasattr(cls, "__getattr__") or (hasattr(cls, "__getitem__") and not issubclass(cls, _BUILTIN))
