"""What has happened, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from examples.board.database import DB, Activity
from examples.board.people import Member, Site, shown
from liveactions import Pages, action, cached, loaded

pages = Pages()


@dataclass(frozen=True)
class Entry:
    id: int
    person: Member
    text: str
    subject: str
    at: datetime


def record(db: Session, me: Member, text: str, subject: str = "") -> None:
    """Add a line to the feed, in the transaction of what it describes. Revalidate "activity" with it."""
    db.add(Activity(person_id=me.id, text=text, subject=subject))


@cached(tags=["activity", "people"])
def entries(count: int, db: DB) -> tuple[Entry, ...]:
    found = db.scalars(select(Activity).order_by(Activity.id.desc()).limit(count))
    return tuple(Entry(one.id, shown(one.person), one.text, one.subject, one.at) for one in found)


@pages.page("/activity")
class Feed(Site):
    template = "activity.html"
    count: int = 20
    entries: tuple[Entry, ...] = loaded()

    def load(self, db: DB) -> None:
        self.entries = entries(self.count, db)

    @action
    def show_more(self) -> None:
        self.count += 20
