"""Rate limits of actions: ``@action(rate="5/minute")``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from math import ceil
from typing import Any, Final

from starlette.requests import Request

from ..exceptions import ActionError
from .run_context import open_effects

SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_RATE: Final = re.compile(r"([1-9]\d{0,8})/(\w+)")


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` calls at once, and on average as many in `seconds` seconds: a token bucket."""

    calls: int
    seconds: int

    @classmethod
    def of(cls, text: Any) -> Rate:
        """Parse ``5/minute``. Raise `TypeError` if it isn't a text, and `ValueError` if it is invalid."""
        if not isinstance(text, str):
            raise TypeError(f"rate={text!r}: expected a text, such as rate='5/minute'")
        found = _RATE.fullmatch(text)
        seconds = SECONDS.get(found[2]) if found else None
        if found is None or seconds is None:
            raise ValueError(
                f"rate={text!r}: expected a number and {', '.join(SECONDS)}, such as rate='5/minute'"
            )
        return cls(int(found[1]), seconds)

    @property
    def interval(self) -> float:
        """Seconds until another call is allowed."""
        return self.seconds / self.calls

    def key(self, action: str, who: str) -> str:
        """Return the key of a caller's counter in the store, which doesn't reveal the caller."""
        return f"rate {sha256(f'{action} {self.calls}/{self.seconds} {who}'.encode()).hexdigest()[:32]}"


class TooManyCalls(ActionError):
    """An action was called more often than its rate allows. `retry_after`: seconds until the next
    allowed call.
    """

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message, status=429)
        self.retry_after = retry_after
        self.headers = (("retry-after", str(retry_after)),)


async def user_or_address(request: Request) -> str:
    """Return the caller for the rate limit: the user that ``Live(identify=)`` returns, or the client IP."""
    effects = open_effects()
    user = await effects.live.identity(request) if effects is not None else ""
    return f"user {user}" if user else f"address {request.client.host if request.client else ''}"


By = Callable[..., Any]
"""A dependency that returns the caller for the rate limit."""


def whole_seconds(wait: float) -> int:
    """Round up to whole seconds, for people and for ``Retry-After``."""
    return max(1, ceil(round(wait, 3)))
