"""Files that a user has chosen: planned, sent and shown as the client does it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from ..protocol.constants import FIELD_ACTION, HEADER_CHUNK, HEADER_UPLOAD
from .asgi import Reply
from .controls import File, Pair, encoded
from .failures import Failed

REFUSALS = frozenset({413, 415, 422})
"""Answers to an upload that the operation reports at its field."""


@dataclass
class Entry:
    """A file that is chosen in a form with ``live-entries``."""

    file: File
    error: str = ""
    """Why it is rejected."""
    is_sent: bool = False
    """Whether the server has it already."""
    plan: dict[str, Any] | None = None
    handle: str = ""

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.file.content)

    @property
    def value(self) -> dict[str, Any]:
        """The value of an operation's field for the file."""
        return {"file": self.handle} if self.is_sent else {"refused": [self.name, self.file.type, self.size]}


Post = Callable[[str, bytes, list[tuple[str, str]]], Awaitable[Reply]]


class Uploads:
    """The files of a tab. `post` posts to an address."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._entries: dict[int, Entry] = {}

    def of(self, file: File) -> Entry:
        """Return the entry of this object; files with the same content are other ones."""
        return self._entries.setdefault(id(file), Entry(file))

    async def send(
        self,
        path: str,
        reference: str,
        token: str,
        pairs: Sequence[tuple[str, File]],
        only_auto: bool = False,
    ) -> None:
        """Plan files, and send those that are accepted; `only_auto`: that don't wait for their form.

        Raise `Failed` if the server fails.
        """
        url = f"{path}?{urlencode({FIELD_ACTION: reference})}"
        fields = [(field, self.of(file)) for field, file in pairs]
        unknown = [(field, entry) for field, entry in fields if entry.plan is None]
        if unknown:
            question = [[field, one.name, one.file.type, one.size] for field, one in unknown]
            answer = await self._ask(url, token, {"plan": question})
            for (_, entry), plan in zip(unknown, answer["files"], strict=True):
                entry.plan, entry.error = plan, plan.get("error", "")
        for field, entry in fields:
            if not entry.is_sent and not entry.error and (entry.plan or {}).get("auto", not only_auto):
                await self._send(url, token, field, entry)

    async def _send(self, url: str, token: str, field: str, entry: Entry) -> None:
        plan, content = entry.plan or {}, entry.file.content
        if plan["by"] == "direct":
            entry.handle, entry.is_sent = plan["handle"], True
            request = Request(plan["url"], content, plan["headers"], method="PUT")
            await asyncio.to_thread(lambda: urlopen(request).close())
            return
        if plan["by"] == "form":
            pairs: list[Pair] = [(field, entry.file)]
            kind, body = encoded(pairs)
            answer = await self._answer(url, body, token, kind)
            if "files" in answer:
                [[_, entry.handle]] = answer["files"]
            entry.error = answer.get("errors", {}).get(field, "")
        else:
            entry.handle, size = plan["handle"], plan["size"]
            for number in range(-(-len(content) // size)):
                chunk = (HEADER_CHUNK, f"{number} {entry.handle}")
                part = content[number * size : (number + 1) * size]
                await self._answer(url, part, token, "application/octet-stream", chunk)
        entry.is_sent = not entry.error

    async def remove(self, path: str, reference: str, token: str, file: File) -> None:
        """Forget a file, and remove it from the server."""
        entry = self._entries.pop(id(file), None)
        if entry is not None and entry.handle:
            url = f"{path}?{urlencode({FIELD_ACTION: reference})}"
            await self._ask(url, token, {"cancel": entry.handle})

    def chose(self, files: Sequence[File]) -> None:
        """Start again with files that are chosen now: a previous operation may have taken them."""
        for file in files:
            self._entries.pop(id(file), None)

    def forget_all(self) -> None:
        """Note that an operation has failed, so the server no longer has the files."""
        self._entries.clear()

    async def _ask(self, url: str, token: str, question: dict[str, Any]) -> Any:
        return await self._answer(url, json.dumps(question).encode(), token, "application/json")

    async def _answer(self, url: str, body: bytes, token: str, kind: str, *headers: tuple[str, str]) -> Any:
        reply = await self._post(url, body, [("content-type", kind), (HEADER_UPLOAD, token), *headers])
        answer = json.loads(reply.body)
        if reply.status not in (200, *REFUSALS):
            text = "; ".join([answer["error"], *answer.get("errors", {}).values()]).strip("; ")
            raise Failed(text, reply.status)
        return answer
