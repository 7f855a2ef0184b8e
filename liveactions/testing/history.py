"""Where a tab has been."""

from __future__ import annotations

from .refusal import Refusal


class History:
    """Addresses in order: path, query and hash, each with the number of the document that had it."""

    def __init__(self) -> None:
        self._entries: list[tuple[str, int]] = []
        self._document = 0

    def load(self, url: str) -> None:
        """Another document, at an address of its own unless it is the newest one's."""
        self._document += 1
        if self._entries and self._entries[-1][0] == url:
            self._entries.pop()
        self._entries.append((url, self._document))

    def push(self, url: str) -> None:
        """The same document goes on at another address."""
        if not self._entries or self._entries[-1][0] != url:
            self._entries.append((url, self._document))

    def replace(self, url: str) -> None:
        """The newest address has become this one."""
        self._entries[-1:] = [(url, self._document)]

    def back(self) -> tuple[str, bool]:
        """The address before the newest one, and whether the same document had it. `Refusal` without one."""
        if len(self._entries) < 2:
            raise Refusal("there is no page to go back to")
        self._entries.pop()
        url, document = self._entries[-1]
        return url, document == self._document
