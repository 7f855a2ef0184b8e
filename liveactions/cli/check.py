"""Find mistakes in an application without running it: ``liveactions check``.

All templates are compiled. The names that a page's template reads are compared with those that the page has
(`_Check`) or its function renders (`renderings`), and their attributes with the annotations of its fields
(`Checker`). What is only known when a page runs (its data, HTML from elsewhere) is left to debug mode.
"""

from __future__ import annotations

import dataclasses
import inspect
import types
from collections import Counter, abc
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain
from pathlib import Path
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from jinja2 import TemplateError as JinjaError
from jinja2 import TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables
from pydantic import BaseModel
from starlette.requests import Request

from ..actions.action import Action, ActionRef
from ..actions.controls import unknown_field
from ..app import Live
from ..exceptions import TemplateError
from ..hosting import hidden_routes
from ..pages.component import Component, describe
from ..pages.description import Description
from ..pages.page import Page
from ..pages.page_functions import FunctionPage
from ..pages.page_html import NAMES
from ..templates import is_embedded
from ..templates.columns import column_in, column_of, line_of, locate, with_caret
from ..templates.commands import NAME, unknown_commands
from ..templates.component_files import tag_of
from ..templates.escaping import displayed_function
from ..templates.live_attributes import event_attributes_in, unknown_modifier, unlikely_event
from ..type_hints import unwrap
from .forms import forms_in
from .renderings import renderings

_SUFFIXES: Final = frozenset({".html", ".htm", ".jinja", ".jinja2", ".j2", ".svg", ".xml"})
"""Files in template folders that are compiled."""
Types = Mapping[str, Any]
"""Annotations by name; a name that isn't there has an unknown type."""
UNKNOWN: Final = object()
SIMILAR: Final = 0.75
"""How alike names are that may be meant, as for `difflib.get_close_matches`."""
_BUILTIN: Final = (str, int, float, bool, list, tuple, set, frozenset)
_LISTS: Final = (list, tuple, set, frozenset, abc.Sequence, abc.Iterable, abc.Collection, abc.Set)
_SAME_ITEMS: Final = frozenset({"list", "reverse", "sort", "unique"})
"""Filters that return the items of a list."""
_OF_FORMS: Final = frozenset({"control", "input"})
"""Methods of actions that take the name of a field of their form."""


@dataclass(frozen=True, order=True)
class Finding:
    """One mistake. `line` is 0 where none is known."""

    file: str
    line: int
    level: str
    """``error`` or ``warning``."""
    text: str
    column: int = 0
    """From 1; 0 where none is known."""
    source: str = dataclasses.field(default="", compare=False)
    """The line, to be shown if the column is known."""

    def __str__(self) -> str:
        column = f":{self.column}" if self.column else ""
        where = f"{self.file}:{self.line}{column}: " if self.line else f"{self.file}: " if self.file else ""
        below = f"\n{with_caret(self.source, self.column)}" if self.column and self.source else ""
        return f"{where}{self.level}: {self.text}{below}"

    def github(self) -> str:
        """Return a workflow command that annotates the line in a pull request."""
        named = {"file": self.file, "line": self.line, "col": self.column}
        where = ",".join(f"{name}={value}" for name, value in named.items() if value)
        text = self.text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        return f"::{self.level} {where}::{text}"


def check(lives: Iterable[Live]) -> list[Finding]:
    """Return the mistakes in an application's live pages, by file and line."""
    found = {finding for live in lives for finding in _Check(live).run()}
    found |= {Finding("", 0, "warning", text) for text in _hidden(lives)}
    return sorted(found)


def _hidden(lives: Iterable[Live]) -> Iterator[str]:
    for live in lives:
        for host in (live, *live.services.hosts):
            yield from hidden_routes(host.router.routes, live.own_routes)


class _Check:
    """Checks the pages of one `Live`."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._environment = live.templates.environment

    def run(self) -> Iterator[Finding]:
        for name in self._names():
            yield from self._compiled(name)
        for cls in self._pages():
            yield from self._page(cls)

    def _names(self) -> list[str]:
        """Return the names of the application's templates."""
        names = self._environment.components.own_templates()
        return [name for name in names if Path(name).suffix in _SUFFIXES]

    def _pages(self) -> Iterator[type[Page]]:
        for route in self._live.site.routes:
            yield route.page
        yield from dict.fromkeys(self._live.site.error_pages.values())

    # Templates

    def _compiled(self, name: str) -> Iterator[Finding]:
        component = tag_of(name)
        try:
            if component is not None:
                self._environment.components.find(component, name, 1)
            template = self._environment.get_template(name)
        except (TemplateError, TemplateSyntaxError) as error:
            if isinstance(error, TemplateError):
                locate(error, self._environment)
            text = error.message or "syntax error"
            yield self._finding(error.name or name, error.lineno, "error", text, column_of(error, ""))
            return
        except JinjaError as error:
            yield self._finding(name, 0, "error", str(error))
            return
        noted = template.root_render_func.__globals__
        for line, element in noted.get("unbalanced", ()):
            text = f"<{element}> begins and ends in different blocks: the part around it is patched coarsely"
            yield self._finding(name, line, "warning", text)
        for misspelled in self._live.templates.misspelled(name):
            yield self._finding(name, misspelled.line, "warning", misspelled.text, near=misspelled.name)
        yield from self._events(name)

    def _events(self, name: str) -> Iterator[Finding]:
        source = self._live.templates.source(name)
        for attribute, at in event_attributes_in(source):
            fault = unknown_modifier(attribute) or unlikely_event(attribute)
            if fault is not None:
                yield self._finding(name, source[:at].count("\n") + 1, "warning", fault, near=attribute)

    def _finding(
        self, name: str | None, line: int, level: str, text: str, column: int = 0, near: str = ""
    ) -> Finding:
        """Return a finding. If its column isn't known, it is that of the text that it is about, `near`.

        What is in a component of the library is found at its tag.
        """
        name, line, tag = self._environment.components.place(name, line)
        near = f"<{tag}" if tag else near
        source = line_of(name, line, self._live.templates.source(name or ""))
        return Finding(self._file(name or ""), line, level, text, column or column_in(source, near), source)

    def _file(self, name: str) -> str:
        """Return a template's path, relative to the current directory where it is below it."""
        try:
            loader = self._environment.loader
            path = loader.get_source(self._environment, name)[1] if loader is not None else None
        except JinjaError:
            path = None
        if path is None:
            return name
        try:
            return str(Path(path).resolve().relative_to(Path.cwd()))
        except ValueError:
            return path

    # Pages

    def _page(self, cls: type[Page]) -> Iterator[Finding]:
        if issubclass(cls, FunctionPage):
            for template, names, is_complete in renderings(cls._live_function).values():
                yield from self._component(describe(cls), template, names, is_complete)
            return
        todo: list[Description] = [describe(cls)]
        seen: set[type[Any]] = set()
        while todo:
            description = todo.pop()
            if description.cls in seen:
                continue
            seen.add(description.cls)
            todo += [describe(field.children.annotation) for field in description.children if field.children]
            if description.template is not None:
                if is_embedded(description.template):
                    yield from self._compiled(description.template)
                yield from self._component(description, description.template)

    def _component(
        self,
        description: Description,
        template: str,
        more: frozenset[str] = frozenset(),
        has_all: bool = True,
    ) -> Iterator[Finding]:
        """Check a template of a component. `more` are names that it has besides, if `has_all` all of them."""
        known, is_complete = self._known(description)
        known |= more
        is_complete &= has_all
        checker = Checker(description, more)
        owner, own = description.cls.__qualname__, _own_names(description) | more
        trees = dict(self._trees(template))
        parsed = [tree for tree in trees.values() if tree is not None]
        known.update(*map(_defined, parsed))
        tested = {name for tree in parsed for name in _tested(tree)}
        optional = tested.union(*map(_optional, parsed))
        for name, tree in trees.items():
            if tree is None:
                yield Finding("", 0, "error", f"{owner}: there is no template {name!r}")
                continue
            for variable, line in _undeclared(tree):
                if variable in known:
                    continue
                similar = get_close_matches(variable, own, 1, SIMILAR)
                if similar or (is_complete and variable not in tested):
                    hint = f"; did you mean {similar[0]!r}?" if similar else ""
                    level = "warning" if variable in optional else "error"
                    text = f"{owner} has no {variable!r}{hint}"
                    yield self._finding(name, line, level, text, near=variable)
            for line, attribute, text in checker.faults(tree):
                yield self._finding(name, line, "error", text, near=attribute)
            for line, attribute, text in checker.unknown_names(tree):
                yield self._finding(name, line, "warning", text, near=attribute)
            for line, command, text in unknown_commands(tree, self._environment) if NAME not in own else ():
                yield self._finding(name, line, "error", text, near=command)

    def _known(self, description: Description) -> tuple[set[str], bool]:
        """Return the names that a component's template knows, and whether these are all."""
        names = {*NAMES, *self._environment.globals, "url", "live", "request", "self", "super", "caller"}
        names |= _own_names(description)
        variables = self._live.services.variables
        if variables is None:
            return names, True
        try:
            return names | variables(_sample_request(self._live)).keys(), True
        except Exception:  # a context processor that needs a session, a user ...
            return names, False

    def _trees(self, template: str) -> Iterator[tuple[str, nodes.Template | None]]:
        """Yield a template and those that it extends or includes, parsed; None for one that isn't there."""
        todo, seen = [template], {template}
        while todo:
            name = todo.pop()
            source = self._source(name)
            if source is None:
                yield name, None
                continue
            try:
                tree = self._environment.parse(source, name)
            except (TemplateError, TemplateSyntaxError):  # reported when it was compiled
                continue
            yield name, tree
            for other in _used(tree):
                if other not in seen:
                    seen.add(other)
                    todo.append(other)

    def _source(self, name: str) -> str | None:
        loader = self._environment.loader
        try:
            return loader.get_source(self._environment, name)[0] if loader is not None else None
        except JinjaError:
            return None


def _own_names(description: Description) -> set[str]:
    """Return the names that a template has from the component's class."""
    return {*description.fields, *description.attributes, *description.properties, *description.actions}


def _used(tree: nodes.Template) -> Iterator[str]:
    """Yield the names of the templates that see the context of this one, as far as they are constants."""
    users: Iterable[nodes.Extends | nodes.Include] = tree.find_all((nodes.Extends, nodes.Include))
    for node in users:
        if isinstance(node, nodes.Include) and (node.ignore_missing or not node.with_context):
            continue
        if isinstance(node.template, nodes.Const) and isinstance(node.template.value, str):
            yield node.template.value


def _defined(tree: nodes.Template) -> Iterator[str]:
    """Yield the names that a template defines somewhere: its blocks and what it includes may read them."""
    yield from (name.name for name in tree.find_all(nodes.Name) if name.ctx != "load")
    yield from (macro.name for macro in tree.find_all(nodes.Macro))
    yield from (imported.target for imported in tree.find_all(nodes.Import))
    for from_import in tree.find_all(nodes.FromImport):
        yield from (name if isinstance(name, str) else name[1] for name in from_import.names)


def _undeclared(tree: nodes.Template) -> Iterator[tuple[str, int]]:
    """Yield names that a template reads and doesn't define, with their first lines."""
    for name in sorted(find_undeclared_variables(tree)):
        lines = [node.lineno for node in tree.find_all(nodes.Name) if node.name == name]
        yield name, min(filter(None, lines), default=0)


def _optional(tree: nodes.Template) -> Iterator[str]:
    """Yield the names that a template has as conditions: they may be undefined sometimes."""
    asked: list[nodes.Node | None] = [node.test for node in tree.find_all(nodes.If)]
    asked += [node.test for node in tree.find_all(nodes.CondExpr)]
    while asked:
        node = asked.pop()
        if isinstance(node, nodes.Name):
            yield node.name
        elif isinstance(node, nodes.Not):
            asked.append(node.node)
        elif isinstance(node, nodes.And | nodes.Or):
            asked += [node.left, node.right]


def _tested(tree: nodes.Template) -> Iterator[str]:
    """Yield the names that a template tests: ``{% if feed is defined %}``, ``{{ feed|default("") }}``."""
    tests = (node.node for node in tree.find_all(nodes.Test) if node.name in ("defined", "undefined"))
    filters = (node.node for node in tree.find_all(nodes.Filter) if node.name in ("default", "d"))
    yield from (node.name for node in chain(tests, filters) if isinstance(node, nodes.Name))


def _sample_request(live: Live) -> Request:
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
        "session": {},
        "app": live,
        "router": live.router,
    }
    return Request(scope)


class Checker:
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
        defined, html = set(_defined(tree)), _html_names(tree)
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


def _html_names(tree: nodes.Template) -> set[str]:
    """Return names whose output is HTML that a template has written elsewhere, such as those of macros."""
    names = {"caller", "self", "super", *(macro.name for macro in tree.find_all(nodes.Macro))}
    names.update(imported.target for imported in tree.find_all(nodes.Import))
    for imported in tree.find_all(nodes.FromImport):
        names.update(name if isinstance(name, str) else name[1] for name in imported.names)
    targets = (block.target for block in tree.find_all(nodes.AssignBlock))
    return names.union(target.name for target in targets if isinstance(target, nodes.Name))


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
