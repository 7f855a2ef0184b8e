"""Bodies of requests within limits, whatever comes in which pieces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from liveactions.config import Limits
from liveactions.http.bodies import Incoming, read_form, read_json

URL_ENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
JSON = "application/json"
LIMITS = Limits(body=100, upload=200, files=2, fields=3, name=10)


def sent(kind: str, *chunks: bytes, length: str | None = None) -> Request:
    """Return a request whose body comes in these pieces, announced as it is or as `length` says."""
    announced = str(sum(map(len, chunks))) if length is None else length
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        return messages.pop(0)

    headers = [(b"content-type", kind.encode()), (b"content-length", announced.encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def part(content: bytes, name: str = "a", file: str = "") -> bytes:
    filename = f'; filename="{file}"' if file else ""
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"{filename}\r\n\r\n'
    return head.encode() + content + b"\r\n"


async def fields(kind: str, *chunks: bytes, **request: Any) -> list[Any]:
    return list(await read_form(sent(kind, *chunks, **request), LIMITS))


async def status_of(kind: str, chunks: Sequence[bytes], **request: Any) -> int:
    with pytest.raises(HTTPException) as caught:
        await fields(kind, *chunks, **request)
    return caught.value.status_code


async def test_fields_come_in_their_order_and_repeated() -> None:
    assert await fields(URL_ENCODED, b"b=1&a=2&b", b"=%C3%A9&") == [("b", "1"), ("a", "2"), ("b", "é")]
    assert await fields(URL_ENCODED) == []


async def test_files() -> None:
    body = part(b"x" * 150, "f", "x.txt") + part(b"1", "n") + b"--b--\r\n"
    (name, file), pair = await fields(MULTIPART, body[:40], body[40:])
    assert (name, file.filename, await file.read(), pair) == ("f", "x.txt", b"x" * 150, ("n", "1"))
    await file.close()


@pytest.mark.parametrize("kind", ["text/plain", JSON, "", "multipart/mixed; boundary=b"])
async def test_what_is_no_form(kind: str) -> None:
    assert await status_of(kind, [b"a=1"]) == 415


@pytest.mark.parametrize(
    ("kind", "chunks"),
    [
        (f"{URL_ENCODED}; charset=latin-1", [b"a=1"]),
        (URL_ENCODED, [b"a=1&" + b"b" * 11 + b"=2"]),
        (MULTIPART, [b"no part"]),
        ("multipart/form-data", [part(b"1") + b"--b--"]),
    ],
    ids=["charset", "long name", "no part", "no boundary"],
)
async def test_what_can_not_be_read(kind: str, chunks: list[bytes]) -> None:
    assert await status_of(kind, chunks) == 400


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", "us-ascii"])
async def test_charsets(charset: str) -> None:
    assert await fields(f"{URL_ENCODED}; charset={charset}", b"a=1") == [("a", "1")]


@pytest.mark.parametrize("length", ["-1", "+3", "x", "3 ", "٣".encode().decode("latin-1")])
async def test_a_length_that_is_no_number(length: str) -> None:
    assert await status_of(URL_ENCODED, [b"a=1"], length=length) == 400


async def test_a_body_of_the_limit_and_one_byte_more() -> None:
    assert await fields(URL_ENCODED, b"a=" + b"x" * 98) == [("a", "x" * 98)]
    assert await status_of(URL_ENCODED, [b"a=" + b"x" * 99]) == 413
    assert await status_of(URL_ENCODED, [b"a=", b"x" * 60, b"x" * 60], length="3") == 413


async def test_more_fields_than_the_limit() -> None:
    assert len(await fields(URL_ENCODED, b"a=&b=&c=&_s=x")) == 4, "ours don't count"
    assert await status_of(URL_ENCODED, [b"a=&b=&c=&d="]) == 413


async def test_what_ends_too_early() -> None:
    assert await status_of(URL_ENCODED, [b"a=1"], length="9") == 400
    assert await status_of(MULTIPART, [part(b"1")]) == 400
    whole = part(b"1") + b"--b--"
    assert await fields(MULTIPART, *(whole[n : n + 1] for n in range(len(whole)))) == [("a", "1")]


async def test_who_goes_away_while_sending() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    headers = [(b"content-type", URL_ENCODED.encode())]
    with pytest.raises(HTTPException, match="Request body was truncated"):
        await read_form(Request({"type": "http", "method": "POST", "headers": headers}, receive), LIMITS)


async def test_json() -> None:
    assert await read_json(sent(JSON, b'{"a": ', b"[1]}"), LIMITS) == {"a": [1]}
    for kind, body, status in [("text/plain", b"1", 415), (JSON, b"{", 400), (JSON, b"\xff", 400)]:
        with pytest.raises(HTTPException) as caught:
            await read_json(sent(kind, body), LIMITS)
        assert caught.value.status_code == status
    with pytest.raises(HTTPException, match="limited to 100 bytes"):
        await read_json(sent(JSON, b"[", b"1" * 100, length="2"), LIMITS)


async def test_a_bounded_body() -> None:
    assert await Incoming(sent("text/plain", b"12", b"345"), 5).read() == b"12345"
    with pytest.raises(HTTPException, match="limited to 4 bytes"):
        await Incoming(sent("text/plain", b"12", b"345", length="4"), 4).read()
    with pytest.raises(HTTPException, match="limited to 4 bytes"):
        Incoming(sent("text/plain", b"12345"), 4)
