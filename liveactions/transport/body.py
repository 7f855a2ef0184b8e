"""Bodies of posts, within limits."""

from __future__ import annotations

import json
from email.message import Message as Headers
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message, Receive

from ..limits import Limits

Pair = tuple[str, str | UploadFile]

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def read_form(request: Request, limits: Limits) -> list[Pair]:
    """A post's fields in their order. `HTTPException` for what isn't one, or too much."""
    kind = _kind(request)
    if kind.get_content_type() not in FORMS:
        raise HTTPException(415, "A form is url-encoded or multipart")
    if (kind.get_content_charset() or "utf-8") not in ("utf-8", "utf8", "us-ascii"):
        raise HTTPException(400, "A form is UTF-8")
    try:
        form = await bounded(request, limits.body).form(
            max_files=limits.files, max_fields=limits.fields + 1, max_part_size=limits.body
        )
    except (MultiPartException, UnicodeDecodeError) as error:
        raise HTTPException(400, str(error)) from error
    pairs = form.multi_items()
    if len(pairs) > limits.fields + 1:
        raise HTTPException(413, f"A form has at most {limits.fields} fields")
    if any(len(name) > limits.name for name, _ in pairs):
        raise HTTPException(400, f"A field's name has at most {limits.name} characters")
    return pairs


async def read_json(request: Request, limits: Limits) -> Any:
    """A body that is JSON."""
    if _kind(request).get_content_type() != "application/json":
        raise HTTPException(415, "JSON is needed")
    body = await bounded(request, limits.body).body()
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(400, "Not JSON") from None


def _kind(request: Request) -> Headers:
    headers = Headers()
    headers["Content-Type"] = request.headers.get("content-type", "application/octet-stream")
    return headers


def bounded(request: Request, limit: int) -> Request:
    """The request, whose body is refused with 413 as soon as it is longer than that."""
    return Request(request.scope, _bounded(request, limit))


def _bounded(request: Request, limit: int) -> Receive:
    try:
        announced = int(request.headers.get("content-length", 0))
    except ValueError:
        raise HTTPException(400, "Improper Content-Length") from None
    if announced > limit:
        raise HTTPException(413, f"A post has at most {limit} bytes")
    left = limit

    async def receive() -> Message:
        nonlocal left
        message = await request.receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(413, f"A post has at most {limit} bytes")
        return message

    return receive
