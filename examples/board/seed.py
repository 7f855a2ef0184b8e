"""The first data: a small team that prepares a lantern festival."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from examples.board import accounts
from examples.board.database import (
    FILE,
    Activity,
    Card,
    ColumnKey,
    Message,
    Person,
    create_tables,
    now,
    sessions,
)

PEOPLE: Final = {"Nadia": "member", "Joris": "member", "Mei": "member", "Oskar": "viewer"}
CARDS: Final[dict[ColumnKey, list[tuple[str, str, int | None]]]] = {
    "ideas": [
        ("A raft of lanterns on the pond", "Forty paper boats, one for each school class.", 3),
        ("Ask the brass band", "They played at the winter market. Outdoors from six?", None),
        ("Glow-in-the-dark chalk", "", None),
    ],
    "next": [
        ("Poster for the tram stops", "A3 and A4, with the tram times on it.", 1),
        ("Permit for the open fire", "The fire brigade wants a sketch of the meadow.", 2),
    ],
    "doing": [
        ("Paper lantern workshop", "Saturdays in the library. Glue, wire and 200 sheets are there.", 1),
        ("Map of the route", "With places to sit, and the way for wheelchairs.", 3),
    ],
    "done": [("Choose a date", "The second Saturday in November, rain or not.", 2)],
}
MESSAGES: Final = [
    (1, "The library gives us the big room on both Saturdays."),
    (2, "Great! I can bring the wire on Friday."),
    (2, "And the bolt cutter, if someone helps me carry."),
    (3, "I'll help. Is there a sketch of the meadow yet?"),
    (1, "On the board, under Next."),
]


def begin() -> None:
    """Create and fill the database, unless another process has."""
    FILE.parent.mkdir(exist_ok=True)
    with sessions.begin() as db:
        create_tables(db)
    with suppress(IntegrityError), sessions.begin() as db:
        if db.scalar(select(Person.id).limit(1)) is None:
            fill(db)


def fill(db: Session) -> None:
    secret = accounts.hasher.hash("password")
    db.add_all(Person(name=name, role=role, password=secret) for name, role in PEOPLE.items())
    db.flush()
    for column, cards in CARDS.items():
        for position, (title, details, assignee) in enumerate(cards):
            card = Card(title=title, details=details, column=column, position=position)
            card.assignee_id = assignee
            db.add(card)
    for age, (author, text) in zip(range(20, 0, -4), MESSAGES, strict=True):
        db.add(Message(text=text, author_id=author, at=now() - timedelta(minutes=age)))
    for person, text, subject in ((2, "moved to Done:", "Choose a date"), (3, "added", "Map of the route")):
        at = now() - timedelta(hours=4 - person)
        db.add(Activity(person_id=person, text=text, subject=subject, at=at))
