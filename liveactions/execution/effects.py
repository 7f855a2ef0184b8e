"""Effects of an action besides its result: `flash`, `after`, `current_op`.

Flashes for the page that a redirect leads to are sent in a signed cookie, which is valid for a minute.
"""

from __future__ import annotations

import inspect
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex
from typing import Any, Final, ParamSpec

from markupsafe import escape
from pydantic_core import from_json, to_json
from starlette.concurrency import run_in_threadpool

from ..actions.messages import text
from ..actions.request import PageRequest
from ..actions.run_context import DueCall, Flash, current_effects, open_effects
from ..logs import add_source
from ..pages.live_context import LiveContext
from ..tasks import Supervisor, contained

P = ParamSpec("P")
FLASH_COOKIE: Final = "live-flash"
FLASH_TTL: Final = 60
"""Seconds for which flashes in a cookie are valid."""


def flash(text: str, kind: str = "") -> None:
    """Show a message in the next render: of this page, or of the page that a redirect leads to.

    Templates read it from ``live.flashes``, until the next action or navigation. If `load` calls this, the
    message isn't added a second time when a page is restored that shows it. Raise `RuntimeError` outside of
    an action.
    """
    effects = open_effects()
    if effects is None:
        raise RuntimeError("flash() can only be called inside an action")
    live, message = effects.live, Flash(text, kind)
    if message in live.restored_flashes:
        left = list(live.restored_flashes)
        left.remove(message)
        live.restored_flashes = tuple(left)
    else:
        live.flashes += (message,)


def after(function: Callable[P, Any], /, *args: P.args, **kwargs: P.kwargs) -> None:
    """Call a function after the response has been sent, even if that is a redirect or an error.

    Sync functions run in a thread. The function can't set cookies, and its exceptions are logged. Raise
    `RuntimeError` outside of an action.
    """
    waiting = _waiting.get()
    effects = open_effects() if waiting is None else current_effects.get()
    if effects is None:
        raise RuntimeError("after() can only be called inside an action")
    call = function, args, kwargs
    if waiting is None:
        effects.after += (call,)
    else:
        waiting.append((effects, call))


_waiting: Final[ContextVar[deque[DueCall] | None]] = ContextVar("liveactions_after", default=None)
"""The remaining calls, while `run_after_calls` makes them."""


async def run_after_calls(due: Sequence[DueCall]) -> None:
    """Make the calls that were passed to `after`, in order, and then those that they have added."""
    waiting = deque(due)
    _waiting.set(waiting)
    while waiting:
        effects, (function, args, kwargs) = waiting.popleft()
        current_effects.set(effects)
        with contained("after(%s)", getattr(function, "__qualname__", function)):
            if inspect.iscoroutinefunction(function):
                await function(*args, **kwargs)
                continue
            result = await run_in_threadpool(function, *args, **kwargs)
            if inspect.isawaitable(result):
                await result


def start_after_calls(tasks: Supervisor, *requests: object) -> None:
    """Start the calls that were passed to `after` while a page had one of these requests.

    There may be several requests: an operation that sets cookies replaces its page's request.
    """
    for request in requests:
        if isinstance(request, PageRequest) and request.due:
            due, request.due = request.due, []
            tasks.start(run_after_calls(due))


@dataclass(frozen=True, slots=True)
class CurrentOp:
    """A running operation. Its `id` stays the same if the browser sends the operation again."""

    id: str


def current_op() -> CurrentOp:
    """Return the running operation; outside of one, a new one each time.

    An action that must take effect only once stores the id as a unique key, in the transaction of its effect.
    """
    effects = open_effects()
    if effects is None or effects.op is None:
        return CurrentOp(token_hex(16))
    return CurrentOp(_op_id(*effects.op))


def _op_id(sender: str, number: int | str) -> str:
    return sha256(f"{sender} {number}".encode()).hexdigest()[:32]


def _log_fields() -> Mapping[str, object]:
    """Return the log fields of the current run."""
    effects = current_effects.get()
    if effects is None:
        return {}
    page = effects.live.page_class  # in a task, the page itself may be gone
    fields = {"page": f"{page.__module__}.{page.__qualname__}", "path": effects.live.path}
    return fields if effects.op is None else {**fields, "op": _op_id(*effects.op)}


add_source(_log_fields)


def flashes_to_cookie(live: LiveContext) -> None:
    """Move a page's flashes to a signed cookie, for the page that the visitor sees next."""
    request = live.request
    if live.flashes and isinstance(request, PageRequest):
        data = urlsafe_b64encode(to_json([one.dump() for one in live.flashes])).decode()
        request.set_cookie(
            FLASH_COOKIE, f"{data}.{live.signer.mac(_signed(data))}", max_age=FLASH_TTL, path="/"
        )
        live.flashes = ()


def flashes_from_cookie(live: LiveContext) -> bool:
    """Show the flashes in the request's cookie. Return whether there is such a cookie."""
    cookie = live.request.cookies.get(FLASH_COOKIE, "") if live.request is not None else ""
    data, _, mac = cookie.partition(".")
    if mac and live.signer.verify(_signed(data), mac):
        live.flashes += tuple(Flash(*one) for one in from_json(urlsafe_b64decode(data)))
    return bool(cookie)


RESTARTED: Final = "page_restarted"
"""The message that the page couldn't be restored, or only in an older state."""
SIGNED_IN: Final = "page_signed_in"
"""The message that the page has started again, because its visitor has signed in."""


def flash_restarted(live: LiveContext, message: str = RESTARTED) -> None:
    """Flash why the page has started again: `RESTARTED` or `SIGNED_IN`."""
    live.flashes += (Flash(text(message, live.services.messages), "warning"),)


def unshown_restart_notice(live: LiveContext, html: str) -> str:
    """Return the text of `flash_restarted` if it was flashed but isn't in the page's HTML; otherwise ""."""
    notices = [text(message, live.services.messages) for message in (RESTARTED, SIGNED_IN)]
    flashed = (one.text for one in live.flashes if one.text in notices)
    return next((one for one in flashed if escape(one) not in html), "")


def delete_flash_cookie(live: LiveContext) -> None:
    """Delete the cookie with flashes, after they were shown."""
    request = live.request
    if isinstance(request, PageRequest) and FLASH_COOKIE in request.cookies:
        request.delete_cookie(FLASH_COOKIE, path="/")


def _signed(data: str) -> bytes:
    return f"flash\0{data}".encode(errors="replace")
