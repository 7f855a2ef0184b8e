"""A bakery: the basket is kept for the person, the note that is being written for the tab."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from liveactions import ActionError, Bound, InSession, InTab, Page, Pages, action, flash, redirect

pages = Pages()

BREADS = {"rye": "Rye", "spelt": "Spelt", "walnut": "Walnut"}


class Bakery(Page):
    """What all pages of the bakery have."""

    basket: InSession[tuple[str, ...]] = ()


@pages.page("/bakery")
class Breads(Bakery):
    """Breads to choose from."""

    template = "bakery.html"
    breads: dict[str, str] = BREADS

    @action
    async def add(self, bread: Bound[str]) -> None:
        self.basket += (bread,)


@pages.page("/bakery/order")
class Order(Bakery):
    """The order, with a note for the baker."""

    template = "order.html"
    breads: dict[str, str] = BREADS
    note: InTab[Annotated[str, Field(max_length=200)]] = ""

    @action
    async def write(self, note: Annotated[str, Field(max_length=200)] = "") -> None:
        self.note = note

    @action
    async def remove(self, index: Bound[int]) -> None:
        self.basket = self.basket[:index] + self.basket[index + 1 :]

    @action
    async def send(self) -> Any:
        if not self.basket:
            raise ActionError("The basket is empty")
        flash(f"{len(self.basket)} breads are baked for you tomorrow")
        self.basket, self.note = (), ""
        return redirect("/bakery")
