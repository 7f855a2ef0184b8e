"""How a test learns that its script can't go on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class Refusal(AssertionError):
    """A person could not do that: nothing of the name is there, or it is hidden or disabled."""


class Failed(AssertionError):
    """The application has answered with an error that its page doesn't show. `status` is that of HTTP.

    `errors` are texts by field.
    """

    def __init__(self, message: str, status: int, errors: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.errors = dict(errors or {})
        texts = [message, *(f"{name}: {text}" for name, text in self.errors.items())]
        super().__init__(f"{status}: {'; '.join(text for text in texts if text)}")


def listing(names: Iterable[str]) -> str:
    """What is there, for the message of a refusal."""
    quoted = [repr(name) for name in dict.fromkeys(names) if name]
    return ", ".join(quoted) if quoted else "nothing"
