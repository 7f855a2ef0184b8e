"""Which elements may stand where, and what ends without an end tag.

A selection of the HTML Standard's optional tags and tree construction: what authors write and
browsers would repair, so that the compiler sees the same tree as the browser.

Whether a piece of HTML means the same when it is read by itself as where it stands.
"""

from __future__ import annotations

import re
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
_ANY_TAG: Final = re.compile(r"<(/?)([a-z][a-z0-9-]*)[^>]*>")
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
