"""Handles calls of a page's actions by scripts, which send them to the page's address by fetch."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from starlette.responses import Response

from ..actions.form_input import Arguments, Input
from ..exceptions import LiveError, SealError, StateError
from ..execution.opening import OpenedPage, Source, Until, open_page
from ..execution.results import failure
from ..execution.run import PageRun
from ..logs import get_logger
from ..pages.lookup import declared_action
from ..pages.urls import path_and_query
from ..protocol.constants import FIELD_SNAPSHOT, HEADER_ACTION
from ..store.long_states import StateJSON
from ..store.snapshots import Snapshot
from ..types import Outcome
from .bodies import close_files, read_arguments, read_form
from .idempotency import respond_once, script_key
from .page import PageRequestHandler
from .responses import deliver_response, outcome_response

log = get_logger(__name__)


class CallHandler(PageRequestHandler):
    """Handles a call of an action by a script.

    With a snapshot among the fields, the action runs on the page in that state, and the response contains the
    next snapshot under the same name. Without one, it runs on a new page.
    """

    async def respond(self) -> Response:
        token = unquote(self.request.headers[HEADER_ACTION])
        given, sealed = await self._read(token)
        key = script_key(self.request, self.identity, token)
        try:
            return await respond_once(
                self.site, self.request, key, lambda: self._answer(token, given, sealed, key)
            )
        finally:
            await close_files(given.pairs)

    async def _answer(self, token: str, given: Input, sealed: str, key: str) -> Response:
        outcome, state = await self._call(token, given, sealed, key)
        more = {FIELD_SNAPSHOT: await self._next(state)} if sealed and outcome.ok else {}
        return outcome_response(await deliver_response(self.site, outcome, self.request, key), **more)

    async def _read(self, token: str) -> tuple[Input, str]:
        """Return the fields, and the snapshot among them."""
        limits = self.site.limits
        if self.request.headers.get("content-type", "").startswith("application/json"):
            values = await read_arguments(self.request, limits)
            sealed = values.pop(FIELD_SNAPSHOT, "")
            return Arguments(values), sealed if isinstance(sealed, str) else ""
        pairs: list[tuple[str, Any]] = list(
            await read_form(self.request, limits, declared_action(self.page, token))
        )
        found = next((value for name, value in pairs if name == FIELD_SNAPSHOT), "")
        return Input(pairs), found if isinstance(found, str) else ""

    async def _call(
        self, token: str, given: Input, sealed: str, key: str
    ) -> tuple[Outcome, StateJSON | None]:
        """Return the outcome of the call, and the page's state after it."""
        try:
            if sealed:
                await self.restore(sealed)
        except (SealError, StateError) as error:
            log.warning("%s: a call failed: %s", self.route.name, error)
            return failure("This page was out of date", 409), None

        async def call(run: PageRun) -> Outcome:
            try:
                ref = self.find(token)
            except LiveError as error:
                return failure(str(error), 409)
            return await run.call(ref, given)

        source = Source.STATE if sealed else Source.ADDRESS
        op = ("call", key) if key else None
        opened: OpenedPage[None] = await open_page(self.page, source, Until.LOAD, call=call, op=op)
        return opened.outcome, opened.state

    async def _next(self, state: StateJSON | None) -> str:
        snapshot = Snapshot(path_and_query(self.page.live.address), state)
        following = self.site.snapshots.for_html(snapshot, self.context)
        await following.keep()
        return following.text
