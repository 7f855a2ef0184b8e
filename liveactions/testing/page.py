"""A page in a test. Controls are found by the names that a user sees."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from .controls import File, chosen_files, option_value, options
from .document import Window
from .dom import Element, canonical, is_disabled, outline, shown_text
from .failures import Refusal, listing, there_are
from .locators import (
    Rank,
    attachable,
    calling,
    checkable,
    clickable,
    control,
    fillable,
    find,
    items_of,
    movable,
    selectable,
    sort_of,
    usable,
    window_of,
)
from .selectors import select
from .tab import Tab, without_handle
from .uploads import Entry
from .user_input import UserInput


class Part:
    """A page, or the element that a selector matches. It is looked up each time it is used.

    User input returns when the application has answered. Raise `Refusal` for what a user couldn't do,
    `Failed` for errors that the page doesn't show.
    """

    def __init__(self, tab: Tab, selectors: tuple[tuple[str, str], ...] = ()) -> None:
        self._tab = tab
        self._selectors = selectors
        self._hand = UserInput(tab)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._tab.url} {' '.join(css for css, _ in self._selectors)}>"

    def within(self, css: str, text: str = "") -> Part:
        """Return the one element that a selector matches, to restrict further calls to it.

        If several elements match, it is the one that contains the text: ``page.within("li", "oat
        milk").click("Remove")``.
        """
        return Part(self._tab, (*self._selectors, (css, text)))

    # User input

    async def click(self, name: str | None = None) -> None:
        """Click a button, link, checkbox or anything that calls an action; without a name, this element."""
        element = self._root() if name is None else self._find(name, clickable, "button or link")
        if not self._window().shows(element):
            raise Refusal(f"{element!r} is hidden")
        self._hand.click(element)
        await self._tab.settle()

    async def hover(self, name: str) -> None:
        """Rest the pointer on a link, whose page is then loaded ahead if it has ``live-nav``."""
        self._hand.hover(self._find(name, clickable, "link"))
        await self._tab.settle()

    async def double_click(self, name: str) -> None:
        """Double-click an element with ``live-dblclick``. Requires JavaScript."""
        self._hand.double_click(self._scripted(name, "dblclick"))
        await self._tab.settle()

    async def dispatch(self, type: str, detail: Any = None) -> None:
        """Dispatch a bubbling event on this part, as the script of a hook does. Requires JavaScript.

        ``await page.within("#board").dispatch("dropped", {"card": 3})``
        """
        if self._tab.conversation is None:
            raise Refusal(f"{type} does nothing without JavaScript")
        self._hand.dispatch(self._root(), type, json.loads(json.dumps(detail)))
        await self._tab.settle()

    async def fill(self, name: str, value: str) -> None:
        """Replace the value of a field, found by label, placeholder or name."""
        self._hand.type(self._find(name, fillable, "field"), value)
        await self._tab.settle()

    async def attach(self, name: str, *files: File) -> None:
        """Choose a file, or several: ``File("me.png", b"…", "image/png")``."""
        self._hand.attach(self._find(name, attachable, "file field"), files)
        await self._tab.settle()

    def entries(self, name: str) -> list[Entry]:
        """Return the files that are chosen in a file field, as ``live-entries`` shows them: each with
        `name`, `size`, `error` and `is_sent`. Requires JavaScript.
        """
        control = self._find(name, attachable, "file field")
        if self._tab.entries_of(control) is None:
            raise Refusal(f"{control!r}: no live-entries shows its files, or there is no JavaScript")
        files = chosen_files(control, self._window().controls)
        return [self._tab.uploads.of(file) for file in files]

    async def detach(self, name: str, file: str) -> None:
        """Take a file out of its form, by its name, as ``live-cancel`` in ``live-entries`` does."""
        entries = self.entries(name)
        rest = [entry.file for entry in entries if entry.name != file]
        if len(rest) == len(entries):
            raise Refusal(f"no file {file!r} is chosen; {there_are(entry.name for entry in entries)}")
        await self.attach(name, *rest)

    async def check(self, name: str) -> None:
        """Check a checkbox or radio button, unless it is already checked."""
        await self._check(name, True)

    async def uncheck(self, name: str) -> None:
        """Uncheck a checkbox, unless it is already unchecked."""
        await self._check(name, False)

    async def select(self, name: str, *choices: str) -> None:
        """Select options by their text or value."""
        element = self._find(name, selectable, "list")
        if len(choices) != 1 and element.get("multiple") is None:
            raise Refusal(f"the list {name!r} takes one option")
        self._hand.choose(element, [_option(element, choice) for choice in choices])
        await self._tab.settle()

    async def sort(self, item: str, before: str | None = None) -> None:
        """Put an item into this list with ``live-sort``: before another one, or at its end.

        Items are found by their text: ``await page.within("#done").sort("Buy oats", before="Bake bread")``.
        Requires JavaScript.
        """
        call = sort_of(self._root())
        if call is None:
            raise Refusal(f"{self._root()!r} has no live-sort")
        if self._tab.conversation is None:
            raise Refusal("live-sort does nothing without JavaScript")
        moved = self._one(movable(self._window().root, call), "[data-key]", item)
        following = before and self._one(items_of(call.element), "[data-key]", before)
        self._hand.sort(call, moved, following or None)
        await self._tab.settle()

    async def scroll(self, first: int, count: int = 20) -> None:
        """Scroll this list with ``live-window`` so that `count` rows from `first` on are in view.

        It asks for them if it doesn't have them: ``await page.within("tbody").scroll(50_000)``. Requires
        JavaScript.
        """
        element = self._root()
        call = window_of(element)
        if call is None:
            raise Refusal(f"{element!r} has no live-window")
        if self._tab.conversation is None:
            raise Refusal("live-window does nothing without JavaScript")
        start, total = (_number(element, name) for name in ("data-first", "data-total"))
        first = max(0, min(first, total - count))
        rows = [child for child in element.elements() if child.parent is element]
        if not start <= first <= min(first + count, total) <= start + len(rows):
            self._hand.scroll(call, first, min(count, total))
        await self._tab.settle()

    async def press(self, key: str) -> None:
        """Press a key on the focused element: ``Enter``, ``Escape``, ``Control+Enter``."""
        self._hand.press(key)
        await self._tab.settle()

    # Output

    def texts(self, css: str) -> list[str]:
        """Return the texts of all visible elements that a selector matches."""
        root, window = self._root(), self._tab.window
        found = [element for element in select(root, css) if window.shows(element)]
        return [shown_text(element, window.scripting) for element in found]

    def text(self, css: str | None = None) -> str:
        """Return the text of the one visible element that a selector matches; by default, all text."""
        if css is None:
            return shown_text(self._root(), self._tab.window.scripting)
        found = self.texts(css)
        if len(found) != 1:
            which = f"{css!r} matches {len(found)} visible elements here, not one{_texts(found)}"
            raise Refusal(
                f"{which}, and {found.count('')} without text" if any(found) and "" in found else which
            )
        return found[0]

    def attribute(self, css: str, name: str) -> str | None:
        """Return an attribute of the one visible element that a selector matches."""
        found = [element for element in select(self._root(), css) if self._tab.window.shows(element)]
        return self._one(found, css).get(name)

    def value(self, name: str) -> str:
        """Return the value of a field or list, as it would be submitted."""
        return self._window().controls.value(self._look(name, control, "field"))

    def is_checked(self, name: str) -> bool:
        """Return whether a checkbox or radio button is checked."""
        return bool(self._window().controls.state(self._look(name, checkable, "checkbox")))

    @property
    def html(self) -> str:
        """The HTML, without the library's own data."""
        return canonical(self._root())

    def snapshot(self) -> str:
        """Return indented HTML, to be compared with an earlier one.

        Attributes are sorted, whitespace is collapsed, and references have no signatures. The library's own
        data, comments and scripts are left out.
        """
        return outline(self._root())

    async def shows(self, text: str) -> None:
        """Wait until this text is visible, for changes that the server pushes."""
        await self._wait(lambda: text in self.text(), f"{text!r} isn't visible")

    async def shows_not(self, text: str) -> None:
        """Wait until this text is no longer visible."""
        await self._wait(lambda: text not in self.text(), f"{text!r} is still visible")

    async def _wait(self, is_so: Callable[[], bool], otherwise: str) -> None:
        timeout = self._tab.browser.timeout
        try:
            async with asyncio.timeout(timeout):
                while not is_so():
                    if self._tab.conversation is None or self._tab.conversation.is_over:
                        raise Refusal(f"{otherwise}, and the server can't push changes: {self.text()!r}")
                    await self._tab.receive_message()
        except TimeoutError:
            raise Refusal(f"{otherwise} after {timeout:g} s: {self.text()!r}") from None

    # Finding elements

    def _window(self) -> Window:
        self._tab.catch_up()
        return self._tab.window

    def _root(self) -> Element:
        self._tab.catch_up()
        root = self._tab.window.root
        for css, text in self._selectors:
            root = self._one(select(root, css), css, text)
        return root

    def _one(self, found: list[Element], css: str, text: str = "") -> Element:
        there = [shown_text(one, self._tab.window.scripting) for one in found]
        if text:
            found = [one for one in found if text in shown_text(one, self._tab.window.scripting)]
        if len(found) != 1:
            which = f"{css!r} with the text {text!r}" if text else repr(css)
            raise Refusal(f"{which} matches {len(found)} elements here, not one{_texts(there)}")
        return found[0]

    def _find(self, name: str, rank: Rank, what: str) -> Element:
        return usable([self._look(name, rank, what)], f"{what} {name!r}")

    def _look(self, name: str, rank: Rank, what: str) -> Element:
        return find(self._window(), self._root(), name, rank, what)

    def _scripted(self, name: str, type: str) -> Element:
        if self._tab.conversation is None:
            raise Refusal(f"{type} on {name!r} does nothing without JavaScript")
        return self._find(name, calling(type), f"element with live-{type}")

    async def _check(self, name: str, wanted: bool) -> None:
        element = self._find(name, checkable, "checkbox or radio button")
        if bool(self._tab.window.controls.state(element)) is not wanted:
            self._hand.click(element)
            await self._tab.settle()


class Page(Part):
    """A tab of a browser."""

    @property
    def url(self) -> str:
        """Path, query and hash, without the library's own parameters."""
        return without_handle(self._tab.url)

    @property
    def events(self) -> list[tuple[str, Any]]:
        """DOM events that the server or a client command has dispatched in this page: names and details."""
        return self._window().events

    @property
    def clipboard(self) -> str:
        """The text that a client command has copied."""
        return self._window().clipboard

    @property
    def status(self) -> int:
        """The HTTP status of the page: of its HTML, or what a load of it would have had."""
        return self._tab.status

    async def open(self, path: str) -> None:
        """Go to an address in this tab."""
        await self._tab.go(path)

    async def reload(self) -> None:
        """Load the page again from its address."""
        await self._tab.reload()

    async def back(self) -> None:
        """Go back in the history."""
        await self._tab.go_back_or_forward(-1)

    async def forward(self) -> None:
        """Go forward in the history."""
        await self._tab.go_back_or_forward(1)

    async def close(self) -> None:
        """Close the tab."""
        await self._tab.close()


def _texts(found: list[str]) -> str:
    return f": {listing(found)}" if found else ""


def _number(element: Element, name: str) -> int:
    value = element.get(name) or ""
    if not value.isdecimal():
        raise Refusal(f"{element!r} has live-window, so {name} must be a number, not {value!r}")
    return int(value)


def _option(element: Element, choice: str) -> Element:
    there = options(element)
    found = [option for option in there if choice in (" ".join(option.text.split()), option_value(option))]
    if not found:
        raise Refusal(
            f"no option {choice!r} in this list; {there_are(option.text.strip() for option in there)}"
        )
    if is_disabled(found[0]):
        raise Refusal(f"the option {choice!r} is disabled")
    return found[0]
