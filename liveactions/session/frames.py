"""Renders an open page, and writes the frames and welcomes that a `Connection` carries to the browser.

A page that can't be rendered stays as it is, and the visitor sees an error. In debug mode, the browser also
shows errors of operations that the server started, and advice about templates.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any, Protocol

from ..actions.request import Changes
from ..exceptions import INTERNAL_ERROR, ProtocolError
from ..execution.effects import unshown_restart_notice
from ..execution.results import unexpected
from ..execution.run import PageRun
from ..pages.page_html import document
from ..protocol.constants import CLOSE_OVER, CLOSE_PROTOCOL
from ..protocol.messages import error_payload
from ..store.snapshots import HtmlSnapshot
from ..templates import Fragment
from ..templates.diagnostics import Advice, Adviser
from ..templates.fragments import ItemsGone
from ..types import Failed, Outcome
from .state import ITEMS_GONE, Frame, SessionState


class Connection(Protocol):
    """Carries the messages of a session to its page: a socket, or an HTTP request."""

    opened: float
    """When the connection was opened, with the visitor's cookies at that time (`time.monotonic`)."""
    sending_since: float | None
    """When sending the current message began (`time.monotonic`)."""

    @property
    def one_way(self) -> bool:
        """Whether it only carries messages to the page, which sends its operations in other requests."""

    @property
    def is_lasting(self) -> bool:
        """Whether it stays open between operations, so that its page counts as open."""

    @property
    def counts_as_present(self) -> bool:
        """Whether its page counts as present: not for a request that only says goodbye."""

    async def send(self, text: str) -> None: ...

    def take_changes(self, changes: Changes) -> bool:
        """Set cookies with the connection's own response, if it can. Return whether it does."""
        ...

    def close(self, code: int, reason: str = "") -> None:
        """Close the connection soon. May be called from any task."""


class FrameWriter:
    """Renders the page of one session, and writes its messages."""

    def __init__(self, state: SessionState) -> None:
        services = state.site.services
        self._state = state
        self._adviser = Adviser(services.templates) if services.debug else None
        self.in_html: HtmlSnapshot | None = None
        """The snapshot in the HTML that is about to be sent: call `keep` before."""
        self.must_load_again = False
        """Whether a render needs items of a stream that are no longer in memory: the browser must load the
        page again.
        """

    def draw(self) -> None:
        """Render the page. What hasn't changed since the newest render isn't rendered again."""
        self._state.drawn = self._state.page.__fragment__(self._state.history.newest)

    def shows_error(self) -> bool:
        """Render the page, unless that has been done, and return whether it shows `live.error`. It doesn't if
        a guard rejects the visitor.
        """
        state = self._state
        if state.is_refused:
            return False
        try:
            if state.drawn is None:
                self.draw()
        except Exception as error:
            unexpected(error, state.page.live, "rendering")
            return True
        return state.page.live.error_is_shown

    def frame(self) -> Frame:
        """Return the next frame. If the page can't be rendered, the frame has no patch."""
        state, now = self._state, time.monotonic()
        try:
            if state.drawn is None and state.must_render:
                self.draw()
            if self._adviser is not None and state.drawn is not None:
                self._advise(self._adviser, state.drawn)
            frame = state.frame(now)
            if frame is None:
                state.drawn = state.page.__fragment__(None)
                frame = state.frame(now, self._html(state.drawn))
        except ItemsGone:
            self.must_load_again, state.drawn = True, None
            frame = state.frame(now)
        except Exception as error:
            if not state.has_failed:
                self.tell_failure(unexpected(error, state.page.live, "rendering"))
            state.drawn = None
            frame = state.frame(now)
        assert frame is not None
        return frame

    def welcome(self, drawn: Fragment | None) -> str:
        """Return the welcome. `drawn` is the first render of a new session, if there is one already."""
        state, history, text = self._state, self._state.history, None
        if not state.must_send_page:
            # While an operation runs, nothing is rendered: the state may be inconsistent.
            new = drawn or (state.is_running and history.newest) or state.page.__fragment__(history.newest)
            text = state.welcome(new)
        if text is None:
            new = (None if history.is_raw else drawn) or state.page.__fragment__(None)
            notice = unshown_restart_notice(state.page.live, new.plain())
            if notice:
                self._tell("live:notice", notice)
            text = state.welcome(new, self._html(new))
        if self._adviser is not None:
            self._advise(self._adviser, new)
        assert text is not None
        return text

    def welcome_unrendered(self, error: Exception) -> str:
        """Return a welcome without a patch, because rendering has failed with `error`.

        Raise `ProtocolError` if the browser doesn't show the newest revision: it connects again later.
        """
        state = self._state
        if isinstance(error, ItemsGone):
            raise ProtocolError(ITEMS_GONE, CLOSE_OVER) from error
        unexpected(error, state.page.live, "rendering")
        if not state.is_joining_current:
            code = CLOSE_PROTOCOL if state.is_joining_first else INTERNAL_ERROR
            raise ProtocolError("the page can't be rendered", code) from error
        return state.welcome(None) or ""

    async def keep(self) -> None:
        """Store the values of the handles in the HTML that is about to be sent."""
        in_html, self.in_html = self.in_html, None
        if in_html is not None:
            await in_html.keep()

    def _html(self, fragment: Fragment) -> str:
        state, site = self._state, self._state.site
        self.in_html = site.snapshots.for_html(state.draft(), state.binding.context)
        given, assets, path = self.in_html, site.page_assets(state.page), state.page.live.path
        return document(fragment, given.text, assets, path, given.brief)

    def _tell(self, event: str, detail: Any) -> None:
        """Dispatch a DOM event in the page, with the next frame."""
        self._state.add({"events": [[event, detail]]})

    # In debug mode

    def tell_failure(self, failed: Failed) -> None:
        """Show the developer the failure of an operation that the browser hasn't sent."""
        if failed.debug is not None:
            self._tell("live:error", error_payload(failed))

    def _advise(self, adviser: Adviser, fragment: Fragment) -> None:
        """Show new advice about a render, if there is any."""
        advice = list(adviser.look(fragment))
        if advice:
            self.tell_advice(*advice)

    def tell_advice(self, *advice: Advice) -> None:
        """Show advice in the browser's console."""
        self._tell("live:advice", [[one.code, one.text] for one in advice])

    async def show_templates(self, run: PageRun) -> Outcome | None:
        """Render the whole page again after templates were saved."""
        refused = await run.guard()
        self._tell("live:template", None)
        if refused is None:
            with suppress(Exception):  # the next frame fails in the same way, and reports it
                drawn = self._state.page.__fragment__(None)
                self._state.history.reset()
                self._state.drawn = drawn
        return refused
