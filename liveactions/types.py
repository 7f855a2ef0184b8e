"""What an action slot of a template holds."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from markupsafe import Markup, escape
from starlette.datastructures import Headers, UploadFile


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
