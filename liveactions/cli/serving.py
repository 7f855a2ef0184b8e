"""Serve an application for development, with uvicorn."""

from __future__ import annotations

import socket
import webbrowser
from threading import Thread
from time import monotonic, sleep
from typing import Final

_START_SECONDS: Final = 30.0
"""How long a server may take until its port answers."""
_RETRY_SECONDS: Final = 0.1


class ServeError(Exception):
    """The application can't be served. The message says what to do."""


def serve(spec: str, host: str, port: int, browser: bool) -> None:
    """Serve an application until interrupted, and restart it when a Python file is saved."""
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
    """Return an address at which a server that listens on `host` answers."""
    return "127.0.0.1" if host in ("", "0.0.0.0") else "::1" if host == "::" else host
