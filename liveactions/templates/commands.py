"""Client commands, which event attributes run in the browser, without a round trip.

`js` builds them: ``live-click="{{ js.toggle('#menu').focus('#q') }}"``. The value of the attribute is data
for the client: a JSON array of commands, each ``[name, target, argument ...]``. A target is 0 for the element
that has the attribute, a selector, or ``[selector, scope]``. ``["call", reference]`` has the signed text of a
reference instead.

In templates, a *chain* is an expression such as ``js.toggle('#menu').focus('#q')``: calls of commands, one
after another. Chains of constants are computed once, when the template is compiled, so that the attribute is
static HTML, the same for all items of a list.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, Literal

from jinja2 import Environment, nodes
from jinja2.nodes import Impossible
from markupsafe import Markup, escape

from ..encoding import write_json
from ..exceptions import RenderError, TemplateError
from ..protocol.constants import MARK
from ..types import Reference
from .escaping import DOCUMENT_ATTRIBUTE, URL_ATTRIBUTES, without_script
from .syntax_tree import every, nodes_in

_ATTRIBUTE: Final = re.compile(r"[a-z_][\w.:-]*", re.IGNORECASE | re.ASCII)
_OF_LIBRARY: Final = re.compile(rf"live-|{re.escape(MARK)}$")
_EVENTS_OF_LIBRARY: Final = "live:"
_BLOCKS: Final = ("start", "center", "end", "nearest")
_FIRST: Final = '[["'
_SIMILAR: Final = 0.6


@dataclass(frozen=True, slots=True, repr=False)
class Commands:
    """Commands that a browser runs in order. Immutable: each method returns those before it and one more.

    A command acts on the element that has the attribute, or on all elements that the selector `to` matches,
    in the whole document or, with `closest`, in the closest element around it that matches `closest`.
    `closest` without `to` is that element itself. Methods raise `TypeError` for arguments of other types,
    `ValueError` for values that no browser would take, or that would run a script.
    """

    steps: tuple[tuple[Any, ...], ...] = ()

    # Visibility

    def show(self, to: str | None = None, *, closest: str | None = None) -> Commands:
        """Remove the attribute ``hidden``."""
        return self._add("show", _target(to, closest))

    def hide(self, to: str | None = None, *, closest: str | None = None) -> Commands:
        """Set the attribute ``hidden``. If the focus is inside, it goes to the control that has shown it."""
        return self._add("hide", _target(to, closest))

    def toggle(self, to: str | None = None, *, closest: str | None = None) -> Commands:
        """Show elements that are hidden, and hide those that aren't."""
        return self._add("toggle", _target(to, closest))

    # Classes

    def add_class(self, names: str, to: str | None = None, *, closest: str | None = None) -> Commands:
        """Add classes, separated by spaces."""
        return self._add("add_class", _target(to, closest), _classes(names))

    def remove_class(self, names: str, to: str | None = None, *, closest: str | None = None) -> Commands:
        """Remove classes, separated by spaces."""
        return self._add("remove_class", _target(to, closest), _classes(names))

    def toggle_class(self, names: str, to: str | None = None, *, closest: str | None = None) -> Commands:
        """Add each class that an element doesn't have, and remove each one that it has."""
        return self._add("toggle_class", _target(to, closest), _classes(names))

    def transition(self, names: str, to: str | None = None, *, closest: str | None = None) -> Commands:
        """Add classes for as long as the style sheet animates the element because of them."""
        return self._add("transition", _target(to, closest), _classes(names))

    # Attributes

    def set_attr(
        self, name: str, value: str | int, to: str | None = None, *, closest: str | None = None
    ) -> Commands:
        """Set an attribute; ``""`` for one without a value, such as ``open``."""
        return self._add("set_attr", _target(to, closest), _attribute(name), _value(name, value))

    def remove_attr(self, name: str, to: str | None = None, *, closest: str | None = None) -> Commands:
        """Remove an attribute."""
        return self._add("remove_attr", _target(to, closest), _attribute(name))

    def toggle_attr(
        self,
        name: str,
        to: str | None = None,
        *,
        value: str | int = "",
        other: str | int | None = None,
        closest: str | None = None,
    ) -> Commands:
        """Set an attribute to `value`, or to `other` if it has that value; without `other`, remove it."""
        otherwise = None if other is None else _value(name, other)
        return self._add(
            "toggle_attr", _target(to, closest), _attribute(name), _value(name, value), otherwise
        )

    # Focus and scrolling

    def focus(self, to: str | None = None, *, closest: str | None = None) -> Commands:
        """Focus the first element that is found, or the first one in it that can have the focus."""
        return self._add("focus", _target(to, closest))

    def blur(self, to: str | None = None, *, closest: str | None = None) -> Commands:
        """Remove the focus from the elements, and from those in them."""
        return self._add("blur", _target(to, closest))

    def scroll_into_view(
        self,
        to: str | None = None,
        *,
        closest: str | None = None,
        block: Literal["start", "center", "end", "nearest"] = "start",
        smooth: bool = False,
    ) -> Commands:
        """Scroll the first element that is found into view.

        `block` is where it is then. `smooth` has no effect for visitors who prefer reduced motion.
        """
        if block not in _BLOCKS:
            raise ValueError(f"block={block!r}: expected one of {', '.join(map(repr, _BLOCKS))}")
        return self._add("scroll_into_view", _target(to, closest), block, bool(smooth))

    # Beyond the page

    def copy(self, text: str | None = None, *, of: str | None = None, closest: str | None = None) -> Commands:
        """Copy a text to the clipboard; without one, the value or the visible text of the first element that
        `of` matches.
        """
        if text is None:
            return self._add("copy", _target(of, closest))
        if of is not None or closest is not None:
            raise TypeError("copy() takes a text or of=, whose text is copied, not both")
        return self._add("copy", 0, _text("copy(text)", text))

    def dispatch(
        self,
        name: str,
        to: str | None = None,
        *,
        detail: Any = None,
        bubbles: bool = True,
        closest: str | None = None,
    ) -> Commands:
        """Dispatch a `CustomEvent`. `detail` is sent as JSON.

        What listens to it may be a script, or the attribute ``live-<name>`` of an element.
        """
        if _text("dispatch(name)", name).startswith(_EVENTS_OF_LIBRARY):
            raise ValueError(f"dispatch({name!r}): events that begin with live: are the library's own")
        try:
            write_json(detail)
        except (TypeError, ValueError) as error:
            raise TypeError(f"dispatch({name!r}): detail= can't be sent as JSON: {error}") from error
        return self._add("dispatch", _target(to, closest), name, detail, bool(bubbles))

    def call(self, action: Reference | Commands) -> Commands:
        """Call an action, as the attribute with its reference alone does; or run further commands."""
        if isinstance(action, Commands):
            return Commands(self.steps + action.steps)
        if not isinstance(action, Reference):
            raise TypeError(f"call() takes an action, such as call(save) or call(save(3)), not {action!r}")
        return self._add("call", action)

    def _add(self, name: str, target: Any, *arguments: Any) -> Commands:
        return Commands((*self.steps, (name, target, *arguments)))

    # The value of an attribute

    @property
    def text(self) -> str:
        """The value of the attribute: JSON, in which references are signed for the page that is rendered.

        Raise `TypeError` if there is no command, or an action lacks an argument that only templates can bind.
        """
        if not self.steps:
            raise TypeError("js has no command yet: write {{ js.show('#menu') }}, for example")
        return write_json([_written(step) for step in self.steps]).decode()

    def __html__(self) -> Markup:
        return escape(self.text)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return "js" + "".join(f".{name}({', '.join(map(repr, rest))})" for name, *rest in self.steps)

    def __getitem__(self, name: str) -> Any:
        """Raise `RenderError`: Jinja looks here for a name that isn't an attribute."""
        raise RenderError(unknown(name))


def _written(step: tuple[Any, ...]) -> list[Any]:
    name, *rest = step
    if name == "call":
        reference: Reference = rest[0].here()
        reference.check()
        return [name, reference.token]
    while rest and rest[-1] is None:
        rest.pop()
    return [name, *rest] if rest != [0] else [name]


def _target(to: str | None, closest: str | None) -> Any:
    for value in (to, closest):
        if value is not None and not (isinstance(value, str) and value.strip()):
            raise TypeError(f"a selector is text, such as '#menu', not {value!r}")
    if closest is not None:
        return ["" if to is None else str(to), str(closest)]
    return 0 if to is None else str(to)


def _text(what: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what} takes text, not {value!r}")
    return str(value)


def _classes(names: object) -> str:
    found = _text("names of classes", names).split()
    if not found:
        raise ValueError("no class is named")
    return " ".join(found)


def _attribute(name: object) -> str:
    attribute = _text("the name of an attribute", name).lower()
    if not _ATTRIBUTE.fullmatch(attribute):
        raise ValueError(f"{name!r} isn't the name of an attribute")
    if attribute == "class":
        raise ValueError("classes are changed by add_class, remove_class and toggle_class")
    if _OF_LIBRARY.match(attribute):
        raise ValueError(f"{attribute} is for the library: commands can't change it")
    if attribute.startswith("on") or attribute == DOCUMENT_ATTRIBUTE:
        raise ValueError(f"{attribute} would run a script: commands can't change it")
    return attribute


def _value(name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(
            f"the value of {name} is text or a number, not {value!r}: write 'true' or 'false' for an"
            " attribute of ARIA, and '' or remove_attr() for one that has no value"
        )
    return without_script(str(value)) if name.lower() in URL_ATTRIBUTES else str(value)


BEGINNING: Final = f'="{escape(_FIRST)}'
"""The beginning of an attribute with commands in HTML, as templates and MarkupSafe write it."""
js: Final = Commands()
"""No commands yet: what all commands begin with."""
NAME: Final = "js"
METHODS: Final = frozenset(
    name for name in vars(Commands) if not name.startswith("_") and name not in ("steps", "text")
)


def unknown(name: str, known: Iterable[str] = METHODS) -> str:
    """Return a message about a command that doesn't exist."""
    similar = get_close_matches(name, known, 1, _SIMILAR)
    hint = f"did you mean {similar[0]!r}?" if similar else f"there are {', '.join(sorted(known))}"
    return f"js has no command {name!r}; {hint}"


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
    return any(map(_defines_js, nodes_in(template.body)))


def _defines_js(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Name):
        return node.name == NAME and node.ctx != "load"
    if isinstance(node, nodes.FromImport):
        return NAME in [name if isinstance(name, str) else name[1] for name in node.names]
    return isinstance(node, nodes.Import) and node.target == NAME


def constant(node: nodes.Node, template: str | None) -> Commands | None:
    """Return the commands of an expression that is a chain of constants; None for others.

    Raise `TemplateError` for commands that don't exist, and for arguments that they don't take.
    """
    commands: Commands | None = js
    for call in _calls(node):
        assert isinstance(call.node, nodes.Getattr)
        name = call.node.attr
        if name not in METHODS:
            raise TemplateError(unknown(name), template, call.lineno, name)
        try:
            commands = _apply(call, name, commands)
        except (TypeError, ValueError) as error:
            raise TemplateError(f"js.{name}: {error}", template, call.lineno, name) from error
    return commands if is_chain(node) else None


def unknown_commands(template: nodes.Template, environment: Environment) -> Iterator[tuple[int, str, str]]:
    """Yield line, name and message of each command that a template reads from `js` and that doesn't exist."""
    for node in () if is_hidden(template, environment) else every(nodes.Getattr, template.body):
        is_command = isinstance(node.node, nodes.Name) and node.node.name == NAME
        if is_command and node.attr not in METHODS:
            yield node.lineno, node.attr, unknown(node.attr)


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
