"""An application's start and end."""

from __future__ import annotations

import asyncio
from typing import Any

from ..cache.memory import memory
from .refusal import Failed


class Lifespan:
    """Runs what an application does before its first request and after its last.

    An application that knows nothing of this is called all the same; one that says it has failed raises.
    """

    def __init__(self, app: Any) -> None:
        self.app = app
        self.state: dict[str, Any] = {}
        """What it lends to each connection."""
        self._task: asyncio.Future[None] | None = None
        self._up: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._down: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    async def start(self) -> None:
        """Start it unless it has been: as a new process would, with nothing cached."""
        if self._task is None:
            memory.clear()
            scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": self.state}
            self._task = asyncio.ensure_future(self.app(scope, self._up.get, self._down.put))
            await self._tell("lifespan.startup")

    async def stop(self) -> None:
        if self._task is not None and not self._task.done():
            await self._tell("lifespan.shutdown")
            await self._task

    async def _tell(self, type: str) -> None:
        assert self._task is not None
        self._up.put_nowait({"type": type})
        answer = asyncio.ensure_future(self._down.get())
        either: set[asyncio.Future[Any]] = {answer, self._task}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()  # servers take this for an application that knows no lifespan
            self._task.exception()
        elif answer.result()["type"].endswith(".failed"):
            await self._task
            raise Failed(answer.result().get("message", type), 500)
