"""Which macros of a template are put in the place of their calls, as components are.

``{{ card(title) }}`` and ``{% call card(title) %}…{% endcall %}`` are replaced by what the macro consists
of, so that a page has the same slots as if its author had written that. A macro qualifies if nothing else
changes: it belongs to the template itself, is called by its name, and reads no name that may be another thing
where it is called. Any other macro is called when the page is rendered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Final

from jinja2 import nodes

from .component_body import ATTRS, CONTEXT, SLOTS, every, member_of, sets_names, stored_names
from .component_files import DEFAULT, ComponentFile
from .component_props import Prop
from .inlining import Call, copied
from .origins import encode_line

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
"""How many nodes all calls of a macro may add to a template."""


class Macros:
    """The macros of a template that can be put in the place of their calls, as components."""

    def __init__(self, name: str | None) -> None:
        self._name = name or "<template>"
        self._found: dict[str, ComponentFile] = {}
        self._setting: dict[int, nodes.CallBlock] = {}
        """The calls whose content sets names, by their ids. These names are gone after the call."""

    def collect(
        self, body: list[nodes.Node], expanded: Callable[[list[nodes.Node]], list[nodes.Node]]
    ) -> None:
        """Find the macros in a template's body. `expanded` replaces the calls of those found so far."""
        macros = [node for node in body if isinstance(node, nodes.Macro)]
        if not macros or any(isinstance(node, nodes.ScopedEvalContextModifier) for node in every(body)):
            return
        self._setting = {
            id(node): node
            for node in every(body)
            if isinstance(node, nodes.CallBlock) and sets_names(node.body)
        }
        times, calls = Counter(_defined(body)), Counter(_called(body))
        others = times.keys() - {macro.name for macro in macros}
        for macro in macros:
            size = sum(1 for _ in every(macro.body)) * calls[macro.name]
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
        """Return the macro that a node calls, and what it gives to it; None if it has to be called."""
        block = node if isinstance(node, nodes.CallBlock) else None
        call = block.call if block is not None else node
        if not isinstance(call, nodes.Call) or not isinstance(call.node, nodes.Name):
            return None
        component = self._found.get(call.node.name)
        if component is None or call.dyn_args or call.dyn_kwargs or (block is not None and block.args):
            return None
        if (block is not None) != (DEFAULT in component.slots):
            return None
        if id(block) in self._setting:
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
        for node in every(body):
            if node.lineno is not None:
                node.lineno = encode_line(self._name, node.lineno)
        has_slot = any(member_of(node)[0] == SLOTS for node in every(body))
        slots = {DEFAULT: 0} if has_slot else {}
        return ComponentFile(macro.name, self._name, props, body, None, lambda: True, slots)


def _defined(body: list[nodes.Node]) -> Iterator[str]:
    """Yield each name that is set, as often as it is set."""
    for node in every(body):
        if isinstance(node, nodes.Name) and node.ctx != "load" or isinstance(node, nodes.NSRef | nodes.Macro):
            yield node.name
        elif isinstance(node, nodes.Import):
            yield node.target
        elif isinstance(node, nodes.FromImport):
            yield from (name if isinstance(name, str) else name[1] for name in node.names)


def _called(body: list[nodes.Node]) -> Iterator[str]:
    for node in every(body):
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
            yield node.node.name


def _qualifies(macro: nodes.Macro, others: Collection[str]) -> bool:
    """Return whether a macro may be put in the place of a call. `others` are names that the template sets."""
    own = {argument.name for argument in macro.args} | stored_names(macro.body)
    asked = {id(node) for node in _places_of_caller(macro.body)}
    for node in (*every(macro.body), *every(macro.defaults)):
        if isinstance(node, _EXCLUDED):
            return False
        if not isinstance(node, nodes.Name):
            continue
        if node.name in _SPECIAL or node.name == _CALLER and id(node) not in asked:
            return False
        if node.name not in own and node.name in others:
            return False
    return True


def _places_of_caller(body: list[nodes.Node]) -> Iterator[nodes.Node]:
    """Yield where a macro shows the content of its call, or asks whether there is any."""
    for node in every(body):
        if isinstance(node, nodes.Output):
            for one in node.nodes:
                if isinstance(one, nodes.Call) and not (
                    one.args or one.kwargs or one.dyn_args or one.dyn_kwargs
                ):
                    yield one.node
        elif isinstance(node, nodes.If):
            yield from every([node.test])


def _with_slot(node: nodes.Node) -> nodes.Node:
    """Return a copy of a node of a macro that shows its default slot instead of ``caller()``."""
    called = node.node if isinstance(node, nodes.Call) else node
    if isinstance(called, nodes.Name) and called.name == _CALLER:
        return nodes.Getattr(nodes.Name(SLOTS, "load"), DEFAULT, "load", lineno=called.lineno)
    return copied(node, _with_slot)
