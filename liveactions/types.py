"""Types that every layer knows: outcomes, references in templates, refused files."""

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
    """It succeeded, and the page stays open."""

    ok: ClassVar[bool] = True
    result: Any = None
    """The action's result, as its return type is written in JSON."""
    keep_form: bool = False
    """Whether the form keeps what was typed."""
    response: Response | None = None
    """A Starlette response that the action has returned."""


class SourceExcerpt(NamedTuple):
    """The place in a template where something failed."""

    name: str
    line: int
    lines: list[tuple[int, str]]
    """The lines around it, with their numbers."""


@dataclass(frozen=True, slots=True)
class DebugDetails:
    """What only developers see of a failure."""

    traceback: str
    excerpt: SourceExcerpt | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """It failed, or was refused."""

    ok: ClassVar[bool] = False
    status: int
    """An HTTP status: 422, 404, 403, 500 …"""
    message: str
    """For the visitor."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """For the visitor, by field."""
    id: str = ""
    """Of the line in the log, if there is one."""
    debug: DebugDetails | None = None
    error: BaseException | None = None
    """The exception behind it, unless it was control flow."""
    headers: tuple[tuple[str, str], ...] = ()
    """Those of an `HTTPException`."""
    is_handled: bool = False
    """Whether the application has a handler for `error`: over HTTP it is raised."""


@dataclass(frozen=True, slots=True)
class RedirectTo:
    """It succeeded, and the page is left for another address."""

    ok: ClassVar[bool] = False
    url: str
    replace: bool = False
    """Whether the address replaces the current entry of the browser's history."""
    external: bool = False
    """Whether it is on another site."""


@dataclass(frozen=True, slots=True)
class Streaming:
    """It continues beside the queue; its outcome follows."""

    ok: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Uncertain:
    """Whether it ran is unknown."""

    ok: ClassVar[bool] = False


Outcome: TypeAlias = Ok | Failed | RedirectTo | Streaming | Uncertain
"""What became of a run of a page: of an op, a post, a call, or the opening of the page."""
DONE: Final = Ok()
"""Success without a result."""


class Reference:
    """Something a template names and a browser may call, with its bound arguments.

    In a template a call binds: ``{{ add(2) }}`` is `bind`. Two references are equal when they
    mean the same call; the template's memory and the comparison of fragments rely on it.

    No abstract base class, as asking whether something is one of those takes three times as long.
    """

    __slots__ = ()

    @property
    def version(self) -> int:
        """Another number whenever its attributes, for which a template may ask, may be others."""
        return 0

    def means(self, other: Reference) -> bool:
        """Whether both make the same call, whoever they were written for."""
        return self == other

    def bind(self, *args: Any, **kwargs: Any) -> Reference:
        """A reference with these arguments added. `TypeError` when the callee can't take them."""
        raise NotImplementedError

    def here(self) -> Reference:
        """The reference as the page that is being rendered has it."""
        return self

    def url(self) -> str:
        """The address that a form posts to: ``/path?_a=…``. `TypeError` when it can't be called so."""
        raise NotImplementedError

    def check(self) -> None:
        """`TypeError` when it can't be called as it is: an argument that has to be bound isn't."""

    def __str__(self) -> str:
        return self.url()

    def __html__(self) -> str:
        return str(escape(self.url()))


class Escaped(Markup):
    """Escaped data, or source with such data in it."""

    __slots__ = ()


class RefusedFile(UploadFile):
    """A file that was refused while it was being sent: no more is known of it than what it was to be.

    No action gets it: its field is an error.
    """

    def __init__(self, name: str, type: str, size: int) -> None:
        kind = type.encode("latin-1", "replace").decode("latin-1")  # as headers have it
        super().__init__(BytesIO(), size=size, filename=name, headers=Headers({"content-type": kind}))
