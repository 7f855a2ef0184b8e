"""Plants that want water. Its cards and fields are components, which templates use as tags."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from liveactions import Bound, Page, Pages, action

pages = Pages()


@dataclass(frozen=True)
class Plant:
    id: int
    name: str
    days: int
    """How many days ago it was watered."""


@pages.page("/garden")
class Garden(Page):
    template = "garden.html"
    plants: tuple[Plant, ...] = (Plant(1, "Basil", 3), Plant(2, "Fern", 2), Plant(3, "Cactus", 9))

    @action
    async def water(self, id: Bound[int]) -> None:
        self.plants = tuple(replace(plant, days=0) if plant.id == id else plant for plant in self.plants)

    @action
    async def add(self, name: Annotated[str, Field(max_length=40)]) -> None:
        self.plants += (Plant(len(self.plants) + 1, name, 0),)
