"""Checks the body of a component's template, and finds its slots."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from typing import Any, Final

from jinja2 import nodes

from ..exceptions import TemplateError
from .line_numbers import decode_line
from .syntax_tree import nodes_in

SLOTS: Final = "slots"
ATTRS: Final = "attrs"
CONTEXT: Final = "context"
_OWN: Final = frozenset({SLOTS, ATTRS, CONTEXT})


def slots_in(
    body: list[nodes.Node], path: str, tag: str, props: Collection[str], others: Collection[str]
) -> dict[str, int]:
    """Return the slots of a component, each with the number of values that it passes to the slot.

    `others` are the names that it may use besides its `props`. Raise `TemplateError` for anything that
    components can't contain.
    """
    slots: dict[str, int] = {}
    known = {*props, *others, *set_names(body)}
    members = {id(node.node) for node in nodes_in(body) if isinstance(node, nodes.Getattr)}
    places = set(map(id, _places_of_slots(body)))
    for node in nodes_in(body):
        fault, near = _fault(node), ""
        of, name = member_of(node)
        if isinstance(node, nodes.Call) and member_of(node.node)[0] == SLOTS:
            slot = member_of(node.node)[1]
            slots[slot] = max(len(node.args), slots.get(slot, 0))
        if of == SLOTS:
            slots.setdefault(name, 0)
            if id(node) not in places:
                fault = f"a slot is shown by {{{{ slots.{name} }}}}, or asked for by {{% if slots.{name} %}}"
                near = f"{SLOTS}.{name}"
        elif isinstance(node, nodes.Name) and node.ctx == "load":
            is_whole = node.name in _OWN and id(node) not in members
            if is_whole or node.name not in _OWN | known:
                fault, near = _fault_of_name(node.name, tag, props), node.name
        if fault:
            raise TemplateError(fault, *decode_line(path, node.lineno), near)
    return slots


def takes_attributes(body: list[nodes.Node]) -> bool:
    """Return whether a component passes attributes of its tag on."""
    return any(member_of(node)[0] == ATTRS for node in nodes_in(body))


def member_of(node: nodes.Node) -> tuple[str, str]:
    """Return the parts of ``slots.footer``, ``attrs.all`` or ``context.user``."""
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return node.node.name, node.attr
    return "", ""


def meant(given: Any, names: Iterable[Any]) -> str:
    """Return the end of a message that suggests a similar name."""
    similar = get_close_matches(str(given), sorted(map(str, names)), 1, 0.6)
    return f"; did you mean {similar[0]!r}?" if similar else ""


def _fault_of_name(name: str, tag: str, props: Collection[str]) -> str:
    if name == ATTRS:
        return "{{ attrs }} is on its own in a start tag: <p {{ attrs }}>"
    if name in _OWN:
        return f"name one of the {name}: {{{{ {name}.… }}}}"
    return (
        f"<{tag}> has no prop {name!r}{meant(name, props)};"
        f" declare it, or write {{{{ {CONTEXT}.{name} }}}} for a variable of the page"
    )


def _places_of_slots(body: list[nodes.Node]) -> Iterator[nodes.Node]:
    """Yield the nodes where a slot may be used: output by itself, and the tests of conditions."""
    for node in nodes_in(body):
        if isinstance(node, nodes.Output):
            for one in node.nodes:
                yield one.node if isinstance(one, nodes.Call) else one
        elif isinstance(node, nodes.If | nodes.CondExpr):
            yield from nodes_in([node.test])


def _fault(node: nodes.Node) -> str:
    """Return why a statement can't be in a component."""
    if isinstance(node, nodes.Block | nodes.Extends):
        return "a component can't have blocks or extend a template: use slots"
    if isinstance(node, nodes.Include | nodes.Import | nodes.FromImport) and node.with_context:
        verb = "include" if isinstance(node, nodes.Include) else "import"
        return f"a component's props aren't seen by what it {verb}s: write a component, or 'without context'"
    return ""


def parameters_in(body: list[nodes.Node]) -> Iterator[nodes.Name]:
    """Yield the parameters of the macros in a body."""
    for node in nodes_in(body):
        if isinstance(node, nodes.Macro | nodes.CallBlock):
            yield from node.args


def set_names(body: list[nodes.Node]) -> set[str]:
    """Return the names that a body sets, and those of parameters of its macros."""
    return stored_names(body) | {name.name for name in parameters_in(body)}


_SCOPES: Final = (nodes.Block, nodes.CallBlock, nodes.FilterBlock, nodes.For, nodes.With)
"""Statements with a scope: names that are set in them aren't visible outside."""
_SETS: Final = (nodes.Assign, nodes.AssignBlock, nodes.FromImport, nodes.Import, nodes.Macro)


def sets_names(body: Iterable[nodes.Node]) -> bool:
    """Return whether a body sets names for what comes after it."""
    return any(
        isinstance(node, _SETS) or not isinstance(node, _SCOPES) and sets_names(node.iter_child_nodes())
        for node in body
    )


def stored_names(body: list[nodes.Node]) -> set[str]:
    """Return the names that a body sets: by ``set``, loops, macros and imports."""
    found: set[str] = set()
    arguments = {id(name) for name in parameters_in(body)}
    for node in nodes_in(body):
        if (
            isinstance(node, nodes.Name)
            and node.ctx != "load"
            and id(node) not in arguments
            or isinstance(node, nodes.NSRef | nodes.Macro)
        ):
            found.add(node.name)
        elif isinstance(node, nodes.Import):
            found.add(node.target)
        elif isinstance(node, nodes.FromImport):
            found.update(name if isinstance(name, str) else name[1] for name in node.names)
    return found
