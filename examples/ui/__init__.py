"""The component kit: a section for each component, in light and dark, left to right and right to left."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from liveactions import InUrl, Page, Pages, action, flash, textarea

pages = Pages()


class Account(BaseModel):
    name: Annotated[str, Field(title="Your name", min_length=2, max_length=40)]
    email: Annotated[str, Field(title="E-mail", pattern=r"^[^@\s]+@[^@\s]+$", description="For receipts")]
    plan: Literal["solo", "team"] = "solo"
    birthday: date | None = None
    notes: Annotated[str, textarea(rows=3)] = ""
    terms: Annotated[Literal[True], Field(title="I accept the terms")]


@pages.page("/ui")
class Gallery(Page):
    template = "ui/gallery.html"
    theme: InUrl[Literal["system", "light", "dark"]] = "system"
    direction: InUrl[Literal["ltr", "rtl"]] = "ltr"
    files: tuple[str, ...] = ("budget.ods", "plan.pdf")

    @action
    async def join(self, account: Account) -> None:
        flash(f"Welcome, {account.name}!", "good")

    @action
    async def clear(self) -> None:
        self.files = ()
        flash("All files are deleted")
