"""HTML's content model: which elements may be where, and which end without an end tag.

This is data from the HTML Standard's chapters on optional tags and on tree construction, as far as authors
need it. Three modules use it: the template compiler (`liveactions.templates.ir`), to build the tree that
browsers build; `liveactions.html.balance`, to decide whether browsers parse HTML as it is written; and
`liveactions.html.lint`, to report what browsers repair.

Browsers parse ``<table><tr><td>a`` as ``table > tbody > tr > td``: authors leave out the ``tbody``.
`TABLE_CHILDREN` describes the tree after browsers have added it.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Final

VOID: Final = frozenset("area base br col embed hr img input link meta param source track wbr".split())
RAW_TEXT: Final = frozenset("script style xmp iframe noembed noframes noscript plaintext".split())
"""Elements whose content is text without character references."""
TEXT_ONLY: Final = frozenset({"title", "textarea"})
"""Elements whose content is text with character references."""
FOREIGN: Final = frozenset({"svg", "math"})
"""Elements with rules of their own inside: MathML and SVG."""
INTEGRATION: Final = frozenset({"foreignobject", "desc", "annotation-xml"})
"""Elements of MathML and SVG whose content is HTML again."""
SVG_ONLY: Final = frozenset(
    "circle clippath defs ellipse fecolormatrix fegaussianblur filter g lineargradient line marker"
    " mask path pattern polygon polyline radialgradient rect stop symbol text tspan use".split()
)
"""Elements by which a template is recognised as a part of SVG."""
FORMATTING: Final = frozenset("a b big code em font i nobr s small strike strong tt u".split())
"""Elements that browsers open again afterwards if they aren't closed where they were opened."""
HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
"""Elements that can't be children of each other."""
NOT_NESTED: Final = frozenset({"a", "button", "form", "nobr"})
"""Elements that can't be anywhere in one of the same name: browsers end or drop one of the two."""

ROW_GROUPS: Final = frozenset({"tbody", "thead", "tfoot"})
TABLE_CHILDREN: Final[dict[str, frozenset[str]]] = {
    "table": ROW_GROUPS | {"caption", "colgroup"},
    "colgroup": frozenset({"col"}),
    **dict.fromkeys(sorted(ROW_GROUPS), frozenset({"tr"})),
    "tr": frozenset({"td", "th"}),
}
"""All children that the parts of a table may have. Browsers move anything else in front of the table."""
TABLE_SHORTHAND: Final = frozenset({"tr", "col"})
"""Elements that may also be written directly in a ``table``: browsers add the ``tbody`` or ``colgroup``."""
TABLE_PARENTS: Final[dict[str, frozenset[str]]] = {
    child: frozenset(parent for parent, children in TABLE_CHILDREN.items() if child in children)
    for child in sorted(frozenset().union(*TABLE_CHILDREN.values()))
}
"""The inverse of `TABLE_CHILDREN`: the parents that the parts of a table may have."""
NO_TEXT: Final = frozenset(TABLE_CHILDREN)
"""Elements out of which browsers move text."""

ONLY_IN: Final[dict[str, frozenset[str]]] = {
    **TABLE_PARENTS,
    "li": frozenset({"ul", "ol", "menu"}),
    "dt": frozenset({"dl"}),
    "dd": frozenset({"dl"}),
    "option": frozenset({"select", "optgroup", "datalist"}),
    "optgroup": frozenset({"select"}),
}
"""Elements that end others, or are dropped, when their parent is any other element."""
OPTIONAL_END: Final = frozenset(ONLY_IN) - {"col"} | {"p", "rp", "rt"}
"""Elements that end with their parent."""
_BLOCKS: Final = (
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer"
    " form h1 h2 h3 h4 h5 h6 header hgroup hr listing main menu nav ol p plaintext pre search section"
    " summary table ul xmp"
).split()
_ROWS: Final = TABLE_CHILDREN["tr"] | {"tr"}
IMPLIED_END: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(_BLOCKS, frozenset({"p"})),
    "li": frozenset({"li"}),
    "dt": frozenset({"dt", "dd"}),
    "dd": frozenset({"dt", "dd"}),
    "option": frozenset({"option"}),
    "optgroup": frozenset({"option", "optgroup"}),
    "rt": frozenset({"rt", "rp"}),
    "rp": frozenset({"rt", "rp"}),
    **dict.fromkeys(sorted(TABLE_CHILDREN["tr"]), TABLE_CHILDREN["tr"]),
    "tr": _ROWS,
    **dict.fromkeys(sorted(ROW_GROUPS), _ROWS | TABLE_CHILDREN["table"]),
}
"""Elements that a start tag ends when they are the innermost open ones."""
ENDS_FOREIGN: Final = frozenset(
    "b big blockquote br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 hr i img li listing menu meta"
    " nobr ol p pre ruby s small span strong strike sub sup table tt u ul var".split()
)
"""Elements that end the SVG or MathML that they are in."""

SCOPES: Final = frozenset("table td th caption button object applet marquee template svg math".split())
"""Elements through which a start tag doesn't end a paragraph around them."""
IN_SELECT: Final = frozenset("input keygen select textarea".split())
"""Elements that end a ``select``."""
NEVER_INSIDE: Final = frozenset("html head body frameset frame image plaintext".split())
"""Elements that only a document has, whose name browsers change, or that never end."""
SENSITIVE: Final = NOT_NESTED | FOREIGN | INTEGRATION | {"p", "select"}
"""Elements that can't contain certain others at any depth."""
SENSITIVE_PARENTS: Final = HEADINGS | NO_TEXT | {"li", "dt", "dd", "option"}
"""Elements that certain others, as their children, would end or leave."""
IN_TABLES: Final = frozenset({"script", "style", "template"})
"""Elements that may be anywhere in a table."""
_LIST_ITEMS: Final = {"li": ("li",), "dt": ("dt", "dd"), "dd": ("dt", "dd")}
"""Elements of lists, and those that their start tags end."""
_LIST_SCOPES: Final = SCOPES | {"ul", "ol", "menu", "dl"}
"""Elements through which the start tag of an element of a list doesn't end another one."""
_DECISIVE: Final = SENSITIVE | _LIST_SCOPES


def is_displaced(name: str, above: Sequence[str], is_hidden: bool = False) -> bool:
    """Return whether browsers move an element away from its start tag, drop it, or end open elements for it.

    `above` are the open elements, outermost first, without those that the start tag ends anyway
    (`IMPLIED_END`). If the parent is unknown, the last name is empty. Without any names, nothing is known,
    and the element isn't considered displaced. `is_hidden`: the element is an ``<input type="hidden">``.
    """
    parent = above[-1] if above else ""
    if any(_is_in(root, above, INTEGRATION) for root in FOREIGN):
        return name in ENDS_FOREIGN
    if name in NEVER_INSIDE:
        return True
    if parent in TABLE_CHILDREN:
        is_short = parent == "table" and name in TABLE_SHORTHAND
        return not (name in TABLE_CHILDREN[parent] or is_short or name in IN_TABLES or is_hidden)
    return bool(above) and (
        (bool(parent) and name in TABLE_PARENTS)
        or (name in NOT_NESTED and name in above)
        or (name in HEADINGS and parent in HEADINGS)
        or (name in IN_SELECT and "select" in above)
        or ("p" in IMPLIED_END.get(name, ()) and _is_in("p", above, SCOPES))
        or any(_is_in(item, above, _LIST_SCOPES) for item in _LIST_ITEMS.get(name, ()))
    )


def sensitive(above: Sequence[str]) -> tuple[str, ...]:
    """Return the open elements that restrict the content of the innermost one; none if there are no
    restrictions.
    """
    if not above or (above[-1] not in SENSITIVE_PARENTS and SENSITIVE.isdisjoint(above)):
        return ()
    return (*(name for name in above[:-1] if name in _DECISIVE), above[-1])


def _is_in(name: str, above: Sequence[str], barriers: Set[str]) -> bool:
    for outer in reversed(above):
        if outer == name:
            return True
        if outer in barriers:
            return False
    return False
