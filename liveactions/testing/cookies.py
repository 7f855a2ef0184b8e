"""A person's cookies at one application."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookies import Morsel, SimpleCookie

from .asgi import Header


class Cookies:
    """Values by name. Paths and domains don't matter: there is one application."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def take(self, headers: Iterable[Header]) -> None:
        """Keep what an answer sets, and drop what it deletes."""
        for name, value in headers:
            if name == "set-cookie":
                for cookie in SimpleCookie(value).values():
                    if _is_over(cookie):
                        self.values.pop(cookie.key, None)
                    else:
                        self.values[cookie.key] = cookie.coded_value

    def headers(self) -> list[Header]:
        pairs = "; ".join(f"{name}={value}" for name, value in self.values.items())
        return [("cookie", pairs)] if pairs else []


def _is_over(cookie: Morsel[str]) -> bool:
    if cookie["max-age"]:
        return int(cookie["max-age"]) <= 0
    return bool(cookie["expires"]) and parsedate_to_datetime(cookie["expires"]) <= datetime.now(UTC)
