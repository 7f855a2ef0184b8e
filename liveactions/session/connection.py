"""What a session needs of a socket, or of a request in its place."""

from __future__ import annotations

from typing import Final, Protocol

from ..actions.request import Changes

REPLACED: Final = 1012
"""Close code for a connection that another one has replaced. Only the page itself can have made that, by its
token: should it still listen here, it is to come again."""
INTERNAL_ERROR: Final = 1011
"""The WebSocket protocol's own code for an error of the server."""


class Connection(Protocol):
    """Where a session's messages go."""

    sending_since: float | None
    """When the message that is being sent was begun, by `time.monotonic`."""

    async def send(self, text: str) -> None: ...

    def take_changes(self, changes: Changes) -> bool:
        """Whether it sets these cookies itself."""
        ...

    def close(self, code: int, reason: str = "") -> None:
        """End it soon; from any task."""
