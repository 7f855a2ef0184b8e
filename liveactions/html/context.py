"""Whether a piece of HTML means the same when it is read by itself as where it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from .balance import is_simple
from .nesting import IMPLIED_END, NO_TEXT, VOID

_TAG: Final = re.compile(r"<(/?)([a-z][a-z0-9-]*)[^>]*>")
_ROW_GROUPS: Final = frozenset({"tbody", "thead", "tfoot"})
_PLACES: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys([*_ROW_GROUPS, "caption", "colgroup"], frozenset({"table"})),
    "tr": _ROW_GROUPS,
    "td": frozenset({"tr"}),
    "th": frozenset({"tr"}),
    "col": frozenset({"colgroup"}),
    "li": frozenset({"ul", "ol", "menu"}),
    "dt": frozenset({"dl"}),
    "dd": frozenset({"dl"}),
    "option": frozenset({"select", "optgroup", "datalist"}),
    "optgroup": frozenset({"select"}),
}
"""Elements that end others, or are dropped, where they stand in anything else."""
_SELECTIVE: Final = NO_TEXT | {"select", "optgroup"}
"""Elements that have no other content than those."""
_ONCE: Final = frozenset({"a", "button", "form", "nobr"})
"""Elements that end the one of the same name that they are in."""
_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_HTML_ONLY: Final = frozenset(
    "b big blockquote br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 hr i img li listing menu meta"
    " nobr ol p pre ruby s small span strong strike sub sup table tt u ul var".split()
)
"""Elements that end the SVG or MathML that they are in."""
_NEVER: Final = frozenset("html head body frameset frame image rb rt rtc rp select".split())


def stands_alone(html: str, above: Sequence[str]) -> bool:
    """Whether browsers read `html` in the innermost of the elements `above` as they do by itself.

    False also where that takes more than a quick look.
    """
    if not is_simple(html) or any(
        inside == "form" and outside in NO_TEXT for outside, inside in pairwise(above)
    ):
        return (
            False  # a form between the parts of a table is empty: what is written into it comes before that
        )
    names = list(above)
    end = 0
    for tag in _TAG.finditer(html):
        slash, name = tag.groups()
        if names and names[-1] in NO_TEXT and not html[end : tag.start()].isspace() and end < tag.start():
            return False
        end = tag.end()
        if slash:
            names.pop()
        elif not _may_stand(name, names):
            return False
        elif name not in VOID:
            names.append(name)
    rest = html[end:]
    return not (rest and names and names[-1] in NO_TEXT and not rest.isspace())


def _may_stand(name: str, above: Sequence[str]) -> bool:
    parent = above[-1] if above else ""
    if not parent:
        return name not in _NEVER
    if name in _PLACES:
        return parent in _PLACES[name]
    if parent in _SELECTIVE or name in _NEVER or (name in _HEADINGS and parent in _HEADINGS):
        return False
    if (name in _ONCE and name in above) or ("p" in above and "p" in IMPLIED_END.get(name, ())):
        return False
    return not (name in _HTML_ONLY and ("svg" in above or "math" in above))
