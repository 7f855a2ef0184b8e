"""The component kit: a section for each component, in light and dark, left to right and right to left."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile

from examples.ui.data import Data
from liveactions import InUrl, Page, Pages, action, file, flash, textarea

pages = Pages()

CITIES = (
    "Aarhus Bergen Cork Delft Évora Ghent Graz Kraków Lyon Malmö Oulu Porto Tartu Turin Utrecht Vigo".split()
)


class Account(BaseModel):
    name: Annotated[str, Field(title="Your name", min_length=2, max_length=40)]
    email: Annotated[str, Field(title="E-mail", pattern=r"^[^@\s]+@[^@\s]+$", description="For receipts")]
    plan: Literal["solo", "team"] = "solo"
    notes: Annotated[str, textarea(rows=3)] = ""
    terms: Annotated[Literal[True], Field(title="I accept the terms")]


@pages.page("/ui")
class Gallery(Page):
    template = "ui/gallery.html"
    CITIES = CITIES

    theme: InUrl[Literal["system", "light", "dark"]] = "system"
    direction: InUrl[Literal["ltr", "rtl"]] = "ltr"
    files: tuple[str, ...] = ("budget.ods", "plan.pdf", "team.png")
    done: int = 40
    data: Data = Data()

    @action
    async def join(self, account: Account) -> None:
        flash(f"Welcome, {account.name}!", "good")

    @action
    async def travel(
        self,
        city: str,
        arrival: date,
        departure: date,
        tickets: list[Annotated[UploadFile, file(max_size=2**20, types=["image/*", "application/pdf"])]],
    ) -> None:
        nights = (departure - arrival).days
        flash(f"{city}, {nights} nights, {len(tickets)} tickets", "good")

    @action
    async def clear(self) -> None:
        self.files = ()
        flash("All files are deleted", "bad")

    @action
    async def copy(self) -> None:
        self.files = (*self.files, f"copy {len(self.files)}.txt")
        flash("A file was copied")

    @action
    async def work(self) -> None:
        self.done = min(self.done + 20, 100)
