"""Shows pieces of the examples' own source: what is shown is what runs."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from textwrap import dedent


class Sources:
    """Pieces of a module and of its templates, named by marks in them.

    In Python ``# region name`` and ``# endregion``, in templates ``{# region #}`` and ``{# endregion #}``.
    """

    def __init__(self, module: Path) -> None:
        self.module = module
        self.templates = module.parent / "templates" / module.stem
        self.python = cache(self._python)
        self.jinja = cache(self._jinja)

    def _python(self, name: str) -> str:
        """The region of a name in the module."""
        return _between(self.module, rf"# region {name}\n", r"\n *# endregion")

    def _jinja(self, name: str) -> str:
        """The region in a template."""
        return _between(self.templates / f"{name}.html", r"\{# region #\}\n", r"\n *\{# endregion #\}")


def _between(path: Path, start: str, end: str) -> str:
    found = re.search(f"{start}(.*?){end}", path.read_text(), re.DOTALL)
    assert found, f"no region {start} in {path}"
    return dedent(found[1])
