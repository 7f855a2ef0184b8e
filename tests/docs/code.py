"""The code in a document."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = Path(__file__).parents[2] / "examples"


def blocks(document: str) -> list[tuple[str, str]]:
    """Return the blocks of code in a document, each with its language."""
    return re.findall(r"^```(\w+)\n(.*?)^```", (DOCS / document).read_text(), re.MULTILINE | re.DOTALL)
