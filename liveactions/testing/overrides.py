"""What client commands have changed in a page, and how long that holds.

The rules are the client's: a change of an attribute or a class holds as long as the server renders what it
did before the change. What replaces an element and has its id gets what was changed in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from .dom import Element

_CLASS: Final = "."
"""Begins the key of a class; other keys are names of attributes."""
_SINGLE: Final = frozenset({"html", "head", "body"})


class Override(NamedTuple):
    """What the server rendered, and what a command has made of it. None: it isn't there."""

    rendered: str | None
    shown: str | None


def class_key(name: str) -> str:
    """Return the key of a class."""
    return _CLASS + name


def read(element: Element, key: str) -> str | None:
    """Return what is there: an attribute's value, or "" for a class."""
    if key[0] != _CLASS:
        return element.get(key)
    return "" if key[1:] in _classes(element) else None


def _write(element: Element, key: str, value: str | None) -> None:
    if key[0] != _CLASS:
        element.set(key, value)
        return
    names = [name for name in _classes(element) if name != key[1:]]
    if value is not None:
        names.append(key[1:])
    element.set("class", " ".join(names) if names or element.get("class") is not None else None)


def _classes(element: Element) -> list[str]:
    return (element.get("class") or "").split()


class Overrides:
    """The changes in one page."""

    def __init__(self) -> None:
        self._changed: dict[Element, dict[str, Override]] = {}

    def set(self, element: Element, key: str, value: str | None) -> None:
        """Change an attribute or a class."""
        known = self._changed.setdefault(element, {})
        rendered = known[key].rendered if key in known else read(element, key)
        known.pop(key, None)
        _write(element, key, value)
        if value != rendered:
            known[key] = Override(rendered, value)

    def forget(self) -> None:
        """Forget all changes: the page is another one."""
        self._changed.clear()

    @contextmanager
    def lifted(self, root: Callable[[], Element]) -> Iterator[None]:
        """Apply a patch in this context: the page is as the server has rendered it."""
        for element, known in self._changed.items():
            for key, override in known.items():
                _write(element, key, override.rendered)
        try:
            yield
        finally:
            changed, self._changed = self._changed, {}
            there = list(root().elements())
            for element, known in changed.items():
                heir = element if element in there else _heir(element, there)
                for key, override in known.items() if heir else ():
                    assert heir is not None
                    if read(heir, key) == override.rendered:
                        self.set(heir, key, override.shown)


def _heir(element: Element, there: list[Element]) -> Element | None:
    """Return the element that replaces one: of its id, or the only one of its kind."""
    id = element.get("id")
    if element.name in _SINGLE:
        return next((other for other in there if other.name == element.name), None)
    return next((other for other in there if id and other.get("id") == id), None)
