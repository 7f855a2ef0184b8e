"""Copy components of the kit into a project: ``liveactions add``.

The files of the kit describe themselves. A component's second comment says what it is, and one that begins
with "Part of Tabs" is copied with that. What a component uses is copied, too, with the kit's style sheet and,
of a component with Python code, its module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from ..templates.component_files import SUFFIX, THEME

PACKAGE: Final = Path(__file__).parent
KIT: Final = PACKAGE / "components" / "ui"
_SUMMARY: Final = re.compile(r"(?:{# props .*?#}\s*)?{#(.*?)#}", re.DOTALL)
_PART: Final = re.compile(r"Part of (\w+)")
_TAG: Final = re.compile(r"<ui\.(\w+)")


class KitError(Exception):
    """The components can't be copied. The message says what to do."""


@dataclass(frozen=True)
class KitComponent:
    """A component of the kit. `name` is that of its tag: ``Dialog``."""

    name: str
    source: str

    @property
    def summary(self) -> str:
        """A description in one line."""
        found = _SUMMARY.match(self.source)
        return " ".join(found[1].split()) if found else ""

    @property
    def whole(self) -> str:
        """The component that it is a part of; "" if it isn't one."""
        found = _PART.match(self.summary)
        return found[1] if found else ""


def components() -> dict[str, KitComponent]:
    """Return the components of the kit by the names that ``liveactions add`` takes: ``dialog``."""
    files = sorted(KIT.glob(f"*{SUFFIX}"))
    return {path.stem.lower(): KitComponent(path.stem, path.read_text(encoding="utf-8")) for path in files}


def listed() -> list[KitComponent]:
    """Return the components that can be added, without those that are parts of others."""
    return [one for one in components().values() if not one.whole]


def add(names: Iterable[str], templates: Path, *, force: bool = False) -> list[Path]:
    """Copy components into a folder of templates, and return the paths of the files.

    Modules of components are copied to the folder ``ui`` next to it. Raise `KitError` if there is no such
    component, if a file can't be written, or if one of the files exists with other contents; with `force`,
    these are overwritten.
    """
    copies = {target: source.read_bytes() for source, target in _files(names, templates)}
    try:
        changed = [path for path, content in copies.items() if path.exists() and path.read_bytes() != content]
        if changed and not force:
            raise KitError(f"{', '.join(map(str, changed))}: exists and differs; overwrite it with --force")
        for path, content in copies.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        raise KitError(f"{error.filename}: {error.strerror}") from error
    return sorted(copies)


def _files(names: Iterable[str], templates: Path) -> Iterator[tuple[Path, Path]]:
    """Yield what is copied: files of the kit, and where they go."""
    if not templates.is_dir():
        raise KitError(f"there is no folder {templates}: name that of your templates with --to")
    folder = templates / "components" / "ui"
    yield KIT / THEME, folder / THEME
    for one in _with_parts(names):
        yield KIT / f"{one.name}{SUFFIX}", folder / f"{one.name}{SUFFIX}"
        module = PACKAGE / f"{one.name.lower()}.py"
        if module.exists():
            yield module, templates.parent / "ui" / module.name


def _with_parts(names: Iterable[str]) -> list[KitComponent]:
    """Return components, their parts, and those that they use. Raise `KitError` if there is no such one."""
    known = components()
    todo, found = [name.lower() for name in names], dict[str, KitComponent]()
    while todo:
        name = todo.pop()
        if name in found:
            continue
        if name not in known:
            similar = get_close_matches(name, known, 1, 0.6)
            hint = f"; did you mean {similar[0]!r}?" if similar else ""
            raise KitError(f"there is no component {name!r}{hint}; liveactions add lists all")
        one = found[name] = known[name]
        todo += [tag.lower() for tag in _TAG.findall(one.source)]
        todo += [other for other, part in known.items() if part.whole == one.name]
    return sorted(found.values(), key=lambda one: one.name)
