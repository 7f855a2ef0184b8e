"""Calls by fetch to a page's own address: a reference in a header, fields or JSON, an answer in JSON."""

from __future__ import annotations

from logging import getLogger
from typing import Any
from urllib.parse import unquote

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ..actions.input import Arguments, Input
from ..errors import ForgedReference, LiveError, UnknownAction
from ..ops.outcome import Outcome, failure
from ..ops.scope import Scope
from ..pages.lookup import log_refused, lookup, named
from ..sessions.opening import mount
from ..site import path_and_query
from ..snapshot import Snapshot
from ..wire import FIELD_SNAPSHOT, HEADER_ACTION
from .answers import delivered, outcome_answer
from .body import read_form, read_json
from .visit import Visit

log = getLogger(__name__)


class Call(Visit):
    """An action that a script calls.

    With a snapshot among the fields it runs on that page, and the answer has the next one under the same
    name; without, on the page as it is when it is opened.
    """

    async def respond(self) -> Response:
        token = unquote(self.request.headers[HEADER_ACTION])
        given, sealed = await self._read(token)
        scope = Scope(self.page)
        try:
            outcome = await self._run(scope, token, given, sealed)
        finally:
            for _, value in given.pairs:
                if isinstance(value, UploadFile):
                    await value.close()
        more = {FIELD_SNAPSHOT: self._next(scope.state)} if sealed and outcome.ok else {}
        return outcome_answer(await delivered(self.site, outcome, self.request), **more)

    async def _read(self, token: str) -> tuple[Input, str]:
        """What was sent, and the snapshot in it."""
        limits = self.site.limits
        if self.request.headers.get("content-type", "").startswith("application/json"):
            values = await read_json(self.request, limits)
            if not isinstance(values, dict):
                raise HTTPException(400, "Arguments must be a JSON object")
            sealed = values.pop(FIELD_SNAPSHOT, "")
            return Arguments(values), sealed if isinstance(sealed, str) else ""
        pairs: list[tuple[str, Any]] = list(await read_form(self.request, limits, named(self.page, token)))
        found = next((value for name, value in pairs if name == FIELD_SNAPSHOT), "")
        return Input(pairs), found if isinstance(found, str) else ""

    async def _run(self, scope: Scope, token: str, given: Input, sealed: str) -> Outcome:
        try:
            outcome = await self._ready(scope, sealed)
            if outcome is None:
                outcome = await scope.call(lookup(self.page, token), given)
        except LiveError as error:
            known = isinstance(error, UnknownAction | ForgedReference)
            if known:
                log_refused(self.page, token, error)
            else:
                log.warning("%s: a call can't be run: %s", self.address.name, error)
            outcome = failure(str(error) if known else "This page was out of date", 409)
        return await scope.close(await scope.conclude(outcome) if outcome.ok else outcome)

    async def _ready(self, scope: Scope, sealed: str) -> Outcome | None:
        if sealed:
            self.restore(sealed)
            return await scope.prepare()
        return await mount(self.page, scope, is_shown=False) or await scope.load()

    def _next(self, state: bytes | None) -> str:
        snapshot = Snapshot(path_and_query(self.page), state)
        return self.site.snapshots.for_html(snapshot, self.context)
