"""Streams: whatever is done to one, and whatever the connection loses, the browser shows what it should."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveactions.diff import ClientState, patch
from liveactions.exceptions import RenderError
from liveactions.templates import Fragment
from liveactions.templates.digests import digests_of
from liveactions.templates.fragments import GONE, Items, ItemsGone
from liveactions.templates.streams import Stream
from liveactions.testing.document import Document
from liveactions.testing.selectors import select
from tests.templates.moments import compiled, page

SOURCE = """<title>s</title><ul>{% for line in lines %}
<li id="l{{ line.id }}"{% if line.id is odd %} class="odd"{% endif %}>
<b title="{{ line.text }}">{{ line.text }}</b>
{% if line.text is lower %}<i>{{ line.id }}</i>{% endif %}</li>{% endfor %}</ul>"""
LIMIT = 5


@dataclass(frozen=True)
class Line:
    id: int
    text: str


class Pair:
    """A stream on the server, a list that it should be like, and a browser."""

    def __init__(self) -> None:
        self.view = compiled({"page": SOURCE})
        self.stream: Stream[Line] = Stream(LIMIT)
        self.wanted: list[Line] = []
        self.rev = self.shown = 0
        self.is_connected = True
        self.known = ClientState()
        self.newest = self.render(None)
        self.fragments = {0: self.newest}
        self.stream.sent(0)
        self.document = Document(page(self.newest))

    def render(self, previous: Fragment | None) -> Fragment:
        shown = self.view.render({"lines": self.stream}, previous)
        assert isinstance(shown, Fragment)
        return shown

    def do(self, name: str, lines: list[Line], at: int) -> None:
        ids = [line.id for line in self.wanted]
        given = list({line.id: line for line in lines}.values())
        others = [line for line in self.wanted if line.id not in {one.id for one in given}]
        if name == "append":
            self.stream.append(*lines)
            self.wanted = [*others, *given][-LIMIT:]
        elif name == "prepend":
            self.stream.prepend(*lines)
            self.wanted = [*given, *others][:LIMIT]
        elif name == "insert" and lines and at not in {line.id for line in lines[:1]}:
            self.stream.insert(lines[0], before=at)
            others = [line for line in self.wanted if line.id != lines[0].id]
            place = next((n for n, line in enumerate(others) if line.id == at), len(others))
            self.wanted = [*others[:place], lines[0], *others[place:]][-LIMIT:]
        elif name == "update":
            self.stream.update(*lines)
            newer = {line.id: line for line in lines}
            self.wanted = [newer.get(line.id, line) for line in self.wanted]
        elif name == "remove":
            self.stream.remove(*lines, at)
            gone = {at, *(line.id for line in lines)}
            self.wanted = [line for line in self.wanted if line.id not in gone]
        elif name == "reset":
            self.stream.reset(lines)
            last = lines[-LIMIT:]
            self.wanted = list({line.id: line for line in last}.values())
        elif name == "undo":
            undo = self.stream.save()
            self.stream.append(*lines)
            self.stream.remove(*ids)
            self.render(self.newest)
            undo()
        self.flush()

    def flush(self) -> None:
        before, self.newest = self.newest, self.render(self.newest)
        self.rev += 1
        change = patch(before, self.newest, self.known)
        self.fragments[self.rev] = self.newest
        self.stream.sent(self.rev)
        if self.is_connected:
            self.document.frame([self.rev, 0, change, [], self.known.take()])
            self.shown = self.rev
            self.check()

    def acknowledge(self) -> None:
        self.stream.acknowledged(self.shown)
        self.fragments = {rev: one for rev, one in self.fragments.items() if rev >= self.shown}

    def reconnect(self) -> None:
        self.is_connected, self.known = True, ClientState()
        self.newest, before = self.render(self.newest), self.fragments[self.shown]
        change = patch(before, self.newest, self.known)
        self.fragments[self.rev] = self.newest
        self.stream.sent(self.rev)
        message = {"rev": self.rev, "patch": change, "shapes": self.known.take()}
        self.document.welcome(message)
        self.shown = self.rev
        self.check()

    def check(self) -> None:
        items = select(self.document.root, "li")
        assert [item.get("id") for item in items] == [f"l{line.id}" for line in self.wanted]
        shown = [(one.get("title"), one.text) for item in items for one in select(item, "b")]
        assert shown == [(line.text, line.text) for line in self.wanted]
        assert len(select(self.document.root, "i")) == sum(line.text.islower() for line in self.wanted)
        assert len(self.stream) == len(self.wanted)


LINES = st.lists(st.builds(Line, st.integers(0, 9), st.sampled_from(["a", "b", "B", "c d"])), max_size=7)
NAMES = st.sampled_from(["append", "prepend", "insert", "update", "remove", "reset", "undo"])
STEPS = st.lists(
    st.one_of(
        st.tuples(NAMES, LINES, st.integers(0, 9)),
        st.sampled_from(["acknowledge", "lose", "reconnect"]),
    ),
    max_size=25,
)


@given(STEPS)
def test_the_browser_shows_what_it_should(steps: list[Any]) -> None:
    pair = Pair()
    for step in steps:
        if step == "acknowledge":
            pair.acknowledge()
        elif step == "lose":
            pair.is_connected = False
        elif step == "reconnect":
            pair.reconnect()
        else:
            pair.do(*step)
    if not pair.is_connected:
        pair.reconnect()
    pair.acknowledge()
    pair.flush()
    pair.acknowledge()
    assert not pair.stream._pending
    assert all(
        item is GONE for value in pair.newest.values if type(value) is Items for item in value.fragments
    )


def test_a_render_from_scratch_is_what_the_browser_shows() -> None:
    """A page that continues elsewhere has loaded its items again: nothing has to be sent."""
    pair = Pair()
    lines = [Line(1, "a"), Line(2, "b"), Line(3, "c")]
    pair.do("append", lines[1:], 0)
    pair.do("prepend", lines[:1], 0)
    pair.acknowledge()
    again: Stream[Line] = Stream(LIMIT)
    again.reset(lines)
    elsewhere = pair.view.render({"lines": again}, None)
    assert digests_of(elsewhere) == digests_of(pair.newest)
    assert digests_of(elsewhere) == digests_of(pair.render(None))
    again.update(Line(2, "changed"))
    assert digests_of(pair.view.render({"lines": again}, None)) != digests_of(pair.newest)


def test_items_that_are_gone_cannot_be_written() -> None:
    pair = Pair()
    pair.do("append", [Line(1, "a")], 0)
    assert "l1" in pair.newest.html()
    pair.acknowledge()
    with pytest.raises(ItemsGone, match="load\\(\\) must reset"):
        pair.newest.html()


@pytest.mark.parametrize(
    "source",
    [
        "{% for line in lines if line.id %}<p>{{ line.id }}</p>{% endfor %}",
        "{{ lines|length }}{{ lines|join }}",
    ],
)
def test_templates_that_need_the_items(source: str) -> None:
    lines: Stream[Line] = Stream(LIMIT)
    lines.append(Line(1, "a"))
    with pytest.raises(TypeError, match="aren't kept"):
        compiled({"page": source}).render({"lines": lines})


def test_an_item_is_whole() -> None:
    lines: Stream[Line] = Stream(LIMIT)
    lines.append(Line(1, "a"))
    with pytest.raises((RenderError, TypeError)):
        compiled({"page": "{% for line in lines %}{{ '<b>'|safe }}{% endfor %}"}).render({"lines": lines})
