"""Reads the bodies of posts, within limits."""

from __future__ import annotations

from email.message import Message as Headers
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from ..actions.action import Action
from ..actions.form_input import RESERVED_FIELDS
from ..config import Limits
from ..protocol.messages import parse

Pair = tuple[str, str | UploadFile]
TRUNCATED: Final = "Request body was truncated"
_TAIL: Final = 1024
FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


async def read_form(request: Request, limits: Limits, action: Action[..., Any] | None = None) -> list[Pair]:
    """Return a post's fields in order, up to the limits of its action. Raise `HTTPException` for other
    bodies and for larger ones.
    """
    kind = _kind(request)
    if kind.get_content_type() not in FORMS:
        raise HTTPException(415, "Only URL-encoded and multipart forms are supported")
    if (kind.get_content_charset() or "utf-8") not in ("utf-8", "utf8", "us-ascii"):
        raise HTTPException(400, "Only UTF-8 forms are supported")
    body = limits.body if action is None or action.max_body is None else action.max_body
    is_multipart = kind.get_content_type() == FORMS[1]
    incoming = Incoming(request, body + (_files(limits, action) if is_multipart else 0))
    try:
        form = await Request(request.scope, incoming).form(
            max_files=limits.files, max_fields=limits.fields + len(RESERVED_FIELDS), max_part_size=body
        )
    except (MultiPartException, UnicodeDecodeError) as error:
        raise HTTPException(400, str(error)) from error
    except ClientDisconnect:
        raise HTTPException(400, TRUNCATED) from None
    incoming.require_end(str(kind.get_param("boundary") or "") if is_multipart else "")
    pairs = form.multi_items()
    if sum(name not in RESERVED_FIELDS for name, _ in pairs) > limits.fields:
        raise HTTPException(413, f"A form may have at most {limits.fields} fields")
    if any(len(name) > limits.name for name, _ in pairs):
        raise HTTPException(400, f"Field names may have at most {limits.name} characters")
    return pairs


async def read_json(request: Request, limits: Limits) -> Any:
    """Return a body that is JSON."""
    if _kind(request).get_content_type() != "application/json":
        raise HTTPException(415, "Expected application/json")
    body = await bounded(request, limits.body).body()
    try:
        return parse(body.decode())
    except ValueError:
        raise HTTPException(400, "Invalid JSON") from None


def _kind(request: Request) -> Headers:
    headers = Headers()
    headers["Content-Type"] = request.headers.get("content-type", "application/octet-stream")
    return headers


def _files(limits: Limits, action: Action[..., Any] | None) -> int:
    """Return how many bytes an action's files may have together; for an unknown action, those of one file."""
    if action is None:
        return limits.upload
    counts = [(one, limits.files if one.takes_several else 1) for one in action.plan.files.values()]
    return sum(count * (one.files.max_size or limits.upload) for one, count in counts)


def bounded(request: Request, limit: int) -> Request:
    """Return a request whose body is refused with 413 as soon as it is longer than `limit` bytes."""
    return Request(request.scope, Incoming(request, limit))


class Incoming:
    """Receives a request's body, and refuses it with 413 as soon as it is longer than `limit` bytes."""

    def __init__(self, request: Request, limit: int) -> None:
        announced = request.headers.get("content-length", "0")
        if not announced.isascii() or not announced.isdigit():
            raise HTTPException(400, "Invalid Content-Length")
        self._receive = request.receive
        self._limit = limit
        self._announced = int(announced)
        self._received = 0
        self._tail = b""
        self._check(self._announced)

    async def __call__(self) -> Message:
        message = await self._receive()
        chunk: bytes = message.get("body", b"")
        self._received += len(chunk)
        self._tail = (self._tail + chunk)[-_TAIL:]
        self._check(self._received)
        return message

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise HTTPException(413, f"Request body is limited to {self._limit} bytes")

    def require_end(self, boundary: str = "") -> None:
        """Raise `HTTPException` (400) if the body is shorter than announced, or has no final boundary."""
        is_open = bool(boundary) and f"--{boundary}--".encode() not in self._tail
        if is_open or self._received < self._announced:
            raise HTTPException(400, TRUNCATED)
