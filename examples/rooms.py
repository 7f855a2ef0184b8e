"""Rooms found as one types: controls bound to the page's fields, without an action for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from liveactions import ActionError, InTab, InUrl, Page, Pages, action, loaded

pages = Pages()

Extra = Literal["bath", "balcony", "desk"]
View = Literal["any", "sea", "garden"]


@dataclass(frozen=True)
class Room:
    name: str
    beds: int
    euros: int
    view: View
    extras: tuple[Extra, ...]


ROOMS: Final = (
    Room("Anchor", 2, 90, "sea", ("bath", "balcony")),
    Room("Beacon", 4, 140, "sea", ("bath", "balcony", "desk")),
    Room("Clover", 1, 55, "garden", ("desk",)),
    Room("Dahlia", 2, 70, "garden", ("bath",)),
    Room("Estuary", 6, 190, "sea", ("bath",)),
    Room("Fern", 3, 85, "garden", ("bath", "balcony")),
)


@pages.page("/rooms")
class Rooms(Page):
    template = "rooms.html"
    q: InUrl[str] = ""
    guests: InUrl[Annotated[int, Field(ge=1, le=8)]] = 2
    view: InUrl[View] = "any"
    extras: InUrl[tuple[Extra, ...]] = ()
    order: InUrl[Literal["euros", "name"]] = "euros"
    arrival: date | None = None
    message: InTab[Annotated[str, Field(max_length=80)]] = ""
    sent: str = ""
    found: tuple[Room, ...] = loaded()
    all_extras: ClassVar = ("bath", "balcony", "desk")

    async def load(self) -> None:
        found = [room for room in ROOMS if self._fits(room)]
        self.found = tuple(sorted(found, key=lambda room: getattr(room, self.order)))

    def _fits(self, room: Room) -> bool:
        return (
            self.q.strip().lower() in room.name.lower()
            and room.beds >= self.guests
            and self.view in ("any", room.view)
            and set(self.extras) <= set(room.extras)
        )

    @action
    async def ask(self) -> None:
        if not self.message:
            raise ActionError("Please write a message")
        self.sent, self.message = f"{self.arrival or 'Any day'}: {self.message}", ""

    @action
    async def show_all(self) -> None:
        self.q, self.guests, self.view, self.extras = "", 1, "any", ()
