"""Find the macros of a template whose calls can be inlined, like component tags.

``{{ card(title) }}`` and ``{% call card(title) %}…{% endcall %}`` are replaced with the macro's body, so that
a page has the same slots as if its author had written that. A macro qualifies if this doesn't change the
output: it is defined in the same template, called by its name, and reads no name that may have another value
where it is called. All other macros are called when the page is rendered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Final

from jinja2 import nodes

from .component_body import ATTRS, CONTEXT, SLOTS, member_of, sets_names, stored_names
from .component_files import DEFAULT, ComponentFile
from .component_props import Prop
from .inlining import Call, copied
from .line_numbers import encode_line
from .syntax_tree import nodes_in

_SPECIAL: Final = frozenset({"kwargs", "loop", "self", "super", "varargs", ATTRS, CONTEXT, SLOTS})
_CALLER: Final = "caller"
_EXCLUDED: Final = (
    nodes.Block,
    nodes.CallBlock,
    nodes.EvalContextModifier,
    nodes.Extends,
    nodes.FromImport,
    nodes.Import,
    nodes.Include,
    nodes.Macro,
    nodes.ScopedEvalContextModifier,
)
_MAX_NODES: Final = 3000
"""The number of nodes that all calls of a macro may add to a template."""


class Macros:
    """The macros of a template whose calls can be inlined, as components."""

    def __init__(self, name: str | None) -> None:
        self._name = name or "<template>"
        self._found: dict[str, ComponentFile] = {}
        self._calls_that_set: dict[int, nodes.CallBlock] = {}
        """Calls whose content sets names, by their ids. They aren't inlined: these names must stay local."""

    def collect(
        self, body: list[nodes.Node], expanded: Callable[[list[nodes.Node]], list[nodes.Node]]
    ) -> None:
        """Find the macros in a template's body. `expanded` inlines the calls of those found so far."""
        macros = [node for node in body if isinstance(node, nodes.Macro)]
        if not macros or any(isinstance(node, nodes.ScopedEvalContextModifier) for node in nodes_in(body)):
            return
        self._calls_that_set = {
            id(node): node
            for node in nodes_in(body)
            if isinstance(node, nodes.CallBlock) and sets_names(node.body)
        }
        times, calls = Counter(_defined(body)), Counter(_called(body))
        others = times.keys() - {macro.name for macro in macros}
        for macro in macros:
            size = sum(1 for _ in nodes_in(macro.body)) * calls[macro.name]
            if (
                calls[macro.name]
                and times[macro.name] == 1
                and size <= _MAX_NODES
                and _qualifies(macro, others)
            ):
                found = self._component(macro)
                found.body = expanded(found.body)
                self._found[macro.name] = found

    def called_by(self, node: nodes.Node) -> tuple[ComponentFile, Call] | None:
        """Return the macro that a node calls, and its arguments; None if the call can't be inlined."""
        block = node if isinstance(node, nodes.CallBlock) else None
        call = block.call if block is not None else node
        if not isinstance(call, nodes.Call) or not isinstance(call.node, nodes.Name):
            return None
        component = self._found.get(call.node.name)
        if component is None or call.dyn_args or call.dyn_kwargs or (block is not None and block.args):
            return None
        if (block is not None) != (DEFAULT in component.slots):
            return None
        if id(block) in self._calls_that_set:
            return None
        names = list(component.props)
        pairs = [*zip(names, call.args, strict=False), *((pair.key, pair.value) for pair in call.kwargs)]
        given = dict(pairs)
        required = {prop.name for prop in component.props.values() if prop.default is None}
        if len(call.args) > len(names) or len(given) < len(pairs):
            return None
        if not required <= given.keys() <= component.props.keys():
            return None
        return component, Call("", False, {DEFAULT: block.body} if block is not None else {}, {}, props=given)

    def _component(self, macro: nodes.Macro) -> ComponentFile:
        required = len(macro.args) - len(macro.defaults)
        defaults: list[nodes.Expr | None] = [*[None] * required, *macro.defaults]
        props = {
            argument.name: Prop(argument.name, None, default)
            for argument, default in zip(macro.args, defaults, strict=True)
        }
        body = [_with_slot(node) for node in macro.body]
        for node in nodes_in(body):
            if node.lineno is not None:
                node.lineno = encode_line(self._name, node.lineno)
        has_slot = any(member_of(node)[0] == SLOTS for node in nodes_in(body))
        slots = {DEFAULT: 0} if has_slot else {}
        return ComponentFile(macro.name, self._name, props, body, None, lambda: True, slots)


def _defined(body: list[nodes.Node]) -> Iterator[str]:
    """Yield the name of each assignment, import and macro."""
    for node in nodes_in(body):
        if isinstance(node, nodes.Name) and node.ctx != "load" or isinstance(node, nodes.NSRef | nodes.Macro):
            yield node.name
        elif isinstance(node, nodes.Import):
            yield node.target
        elif isinstance(node, nodes.FromImport):
            yield from (name if isinstance(name, str) else name[1] for name in node.names)


def _called(body: list[nodes.Node]) -> Iterator[str]:
    for node in nodes_in(body):
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
            yield node.node.name


def _qualifies(macro: nodes.Macro, others: Collection[str]) -> bool:
    """Return whether calls of a macro can be inlined. `others`: names that the template sets elsewhere."""
    own = {argument.name for argument in macro.args} | stored_names(macro.body)
    allowed = {id(node) for node in _places_of_caller(macro.body)}
    for node in (*nodes_in(macro.body), *nodes_in(macro.defaults)):
        if isinstance(node, _EXCLUDED):
            return False
        if not isinstance(node, nodes.Name):
            continue
        if node.name in _SPECIAL or node.name == _CALLER and id(node) not in allowed:
            return False
        if node.name not in own and node.name in others:
            return False
    return True


def _places_of_caller(body: list[nodes.Node]) -> Iterator[nodes.Node]:
    """Yield the nodes at which a macro may use ``caller``: outputs of a call, and conditions."""
    for node in nodes_in(body):
        if isinstance(node, nodes.Output):
            for one in node.nodes:
                if isinstance(one, nodes.Call) and not (
                    one.args or one.kwargs or one.dyn_args or one.dyn_kwargs
                ):
                    yield one.node
        elif isinstance(node, nodes.If):
            yield from nodes_in([node.test])


def _with_slot(node: nodes.Node) -> nodes.Node:
    """Return a copy of a macro's node, with ``caller()`` replaced by the default slot."""
    called = node.node if isinstance(node, nodes.Call) else node
    if isinstance(called, nodes.Name) and called.name == _CALLER:
        return nodes.Getattr(nodes.Name(SLOTS, "load"), DEFAULT, "load", lineno=called.lineno)
    return copied(node, _with_slot)
