"""Every exception that liveactions raises, and what a handler may read from it.

::

    LiveError
    ├── TemplateError        a template can't be compiled to shapes (name, line, cure)
    ├── RenderError          a render failed or contradicts itself (debug)
    ├── UnknownAction        a reference to something that isn't an action here
    ├── ForgedReference      a reference isn't signed for this page and person
    ├── SealError            a snapshot can't be opened
    │   └── SealExpired      ... because it is too old
    ├── StateError           a snapshot's state doesn't fit the page's fields any more
    ├── ActionTimeout        an action took too long
    ├── ProtocolError        a message breaks the protocol (close code, reason)
    ├── StoreError           the store failed
    └── ActionError          raised by an action for the person who called it
        └── FieldErrors      input that doesn't fit the action's parameters
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class LiveError(Exception):
    """Root of the library's exceptions."""


class TemplateError(LiveError):
    """A template holds something that browsers would not keep where it stands.

    `name` and `lineno` say where, the message says what to write instead.
    """

    def __init__(self, message: str, name: str | None, lineno: int) -> None:
        super().__init__(f"{name or '<template>'}, line {lineno}: {message}")
        self.message = message
        self.name = name
        self.lineno = lineno


class RenderError(LiveError):
    """A render failed, or gave two different results for one state."""


class UnknownAction(LiveError):
    """No action of that name can be called here. The text never says what else exists."""


class ForgedReference(LiveError):
    """A reference was not written by this application for this page and person."""


class SealError(LiveError):
    """A sealed text was altered, or sealed by another key or for another purpose."""


class SealExpired(SealError):
    """A sealed text is older than allowed."""


class StateError(LiveError):
    """A field's type has changed since the snapshot was made."""


class ActionTimeout(LiveError):
    """An action took longer than allowed, and was cancelled.

    `abandoned`: it runs in a thread, where it goes on and may still change its page.
    """

    def __init__(self, message: str, *, abandoned: bool = False) -> None:
        super().__init__(message)
        self.abandoned = abandoned


class StoreError(LiveError):
    """The store could not read or write."""


class ProtocolError(LiveError):
    """A message breaks the protocol: the connection is closed with `code` and the message."""

    def __init__(self, message: str, code: int = 4000) -> None:
        super().__init__(message)
        self.code = code


class ActionError(LiveError):
    """An error for the person who called the action; shown on every way in.

    `field` names the field that it belongs to; `errors` gives several at once. Without either it
    is the whole form's. `status` is the HTTP status without JavaScript.
    """

    def __init__(
        self,
        message: str = "",
        *,
        field: str | None = None,
        errors: Mapping[str, str] | None = None,
        status: int = 422,
    ) -> None:
        super().__init__(message)
        self.message = "" if field else message
        self.errors: dict[str, str] = dict(errors or {})
        if field:
            self.errors[field] = message
        self.status = status


class FieldErrors(ActionError):
    """Input that doesn't fit an action's parameters: a text for each field path, ``""`` for the form."""

    invalid: ValidationError | None = None
    """What `of` was given: the person reads the application's own texts for it."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        fields = {path: text for path, text in errors.items() if path}
        super().__init__(errors.get("", ""), errors=fields)

    @classmethod
    def of(cls, error: ValidationError) -> FieldErrors:
        """Return pydantic's error as one of the fields of its names, for the person to correct.

        In an action a `ValidationError` is an exception like any other: it may be about what the visitor
        knows nothing of. If it is about what they have sent, ``raise FieldErrors.of(error)``.
        """
        found = error.errors(include_url=False, include_input=False)
        errors = cls({path_name(one["loc"]): one["msg"] for one in reversed(found)})
        errors.invalid = error
        return errors


def path_name(path: Iterable[str | int]) -> str:
    """Return the form name of a path: ``items[0].name``."""
    name = ""
    for step in path:
        name += f"[{step}]" if isinstance(step, int) else f".{step}" if name else step
    return name
