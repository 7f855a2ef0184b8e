"""The board: cards in columns, moved, renamed, edited and added, for everybody at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from pydantic import StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session

from examples.board.activity import Entry, entries, record
from examples.board.database import DB, Card, ColumnKey
from examples.board.people import Editor, Me, Member, Site, people
from liveactions import ActionError, Bound, Pages, action, cached, in_url, loaded, revalidate_tag, textarea

pages = Pages()

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=80)]
Details = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000), textarea(rows=5)]

COLUMNS: Final[dict[ColumnKey, str]] = {
    "ideas": "Ideas",
    "next": "Next",
    "doing": "In progress",
    "done": "Done",
}
KEYS: Final = tuple(COLUMNS)


@dataclass(frozen=True)
class CardView:
    id: int
    title: str
    details: str
    column: ColumnKey
    picture: str
    assignee: Member | None


@dataclass(frozen=True)
class Column:
    key: ColumnKey
    name: str
    cards: tuple[CardView, ...]
    before: ColumnKey | None
    after: ColumnKey | None


@cached(tags=["cards", "people"])
def columns(db: DB) -> tuple[Column, ...]:
    persons = {person.id: person for person in people(db)}
    found: dict[ColumnKey, list[CardView]] = {key: [] for key in KEYS}
    for card in db.scalars(select(Card).order_by(Card.position, Card.id)):
        assignee = persons.get(card.assignee_id or 0)
        key = column_of(card)
        found[key].append(CardView(card.id, card.title, card.details, key, card.picture, assignee))
    around = (None, *KEYS, None)
    return tuple(
        Column(key, COLUMNS[key], tuple(found[key]), around[place], around[place + 2])
        for place, key in enumerate(KEYS)
    )


def column_of(card: Card) -> ColumnKey:
    return next(key for key in KEYS if key == card.column)


def place(db: Session, card: Card, column: ColumnKey, before: int | None = None) -> None:
    """Move a card into a column: before another card, or to the end."""
    others = select(Card).filter_by(column=column).where(Card.id != card.id)
    cards = list(db.scalars(others.order_by(Card.position, Card.id)))
    index = next((index for index, other in enumerate(cards) if other.id == before), len(cards))
    cards.insert(index, card)
    card.column = column
    for position, other in enumerate(cards):
        other.position = position


def create(db: Session, me: Member, card: Card, column: ColumnKey) -> Card:
    """Add a card to the end of a column."""
    db.add(card)
    db.flush()
    place(db, card, column)
    record(db, me, "added", card.title)
    return card


def existing(db: Session, id: int) -> Card:
    card = db.get(Card, id)
    if card is None:
        raise ActionError("Somebody has removed this card")
    return card


@pages.page("/")
class Board(Site):
    template = "board.html"
    card: Annotated[int | None, in_url(push=True)] = None
    """The card that is open in the dialog."""
    renaming: int | None = None
    columns: tuple[Column, ...] = loaded()
    opened: CardView | None = loaded()
    people: tuple[Member, ...] = loaded()
    me: Member = loaded()
    activity: tuple[Entry, ...] = loaded()
    column_names: ClassVar = COLUMNS.items()

    @property
    def assignees(self) -> list[tuple[int | str, str]]:
        return choices(self.people)

    def load(self, me: Me, db: DB) -> None:
        self.me, self.people, self.columns = me, people(db), columns(db)
        cards = (card for column in self.columns for card in column.cards)
        self.opened = next((card for card in cards if card.id == self.card), None)
        self.activity = entries(8, db)

    @action
    def add(self, column: Bound[ColumnKey], title: Title, me: Editor, db: DB) -> None:
        create(db, me, Card(title=title), column)
        revalidate_tag("cards", "activity")

    @action
    def move(self, id: Bound[int], column: Bound[ColumnKey], me: Editor, db: DB) -> None:
        self.put(db, me, id, column)

    @action
    def move_up(self, id: Bound[int], before: Bound[int], me: Editor, db: DB) -> None:
        self.put(db, me, id, column_of(existing(db, id)), before)

    @action
    def drop(self, column: Bound[ColumnKey], id: int, me: Editor, db: DB, before: int | None = None) -> None:
        self.put(db, me, id, column, before)

    def put(self, db: Session, me: Member, id: int, column: ColumnKey, before: int | None = None) -> None:
        card = existing(db, id)
        if card.column != column:
            record(db, me, f"moved to {COLUMNS[column]}:", card.title)
        place(db, card, column, before)
        revalidate_tag("cards", "activity")
        self.live.dispatch("moved", {"card": card.id})

    @action
    def start_renaming(self, id: Bound[int], me: Editor) -> None:
        self.renaming = id

    @action
    def stop_renaming(self) -> None:
        self.renaming = None

    @action
    def rename(self, id: Bound[int], title: Title, me: Editor, db: DB) -> None:
        card = existing(db, id)
        if card.title != title:
            record(db, me, f"renamed {card.title} to", title)
            card.title = title
            revalidate_tag("cards", "activity")
        self.renaming = None

    @action
    def close(self) -> None:
        self.card = None

    @action
    def save(
        self,
        id: Bound[int],
        title: Title,
        column: ColumnKey,
        me: Editor,
        db: DB,
        details: Details = "",
        assignee: int | None = None,
    ) -> None:
        card = existing(db, id)
        if card.column != column:
            place(db, card, column)
        card.title, card.details, card.assignee_id = title, details, assignee_id(db, assignee)
        record(db, me, "edited", title)
        revalidate_tag("cards", "activity")
        self.card = None

    @action
    def remove(self, id: Bound[int], me: Editor, db: DB) -> None:
        card = existing(db, id)
        db.delete(card)
        record(db, me, "removed", card.title)
        revalidate_tag("cards", "activity")
        self.card = None


def choices(people: Iterable[Member]) -> list[tuple[int | str, str]]:
    """Return the options of a select: nobody, or one of these."""
    return [("", "Nobody"), *((person.id, person.name) for person in people)]


def assignee_id(db: Session, id: int | None) -> int | None:
    """Return the id of a person who may be assigned."""
    if id is not None and all(person.id != id for person in people(db)):
        raise ActionError("There is no such person", field="assignee")
    return id
