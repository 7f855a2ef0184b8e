"""Creates a new application from the files in ``project``: ``liveactions new``.

The files are Jinja2 templates with other delimiters, ``[[ name ]]`` and ``[% if login %]``, since some of
them become templates themselves. Files that render to nothing are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from jinja2 import Environment, StrictUndefined

from .html_data import FILE, html_data

_SUFFIX: Final = ".jinja"
"""The suffix of template files, which is removed. It keeps tools from reading them as Python, for example."""
_HIDDEN: Final = "dot-"
"""Prefix of files whose names begin with a dot."""


class ProjectError(Exception):
    """The application can't be created. The message says what to do."""


def create_project(
    folder: Path, *, sqlalchemy: bool = False, login: bool = False, ui: bool = False
) -> list[Path]:
    """Write the files of a new application and return their paths.

    The folder is created, or must be empty. Raise `ProjectError`.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ProjectError(f"{folder} exists and isn't an empty folder")
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "app"
    environment = Environment(
        variable_start_string="[[",
        variable_end_string="]]",
        block_start_string="[%",
        block_end_string="%]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        undefined=StrictUndefined,
    )
    created = []
    for path, source in _sources(files(__package__) / "project", Path()):
        text = environment.from_string(source).render(name=name, sqlalchemy=sqlalchemy, login=login, ui=ui)
        if text.strip():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            created.append(target)
    data = folder / ".vscode" / FILE
    data.write_text(html_data(), encoding="utf-8")
    return sorted([*created, data])


def _sources(folder: Traversable, path: Path) -> Iterator[tuple[Path, str]]:
    for entry in folder.iterdir():
        name = entry.name.replace(_HIDDEN, ".", 1) if entry.name.startswith(_HIDDEN) else entry.name
        if entry.is_dir():
            yield from _sources(entry, path / name)
        elif name.endswith(_SUFFIX):
            yield path / name.removesuffix(_SUFFIX), entry.read_text(encoding="utf-8")
