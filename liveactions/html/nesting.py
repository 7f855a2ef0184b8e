"""Which elements may stand where, and what ends without an end tag.

A selection of the HTML Standard's optional tags and tree construction: what authors write and
browsers would repair, so that the compiler sees the same tree as the browser.
"""

from __future__ import annotations

from typing import Final

VOID: Final = frozenset("area base br col embed hr img input link meta param source track wbr".split())
RAW_TEXT: Final = frozenset("script style xmp iframe noembed noframes noscript plaintext".split())
"""Elements whose content is text without character references."""
TEXT_ONLY: Final = frozenset({"title", "textarea"})
"""Elements whose content is text with character references."""
FOREIGN: Final = frozenset({"svg", "math"})
INTEGRATION: Final = frozenset({"foreignobject", "desc", "annotation-xml"})

FORMATTING: Final = frozenset("a b big code em font i nobr s small strike strong tt u".split())
"""Elements that go on in what follows when they aren't closed where they were opened."""

OPTIONAL_END: Final = frozenset(
    "p li dt dd option optgroup rp rt tr td th tbody thead tfoot colgroup caption".split()
)
"""Elements that end with their parent."""

_BLOCKS = (
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer"
    " form h1 h2 h3 h4 h5 h6 header hgroup hr listing main menu nav ol p plaintext pre search section"
    " summary table ul xmp"
).split()
_ROWS = frozenset({"tr", "td", "th"})
_SECTIONS = frozenset({"tbody", "thead", "tfoot", "caption", "colgroup"})

IMPLIED_END: Final[dict[str, frozenset[str]]] = {
    **{name: frozenset({"p"}) for name in _BLOCKS},
    "li": frozenset({"li"}),
    "dt": frozenset({"dt", "dd"}),
    "dd": frozenset({"dt", "dd"}),
    "option": frozenset({"option"}),
    "optgroup": frozenset({"option", "optgroup"}),
    "rt": frozenset({"rt", "rp"}),
    "rp": frozenset({"rt", "rp"}),
    "td": frozenset({"td", "th"}),
    "th": frozenset({"td", "th"}),
    "tr": _ROWS,
    **{name: _ROWS | _SECTIONS for name in ("tbody", "thead", "tfoot")},
}
"""Elements that a start tag ends when they are the innermost open ones."""

NO_TEXT: Final = frozenset("table tbody thead tfoot tr colgroup".split())
"""Elements in which browsers don't keep text: they move it in front of the table."""
TABLE_SECTIONS: Final = _SECTIONS
SVG_ONLY: Final = frozenset(
    "circle clippath defs ellipse fecolormatrix fegaussianblur filter g lineargradient line marker"
    " mask path pattern polygon polyline radialgradient rect stop symbol text tspan use".split()
)
