"""The code in documents: their blocks, their entries, and the module that the Python of a document is."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Final

DOCS: Final = Path(__file__).parent
EXAMPLES: Final = DOCS.parent / "examples"
BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(document: str) -> list[tuple[str, str]]:
    """Return the blocks of code in a document, each with its language."""
    return BLOCK.findall((DOCS / document).read_text())


def entries(document: str) -> dict[str, str]:
    """Return what a document says below each heading that is code."""
    parts = re.split(r"^#{2,3} (?=`)", (DOCS / document).read_text(), flags=re.MULTILINE)[1:]
    pairs = (part.split("\n", 1) for part in parts)
    return {name.strip("`"): text.strip() for name, text in pairs}


def python(document: str) -> str:
    """Return all Python in a document: it is one module."""
    return "\n\n".join(text for kind, text in blocks(document) if kind == "python")


def module(document: str, folder: Path, name: str) -> ModuleType:
    """Import the Python in a document from a folder, and return it as a module with this name.

    The templates that begin with their name, ``{# chat.html #}``, are in `folder`/templates. The Python is
    read from there, wherever the process runs: its ``"templates"`` is replaced by the whole path.
    """
    templates = folder / "templates"
    templates.mkdir(exist_ok=True)
    for kind, text in blocks(document):
        if kind == "jinja" and text.startswith("{# "):
            (templates / text.split()[1]).write_text(text)
    path = folder / f"{name}.py"
    path.write_text(python(document).replace('"templates"', repr(str(templates))))
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    found = importlib.util.module_from_spec(spec)
    sys.modules[name] = found  # where annotations are looked up
    spec.loader.exec_module(found)
    return found
