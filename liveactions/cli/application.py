"""The application of a command: imports it, or serves it for development.

An application is named as for uvicorn, ``module:attribute``. Without an attribute, the module's ``app`` or
its only `Live` is used; without a module, ``app`` or ``main``, whichever file there is.
"""

from __future__ import annotations

import importlib
import os
import socket
import sys
import webbrowser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from types import ModuleType
from typing import Any, Final

from starlette.routing import Mount

from ..app import Live

APP_VARIABLE: Final = "LIVEACTIONS_APP"
"""Environment variable that names the application."""
_MODULES: Final = ("app", "main")
_ATTRIBUTES: Final = ("app", "live", "application")
_START_SECONDS: Final = 30.0
"""Maximum time until the port of a server is open."""
_RETRY_SECONDS: Final = 0.1


class LoadError(Exception):
    """The application can't be found or imported. The message says what to do."""


class ServeError(Exception):
    """The application can't be served. The message says what to do."""


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
    """Yield the `Live` applications that an application is, mounts, or has installed."""
    if isinstance(app, Live):
        yield app
    for value in vars(module).values():
        if isinstance(value, Live) and app in value.services.hosts:
            yield value
    for route in getattr(app, "routes", ()):
        if isinstance(route, Mount) and route.app is not app:
            yield from _lives_of(route.app, module)


def serve(spec: str, host: str, port: int, browser: bool) -> None:
    """Serve an application with uvicorn until interrupted, and restart it when a Python file is saved."""
    try:
        import uvicorn
    except ImportError:
        raise ServeError('uvicorn is not installed: pip install "liveactions[serve]"') from None
    if _is_answering(host, port):
        raise ServeError(f"port {port} is in use: choose another one with --port")
    if browser:
        Thread(target=_open, args=(host, port), daemon=True).start()
    uvicorn.run(
        spec,
        host=host,
        port=port,
        reload=True,
        app_dir=".",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )


def _open(host: str, port: int) -> None:
    end = monotonic() + _START_SECONDS
    while not _is_answering(host, port):
        if monotonic() > end:
            return
        sleep(_RETRY_SECONDS)
    webbrowser.open(f"http://{_reachable(host)}:{port}/")


def _is_answering(host: str, port: int) -> bool:
    try:
        with socket.create_connection((_reachable(host), port), timeout=1):
            return True
    except OSError:
        return False


def _reachable(host: str) -> str:
    """Return an address at which a server that listens on `host` can be reached."""
    return "127.0.0.1" if host in ("", "0.0.0.0") else "::1" if host == "::" else host
