"""Pages that have been idle for a while hold little more than their fields."""

from __future__ import annotations

import json
from dataclasses import dataclass

import jinja2

from liveactions import Live, Page, action
from liveactions.pages.state import encode_state
from liveactions.testing import Browser

TEMPLATE = """<form method="post" action="{{ rename }}"><button>Rename</button></form>
<ul>{% for row in rows %}<li>{{ row.label }}</li>{% endfor %}</ul>"""


@dataclass(frozen=True)
class Row:
    id: int
    label: str


class Table(Page):
    template = "table.html"
    rows: tuple[Row, ...] = tuple(Row(number, f"row {number}") for number in range(200))

    @action
    async def rename(self) -> None:
        self.rows = (Row(0, f"{self.rows[0].label}!"), *self.rows[1:])


async def test_an_idle_page_goes_on_where_it_was() -> None:
    environment = jinja2.Environment(loader=jinja2.DictLoader({"table.html": TEMPLATE}), autoescape=True)
    live = Live(templates=environment, keys="k" * 32)
    live.page("/")(Table)
    async with Browser(live) as browser:
        page = await browser.open("/")
        await page.click("Rename")
        (session,) = live.sessions
        table = session.state.page
        assert table._live_record.written
        session.state.evict()
        assert not table._live_record.written
        await page.click("Rename")
        assert page.texts("li")[:2] == ["row 0!!", "row 1"]
        assert session.state.data == encode_state(table)
        assert json.loads(encode_state(table))[0]["rows"][0] == {"id": 0, "label": "row 0!!"}
