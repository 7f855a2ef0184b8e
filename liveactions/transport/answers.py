"""What became of an action, for scripts: JSON with HTTP's own statuses."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ..encoding import write_json
from ..ops.outcome import Outcome, elsewhere
from ..site import Site
from .errors import HEADERS


def json_answer(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = write_json(data)
    return Response(body, status, {**HEADERS, **(headers or {})}, "application/json")


async def delivered(site: Site, outcome: Outcome, request: Request) -> Outcome:
    """The outcome; the address of its response, where it has one."""
    if not isinstance(outcome.response, Response):
        return outcome
    return elsewhere(await site.deliver(outcome.response, request))


def outcome_answer(outcome: Outcome, **more: Any) -> Response:
    """``{"result"}``, ``{"error", "errors", "status", "id"?}`` with its status, or ``{"url"}``.

    What the application has a handler for is raised.
    """
    outcome.raise_handled()
    if outcome.location is not None:
        return json_answer(outcome.payload)
    if outcome.ok:
        return json_answer({"result": outcome.payload, **more})
    return json_answer(outcome.payload, outcome.http_status, dict(outcome.headers))


def error_answer(error: HTTPException) -> Response:
    """The same for what was refused before any action ran."""
    payload = {"error": str(error.detail), "errors": {}, "status": error.status_code}
    return json_answer(payload, error.status_code, dict(error.headers or {}))
