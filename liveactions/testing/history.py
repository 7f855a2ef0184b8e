"""Where a tab has been."""

from __future__ import annotations

from .refusal import Refusal


class History:
    """Addresses in order: path, query and hash, each with the number of the document that had it."""

    def __init__(self) -> None:
        self._entries: list[tuple[str, int]] = []
        self._at = -1
        """Which of them is shown."""
        self._document = 0

    def load(self, url: str) -> None:
        """Another document, at an address of its own unless it is the one that is shown."""
        self._document += 1
        if self._entries and self._entries[self._at][0] == url:
            self.replace(url)
        else:
            self._append(url)

    def push(self, url: str) -> None:
        """The same document goes on at another address."""
        if not self._entries or self._entries[self._at][0] != url:
            self._append(url)

    def replace(self, url: str) -> None:
        """The address that is shown has become this one."""
        self._entries[self._at : self._at + 1] = [(url, self._document)]

    def go(self, steps: int) -> tuple[str, bool]:
        """The address so many steps on, and whether the same document had it. `Refusal` without one."""
        if not 0 <= self._at + steps < len(self._entries):
            raise Refusal(f"there is no page to go {'back' if steps < 0 else 'forward'} to")
        self._at += steps
        url, document = self._entries[self._at]
        return url, document == self._document

    def _append(self, url: str) -> None:
        self._at += 1
        self._entries[self._at :] = [(url, self._document)]
