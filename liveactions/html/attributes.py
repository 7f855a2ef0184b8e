"""The names of HTML's attributes, from the HTML Standard's index of attributes."""

from __future__ import annotations

from typing import Final

ATTRIBUTES: Final = frozenset(
    "abbr accept accept-charset accesskey action allow allowfullscreen alpha alt anchor as async"
    " autocapitalize autocomplete autocorrect autofocus autoplay blocking charset checked cite class"
    " closedby color colorspace cols colspan command commandfor content contenteditable controls"
    " controlslist coords crossorigin data datetime decoding default defer dir dirname disabled download"
    " draggable enctype enterkeyhint exportparts fetchpriority for form formaction formenctype formmethod"
    " formnovalidate formtarget headers headingoffset headingreset height hidden high href hreflang"
    " http-equiv id imagesizes imagesrcset inert inputmode integrity is ismap itemid itemprop itemref"
    " itemscope itemtype kind label lang list loading loop low max maxlength media method min minlength"
    " multiple muted name nomodule nonce novalidate open optimum part pattern ping placeholder playsinline"
    " popover popovertarget popovertargetaction poster preload readonly referrerpolicy rel required"
    " reversed role rows rowspan sandbox scope selected shape size sizes slot span spellcheck src srcdoc"
    " srclang srcset start step style summary tabindex target title translate type usemap value width wrap"
    " writingsuggestions".split()
)
_OBSOLETE: Final = frozenset(
    "align background bgcolor border cellpadding cellspacing frameborder noshade nowrap rules valign".split()
)
_PREFIXES: Final = ("aria-", "data-", "on")


def is_attribute(name: str) -> bool:
    """Return whether HTML defines an attribute, including obsolete ones. `name` is in lower case."""
    return name in ATTRIBUTES or name in _OBSOLETE or name.startswith(_PREFIXES)
