"""Attributes whose value is an address, and addresses that run a script."""

from __future__ import annotations

import re
from typing import Final

URL_ATTRIBUTES: Final = frozenset("action data formaction href poster src xlink:href".split())
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
_SCRIPT_FIRST: Final = re.compile(f"[{re.escape(_LEADING)}]*(?:{_SCHEME})", re.IGNORECASE | re.ASCII)


def runs_script(address: str) -> bool:
    """Return whether a browser that follows an address runs it as a script."""
    return _SCRIPT_FIRST.match(address) is not None


def may_run_script(beginning: str) -> bool:
    """Return whether an address may turn out to run a script, depending on what comes after its beginning.

    False too when the beginning says so itself.
    """
    begun = re.sub(_IGNORED, "", beginning.lstrip(_LEADING)).lower()
    return any(scheme.startswith(begun) and scheme != begun for scheme in _SCHEMES)


def without_script(address: str) -> str:
    """Return an address that runs no script: another one instead of one that would."""
    return UNSAFE + address if runs_script(address) else address
