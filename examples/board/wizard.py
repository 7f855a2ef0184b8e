"""A card in four steps. What was said so far is a draft in the database: it outlives the page."""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_hex
from typing import Annotated, Any, ClassVar, Final

from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile

from examples.board.cards import COLUMNS, Board, Details, Title, assignee_id, choices, create
from examples.board.database import DB, Card, ColumnKey, Draft, Picture
from examples.board.people import Editor, Member, Site, editor, people
from liveactions import (
    ActionError,
    Pages,
    action,
    file,
    flash,
    in_url,
    loaded,
    redirect,
    refresh,
    revalidate_tag,
)

pages = Pages()

STEPS: Final = ("Describe", "Picture", "Assign", "Check")
IMAGES: Final = ("image/png", "image/jpeg", "image/webp", "image/gif")
Image = Annotated[UploadFile, file(max_size=4 * 2**20, types=IMAGES)]


@dataclass(frozen=True)
class DraftView:
    title: str = ""
    details: str = ""
    column: str = "ideas"
    picture: str = ""
    assignee: Member | None = None


def draft_of(db: Session, me: Member) -> Draft:
    draft = db.get(Draft, me.id)
    if draft is None:
        draft = Draft(person_id=me.id, title="", details="", column="ideas", picture="")
        db.add(draft)
    return draft


@pages.page("/new", guard=editor)
class NewCard(Site):
    template = "new.html"
    step: Annotated[int, in_url(push=True)] = 1
    draft: DraftView = loaded()
    people: tuple[Member, ...] = loaded()
    column_names: ClassVar = COLUMNS.items()
    steps: ClassVar = STEPS

    @property
    def assignees(self) -> list[tuple[int | str, str]]:
        return choices(self.people)

    def load(self, me: Editor, db: DB) -> None:
        found = db.get(Draft, me.id) or Draft(title="", details="", column="ideas", picture="")
        self.people = people(db)
        assignee = next((person for person in self.people if person.id == found.assignee_id), None)
        self.draft = DraftView(found.title, found.details, found.column, found.picture, assignee)
        if not 1 <= self.step <= len(STEPS) or (self.step > 1 and not found.title):
            raise redirect(NewCard.url())

    @action
    def describe(self, title: Title, me: Editor, db: DB, details: Details = "") -> None:
        draft = draft_of(db, me)
        draft.title, draft.details = title, details
        self.step = 2

    @action
    def attach(self, me: Editor, db: DB, picture: Image | None = None) -> None:
        if picture is not None:
            name = token_hex(8)
            db.add(Picture(name=name, media_type=picture.content_type, data=picture.file.read()))
            draft_of(db, me).picture = name
        self.step = 3

    @action
    def detach(self, me: Editor, db: DB) -> None:
        draft_of(db, me).picture = ""
        refresh()

    @action
    def assign(self, column: ColumnKey, me: Editor, db: DB, assignee: int | None = None) -> None:
        draft = draft_of(db, me)
        draft.column, draft.assignee_id = column, assignee_id(db, assignee)
        self.step = 4

    @action
    def create(self, me: Editor, db: DB) -> Any:
        draft = db.get(Draft, me.id)
        if draft is None:
            raise ActionError("This card has been created already")
        card = Card(title=draft.title, details=draft.details, picture=draft.picture)
        card.assignee_id = draft.assignee_id
        create(db, me, card, next(key for key in COLUMNS if key == draft.column))
        db.delete(draft)
        revalidate_tag("cards", "activity")
        flash(f"“{card.title}” is on the board")
        return redirect(Board.url())

    @action
    def discard(self, me: Editor, db: DB) -> Any:
        draft = db.get(Draft, me.id)
        if draft is not None:
            db.delete(draft)
        return redirect(Board.url())
