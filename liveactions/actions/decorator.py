"""The decorator `@action`, and the registries of actions.

Actions are registered where they are defined: those of a module under a name that is unique in the
application, those of a page function with the run that has defined them. Methods are found through their
class.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from hashlib import blake2b
from typing import (
    Any,
    Final,
    Literal,
    overload,
)

from .action import Action, P, R, check_plan
from .markers import Guards
from .rates import By, user_or_address


class Closures:
    """The actions that one run of a page function has defined, by name."""

    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made: dict[str, list[Action[..., Any]]] = {}

    def add(self, action: Action[..., Any]) -> None:
        """Add an action. If it decorates another one, it replaces that one."""
        same = self._made.setdefault(action.id, [])
        same[:] = [one for one in same if not wraps(action, one)]
        same.append(action)

    def find(self, name: str) -> Action[..., Any] | None:
        """Return the action with this name or alias; None if there are several."""
        for actions in self._made.values():
            if name in (actions[0].id, *actions[0].aliases):
                return actions[0] if len(actions) == 1 else None
        return None

    def __iter__(self) -> Iterator[Action[..., Any]]:
        for actions in self._made.values():
            yield from actions

    def __contains__(self, action: Action[..., Any]) -> bool:
        return action in self._made.get(action.id, ())

    def require_one(self, action: Action[..., Any]) -> None:
        """Raise `TypeError` if another closure has the same name, because references couldn't tell which is
        meant.
        """
        if len(self._made[action.id]) > 1:
            raise TypeError(
                f"{len(self._made[action.id])} closures are called {action.id!r} in one run of the page;"
                f" define one and bind an argument to it: {{{{ {action.id}(item.id) }}}}"
            )


CLOSURES: ContextVar[Closures | None] = ContextVar("liveactions_closures", default=None)
"""The actions of the page function that is running."""


def wraps(outer: Any, inner: Any) -> bool:
    """Return whether `outer` is `inner`, or a decorated version of it."""
    while outer is not None and outer is not inner:
        outer = getattr(outer, "__wrapped__", None)
    return outer is inner


MODULE_MARK: Final = "@"
"""In a reference's path, marks actions of modules."""
_MODULE_ACTIONS: dict[str, Action[..., Any]] = {}


def register_module_action(action: Action[..., Any]) -> None:
    """Register an action of a module. Raise `TypeError` if another function has the same id."""
    for name in _names(action):
        known = _MODULE_ACTIONS.get(name)
        if known is not None and _origin(known) != _origin(action):
            raise TypeError(f"{known!r} and {action!r} have the same id: {name.partition(MODULE_MARK)[0]!r}")
        _MODULE_ACTIONS[name] = action


def module_action(name: str) -> Action[..., Any] | None:
    """Return the action of a module for which `module_action_name` returned `name`; None if there is none."""
    return _MODULE_ACTIONS.get(name)


def module_action_name(action: Action[..., Any]) -> str:
    """Return the name of a module's action in references.

    This is its explicit id or, without one, the function's name with a digest of the module's name, so that
    the name of the module isn't revealed.
    """
    return _names(action)[0]


def is_module_action(path: str) -> bool:
    """Return whether a reference's path is a `module_action_name`."""
    return MODULE_MARK in path


def module_actions(module: str) -> dict[str, Action[..., Any]]:
    """Return the actions that a module defines, by their functions' names."""
    found = dict.fromkeys(action for action in _MODULE_ACTIONS.values() if action.__module__ == module)
    return {action.__name__: action for action in found}


def _names(action: Action[..., Any]) -> list[str]:
    own = f"{action.id}{MODULE_MARK}" if action.id != action.name else _digested(action, action.name)
    others = [(f"{alias}{MODULE_MARK}", _digested(action, alias)) for alias in action.aliases]
    return [own, *(name for pair in others for name in pair)]


def _digested(action: Action[..., Any], name: str) -> str:
    digest = blake2b(f"{action.__module__}:{name}".encode(), digest_size=5).hexdigest()
    return f"{name}{MODULE_MARK}{digest}"


def _origin(action: Action[..., Any]) -> tuple[str, str]:
    return action.__module__, action.__qualname__


_ACTION: Final = "__live_action__"
"""Attribute of a decorator's function that wraps an action: the action that calls the function."""
_OPTIONS: Final = (
    *(
        "id",
        "aliases",
        "guards",
        "timeout",
        "validates",
        "concurrency",
        "ends_on_leave",
        "resets",
        "initial",
        "js",
        "max_body",
        "idempotent",
        "rate",
        "by",
    ),
    *("validators", "is_method", "names"),
)
"""Attributes that a decorated action takes from the one it decorates."""


@overload
def action(function: Callable[P, R], /) -> Action[P, R]: ...


@overload
def action(
    *,
    id: str | None = None,
    aliases: Iterable[str] = (),
    guard: Guards = (),
    timeout: float | None = None,
    validate: bool = True,
    concurrency: str = "queue",
    on_leave: Literal["finish", "cancel"] = "finish",
    reset: bool = True,
    initial: Any = None,
    js: bool = False,
    max_body: int | None = None,
    idempotent: bool = False,
    rate: str | None = None,
    by: By = user_or_address,
) -> Callable[[Callable[P, R]], Action[P, R]]: ...


def action(function: Any = None, /, **options: Any) -> Any:
    """Let the browser call a function: a page's method, a module's function, or one inside a page function.

    `id`: the name in references; `aliases`: former names, so that the function can be renamed.
    `guard`: one or more dependencies that run first, and may reject the call.
    `timeout`: the time limit in seconds; for a generator, that of each step.
    `validate`: if False, pass the submitted fields without validation.
    `concurrency`: with "latest", a newer call cancels the running one; with "drop", a newer call is ignored.
    `on_leave`: with "cancel", the action is cancelled when the visitor leaves the page.
    `reset`: if False, the form keeps its values after success.
    `initial`: the result before the first call.
    `js`: export the action to JavaScript. Scripts can call it even if no page shows it.
    `max_body`: maximum size of a post in bytes.
    `idempotent`: run the action again if its worker was lost and its outcome is unknown.
    `rate`: how often it may be called, on all workers together: ``"5/minute"``. Further calls fail with 429.
    `by`: a dependency that returns the caller for the rate limit, by default the user or the client IP.

    Raise `TypeError` for anything but a function.
    """
    if function is None:
        return lambda function: _registered(Action(function, **options))
    return _registered(Action(function, **options))


def _registered(action: Action[..., Any]) -> Action[..., Any]:
    """Register an action: with its module, or with the run of its page function. Return it."""
    closures = CLOSURES.get()
    if "." not in action.__qualname__:
        register_module_action(action)
        check_plan(action)
    elif closures is not None:
        closures.add(action)
    return action


def action_in(value: Any) -> Action[..., Any] | None:
    """Return a class attribute if it is an action, or the action in it if a decorator has wrapped one;
    otherwise None.
    """
    inner = value
    while inner is not None and not isinstance(inner, Action):
        inner = getattr(inner, "__wrapped__", None) if inspect.isfunction(inner) else None
    if inner is None or inner is value:
        return inner
    return _wrapped(value, inner)


def _wrapped(function: Callable[..., Any], inner: Action[..., Any]) -> Action[..., Any]:
    """Return an action like `inner` that calls `function`, which wraps it."""
    known: Action[..., Any] | None = function.__dict__.get(_ACTION)
    if known is not None and known.__wrapped__ is function:
        return known
    outer: Action[..., Any] = Action(function, id=inner.id, aliases=inner.aliases)
    for name in _OPTIONS:
        setattr(outer, name, getattr(inner, name))
    function.__dict__[_ACTION] = outer
    return _registered(outer)
