"""The grammar of references, which are written into pages, and which pages send back.

::

    reference = path ~ arguments ~ signature     users.remove~17~0hG2v1Zx9aQ
    path      = the action's position in a page  users.remove
    arguments = bound arguments as compact JSON  17     (empty if nothing is bound)

The signature covers path, arguments and a *context*: application, page class and visitor. It proves that a
page of this class has shown the reference to this visitor, not that the visitor may still use it: guards
decide that each time.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, Protocol
from urllib.parse import quote

SEPARATOR: Final = "~"
"""Never occurs in a path or a signature; it may occur in arguments."""
_URL_SAFE: Final = "~,:!*()'[]@"
_PLAIN: Final = re.compile(r"[\w.~,:-]*", re.ASCII).fullmatch


class Signs(Protocol):
    """Signs references; implemented by `liveactions.security.signing.Signer`."""

    def mac(self, data: bytes, size: int = ...) -> str: ...
    def verify(self, data: bytes, mac: str) -> bool: ...


class Reference(NamedTuple):
    """The parts of a reference."""

    path: str
    args: str = ""
    mac: str = ""
    """The signature; empty if there is none."""

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Split any text into its parts. Nothing is verified."""
        path, _, rest = text.partition(SEPARATOR)
        args, separator, mac = rest.rpartition(SEPARATOR)
        return cls(path, args, mac) if separator else cls(path, rest)

    @staticmethod
    def signature(text: str) -> str:
        """Return the signature in any text; empty if there is none. Nothing is verified."""
        return text.rpartition(SEPARATOR)[2] if text.count(SEPARATOR) > 1 else ""

    @property
    def key(self) -> str:
        """Path and arguments: equal for references that make the same call."""
        return f"{self.path}~{self.args}" if self.args else self.path

    def signed(self, signer: Signs, context: str) -> str:
        """Return the reference as text, with its signature in `context`."""
        return f"{self.path}~{self.args}~{signer.mac(self._signed(context))}"

    def is_signed(self, signer: Signs, context: str) -> bool:
        """Return whether the signature is valid in `context`."""
        return bool(self.mac) and signer.verify(self._signed(context), self.mac)

    def covers(self, other: Reference) -> bool:
        """Return whether `other` makes the same call, perhaps with more bound arguments."""
        return self.key == other.key or other.key.startswith(more(self.key, bool(self.args)))

    def _signed(self, context: str) -> bytes:
        # A reference contains no NUL, so the boundary is unambiguous for any context.
        return f"{context}\0{self.path}~{self.args}".encode(errors="surrogatepass")


def more(key: str, bound: bool) -> tuple[str, ...]:
    """Return the prefixes of the keys of the same reference with more bound arguments."""
    return (f"{key},", f"{key}*") if bound else (f"{key}{SEPARATOR}",)


def quoted(text: str) -> str:
    """Return a reference's text, quoted as the value of a query parameter."""
    return text if _PLAIN(text) else quote(text, safe=_URL_SAFE)
