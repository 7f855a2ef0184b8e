"""A chat that shows who is here, and who is typing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints
from sqlalchemy import select

from examples.board.database import DB, Message
from examples.board.people import Editor, Me, Member, Site, shown
from liveactions import Pages, action, cached, loaded, on, revalidate_tag

pages = Pages()

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
TYPING = 4.0
"""Seconds for which a person counts as typing after pressing a key."""


@dataclass(frozen=True)
class Line:
    id: int
    author: Member
    text: str
    at: datetime
    follows: bool
    """Whether the line above it is by the same person, a few minutes before."""


@cached(tags=["messages", "people"])
def lines(count: int, db: DB) -> tuple[Line, ...]:
    found = list(db.scalars(select(Message).order_by(Message.id.desc()).limit(count)))[::-1]
    result: list[Line] = []
    for message in found:
        author = shown(message.author)
        last = result[-1] if result else None
        follows = last is not None and last.author == author and (message.at - last.at).seconds < 300
        result.append(Line(message.id, author, message.text, message.at, follows))
    return tuple(result)


@pages.page("/chat")
class Chat(Site):
    template = "chat.html"
    count: int = 50
    typing: dict[str, int] = {}
    """How many of a person's keystrokes are recent, by name."""
    me: Member = loaded()
    lines: tuple[Line, ...] = loaded()

    def load(self, me: Me, db: DB) -> None:
        self.me, self.lines = me, lines(self.count, db)

    @action
    def send(self, text: Text, me: Editor, db: DB) -> None:
        db.add(Message(text=text, author_id=me.id))
        revalidate_tag("messages")
        self.live.publish("sent", name=me.name)

    @action
    def show_older(self) -> None:
        self.count += 50

    @action
    async def key_pressed(self, me: Editor) -> None:
        self.live.publish("typing", name=me.name)

    @on("typing")
    async def somebody_types(self, name: str) -> None:
        if name != self.me.name:
            self.typing[name] = self.typing.get(name, 0) + 1
            self.live.later(self.somebody_pauses, TYPING, name)

    async def somebody_pauses(self, name: str) -> None:
        if self.typing.get(name, 0) > 1:
            self.typing[name] -= 1
        else:
            self.typing.pop(name, None)

    @on("sent")
    async def somebody_sent(self, name: str) -> None:
        self.typing.pop(name, None)
