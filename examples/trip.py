"""A trip whose stops are put in order by dragging them. Without JavaScript, buttons move them up."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from liveactions import ActionError, Bound, Page, Pages, action

pages = Pages()

Day = Literal["Friday", "Saturday"]
STOPS: Final = {
    1: "Harbour museum",
    2: "Fish market",
    3: "Old lighthouse",
    4: "Botanical garden",
    5: "Ferry to the island",
    6: "Chapel on the hill",
}


@pages.page("/trip")
class Trip(Page):
    template = "trip.html"
    days: dict[Day, list[int]] = {"Friday": [1, 2, 3], "Saturday": [4, 5, 6]}
    names: ClassVar = STOPS

    @action
    async def move(self, day: Bound[Day], id: int, before: int | None = None) -> None:
        if id not in STOPS:
            raise ActionError("There is no such stop")
        for stops in self.days.values():
            if id in stops:
                stops.remove(id)
        stops = self.days[day]
        stops.insert(stops.index(before) if before in stops else len(stops), id)
