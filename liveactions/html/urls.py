"""Attributes whose value is an address, and addresses that run a script."""

from __future__ import annotations

import re
from typing import Final

URL_LIST_ATTRIBUTES: Final = frozenset("by from to values".split())
"""Attributes of SVG's animations, which set addresses in other attributes: lists, separated by ``;``."""
URL_ATTRIBUTES: Final = URL_LIST_ATTRIBUTES | set("action data formaction href poster src xlink:href".split())
"""Attributes that a browser follows or loads."""
DOCUMENT_ATTRIBUTE: Final = "srcdoc"
"""The attribute whose value is HTML."""
UNSAFE: Final = "unsafe:"
"""Put before an address that would run a script: a scheme that browsers don't know."""
_SCHEMES: Final = ("javascript:", "vbscript:")
_IGNORED: Final = "[\t\n\r]*"  # anywhere in an address
_LEADING: Final = "".join(map(chr, range(0x21)))
_SCHEME: Final = "|".join(_IGNORED.join(scheme) for scheme in _SCHEMES)
SCRIPT: Final = re.compile(_SCHEME, re.IGNORECASE | re.ASCII)
"""A script's scheme."""
SCRIPT_FIRST: Final = re.compile(
    rf"(?:\A|(?<=;))(?=[{re.escape(_LEADING)}]*(?P<scheme>{_SCHEME}))", re.IGNORECASE | re.ASCII
)
"""The beginning of an address that a browser runs as a script; all attributes are read as lists."""


def may_run_script(beginning: str) -> bool:
    """Return whether an address may turn out to run a script, depending on what comes after its beginning.

    False too when the beginning says so itself.
    """
    begun = re.sub(_IGNORED, "", beginning.lstrip(_LEADING)).lower()
    return any(scheme.startswith(begun) and scheme != begun for scheme in _SCHEMES)


def without_script(address: str) -> str:
    """Return an address, or a list of addresses, that runs no script."""
    return SCRIPT_FIRST.sub(UNSAFE, address)
