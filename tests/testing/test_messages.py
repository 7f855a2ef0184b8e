"""What a test's browser does with messages besides patches and answers."""

from __future__ import annotations

from typing import Any

import pytest

from liveactions.protocol.constants import NAVIGATE, OK, REDIRECT, RUNNING, UNCERTAIN
from liveactions.testing.asgi import Closed
from liveactions.testing.conversation import Conversation
from liveactions.testing.document import Window
from liveactions.testing.failures import Failed

PAGE = (
    '<!doctype html><html><head><title>One</title><script data-live="/_live/socket"></script></head>'
    '<body><h1 data-l=".">one</h1><input name="t"></body></html>'
)
OTHER = PAGE.replace("One", "Two").replace(">one<", ">two<")


class Line:
    """Plays the server: its messages are heard one by one."""

    def __init__(self, *messages: Any) -> None:
        self.messages = list(messages)
        self.sent: list[Any] = []

    def send(self, message: Any) -> None:
        self.sent.append(message)

    def waiting(self) -> list[Any]:
        messages, self.messages = self.messages, []
        return messages

    async def receive(self) -> Any:
        if not self.messages:
            raise Closed(1006, "")
        return self.messages.pop(0)


class Tab:
    def __init__(self, *messages: Any) -> None:
        self.moves: list[tuple[str, bool]] = []
        self.window = Window(PAGE, True)
        self.line = Line(*messages)
        moved = lambda url, push, keeps_hash: self.moves.append((url, push))  # noqa: E731
        self.conversation = Conversation(self.window, self.line, 1.0, moved, None)  # type: ignore[arg-type]

    @property
    def text(self) -> str:
        return " ".join(element.text for element in self.window.root.elements() if element.name == "h1")


async def test_extras_of_frames() -> None:
    tab = Tab([1, 1, [], [], [], {"cookies": "a b", "url": ["/?q=1", 1], "events": [["saved", 5]]}])
    tab.conversation.say(1, "save", [])
    await tab.conversation.settle()
    assert tab.conversation.tickets == ["a", "b"]
    assert tab.window.events == [("saved", 5)]
    assert tab.moves == [("/?q=1", True)]


async def test_extras_of_a_welcome() -> None:
    tab = Tab({"token": "t", "rev": 3, "ack": 1, "extras": {"url": ["/?q=1", 0]}})
    await tab.conversation.receive_message()
    assert tab.moves == [("/?q=1", False)]


@pytest.mark.parametrize(
    ("way", "push"), [({"url": "/two"}, True), ({"url": "/two", "replace": True}, False)]
)
async def test_elsewhere_with_a_page_is_there_already(way: dict[str, Any], push: bool) -> None:
    tab = Tab([1, 1, {"page": OTHER}, [1, REDIRECT, way]])
    tab.conversation.say(1, "leave", [])
    await tab.conversation.settle()
    assert (tab.text, tab.moves, tab.conversation.redirected_to) == ("two", [("/two", push)], None)


async def test_elsewhere_without_a_page_is_to_be_loaded() -> None:
    tab = Tab([0, 1, [], [1, REDIRECT, {"url": "/two"}]])
    tab.conversation.say(1, "leave", [])
    await tab.conversation.settle()
    assert (tab.text, tab.moves, tab.conversation.redirected_to) == ("one", [], "/two")


@pytest.mark.parametrize(("swaps", "typed"), [(True, ""), (False, "typed")])
async def test_another_page_gets_nothing_of_what_was_typed(swaps: bool, typed: str) -> None:
    tab = Tab([1, 1, {"page": OTHER}])
    [field] = [element for element in tab.window.root.elements() if element.name == "input"]
    tab.window.controls.edit(field, "typed")
    tab.conversation.say(NAVIGATE, "/two", reloads=True, swaps=swaps)
    await tab.conversation.settle()
    [field] = [element for element in tab.window.root.elements() if element.name == "input"]
    assert tab.window.controls.value(field) == typed


async def test_running_ops_go_on_beside() -> None:
    tab = Tab([0, 1, [], [1, RUNNING, None]], [1, 1, [0, "half"]], [2, 1, [0, "all"], [1, UNCERTAIN, None]])
    tab.conversation.say(1, "run", [])
    await tab.conversation.settle()
    assert tab.text == "one"
    await tab.conversation.receive_message()
    assert tab.text == "half"
    await tab.conversation.receive_message()
    with pytest.raises(Failed, match="it is uncertain"):
        await tab.conversation.settle()


async def test_running_ops_end_well() -> None:
    tab = Tab([0, 1, [], [1, RUNNING, None]], [1, 1, [0, "all"], [1, OK, 5]])
    tab.conversation.say(1, "run", [])
    await tab.conversation.settle()
    tab.conversation.catch_up()
    await tab.conversation.settle()
    assert tab.text == "all"
