"""The request of an open page, which outlives its response.

`PageRequest` collects the cookies and session values that actions set. The next response to the browser takes
them as `Changes`.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, TypedDict, Unpack

from starlette.datastructures import URL, QueryParams
from starlette.requests import Request
from starlette.responses import Response

from .run_context import DueCall

NO_PARAMETERS: Final = QueryParams()


class CookieOptions(TypedDict, total=False):
    """Attributes of a cookie. The defaults are the safe ones."""

    max_age: int | None
    """Seconds. By default, the cookie is deleted when the browser is closed."""
    expires: datetime | str | int | None
    path: str
    """By default, all paths of the host."""
    domain: str | None
    secure: bool
    """Whether the cookie is only sent over https; by default, if the page itself was."""
    httponly: bool
    """Whether scripts can't read the cookie; True by default."""
    samesite: Literal["lax", "strict", "none"]
    """Which requests from other sites carry the cookie; ``lax`` by default."""


class Changes(NamedTuple):
    """Changes to cookies and session values that the browser still has to receive."""

    headers: tuple[str, ...] = ()
    """Values of ``Set-Cookie`` headers."""
    session: dict[str, Any] = {}
    """New and changed values of the request's session."""
    gone: tuple[str, ...] = ()
    """Names that were removed from the session."""

    @classmethod
    def load(cls, data: Any) -> Changes:
        """Return the changes from their JSON data."""
        headers, session, gone = data
        return cls(tuple(headers), session, tuple(gone))

    def apply(self, response: Response, session: dict[str, Any] | None) -> None:
        """Add the changes to a response, and to the session that its middleware will write."""
        for header in self.headers:
            response.raw_headers.append((b"set-cookie", header.encode("latin-1")))
        if session is not None and (self.session or self.gone):
            session.update(self.session)
            for name in self.gone:
                session.pop(name, None)


def cookie_header(name: str, value: str, options: CookieOptions) -> str:
    """Return the value of a ``Set-Cookie`` header. Raise `ValueError` for an invalid name or value."""
    response = Response()
    safe: CookieOptions = {"httponly": True, "samesite": "lax", **options}
    try:
        response.set_cookie(name, value, **safe)
    except Exception as error:  # http.cookies has exceptions of its own
        raise ValueError(f"invalid cookie name or value: {name!r}") from error
    return response.headers["set-cookie"]


def session_changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Compare two sessions: return values that were set, and names that were removed."""
    changed = {name: value for name, value in after.items() if name not in before or before[name] != value}
    return changed, tuple(name for name in before if name not in after)


class PageRequest(Request):
    """A request that collects cookies for its response, and tracks changes of its session."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._set: list[str] = []
        self._before: dict[str, Any] | None = None
        self.query: str = self.scope.get("query_string", b"").decode(errors="replace")
        """The query of the page's address; at first, that of the request."""
        self._has_moved = False
        """Whether the page's address has had another query since the request."""
        self._moved_url: URL | None = None
        self._params: QueryParams | None = None
        self.due: list[DueCall] = []
        """Calls of `after`, to make when the response, or the latest operation's answer, has been sent."""
        self.may_raise = False
        """Whether the application's exception handlers may respond to it; they can't to operations of a
        session.
        """

    @property
    def session(self) -> dict[str, Any]:
        session: dict[str, Any] = super().session
        if self._before is None:
            self._before = deepcopy(dict(session))
        return session

    def set_cookie(self, name: str, value: str = "", **options: Unpack[CookieOptions]) -> None:
        """Set a cookie in the browser and in `cookies`. Raise `ValueError` for an invalid name or value."""
        all_options: CookieOptions = {"secure": self.url.scheme == "https", **options}
        self._set.append(cookie_header(name, value, all_options))
        self.cookies[name] = value

    def delete_cookie(self, name: str, **options: Unpack[CookieOptions]) -> None:
        """Remove a cookie from the browser. Its path and domain must be the ones it was set with."""
        gone: CookieOptions = {**options, "max_age": 0, "expires": 0}
        self.set_cookie(name, "", **gone)
        del self.cookies[name]

    def move_to(self, query: str) -> None:
        """Set the query in `url` and `query_params` to that of the page's address, because guards read it."""
        if query != self.query:
            self.query = query
            self._moved_url = self._params = None
            self._has_moved = True

    @property
    def url(self) -> URL:
        """The URL, with the query of the page's address."""
        if not self._has_moved:
            return super().url
        if self._moved_url is None:
            self._moved_url = super().url.replace(query=self.query)
        return self._moved_url

    @property
    def query_params(self) -> QueryParams:
        """The parameters in the query of the page's address."""
        if self._params is None:
            self._params = QueryParams(self.query) if self.query else NO_PARAMETERS
        return self._params

    def put_back(self, changes: Changes) -> None:
        """Add changes that were taken from this request, or one like it, so that its response sends them."""
        self._set = [*changes.headers, *self._set]
        if "session" in self.scope and (changes.session or changes.gone):
            session = self.session
            session.update(changes.session)
            for name in changes.gone:
                session.pop(name, None)

    @property
    def may_have_changes(self) -> bool:
        """Whether `take_changes` may find any."""
        return self._before is not None or bool(self._set)

    @property
    def is_changed(self) -> bool:
        """Whether cookies or session values were set since `take_changes` was last called."""
        return bool(self._set) or (self._before is not None and self._before != self.scope["session"])

    def take_changes(self) -> Changes | None:
        """Return the changes since the previous call; None if there are none."""
        headers, self._set = tuple(self._set), []
        before, self._before = self._before, None
        written = session_changes(before, self.scope["session"]) if before is not None else ({}, ())
        return Changes(headers, *written) if headers or any(written) else None

    def copy_changes(self) -> Changes | None:
        """Like `take_changes`, but keep the changes for the request's response."""
        changes = self.take_changes() if self.may_have_changes else None
        if changes is not None:
            self.put_back(changes)
        return changes

    def send_changes(self, response: Response) -> bool:
        """Add the changes to a response. Return whether there are any."""
        changes = self.take_changes() if self.may_have_changes else None
        if changes is not None:
            changes.apply(response, self.scope.get("session"))
        return changes is not None
