"""A document in a tab, and how patches change it, exactly as the protocol specifies.

`Document` applies welcomes and frames. `Window` adds what a user has done: entered text, the focus, and what
client commands have changed (`Overrides`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from .controls import CONTROLS, Controls, Seen
from .dom import Element, canonical, is_disabled, is_visible, parse, parse_fragment
from .failures import Address, ProtocolMismatch, Refusal, mismatch
from .patching import ActionSlot, Fragment, adopt

_CLASS: Final = "."
"""Begins the key of a class; other keys are names of attributes."""
_SINGLE: Final = frozenset({"html", "head", "body"})


class Document:
    """A page as the client keeps it: its nodes, and the shapes that were sent on this connection.

    Stricter than the client: anything that violates the protocol raises `ProtocolMismatch`.
    """

    def __init__(self, html: str) -> None:
        self.shapes: dict[int, Element] = {}
        self._sources: dict[int, Any] = {}
        self.load(html)

    def load(self, html: str) -> None:
        """Start over with a whole page."""
        self.root = parse(html)
        self.renumber()

    def renumber(self) -> None:
        """Number slots and items by their order in the document, as if it was just read."""
        self.fragment: Fragment = adopt(self.root.children, self._create)

    def welcome(self, message: dict[str, Any]) -> None:
        """Apply the first message of a connection."""
        self.shapes, self._sources = {}, {}
        if message.get("rebuilt"):
            self.renumber()
        self.apply(message.get("patch", []), message.get("shapes", []))

    def frame(self, message: list[Any]) -> None:
        """Apply a frame: revision, acknowledged operation, patch, answers, shapes, extras."""
        if not 1 <= len(message) <= 6:
            mismatch(f"{message!r} isn't a frame", ())
        self.apply(message[2] if len(message) > 2 else [], message[4] if len(message) > 4 else [])

    def apply(self, patch: Any, shapes: Any = ()) -> None:
        """Apply a patch of the root, after the shapes that came with it."""
        self.define(shapes)
        match patch:
            case {"page": str(html), **rest} if not rest:
                self.load(html)
            case _:
                self.fragment.patch(patch, ())

    def define(self, definitions: Any) -> None:
        if not isinstance(definitions, list | tuple) or len(definitions) % 2:
            mismatch(f"{definitions!r} aren't shapes", ())
        for number, source in zip(definitions[::2], definitions[1::2], strict=True):
            if type(number) is not int or self._sources.setdefault(number, source) != source:
                mismatch(f"the shape {number!r} is redefined", ())
            match source:
                case str():
                    self.shapes[number] = parse_fragment(source)
                case [str(html)]:
                    self.shapes[number] = _content(parse_fragment(html))
                case _:
                    mismatch(f"{source!r} isn't a shape", ())

    def actions(self) -> list[tuple[Address, ActionSlot]]:
        """Return all action slots of the page with their addresses, in document order."""
        return list(_actions(self.fragment, ()))

    def __str__(self) -> str:
        return canonical(self.root)

    def _create(self, value: Any, at: Address) -> Element:
        """Return the nodes of a new fragment, or of raw HTML."""
        match value:
            case {"h": str(html), **rest} if not rest:
                return _without_markers(parse_fragment(html), at)
            case [int(number), *values] if number in self.shapes:
                nodes = self.shapes[number].copy()
                adopt(nodes.children, self._create, at).fill(values, at)
                return nodes
            case [number, *_]:
                mismatch(f"the shape {number!r} is undefined", at)
            case _:
                mismatch(f"{value!r} isn't a value", at)


def _content(fragment: Element) -> Element:
    """Return the content of the element that a fragment consists of."""
    content = Element("")
    for outer in fragment.elements():
        for child in list(outer.children):
            content.insert(child)
        break
    return content


def _actions(fragment: Fragment, at: Address) -> list[tuple[Address, ActionSlot]]:
    found: list[tuple[Address, ActionSlot]] = []
    for number, slot in enumerate(fragment.slots):
        if isinstance(slot, ActionSlot):
            found.append(((*at, number), slot))
        for way, inside in slot.fragments():
            found += _actions(inside, (*at, number, *way))
    return found


def _without_markers(nodes: Element, at: Address) -> Element:
    """Return the nodes of raw HTML. Raise `ProtocolMismatch` if it contains markers."""

    def create(value: Any, at: Address) -> Element:
        raise ProtocolMismatch("a marker in raw HTML", at)

    if adopt(nodes.children, create, at).slots:
        mismatch("a marker in raw HTML", at)
    return nodes


class Window:
    """What a tab shows. With `scripting`, patches can be applied to it."""

    def __init__(self, html: str, scripting: bool) -> None:
        self.scripting = scripting
        self.document = Document(html) if scripting and "data-live=" in html else None
        self._root = self.document.root if self.document else parse(html, scripting=scripting)
        self.controls = Controls(self.root)
        self.overrides = Overrides()
        self.openers: dict[Element, Element] = {}
        """The controls whose commands have shown elements."""
        self.clipboard = ""
        """What commands have copied."""
        self.events: list[tuple[str, Any]] = []
        """DOM events that commands and the server have dispatched: names and details."""
        self.focused: Element | None = None
        self.is_uncommitted = False
        """Whether the focused control was edited since its last change event."""
        self._wishes: set[Element] = set()
        self.grant_focus()

    @property
    def root(self) -> Element:
        return self.document.root if self.document else self._root

    def has(self, element: Element) -> bool:
        """Return whether an element is still in the document."""
        above: Element | None = element
        while above is not None and above is not self.root:
            above = above.parent
        return above is not None

    def shows(self, element: Element) -> bool:
        return is_visible(element, self.scripting)

    def grant_focus(self) -> None:
        """Focus the first new element with ``autofocus``."""
        if self.focused is not None and not self.has(self.focused):
            self.focused = None
        wishes = [element for element in self.root.elements() if element.get("autofocus") is not None]
        new = [element for element in wishes if element not in self._wishes and self.shows(element)]
        self._wishes = set(wishes)
        if new and not is_disabled(new[0]):
            self.focused = new[0]
            self.is_uncommitted = False

    def update(
        self,
        apply: Callable[[Document], None],
        answered: Sequence[tuple[Seen, bool]] = (),
        swaps: bool = False,
    ) -> None:
        """Apply a message. `answered` has what the successful operations had seen, and whether they reset it.

        If it `swaps` the page for another one, nothing that was entered is carried over.
        """
        assert self.document is not None
        for seen, _ in answered:
            self.controls.answer(seen)
        root = self.root
        if swaps:
            self.overrides.forget()
        hidden = {target: target.get("hidden") for target in self.openers}
        with self.controls.written(), self.overrides.lifted(lambda: self.root):
            apply(self.document)
        for target, before in hidden.items():
            if target.get("hidden") != before:
                self.tell_expanded(target)
        if self.root is not root:
            old, self.controls = self.controls, Controls(self.root)
            if not swaps:
                self.controls.inherit(old)
        for seen, resets in answered:
            self.controls.release(seen, resets)
        self.grant_focus()

    def tell_expanded(self, target: Element) -> None:
        """Update the controls that say whether an element is shown."""
        id = target.get("id")
        for control in self.root.elements() if id else ():
            if (
                control.get("aria-expanded") is not None
                and id in (control.get("aria-controls") or "").split()
            ):
                expanded = "true" if target.get("hidden") is None else "false"
                self.overrides.set(control, "aria-expanded", expanded)

    def fields_seen(self, elements: Sequence[Element]) -> Seen:
        return self.controls.see(element for element in elements if element.name in CONTROLS)

    def script(self) -> tuple[str, str] | None:
        """Return the path of the page's socket and its snapshot; None if the page isn't live."""
        for element in self.root.elements():
            if element.name == "script" and element.get("data-live"):
                return element.get("data-live") or "", element.get("data-snapshot") or ""
        return None

    def names_tab(self) -> bool:
        """Return whether the page has the script that gives its tab a name."""
        scripts = (one.get("src") or "" for one in self.root.elements() if one.name == "script")
        return any("/tab." in src for src in scripts)

    def refresh(self) -> str | None:
        """Return the address that the page tells browsers to load at once; None if there is none."""
        for element in self.root.elements():
            if element.name == "meta" and (element.get("http-equiv") or "").lower() == "refresh":
                seconds, _, url = (element.get("content") or "").partition(";")
                if float(seconds) == 0 and url.strip().startswith("url="):
                    return url.strip().removeprefix("url=")
        return None

    def tells_events(self) -> bool:
        """Return whether an action of the page has a parameter for events."""
        scripts = (one for one in self.root.elements() if one.name == "script" and one.get("data-live"))
        return any(script.get("data-events") is not None for script in scripts)

    def one(self, found: Sequence[Element], what: str) -> Element:
        """Return the only element that was found. Raise `Refusal` if there is none, or there are several."""
        if len(found) == 1:
            return found[0]
        if not found:
            raise Refusal(f"nothing here is {what}")
        raise Refusal(f"{len(found)} elements here are {what}: {', '.join(map(repr, found))}")


class Override(NamedTuple):
    """The value that the server rendered, and the value that a command has set. None: it isn't there."""

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
    """The changes of client commands in a page, and how long they are kept.

    The rules are the client's: a change of an attribute or a class holds as long as the server renders what
    it did before the change. What replaces an element and has its id gets what was changed in it.
    """

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
                replacement = element if element in there else _replacement(element, there)
                for key, override in known.items() if replacement else ():
                    assert replacement is not None
                    if read(replacement, key) == override.rendered:
                        self.set(replacement, key, override.shown)


def _replacement(element: Element, there: list[Element]) -> Element | None:
    """Return the element that replaces one: of its id, or the only one of its kind."""
    id = element.get("id")
    if element.name in _SINGLE:
        return next((other for other in there if other.name == element.name), None)
    return next((other for other in there if id and other.get("id") == id), None)
