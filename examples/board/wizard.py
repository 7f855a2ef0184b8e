"""A card in four steps. What was said so far is kept for the person: it outlives the page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from secrets import token_hex
from typing import Annotated, Any, ClassVar, Final

from starlette.datastructures import UploadFile

from examples.board.cards import COLUMNS, Board, Details, Title, assignee_id, choices, create
from examples.board.database import DB, Card, ColumnKey, Picture
from examples.board.people import Editor, Member, Site, editor, people
from liveactions import (
    ActionError,
    InSession,
    Pages,
    action,
    file,
    flash,
    in_url,
    loaded,
    redirect,
    revalidate_tag,
)

pages = Pages()

STEPS: Final = ("Describe", "Picture", "Assign", "Check")
IMAGES: Final = ("image/png", "image/jpeg", "image/webp", "image/gif")
Image = Annotated[UploadFile, file(max_size=4 * 2**20, types=IMAGES)]


@dataclass(frozen=True)
class Draft:
    """A card that somebody is still describing."""

    title: str = ""
    details: str = ""
    column: ColumnKey = "ideas"
    picture: str = ""
    assignee: int | None = None


@pages.page("/new", guard=editor)
class NewCard(Site):
    template = "new.html"
    step: Annotated[int, in_url(push=True)] = 1
    draft: InSession[Draft] = Draft()
    people: tuple[Member, ...] = loaded()
    column_names: ClassVar = COLUMNS.items()
    steps: ClassVar = STEPS

    @property
    def assignees(self) -> list[tuple[int | str, str]]:
        return choices(self.people)

    @property
    def assignee(self) -> Member | None:
        return next((person for person in self.people if person.id == self.draft.assignee), None)

    def load(self, db: DB) -> None:
        self.people = people(db)
        if not 1 <= self.step <= len(STEPS) or (self.step > 1 and not self.draft.title):
            raise redirect(NewCard.url())

    @action
    def describe(self, title: Title, details: Details = "") -> None:
        self.draft = replace(self.draft, title=title, details=details)
        self.step = 2

    @action
    def attach(self, db: DB, picture: Image | None = None) -> None:
        if picture is not None:
            name = token_hex(8)
            db.add(Picture(name=name, media_type=picture.content_type, data=picture.file.read()))
            self.draft = replace(self.draft, picture=name)
        self.step = 3

    @action
    def detach(self) -> None:
        self.draft = replace(self.draft, picture="")

    @action
    def assign(self, column: ColumnKey, db: DB, assignee: int | None = None) -> None:
        self.draft = replace(self.draft, column=column, assignee=assignee_id(db, assignee))
        self.step = 4

    @action
    def create(self, me: Editor, db: DB) -> Any:
        draft, self.draft = self.draft, Draft()
        if not draft.title:
            raise ActionError("This card has been created already")
        card = Card(title=draft.title, details=draft.details, picture=draft.picture)
        card.assignee_id = draft.assignee
        create(db, me, card, draft.column)
        revalidate_tag("cards", "activity")
        flash(f"“{card.title}” is on the board")
        return redirect(Board.url())

    @action
    def discard(self) -> Any:
        self.draft = Draft()
        return redirect(Board.url())
