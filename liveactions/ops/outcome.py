"""What became of an op: what the client is told, over the socket and by HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from ..encoding import well_formed
from ..wire import ELSEWHERE, ERROR, KEPT, OK

if TYPE_CHECKING:
    from ..actions.action import Action


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to an op. `payload` is JSON-able; None on success without a result.

    ==========  =====================================================  ===========================
    `status`    `payload`                                              `http_status`
    ==========  =====================================================  ===========================
    OK          the action's result                                    303 to the page (200 by GET)
    KEPT        the same; the form isn't reset                         the same
    ERROR       ``{"error", "errors", "status", "id"?, …}``            422, 404, 403, 500, ...
    ELSEWHERE   ``{"url", "replace"?, "external"?}``                   303 to `location`
    ==========  =====================================================  ===========================
    """

    status: int = OK
    payload: Any = None
    http_status: int = 303
    error: BaseException | None = None
    """The exception behind an ERROR, unless it was control flow."""
    response: Any = None
    """A Starlette response that the action returned: direct by HTTP, a one-time address over the socket."""
    abandoned: bool = False
    """A sync action timed out and still runs in its thread: the page object isn't to be used again."""
    headers: tuple[tuple[str, str], ...] = ()
    """Of an HTTPException."""
    is_handled: bool = False
    """The application has a handler for `error`: HTTP's ways raise it."""

    def raise_handled(self) -> None:
        """Raise the exception that the application has a handler for, if it is one."""
        if self.is_handled and self.error is not None:
            raise self.error

    @property
    def ok(self) -> bool:
        return self.status in (OK, KEPT)

    @property
    def location(self) -> str | None:
        """Where it leads, when it leaves the page."""
        return str(self.payload["url"]) if self.status == ELSEWHERE else None


DONE = Outcome()
"""Success without a result."""


def success(action: Action[..., Any], result: Any) -> Outcome:
    """What an action's result is. `TypeError` when it can't be told."""
    if result is None and action.resets:
        return DONE
    if isinstance(result, Response):
        return Outcome(http_status=result.status_code, response=result)
    payload = None if result is None else action.results.dump(result)
    return Outcome(OK if action.resets else KEPT, payload)


def failure(
    text: str,
    status: int,
    *,
    errors: dict[str, str] | None = None,
    error: BaseException | None = None,
    id: str = "",
    details: str = "",
    template: dict[str, Any] | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> Outcome:
    """An ERROR with a text for the person, one for each field, and an HTTP status.

    `id` is that of a line in the log. In debug, `details` is the traceback, and `template` the place in one.
    """
    shown = {name: well_formed(one) for name, one in (errors or {}).items()}
    payload: dict[str, Any] = {"error": well_formed(text), "errors": shown, "status": status}
    if id:
        payload["id"] = id
    if details:
        payload["details"] = details
    if template:
        payload["template"] = template
    return Outcome(ERROR, payload, status, error, headers=headers)


def elsewhere(url: str, replace: bool = False, external: bool = False) -> Outcome:
    """Leave the page for another address."""
    payload: dict[str, Any] = {"url": url}
    if replace:
        payload["replace"] = True
    if external:
        payload["external"] = True
    return Outcome(ELSEWHERE, payload)
