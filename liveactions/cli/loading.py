"""Import the application that a command is about.

An application is named as for uvicorn, ``module:attribute``. Without an attribute, the module's ``app`` or
its only `Live` is used; without a module, ``app`` or ``main``, whichever file there is.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from starlette.routing import Mount

from ..app import Live

APP_VARIABLE: Final = "LIVEACTIONS_APP"
"""Environment variable that names the application."""
_MODULES: Final = ("app", "main")
_ATTRIBUTES: Final = ("app", "live", "application")


class LoadError(Exception):
    """The application can't be found or imported. The message says what to do."""


@dataclass(frozen=True)
class Loaded:
    """An application and the live pages in it."""

    spec: str
    """Where it is: ``module:attribute``."""
    app: Any
    lives: tuple[Live, ...]


def load(spec: str | None) -> Loaded:
    """Import an application from the current directory. Raise `LoadError`."""
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    name, _, attribute = (spec or os.environ.get(APP_VARIABLE) or _default_module()).partition(":")
    module = _import(name)
    attribute = attribute or _default_attribute(module)
    app: Any = module
    for step in attribute.split("."):
        app = getattr(app, step, None)
    if app is None:
        raise LoadError(f"{name} has no attribute {attribute!r}")
    lives = tuple(dict.fromkeys(_lives_of(app, module)))
    if not lives:
        raise LoadError(f"{name}:{attribute} has no live pages: expected a Live, or an application with one")
    return Loaded(f"{name}:{attribute}", app, lives)


def _default_module() -> str:
    for name in _MODULES:
        if Path(f"{name}.py").is_file() or Path(name, "__init__.py").is_file():
            return name
    files = " or ".join(f"{name}.py" for name in _MODULES)
    raise LoadError(
        f"there is no {files} in this directory: name the application, such as shop.web:app, or set"
        f" {APP_VARIABLE}"
    )


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise LoadError(f"no module named {name!r} in {os.getcwd()}") from None
        raise


def _default_attribute(module: ModuleType) -> str:
    for name in _ATTRIBUTES:
        if callable(getattr(module, name, None)):
            return name
    found = [name for name, value in vars(module).items() if isinstance(value, Live)]
    if len(found) == 1:
        return found[0]
    reason = "no application" if not found else f"several ({', '.join(found)})"
    raise LoadError(f"{module.__name__} has {reason}: write {module.__name__}:name")


def _lives_of(app: Any, module: ModuleType) -> Iterator[Live]:
    """Yield those that an application is, mounts, or has installed."""
    if isinstance(app, Live):
        yield app
    for value in vars(module).values():
        if isinstance(value, Live) and app in value.services.hosts:
            yield value
    for route in getattr(app, "routes", ()):
        if isinstance(route, Mount) and route.app is not app:
            yield from _lives_of(route.app, module)
