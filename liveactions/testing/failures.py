"""Exceptions raised in tests: impossible user input, server errors, violations of the protocol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NoReturn

MAX_NAME_LENGTH: Final = 40
"""How many characters of a name a message shows."""
MAX_NAMES: Final = 20
"""How many names a message lists."""


class Refusal(AssertionError):
    """A user couldn't do this: nothing has this name, or it is hidden or disabled."""


class Failed(AssertionError):
    """The application has answered with an error that its page doesn't show. `status` is the HTTP status.

    `errors` are messages by field.
    """

    def __init__(self, message: str, status: int, errors: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.errors = dict(errors or {})
        texts = [message, *(f"{name}: {text}" for name, text in self.errors.items())]
        super().__init__(f"{status}: {'; '.join(text for text in texts if text)}")


def listing(names: Iterable[str]) -> str:
    """Return names as text, for the message of a refusal: ``'Cancel' and 'Publish'``. Long names are cut."""
    quoted = [repr(_short(name)) for name in dict.fromkeys(names) if name]
    if len(quoted) > MAX_NAMES:
        quoted[MAX_NAMES:] = [f"{len(quoted) - MAX_NAMES} more"]
    return " and ".join(filter(None, [", ".join(quoted[:-1]), *quoted[-1:]])) or "nothing"


def there_are(names: Iterable[str]) -> str:
    """Return names as a sentence: ``there are 'Cancel' and 'Publish'``."""
    found = [name for name in dict.fromkeys(names) if name]
    return f"there {'are' if len(found) > 1 else 'is only' if found else 'is'} {listing(found)}"


def _short(text: str) -> str:
    return text if len(text) <= MAX_NAME_LENGTH else text[: MAX_NAME_LENGTH - 1].rstrip() + "…"


Address = tuple[int, ...]


class ProtocolMismatch(AssertionError):
    """A document or a patch violates the protocol. `address` is the position: slots and ordinals."""

    def __init__(self, message: str, address: Address) -> None:
        super().__init__(f"at {'.'.join(map(str, address)) or 'the root'}: {message}")
        self.address = address


def mismatch(message: str, address: Address) -> NoReturn:
    raise ProtocolMismatch(message, address)
