"""A club's members: a form, a table, a confirmation and messages, all in one file."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from liveactions import InUrl, Page, Pages, action, flash, jinja, loaded, textarea, ui

pages = Pages()
COLUMNS = [ui.Column("name", "Name"), ui.Column("email", "E-mail"), ui.Column("plan", "Plan")]


@dataclass
class Member:
    name: Annotated[str, Field(min_length=2)]
    email: Annotated[str, Field(title="E-mail", pattern=".+@.+")]
    plan: Literal["solo", "team"]
    birthday: date | None = None
    notes: Annotated[str, textarea()] = ""
    newsletter: bool = False


@pages.page("/members")
class Members(Page):
    template = jinja("""
        <!doctype html>
        <html lang="en"><head><title>Members</title></head><body><main>
          <h1>Members</h1>
          <ui.Toasts/>
          <ui.Form action="{{ join }}" submit="Sign up"/>
          <ui.Table rows="{{ found }}" caption="Members" search="{{ search }}" key="email"/>
          <ui.Button type="button" commandfor="all" command="show-modal">Remove all…</ui.Button>
          <ui.Confirm id="all" title="Remove all members?" action="{{ clear }}" label="Remove" tone="danger"/>
        </main></body></html>""")
    q: InUrl[str] = ""
    sort: InUrl[str] = "name"
    page: InUrl[int] = 1
    members: tuple[Member, ...] = ()
    found: ui.Rows[Member] = loaded()

    async def load(self) -> None:
        self.found = ui.rows(self.members, COLUMNS, q=self.q, sort=self.sort, page=self.page, size=10)

    @action
    async def join(self, member: Member) -> None:
        self.members += (member,)
        flash(f"Welcome, {member.name}!", "good")

    @action(reset=False)
    async def search(self, q: str = "") -> None:
        self.q, self.page = q, 1

    @action
    async def clear(self) -> None:
        self.members = ()
        flash("All members are removed")
