"""Paths that are revalidated: one, those of a pattern, or all below."""

from __future__ import annotations

import re
from functools import lru_cache

from starlette.routing import compile_path

from ..broker.message import Message


def matches(message: Message, path: str) -> bool:
    """Whether a message that revalidates paths means this one."""
    return _compiled(message.name, bool(message.data.get("below"))).match(path) is not None


def check(path: str) -> None:
    """`ValueError` for what is neither a path nor a pattern in Starlette's syntax."""
    if not path.startswith("/") or set("?#") & set(path) or "{" in re.sub(r"{[^{}]*}", "", path):
        raise ValueError(f"a path or a pattern like /posts/{{id}} is needed, without a query: {path!r}")
    try:
        compile_path(path)
    except (AssertionError, ValueError) as error:
        raise ValueError(f"{path!r}: {error}") from error


@lru_cache(maxsize=256)
def _compiled(path: str, below: bool) -> re.Pattern[str]:
    regex, _, _ = compile_path(path if path == "/" else path.rstrip("/"))
    if not below:
        return re.compile(regex.pattern.removesuffix("$") + "/?$")
    return re.compile(regex.pattern.removesuffix("$").removesuffix("/") + "(/.*)?$")
