"""The exceptions that liveactions raises, and their attributes.

::

    LiveError
    ├── TemplateError        a template can't be compiled (name, line, column, what to write)
    ├── RenderError          a render failed, or isn't reproducible (debug mode)
    ├── UnknownAction        a reference to something that isn't an action of the page
    ├── ForgedReference      a reference isn't signed for this page and visitor
    ├── SealError            a snapshot can't be opened
    │   └── SealExpired      a snapshot is too old
    ├── StateError           a snapshot's state no longer matches the page's fields
    ├── ActionTimeout        an action took too long
    ├── ProtocolError        a message violates the protocol (close code, reason)
    ├── StoreError           the store failed
    └── ActionError          an error for the visitor, raised by an action
        └── FieldErrors      input that doesn't match the action's parameters
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pydantic import ValidationError


class LiveError(Exception):
    """Base class of the library's exceptions."""


class TemplateError(LiveError):
    """A template can't be compiled: it contradicts a component, or browsers would move or drop its markup.

    `name`, `lineno` and `column` are its location; the message says what to write instead. `near` is the text
    in the template's source that the error is about. The column, from 1, is that of this text; it is 0 where
    the text isn't known, or occurs in the line more than once.
    """

    column = 0

    def __init__(self, message: str, name: str | None, lineno: int, near: str = "") -> None:
        super().__init__(message, name, lineno)
        self.message = message
        self.name = name
        self.lineno = lineno
        self.near = near

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        return f"{self.name or '<template>'}, line {self.lineno}{column}: {self.message}"


class RenderError(LiveError):
    """A render failed, or produced different results for the same state."""


class UnknownAction(LiveError):
    """No such action can be called here. The message never reveals other names."""


class ForgedReference(LiveError):
    """A reference was not signed by this application for this page and visitor."""


class SealError(LiveError):
    """A sealed text was altered, or sealed with another key or for another context."""


class SealExpired(SealError):
    """A sealed text has expired."""


class SealedForOther(SealError):
    """A sealed text was sealed for another context, such as another visitor or page; or it was altered."""


class StateError(LiveError):
    """A snapshot doesn't match the page's fields, for example because a field's type has changed."""


class ActionTimeout(LiveError):
    """An action exceeded its timeout and was cancelled.

    If `abandoned` is set, it still runs in a thread and may still change its page.
    """

    def __init__(self, message: str, *, abandoned: bool = False) -> None:
        super().__init__(message)
        self.abandoned = abandoned


class StoreError(LiveError):
    """The store failed to read or write."""


REPLACED: Final = 1012
"""Close code for a connection that another one has replaced, or that must be opened again. A page that still
listens reconnects."""
INTERNAL_ERROR: Final = 1011
"""Close code for an error of the server, from the WebSocket protocol."""


class ProtocolError(LiveError):
    """A message violates the protocol: the connection is closed with `code` and the message."""

    def __init__(self, message: str, code: int = 4000) -> None:
        super().__init__(message)
        self.code = code


class ActionError(LiveError):
    """An error that is shown to the visitor who called the action.

    `field` is the field it belongs to; `errors` maps several fields to messages. Without either, it belongs
    to the whole form. `status` is the HTTP status of the response to a post.
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

    headers: tuple[tuple[str, str], ...] = ()
    """Headers of the response to a request."""


class FieldErrors(ActionError):
    """Input that doesn't match an action's parameters: a message for each field, ``""`` for the form."""

    invalid: ValidationError | None = None
    """The error passed to `of`, which is shown with the texts of ``Live(messages=)``."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        fields = {path: text for path, text in errors.items() if path}
        super().__init__(errors.get("", ""), errors=fields)

    @classmethod
    def of(cls, error: ValidationError) -> FieldErrors:
        """Return a pydantic error as an error of the form's fields.

        A `ValidationError` raised in an action is an ordinary exception, as it may concern data that the
        visitor didn't enter. If it concerns their input, ``raise FieldErrors.of(error)``.
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
