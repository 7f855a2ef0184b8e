"""Client commands in templates, as far as they can be known when a template is compiled.

A *chain* is an expression such as ``js.toggle('#menu').focus('#q')``: calls of commands, one after another.
Chains of constants are computed once, so that the attribute is static HTML, the same for all items of a list.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, Final

from jinja2 import Environment, nodes
from jinja2.nodes import Impossible

from ..exceptions import TemplateError
from .commands import METHODS, Commands, js, unknown

NAME: Final = "js"


def is_chain(node: nodes.Node) -> bool:
    """Return whether an expression is a chain: calls that begin with a command of `js`."""
    return bool(_calls(node))


def has_chain(node: nodes.Node) -> bool:
    """Return whether a chain is a part of an expression."""
    return is_chain(node) or any(map(has_chain, node.iter_child_nodes()))


def is_hidden(template: nodes.Template, environment: Environment) -> bool:
    """Return whether `js` may be something else in a template, which defines the name itself."""
    if environment.globals.get(NAME, js) is not js:
        return True
    names = (name.name for name in template.find_all(nodes.Name) if name.ctx != "load")
    targets = (imported.target for imported in template.find_all(nodes.Import))
    return (
        NAME in names
        or NAME in targets
        or any(NAME in _imported(one) for one in template.find_all(nodes.FromImport))
    )


def _imported(node: nodes.FromImport) -> list[str]:
    return [name if isinstance(name, str) else name[1] for name in node.names]


def constant(node: nodes.Node, template: str | None) -> Commands | None:
    """Return the commands of an expression that is a chain of constants; None for others.

    Raise `TemplateError` for commands that don't exist, and for arguments that they don't take.
    """
    commands: Commands | None = js
    for call in _calls(node):
        assert isinstance(call.node, nodes.Getattr)
        name = call.node.attr
        if name not in METHODS:
            raise TemplateError(unknown(name), template, call.lineno)
        try:
            commands = _apply(call, name, commands)
        except (TypeError, ValueError) as error:
            raise TemplateError(f"js.{name}: {error}", template, call.lineno) from error
    return commands if is_chain(node) else None


def unknown_commands(template: nodes.Template, environment: Environment) -> Iterator[tuple[int, str]]:
    """Yield line and message for each command that a template reads from `js` and that doesn't exist."""
    for node in () if is_hidden(template, environment) else template.find_all(nodes.Getattr):
        is_command = isinstance(node.node, nodes.Name) and node.node.name == NAME
        if is_command and node.attr not in METHODS:
            yield node.lineno, unknown(node.attr)


def _apply(call: nodes.Call, name: str, commands: Commands | None) -> Commands | None:
    """Return the commands with one more; None if it isn't constant. Raise `TypeError` as the method does."""
    if call.dyn_args is not None or call.dyn_kwargs is not None:
        return None
    values = {keyword.key: keyword.value for keyword in call.kwargs}
    inspect.signature(getattr(Commands, name)).bind(js, *call.args, **values)
    try:
        args = [argument.as_const() for argument in call.args]
        kwargs = {key: value.as_const() for key, value in values.items()}
    except Impossible:
        return None
    added: Any = getattr(commands or js, name)(*args, **kwargs)
    return added if commands is not None else None


def _calls(node: nodes.Node) -> list[nodes.Call]:
    """Return the calls of a chain, in order; none for other expressions."""
    calls = list(_outermost_first(node))
    first = calls[-1].node if calls else None
    is_ours = (
        isinstance(first, nodes.Getattr)
        and isinstance(first.node, nodes.Name)
        and first.node.name == NAME
        and first.attr in METHODS
    )
    return calls[::-1] if is_ours else []


def _outermost_first(node: nodes.Node) -> Iterator[nodes.Call]:
    while isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
        yield node
        node = node.node.node
