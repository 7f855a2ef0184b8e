"""A document as it stands in a tab: with what was typed, and the focus."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .controls import CONTROLS, Controls, Seen
from .document import Document
from .dom import Element, parse
from .refusal import Refusal
from .visible import is_disabled, is_visible


class Window:
    """What a tab shows. With `scripting`, patches can be applied to it."""

    def __init__(self, html: str, scripting: bool) -> None:
        self.scripting = scripting
        self.document = Document(html) if scripting and "data-live=" in html else None
        self._root = self.document.root if self.document else parse(html, scripting=scripting)
        self.controls = Controls(self.root)
        self.focused: Element | None = None
        self.is_uncommitted = False
        """Whether the focused control was edited since its last change event."""
        self._wishes: set[Element] = set()
        self.grant_focus()

    @property
    def root(self) -> Element:
        return self.document.root if self.document else self._root

    def has(self, element: Element) -> bool:
        """Whether it stands in the document still."""
        above: Element | None = element
        while above is not None and above is not self.root:
            above = above.parent
        return above is not None

    def shows(self, element: Element) -> bool:
        return is_visible(element, self.scripting)

    def grant_focus(self) -> None:
        """Give the focus to the first new element that wishes for it."""
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
        """Apply a message. `answered`: what the ops that it ends well had seen, and whether they reset it.

        If it `swaps` the page for another one, nothing of what was typed goes there.
        """
        assert self.document is not None
        for seen, _ in answered:
            self.controls.answer(seen)
        root = self.root
        with self.controls.written():
            apply(self.document)
        if self.root is not root:
            old, self.controls = self.controls, Controls(self.root)
            if not swaps:
                self.controls.inherit(old)
        for seen, resets in answered:
            self.controls.release(seen, resets)
        self.grant_focus()

    def fields_seen(self, elements: Sequence[Element]) -> Seen:
        return self.controls.see(element for element in elements if element.name in CONTROLS)

    def script(self) -> tuple[str, str] | None:
        """Where the page's socket is, and the page's snapshot; None for a page that isn't live."""
        for element in self.root.elements():
            if element.name == "script" and element.get("data-live"):
                return element.get("data-live") or "", element.get("data-snapshot") or ""
        return None

    def tells_events(self) -> bool:
        """Whether an action of the page wants to know of events."""
        scripts = (one for one in self.root.elements() if one.name == "script" and one.get("data-live"))
        return any(script.get("data-events") is not None for script in scripts)

    def one(self, found: Sequence[Element], what: str) -> Element:
        """The only one of what was found. `Refusal` when there is none, or there are several."""
        if len(found) == 1:
            return found[0]
        if not found:
            raise Refusal(f"nothing here is {what}")
        raise Refusal(f"{len(found)} elements here are {what}: {', '.join(map(repr, found))}")
