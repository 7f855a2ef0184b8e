"""Types used by all layers: outcomes of runs, references in templates, rejected files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, ClassVar, Final, NamedTuple, TypeAlias

from markupsafe import Markup, escape
from starlette.datastructures import Headers, UploadFile
from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class Ok:
    """The run succeeded, and the page stays open."""

    ok: ClassVar[bool] = True
    result: Any = None
    """The action's result as JSON-able data, by its return type."""
    keep_form: bool = False
    """Whether the form keeps its values."""
    response: Response | None = None
    """A Starlette response that the action returned."""


class SourceExcerpt(NamedTuple):
    """The place in a template where an error was raised."""

    name: str
    line: int
    lines: list[tuple[int, str]]
    """The surrounding lines with their numbers."""
    column: int = 0
    """From 1; 0 if it is unknown."""


@dataclass(frozen=True, slots=True)
class DebugDetails:
    """Details of a failure that are only shown to developers."""

    traceback: str
    excerpt: SourceExcerpt | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The run failed, or was rejected."""

    ok: ClassVar[bool] = False
    status: int
    """An HTTP status: 422, 404, 403, 500 …"""
    message: str
    """The message for the visitor."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """Messages for the visitor by field."""
    id: str = ""
    """The id in the log, if there is an entry."""
    debug: DebugDetails | None = None
    error: BaseException | None = None
    """The exception that caused it, unless it was control flow."""
    headers: tuple[tuple[str, str], ...] = ()
    """The headers of an `HTTPException`."""
    is_handled: bool = False
    """Whether the application has a handler for `error`, which is then raised over HTTP."""


@dataclass(frozen=True, slots=True)
class RedirectTo:
    """The run succeeded, and the page is left for another address."""

    ok: ClassVar[bool] = False
    url: str
    replace: bool = False
    """Whether the address replaces the current entry of the browser's history."""
    external: bool = False
    """Whether the address is on another site."""
    status: int = 200
    """The HTTP status of the page at the address, if known; that of an error if the page has failed."""


@dataclass(frozen=True, slots=True)
class Streaming:
    """The operation continues concurrently; its final outcome follows."""

    ok: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Uncertain:
    """It is unknown whether the operation ran."""

    ok: ClassVar[bool] = False


Outcome: TypeAlias = Ok | Failed | RedirectTo | Streaming | Uncertain
"""The outcome of a run: of an operation, a post, a call, or of opening a page."""
DONE: Final = Ok()
"""Success without a result."""


class Reference:
    """Something in a template that a browser may call, with its bound arguments.

    In a template, calling a reference binds arguments: ``{{ add(2) }}`` calls `bind`. Two references are
    equal if they make the same call; reusing and comparing fragments relies on it.

    This isn't an abstract base class, because `isinstance` would take three times as long.
    """

    __slots__ = ()

    @property
    def version(self) -> int:
        """A number that changes whenever attributes that templates read may have changed."""
        return 0

    def is_same_call(self, other: Reference) -> bool:
        """Return whether both make the same call, even if they were written for different visitors."""
        return self == other

    def bind(self, *args: Any, **kwargs: Any) -> Reference:
        """Return a reference with these arguments added.

        Raise `TypeError` if the action doesn't accept them.
        """
        raise NotImplementedError

    def accepts(self, args: tuple[Any, ...]) -> bool:
        """Return whether it certainly can be called with these arguments, as with others of their types."""
        return False

    def here(self) -> Reference:
        """Return the reference for the page that is being rendered."""
        return self

    def url(self) -> str:
        """Return the address that a form posts to: ``/path?_a=…``.

        Raise `TypeError` if it can't be called.
        """
        raise NotImplementedError

    @property
    def token(self) -> str:
        """The signed text by which a browser calls it."""
        raise NotImplementedError

    def check(self) -> None:
        """Raise `TypeError` if a required bound argument is missing."""

    def __str__(self) -> str:
        return self.url()

    def __html__(self) -> str:
        return str(escape(self.url()))


class Escaped(Markup):
    """Escaped data, or source that contains such data."""

    __slots__ = ()


class DirectUpload(UploadFile):
    """A file that the browser has sent straight to object storage: the annotation of an action's parameter.

    The action gets the `key` of the object in its bucket, a `url` from which it can be fetched for an hour,
    `size`, `filename` and `content_type`, but never the bytes. If the action fails, the object is removed.
    """

    def __init__(self, name: str, type: str, size: int, key: str, url: str = "") -> None:
        super().__init__(BytesIO(), size=size, filename=name, headers=_content_type(type))
        self.key = key
        self.url = url

    async def read(self, size: int = -1) -> bytes:
        raise TypeError(
            f"the bytes of a DirectUpload aren't here: get the object {self.key!r} from its bucket"
        )


class RefusedFile(UploadFile):
    """A file that was rejected during the upload. Only its name, type and size are known.

    Actions never receive it: its field has an error.
    """

    def __init__(self, name: str, type: str, size: int) -> None:
        super().__init__(BytesIO(), size=size, filename=name, headers=_content_type(type))


def _content_type(type: str) -> Headers:
    return Headers({"content-type": type.encode("latin-1", "replace").decode("latin-1")})
