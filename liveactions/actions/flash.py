"""Messages that a page shows once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flash:
    """``{% for message in live.flashes %}<p class="{{ message.kind }}">{{ message }}</p>{% endfor %}``"""

    text: str
    kind: str = ""

    def __str__(self) -> str:
        return self.text
