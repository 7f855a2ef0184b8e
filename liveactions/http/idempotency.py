"""Runs a request once, even if it is sent several times. Copies get the response to the first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from hashlib import blake2b, sha256
from typing import Any, Final, TypeVar

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ..actions.request import Changes, PageRequest
from ..execution.app_context import AppContext
from .bodies import Pair
from .responses import NO_STORE

T = TypeVar("T")
POLL_INTERVAL: Final = 0.02
"""Seconds between two reads of the first request's answer."""
HEADER_KEY: Final = "Idempotency-Key"
"""The header by which copies of a script's request are recognised: they have the same value."""
STILL_RUNNING: Final = "This is still being processed."
UNCONFIRMED: Final = "We couldn't confirm whether your change was saved. Please reload the page."


async def digest(texts: Iterable[str], fields: Iterable[Pair]) -> str:
    """Return a digest of a form post, with the contents of its files. Copies have the same digest."""
    parts: list[str | bytes] = [*texts]
    for name, value in fields:
        parts += name, await _content(value) if isinstance(value, UploadFile) else value
    return blake2b(ascii(parts).encode(), digest_size=32).hexdigest()


async def _content(file: UploadFile) -> bytes:
    whole = sha256(f"{file.filename}\0{file.content_type}\0".encode(errors="replace"))
    while chunk := await file.read(2**16):
        whole.update(chunk)
    await file.seek(0)
    return whole.digest()


def script_key(request: Request, identity: str, action: str) -> str:
    """Return the key of a script's call: a digest of visitor, path, action and the header's value.

    Return "" if there is no header: then every request is a separate call.
    """
    key = request.headers.get(HEADER_KEY, "")
    whole = "\0".join((identity, request.url.path, action, key))
    return key and sha256(whole.encode(errors="replace")).hexdigest()


async def first_answer(read: Callable[[], Awaitable[T | None]], seconds: float) -> T | None:
    """Return the answer to the first request of a key when it can be read; None if there is none after
    `seconds`.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        kept = await read()
        if kept is not None:
            return kept
        await asyncio.sleep(POLL_INTERVAL)
    return None


async def respond_once(
    site: AppContext, request: PageRequest, key: str, respond: Callable[[], Awaitable[Response]]
) -> Response:
    """Return the JSON response of `respond`; or, if this isn't the first request of `key`, that of the first.

    Without a key, every request counts as the first. Raise `HTTPException` (409) if the first one is still
    running after a while, or was interrupted.
    """
    if not key:
        return await respond()
    answers = site.call_answers
    if not await answers.claim(key):
        return _copy(request, await first_answer(partial(answers.read, key), site.copy_timeout))
    answer: Any = [409, "", None]
    try:
        response = await respond()
        if len(response.body) <= site.limits.state:  # large results don't fill the store
            answer = [response.status_code, bytes(response.body).decode(), request.copy_changes()]
        return response
    finally:
        await answers.put(answer, key)


def _copy(request: PageRequest, answer: Any) -> Response:
    status, body, changes = answer or [409, "", None]
    if not body:
        raise HTTPException(409, UNCONFIRMED if answer else STILL_RUNNING)
    if changes is not None:
        request.put_back(Changes.load(changes))
    return Response(body, status, NO_STORE, "application/json")
