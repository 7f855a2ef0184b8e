"""Checks the attributes that templates read against the annotations of a component's fields."""

from __future__ import annotations

import dataclasses
import inspect
import types
from collections import Counter, abc
from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from jinja2 import nodes
from pydantic import BaseModel

from ..actions.action import Action, ActionRef
from ..actions.controls import unknown_field
from ..pages.component import Component, describe
from ..pages.description import Description
from ..templates.escaping import displayed_function
from ..type_hints import unwrap
from .forms import forms_in
from .template_names import names_defined, names_of_html

SIMILAR: Final = 0.75
"""How alike names are that may be meant, as for `difflib.get_close_matches`."""
Types = Mapping[str, Any]
"""Annotations by name; a name that isn't there has an unknown type."""
UNKNOWN: Final = object()
_BUILTIN: Final = (str, int, float, bool, list, tuple, set, frozenset)
_LISTS: Final = (list, tuple, set, frozenset, abc.Sequence, abc.Iterable, abc.Collection, abc.Set)
_SAME_ITEMS: Final = frozenset({"list", "reverse", "sort", "unique"})
"""Filters that return the items of a list."""
_OF_FORMS: Final = frozenset({"control", "input"})
"""Methods of actions that take the name of a field of their form."""


class AttributeChecker:
    """Checks the attributes that templates of a component read: Jinja renders a misspelled one as nothing.

    Types are followed through attributes and loops as long as they are certain: dataclasses, pydantic models,
    named tuples, components, actions and built-in types. Anything else that a template does (filters, calls,
    ``set``) makes a type unknown, as those of the names in `untyped` are, and unknown types aren't checked.
    """

    def __init__(self, description: Description, untyped: Collection[str] = ()) -> None:
        self._types: dict[str, Any] = {name: field.annotation for name, field in description.fields.items()}
        self._types.update(dict.fromkeys(description.actions, ActionRef))
        self._functions = {
            name: function
            for name in description.attributes
            if inspect.isfunction(function := inspect.getattr_static(description.cls, name))
        }
        self._description = description
        for name in untyped:
            self._types.pop(name, None)
            self._functions.pop(name, None)

    def faults(self, tree: nodes.Template) -> Iterator[tuple[int, str, str]]:
        """Yield line, name and text of each attribute and each field of a form that can't be there."""
        self._values = _assigned(tree)
        stored = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
        yield from self._visit(tree, {name: kind for name, kind in self._types.items() if name not in stored})
        for output in tree.find_all(nodes.Output):
            for node in output.nodes:
                if isinstance(node, nodes.Name) and node.name in self._functions.keys() - stored:
                    yield node.lineno, node.name, displayed_function(self._functions[node.name])

    def unknown_names(self, tree: nodes.Template) -> Iterator[tuple[int, str, str]]:
        """Yield line, attribute and text of each control whose name its form's actions don't take."""
        self._values = _assigned(tree)
        defined, html = set(names_defined(tree)), names_of_html(tree)
        scopes: dict[int, Types] = {}
        bodies: list[list[nodes.Node]] = [tree.body]
        known = {name: kind for name, kind in self._types.items() if name not in defined}

        def actions(node: nodes.Node) -> list[Action[..., Any]]:
            both = (node.expr1, node.expr2) if isinstance(node, nodes.CondExpr) else (node,)
            found = [self._action(one, scopes[id(node)]) if one is not None else None for one in both]
            return [] if None in found else [one for one in found if one is not None]

        def is_opaque(node: nodes.Node) -> bool:
            if isinstance(node, nodes.Include | nodes.CallBlock):
                return True
            if _root(node) in html or any(_root(call) in html for call in node.find_all(nodes.Call)):
                return True
            cls = _class_of(self._type(node, scopes[id(node)]))
            return isinstance(cls, type) and issubclass(cls, Component)

        while bodies:
            output = list(self._output(bodies.pop(), known, scopes, bodies))
            for form in forms_in(output, actions, is_opaque):
                for control, text in form.unknown_names():
                    yield control.line, f'name="{control.name}"', text

    def _output(
        self,
        body: Iterable[nodes.Node],
        known: Types,
        scopes: dict[int, Types],
        others: list[list[nodes.Node]],
    ) -> Iterator[nodes.Node]:
        """Yield the text and expressions of a body and of the statements in it, in order.

        Add the types that are known at each to `scopes`, and the bodies of macros and calls to `others`.
        """
        for node in body:
            if isinstance(node, nodes.Output):
                scopes.update(dict.fromkeys(map(id, node.nodes), known))
                yield from node.nodes
            elif isinstance(node, nodes.Macro | nodes.CallBlock):
                others.append(node.body)
                if isinstance(node, nodes.CallBlock):
                    yield node
            elif isinstance(node, nodes.Include):
                yield node
            elif not isinstance(node, nodes.AssignBlock):
                inside = known
                if isinstance(node, nodes.For) and isinstance(node.target, nodes.Name):
                    inside = {**known, node.target.name: _item_of(self._type(node.iter, known))}
                for name in ("body", "elif_", "else_"):
                    yield from self._output(getattr(node, name, ()), inside, scopes, others)

    def _visit(self, node: nodes.Node, known: Types) -> Iterator[tuple[int, str, str]]:
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
                yield node.lineno, node.attr, fault
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
            yield from self._form_field(node, node.node, known)
        for child in node.iter_child_nodes():
            yield from self._visit(child, known)

    def _fault(self, node: nodes.Getattr, known: Types) -> str:
        if _is_live_field(node.node):
            try:
                self._description.setter(node.attr)
            except TypeError as error:
                return str(error)
        kind = self._type(node.node, known)
        names = _attributes(kind)
        if names is None or node.attr in names or hasattr(_class_of(kind), node.attr):
            return ""
        similar = get_close_matches(node.attr, names, 1, SIMILAR)
        hint = f"; did you mean {similar[0]!r}?" if similar else ""
        return f"{_class_of(kind).__qualname__} has no attribute {node.attr!r}{hint}"

    def _form_field(
        self, call: nodes.Call, method: nodes.Getattr, known: Types
    ) -> Iterator[tuple[int, str, str]]:
        """Check the name in ``save.input("title")``, which is also what ``<ui.Field of= name=>`` is."""
        name = call.args[0] if call.args else None
        if method.attr not in _OF_FORMS or not isinstance(name, nodes.Const):
            return
        if isinstance(method.node, nodes.Const) and method.node.value is None:
            yield call.lineno, method.attr, f"the field {name.value!r} has no action: write of="
            return
        action = self._action(method.node, known)
        try:
            if action is None or name.value in action.controls:
                return
            text = unknown_field(action.name, name.value, action.controls)
        except TypeError as error:
            text = str(error)
        yield (name.lineno, name.value, text) if name.value else (call.lineno, method.attr, text)

    def _action(self, node: nodes.Node, known: Types) -> Action[..., Any] | None:
        """Return the action that an expression is, with or without bound arguments; None for others."""
        if isinstance(node, nodes.Call):
            return self._action(node.node, known)
        if isinstance(node, nodes.Name):
            if node.name in self._values:
                return self._action(self._values[node.name], known)
            return self._description.actions.get(node.name) if known.get(node.name) is ActionRef else None
        cls = _class_of(self._type(node.node, known)) if isinstance(node, nodes.Getattr) else None
        if isinstance(cls, type) and issubclass(cls, Component) and isinstance(node, nodes.Getattr):
            return describe(cls).actions.get(node.attr)
        return None

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


def _assigned(tree: nodes.Template) -> dict[str, nodes.Node]:
    """Return the values of names that a template sets in one place only."""
    times = Counter(name.name for name in tree.find_all(nodes.Name) if name.ctx != "load")
    return {
        one.target.name: one.node
        for one in tree.find_all(nodes.Assign)
        if isinstance(one.target, nodes.Name) and times[one.target.name] == 1
    }


def _root(node: nodes.Node) -> str | None:
    """Return the name that an expression begins with: ``forms`` for ``forms.field("a")|safe``."""
    while (
        isinstance(node, nodes.Getattr | nodes.Getitem | nodes.Call | nodes.Filter) and node.node is not None
    ):
        node = node.node
    return node.name if isinstance(node, nodes.Name) else None


def _is_live_field(node: nodes.Node) -> bool:
    """Return whether an expression is ``live.field``."""
    is_field = isinstance(node, nodes.Getattr) and node.attr == "field"
    return is_field and isinstance(node.node, nodes.Name) and node.node.name == "live"  # type: ignore[attr-defined]


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
