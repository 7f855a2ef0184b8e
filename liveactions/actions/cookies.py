"""Cookies and session values that actions set, on their way to the browser."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, NamedTuple, TypedDict

from starlette.responses import Response


class CookieOptions(TypedDict, total=False):
    """How a cookie is kept. What isn't said is as safe as can be."""

    max_age: int | None
    """Seconds; without it the cookie goes when the browser is closed."""
    expires: datetime | str | int | None
    path: str
    """By default the whole host's."""
    domain: str | None
    secure: bool
    """Only over https: by default where the page itself came so."""
    httponly: bool
    """Whether scripts can't read it: by default."""
    samesite: Literal["lax", "strict", "none"]
    """Which requests from other sites bring it: by default ``lax``."""


class Changes(NamedTuple):
    """What one op, or several, want the browser to keep."""

    headers: tuple[str, ...] = ()
    """Values of ``Set-Cookie``."""
    session: dict[str, Any] = {}
    """Values of the request's session that are new or different."""
    gone: tuple[str, ...] = ()
    """Names that are no longer in it."""

    def apply(self, response: Response, session: dict[str, Any] | None) -> None:
        """Put them on a response, and into the session that its middleware will write."""
        for header in self.headers:
            response.raw_headers.append((b"set-cookie", header.encode("latin-1")))
        if session is not None and (self.session or self.gone):
            session.update(self.session)
            for name in self.gone:
                session.pop(name, None)


def cookie_header(name: str, value: str, options: CookieOptions) -> str:
    """The value of a ``Set-Cookie``. `ValueError` for a name or value that can't be in one."""
    response = Response()
    safe: CookieOptions = {"httponly": True, "samesite": "lax", **options}
    try:
        response.set_cookie(name, value, **safe)
    except Exception as error:  # http.cookies has exceptions of its own
        raise ValueError(f"no cookie can have this name or value: {name!r}") from error
    return response.headers["set-cookie"]


def session_changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What differs: values that were set, and names that are gone."""
    changed = {name: value for name, value in after.items() if name not in before or before[name] != value}
    return changed, tuple(name for name in before if name not in after)
