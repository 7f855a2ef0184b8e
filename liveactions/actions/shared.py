"""Actions that belong to no page: functions of modules, by the names that references have for them."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .action import Action

MARK: Final = "@"
"""In a reference's path: the action belongs to no page."""

_SHARED: dict[str, Action[..., Any]] = {}


def share(action: Action[..., Any]) -> None:
    """Makes a module's action known. `TypeError` when another function has its id."""
    for name in _names(action):
        known = _SHARED.get(name)
        if known is not None and _origin(known) != _origin(action):
            raise TypeError(f"{known!r} and {action!r} have the same id: {name.partition(MARK)[0]!r}")
        _SHARED[name] = action


def shared(name: str) -> Action[..., Any] | None:
    """The action of a name that `shared_name` gave."""
    return _SHARED.get(name)


def shared_name(action: Action[..., Any]) -> str:
    """What references call a module's action: its own id or, without one, its name and a digest of where
    it is defined, which tells nothing of the code.
    """
    return _names(action)[0]


def is_shared(path: str) -> bool:
    """Whether a reference's path is such a name."""
    return MARK in path


def module_actions(module: str) -> dict[str, Action[..., Any]]:
    """The actions that a module defines, by their functions' names."""
    found = dict.fromkeys(action for action in _SHARED.values() if action.__module__ == module)
    return {action.__name__: action for action in found}


def _names(action: Action[..., Any]) -> list[str]:
    own = f"{action.id}{MARK}" if action.id != action.name else _digested(action, action.name)
    others = [(f"{alias}{MARK}", _digested(action, alias)) for alias in action.aliases]
    return [own, *(name for pair in others for name in pair)]


def _digested(action: Action[..., Any], name: str) -> str:
    digest = blake2b(f"{action.__module__}:{name}".encode(), digest_size=5).hexdigest()
    return f"{name}{MARK}{digest}"


def _origin(action: Action[..., Any]) -> tuple[str, str]:
    return action.__module__, action.__qualname__
