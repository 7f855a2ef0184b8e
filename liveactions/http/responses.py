"""Creates responses other than pages, such as the results of calls as JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ..encoding import write_json
from ..execution.app_context import AppContext
from ..logs import get_logger
from ..observation import Kind, Observer, Operation, observed
from ..protocol.constants import HEADER_OPS
from ..protocol.messages import error_payload, redirect_payload
from ..security.origin import Origins
from ..types import Failed, Ok, Outcome, RedirectTo

log = get_logger(__name__)
NO_STORE: Final = {"Cache-Control": "no-store"}


async def observe_response(
    observers: Sequence[Observer], kind: Kind, name: str, request: Request, responding: Awaitable[Response]
) -> Response:
    """Await a response, report it to the observers, if there are any, and return it."""
    if not observers:
        return await responding
    with observed(observers, Operation(kind, name, request.headers)) as operation:
        operation.status = 500
        try:
            response = await responding
        except HTTPException as error:  # the application has a handler for it
            operation.status = error.status_code
            raise
        operation.status = response.status_code
        operation.bytes = len(getattr(response, "body", b""))
        return response


def not_allowed(methods: str) -> Response:
    """Return the response to a request with a method that isn't allowed. `methods` are those that are."""
    return Response(status_code=405, headers={"Allow": methods})


def json_response(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a JSON response that isn't cached."""
    body = write_json(data)
    return Response(body, status, {**NO_STORE, **(headers or {})}, "application/json")


def refusal(origins: Origins, request: Request, what: str, *, by_script: bool = True) -> str | None:
    """Return why a POST is refused, and log it; None if it comes from the page itself.

    `by_script`: the POST must have a header that scripts of other sites can't set.
    """
    why = origins.refusal(request)
    if why is None and by_script and HEADER_OPS not in request.headers:
        why = f"no {HEADER_OPS}"
    if why is not None:
        log.warning("rejected cross-origin %s: %s", what, why)
    return why


async def deliver_response(site: AppContext, outcome: Outcome, request: Request, key: str) -> Outcome:
    """Replace a response that the action has returned with a redirect to it; return other outcomes unchanged.

    With a `key`, the response can be fetched several times, because copies of the call redirect to it, too.
    """
    if not isinstance(outcome, Ok) or outcome.response is None:
        return outcome
    return await site.deliver(outcome.response, request, is_lasting=bool(key))


def raise_handled(outcome: Outcome) -> None:
    """Raise the exception that the application has a handler for, if there is one."""
    if isinstance(outcome, Failed) and outcome.is_handled and outcome.error is not None:
        raise outcome.error


def outcome_response(outcome: Outcome, **more: Any) -> Response:
    """Return an outcome as JSON: ``{"result"}``, ``{"error", "errors", "status", "id"?}`` or ``{"url"}``.

    Raise exceptions that the application has a handler for.
    """
    raise_handled(outcome)
    if isinstance(outcome, Failed):
        return json_response(error_payload(outcome), outcome.status, dict(outcome.headers))
    if isinstance(outcome, RedirectTo):
        return json_response(redirect_payload(outcome))
    return json_response({"result": outcome.result if isinstance(outcome, Ok) else None, **more})


def error_response(error: HTTPException) -> Response:
    """Return the JSON for a request that was rejected before any action ran; see `outcome_response`."""
    payload = error_payload(Failed(error.status_code, str(error.detail)))
    return json_response(payload, error.status_code, dict(error.headers or {}))
