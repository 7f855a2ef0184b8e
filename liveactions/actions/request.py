"""The request that an open page knows: its newest one, which outlives its response."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Unpack

from starlette.requests import Request

from ..effects import Work
from .cookies import Changes, CookieOptions, cookie_header, session_changes


class PageRequest(Request):
    """Takes cookies for its answer, and notices what is written into its session."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._set: list[str] = []
        self._before: dict[str, Any] | None = None
        self.due: list[Work] = []
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

    def take_changes(self) -> Changes | None:
        """Cookies and session values that were set since this was last asked; None without any."""
        headers, self._set = tuple(self._set), []
        before, self._before = self._before, None
        written = session_changes(before, self.scope["session"]) if before is not None else ({}, ())
        return Changes(headers, *written) if headers or any(written) else None
