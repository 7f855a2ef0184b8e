"""The endpoint of the developer's panel, which only exists in debug mode.

A page posts the token of its session, which only that page knows. The response has the latest operations and
messages of the session, and its state. With an ``edit``, a field is set first, as an operation of the page. A
visitor whom the page's guards reject gets none of it.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..actions.form_input import MISSING
from ..execution.app_context import MOUNT
from ..execution.run import PageRun
from ..pages.component import Component, walk
from ..pages.fields import Field
from ..pages.page import Page
from ..protocol.messages import parse
from ..security.origin import Origins
from ..session.observed import DebuggedSession
from ..session.op_queue import ServerOp
from ..session.registry import SessionRegistry
from ..types import DONE, Failed, Outcome
from .bodies import Incoming
from .responses import json_response, not_allowed, refusal

PANEL: Final = f"{MOUNT}/panel"
MAX_BYTES: Final = 2**20
"""Maximum size of a request."""
SHOWN: Final = 10_000
"""Maximum number of characters of a value to show. Longer values can't be edited."""


class PanelEndpoint:
    """Answers the developer's panel in an open page."""

    def __init__(self, sessions: SessionRegistry, origins: Origins) -> None:
        self._sessions = sessions
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive, send))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if request.method != "POST":
            return not_allowed("POST")
        if refusal(self._origins, request, "request of the panel") is not None:
            return _error(403, "The panel only answers the page itself")
        try:
            asked = parse((await Incoming(request, MAX_BYTES).read()).decode())
            token, change = asked["token"], asked.get("edit")
            edited = None if change is None else (change["path"], change["name"], change["value"])
            is_valid = all(isinstance(text, str) for text in (token, *(edited or ())))
        except (ValueError, TypeError, KeyError, AttributeError):
            is_valid = False
        if not is_valid:
            return _error(400, "Expected a session's token, and what to edit")
        session = self._sessions.by_token(token)
        identity = await self._sessions.site.identity(request)
        if not isinstance(session, DebuggedSession) or session.state.identity != identity:
            return _error(404, f"This worker (process {os.getpid()}) doesn't have the page")
        if await _is_refused(session):
            return _error(403, "The guards of the page reject you: its state isn't shown")
        if edited is not None and (problem := await _edit(session, *edited)):
            return _error(200, problem)  # else browsers would log it
        return json_response(_described(session))


async def _is_refused(session: DebuggedSession) -> bool:
    """Return whether the page's guards reject the visitor. While an operation runs, the last one has decided:
    a page has one run at a time, and the running one has begun with the guards.
    """
    state = session.state
    if state.is_running:
        return state.is_refused
    run = PageRun(state.page)
    return not (await run.close(await run.guard() or DONE)).ok


async def _edit(session: DebuggedSession, path: str, name: str, text: str) -> str:
    """Set a field as an operation of the page. Return an error message; "" on success."""
    try:
        assign = edit(session.state.page, path, name, text)
    except ValueError as error:
        return str(error)

    async def run(page_run: PageRun) -> Outcome:
        async def call() -> None:
            await assign(page_run.page)

        call.__qualname__ = assign.__qualname__
        return await page_run.run_callback(call)

    outcome = await session.call(ServerOp(run))
    if isinstance(outcome, Failed):
        return f"The page was restored: {outcome.message or outcome.error!r}"
    return ""


def _described(session: DebuggedSession) -> dict[str, Any]:
    return {
        "page": session.state.name,
        "worker": os.getpid(),
        "operations": [*session.operations],
        "messages": [*session.messages],
        "state": described_state(session.state.page),
    }


def _error(status: int, text: str) -> Response:
    return json_response({"error": text}, status)


def described_state(page: Page) -> list[dict[str, Any]]:
    """Return the page's components: path, class and fields, with values as JSON.

    A field that can't be edited has a reason in ``fixed``.
    """
    return [
        {
            "path": path,
            "class": type(component).__qualname__,
            "fields": [
                _described_field(component, field)
                for field in component._live_record.description.fields.values()
                if field.children is None
            ],
        }
        for path, component in walk(page)
    ]


def _described_field(component: Component, field: Field) -> dict[str, Any]:
    value, fixed = vars(component).get(field.name, MISSING), fixed_by(component, field)
    try:
        text = "" if value is MISSING else field.codec.encode(value).decode()
    except Exception:  # `loaded()` fields may have any value
        text = _described_value(value)
    if len(text) > SHOWN:
        text, fixed = f"{text[:SHOWN]}…", fixed or "it is too long"
    return {
        "name": field.name,
        "type": _type(field),
        "value": text,
        "fixed": fixed,
    }


def _type(field: Field) -> str:
    """Return the annotation as text, without metadata: ``str`` for ``InUrl[str]``."""
    annotation = field.annotation
    return inspect.formatannotation(
        get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    )


def _described_value(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:  # of an application's own `__repr__`
        return f"<{type(value).__qualname__}, whose repr() fails: {type(error).__name__}>"


def fixed_by(component: Component, field: Field) -> str:
    """Return the reason why a field can't be edited; "" if it can."""
    if field.is_loaded:
        return "load() sets it"
    if field.is_stream:
        return "it is a stream"
    is_in_path = isinstance(component, Page) and field.name in component._live_route.names
    return "it is part of the page's path" if is_in_path else ""


def edit(page: Page, path: str, name: str, text: str) -> Callable[[Page], Awaitable[None]]:
    """Return a function that sets a field of the page, or of one of its components, to a value.

    `text` is the value as JSON. Raise `ValueError` if it doesn't fit the field's annotation, or if there is
    no such field that can be edited.
    """
    field = _field(page, path, name)
    title = f"{type(_component(page, path)).__qualname__}.{name}"
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{title}: this isn\'t JSON ({error}). Texts have quotes: "text"') from None
    try:
        value = field.codec.load(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        messages = [": ".join([*map(str, one["loc"]), one["msg"]]) for one in found]
        kind = _type(field)
        raise ValueError(f"{title} is {kind}: {'; '.join(messages)}") from None

    async def assign(page: Page) -> None:
        setattr(_component(page, path), name, value)

    assign.__qualname__ = f"{title} = {text[:40]}"
    return assign


def _component(page: Page, path: str) -> Component:
    found = dict(walk(page)).get(path)
    if found is None:
        raise ValueError(f"the page has no component at {path!r}")
    return found


def _field(page: Page, path: str, name: str) -> Field:
    component = _component(page, path)
    field = component._live_record.description.fields.get(name)
    if field is None or field.children is not None:
        raise ValueError(f"{type(component).__qualname__} has no field {name!r}")
    if reason := fixed_by(component, field):
        raise ValueError(f"{type(component).__qualname__}.{name} can't be edited: {reason}")
    return field
