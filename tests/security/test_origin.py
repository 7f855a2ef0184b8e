"""Which origins may call."""

from __future__ import annotations

import pytest
from starlette.requests import HTTPConnection

from liveactions.security.origin import Origins


def refusal(
    allowed: list[str], *origins: str, scheme: str = "https", host: str = "own.org", site: str = ""
) -> str | None:
    headers = [(b"host", host.encode()), *((b"origin", origin.encode()) for origin in origins)]
    if site:
        headers.append((b"sec-fetch-site", site.encode()))
    scope = {"type": "http", "scheme": scheme, "path": "/", "query_string": b"", "headers": headers}
    return Origins(allowed).refusal(HTTPConnection(scope))


@pytest.mark.parametrize(
    ("scheme", "host", "origin"),
    [
        ("https", "own.org", "https://own.org"),
        ("https", "own.org", "https://own.org:443"),
        ("http", "own.org:8000", "http://own.org:8000"),
        ("wss", "own.org", "https://own.org"),
        ("ws", "[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_the_own_origin_may_call(scheme: str, host: str, origin: str) -> None:
    assert refusal([], origin, scheme=scheme, host=host) is None


@pytest.mark.parametrize(
    "origin",
    [
        "http://own.org",
        "https://own.org:8000",
        "https://own.org.evil.org",
        "https://sub.own.org",
        "https://own.org@evil.org",
        "https://own.org/",
        "null",
        "",
        "file://",
        "https://own.org:",
        "https://own.org:99999",
    ],
)
def test_other_origins_may_not(origin: str) -> None:
    assert refusal([], origin) == f"Origin [{origin!r}] is not 'https://own.org'"


def test_two_origins_are_none() -> None:
    assert refusal([], "https://own.org", "https://own.org") is not None


def test_without_an_origin_the_browser_has_to_say_that_it_is_the_same() -> None:
    assert refusal([]) == "no Origin header"
    assert refusal([], site="cross-site") == "no Origin header"
    assert refusal([], site="same-origin") is None


@pytest.mark.parametrize(
    ("entry", "fits", "others"),
    [
        ("https://a.org", ["https://a.org"], ["http://a.org", "https://a.org:8000", "https://b.a.org"]),
        ("A.org/", ["https://a.org", "http://a.org"], ["http://a.org:8000"]),
        ("a.org:8000", ["http://a.org:8000", "https://a.org:8000"], ["http://a.org"]),
        ("*.a.org", ["https://b.a.org", "http://c.b.a.org:8000"], ["https://a.org", "https://evila.org"]),
        ("https://*.a.org:8000", ["https://b.a.org:8000"], ["https://b.a.org", "http://b.a.org:8000"]),
    ],
)
def test_entries_of_the_list(entry: str, fits: list[str], others: list[str]) -> None:
    assert [origin for origin in fits if refusal([entry], origin) is not None] == []
    assert [origin for origin in others if refusal([entry], origin) is None] == []


@pytest.mark.parametrize(
    "entry", ["", "*", "*.", "a b", "ftp://a.org", "https://a.org/path", "a.*.org", "a.org:x"]
)
def test_entries_that_no_origin_can_match_are_errors(entry: str) -> None:
    with pytest.raises(ValueError, match="no origin can match"):
        Origins([entry])


def test_a_text_is_no_list() -> None:
    with pytest.raises(TypeError, match="expected a list"):
        Origins("a.org")
