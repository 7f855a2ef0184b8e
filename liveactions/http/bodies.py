"""Reads request bodies within limits: forms, JSON, or bytes."""

from __future__ import annotations

from collections.abc import Iterable
from email.message import Message as Headers
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

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
"""How many bytes of the end of a multipart body are kept, to find its final boundary."""
URL_ENCODED: Final = "application/x-www-form-urlencoded"
FORMS: Final = (URL_ENCODED, "multipart/form-data")


async def read_form(request: Request, limits: Limits, action: Action[..., Any] | None = None) -> list[Pair]:
    """Return a form's fields in order. The limits are those of the action, if it has its own.

    Raise `HTTPException` for a body that is too large, or isn't a form.
    """
    kind, charset, boundary = _content_type(request.headers.get("content-type", ""))
    if kind not in FORMS:
        raise HTTPException(415, "Only URL-encoded and multipart forms are supported")
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise HTTPException(400, "Only UTF-8 forms are supported")
    body = limits.body if action is None or action.max_body is None else action.max_body
    pairs: list[Pair]
    if kind == URL_ENCODED:
        text = (await Incoming(request, body).read()).decode("latin-1")
        most = limits.fields + len(RESERVED_FIELDS)
        try:
            pairs = [*parse_qsl(text, keep_blank_values=True, max_num_fields=most)]
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
    else:
        incoming = Incoming(request, body + _files(limits, action))
        pairs = await _read_multipart(request, incoming, limits, body)
        incoming.require_end(boundary)
    if sum(name not in RESERVED_FIELDS for name, _ in pairs) > limits.fields:
        raise HTTPException(413, f"A form may have at most {limits.fields} fields")
    if any(len(name) > limits.name for name, _ in pairs):
        raise HTTPException(400, f"Field names may have at most {limits.name} characters")
    return pairs


async def _read_multipart(request: Request, incoming: Incoming, limits: Limits, part: int) -> list[Pair]:
    try:
        form = await Request(request.scope, incoming).form(
            max_files=limits.files, max_fields=limits.fields + len(RESERVED_FIELDS), max_part_size=part
        )
    except (MultiPartException, UnicodeDecodeError) as error:
        raise HTTPException(400, str(error)) from error
    except ClientDisconnect:
        raise HTTPException(400, TRUNCATED) from None
    return form.multi_items()


async def read_json(request: Request, limits: Limits) -> Any:
    """Return the value of a JSON body. Raise `HTTPException` for other bodies."""
    if _content_type(request.headers.get("content-type", ""))[0] != "application/json":
        raise HTTPException(415, "Expected application/json")
    body = await Incoming(request, limits.body).read()
    try:
        return parse(body.decode())
    except ValueError:
        raise HTTPException(400, "Invalid JSON") from None


async def read_arguments(request: Request, limits: Limits) -> dict[str, Any]:
    """Return the arguments of a call by name, from a JSON body. Raise `HTTPException` for other bodies."""
    arguments = await read_json(request, limits)
    if not isinstance(arguments, dict):
        raise HTTPException(400, "Arguments must be a JSON object")
    return arguments


async def close_files(pairs: Iterable[tuple[str, Any]]) -> None:
    """Close the uploaded files among a form's fields."""
    for _, value in pairs:
        if isinstance(value, UploadFile):
            await value.close()


@lru_cache(maxsize=64)
def _content_type(header: str) -> tuple[str, str, str]:
    """Return media type, charset and boundary of a Content-Type."""
    headers = Headers()
    headers["Content-Type"] = header or "application/octet-stream"
    charset = headers.get_content_charset() or "utf-8"
    return headers.get_content_type(), charset, str(headers.get_param("boundary") or "")


def _files(limits: Limits, action: Action[..., Any] | None) -> int:
    """Return how many bytes an action's files may have in total; for an unknown action, those of one file."""
    if action is None:
        return limits.upload
    counts = [(one, limits.files if one.takes_several else 1) for one in action.plan.files.values()]
    return sum(count * (one.files.max_size or limits.upload) for one, count in counts)


class Incoming:
    """The `receive` of a request. It raises `HTTPException` (413) as soon as the body exceeds `limit`
    bytes.
    """

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

    async def read(self) -> bytes:
        """Return the whole body. Raise `HTTPException` (400) if it is truncated."""
        chunks: list[bytes] = []
        is_more = True
        while is_more:
            message = await self()
            if message["type"] == "http.disconnect":
                raise HTTPException(400, TRUNCATED)
            chunks.append(message.get("body", b""))
            is_more = message.get("more_body", False)
        self.require_end()
        return b"".join(chunks)

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise HTTPException(413, f"Request body is limited to {self._limit} bytes")

    def require_end(self, boundary: str = "") -> None:
        """Raise `HTTPException` (400) if the body is shorter than announced, or has no final boundary."""
        is_open = bool(boundary) and f"--{boundary}--".encode() not in self._tail
        if is_open or self._received < self._announced:
            raise HTTPException(400, TRUNCATED)
