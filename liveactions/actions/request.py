"""The request that an open page knows, which outlives its response.

`PageRequest` collects the cookies and session values that actions set. Whatever answers the browser next
takes them as `Changes`.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypedDict, Unpack

from starlette.requests import Request
from starlette.responses import Response

from .run_context import DueCall


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

    @classmethod
    def load(cls, data: Any) -> Changes:
        """Return what was written in JSON."""
        headers, session, gone = data
        return cls(tuple(headers), session, tuple(gone))

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
        raise ValueError(f"invalid cookie name or value: {name!r}") from error
    return response.headers["set-cookie"]


def session_changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What differs: values that were set, and names that are gone."""
    changed = {name: value for name, value in after.items() if name not in before or before[name] != value}
    return changed, tuple(name for name in before if name not in after)


class PageRequest(Request):
    """Takes cookies for its answer, and notices what is written into its session."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._set: list[str] = []
        self._before: dict[str, Any] | None = None
        self.due: list[DueCall] = []
        """What is to be called when its answer has been sent, or that of the newest op."""
        self.may_raise = False
        """Whether the application's handlers of exceptions may answer it: not where a session goes on."""

    @property
    def session(self) -> dict[str, Any]:
        session: dict[str, Any] = super().session
        if self._before is None:
            self._before = deepcopy(dict(session))
        return session

    def set_cookie(self, name: str, value: str = "", **options: Unpack[CookieOptions]) -> None:
        """Sets a cookie in the browser; `cookies` has it at once. `ValueError` for what can't be one."""
        all_options: CookieOptions = {"secure": self.url.scheme == "https", **options}
        self._set.append(cookie_header(name, value, all_options))
        self.cookies[name] = value

    def delete_cookie(self, name: str, **options: Unpack[CookieOptions]) -> None:
        """Removes a cookie from the browser; path and domain are those with which it was set."""
        gone: CookieOptions = {**options, "max_age": 0, "expires": 0}
        self.set_cookie(name, "", **gone)
        del self.cookies[name]

    def put_back(self, changes: Changes) -> None:
        """Let the answer of this request bring what was taken, from this one or from an equal one."""
        self._set = [*changes.headers, *self._set]
        if "session" in self.scope and (changes.session or changes.gone):
            session = self.session
            session.update(changes.session)
            for name in changes.gone:
                session.pop(name, None)

    @property
    def has_changes(self) -> bool:
        """Whether `take_changes` may find any."""
        return self._before is not None or bool(self._set)

    @property
    def is_changed(self) -> bool:
        """Whether cookies or session values were set since changes were taken last."""
        return bool(self._set) or (self._before is not None and self._before != self.scope["session"])

    def take_changes(self) -> Changes | None:
        """Cookies and session values that were set since this was last asked; None without any."""
        headers, self._set = tuple(self._set), []
        before, self._before = self._before, None
        written = session_changes(before, self.scope["session"]) if before is not None else ({}, ())
        return Changes(headers, *written) if headers or any(written) else None
