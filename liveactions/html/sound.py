"""Whether HTML can arrive as it is: what browsers or the wire would silently change."""

from __future__ import annotations

from typing import Final

from ..errors import RenderError

DEEPEST: Final = 500
"""How deep elements may be nested. Browsers put what is deeper than 512 elsewhere."""


def check(html: str) -> None:
    """`RenderError`, with the place, when something in `html` would not arrive."""
    at = html.find("\0")
    if at >= 0:
        raise RenderError(f"HTML with a null character, which browsers leave out, {_place(html, at)}")
    if not html.isascii():
        try:
            html.encode()
        except UnicodeEncodeError as error:
            raise RenderError(
                f"HTML with half a character (U+{ord(html[error.start]):04X}), which can't be sent,"
                f" {_place(html, error.start)}"
            ) from None


def check_depth(names: list[str]) -> None:
    """`RenderError` when so many elements are open in each other."""
    if len(names) > DEEPEST:
        raise RenderError(
            f"elements nested more than {DEEPEST} deep, which browsers don't keep:"
            f" {' > '.join(names[:3])} > … > {' > '.join(names[-3:])}"
        )


def _place(html: str, at: int) -> str:
    line = html.count("\n", 0, at) + 1
    column = at - html.rfind("\n", 0, at)
    before = html[max(0, at - 30) : at].encode(errors="replace").decode()
    return f"in line {line}, column {column}, behind {before!r}"
