"""Pages that have been idle for a while hold little more than their fields."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
from dataclasses import dataclass
from random import Random
from weakref import ref

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveactions import Live, Page, action
from liveactions.immutability import common_ends
from liveactions.pages.state import encode_state
from liveactions.protocol.messages import Acknowledgement
from liveactions.session.state import Due
from liveactions.testing import Browser, Failed
from tests.support.cases import one_in

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


@pytest.fixture
def table_app() -> Live:
    environment = jinja2.Environment(loader=jinja2.DictLoader({"table.html": TEMPLATE}), autoescape=True)
    live = Live(templates=environment, keys="k" * 32)
    live.page("/")(Table)
    return live


async def test_an_idle_page_goes_on_where_it_was(table_app: Live) -> None:
    async with Browser(table_app) as browser:
        page = await browser.open("/")
        await page.click("Rename")
        (session,) = table_app.sessions
        table = session.state.page
        assert table._live_record.written
        session.state.evict()
        assert not table._live_record.written
        assert b"".join(session.state.data) == b"".join(encode_state(table))
        await page.click("Rename")
        assert page.texts("li")[:2] == ["row 0!!", "row 1"]
        assert b"".join(session.state.data) == b"".join(encode_state(table))
        assert json.loads(b"".join(encode_state(table)))[0]["rows"][0] == {"id": 0, "label": "row 0!!"}


async def test_an_open_page_keeps_one_version_of_its_list(table_app: Live) -> None:
    async with Browser(table_app) as browser:
        page = await browser.open("/")
        (session,) = table_app.sessions
        await page.click("Rename")
        table = session.state.page
        assert isinstance(table, Table)
        before = ref(table.rows[0])
        await page.click("Rename")
        await session.settled()
        session.state.history.forget(session.state.op_log.rev)
        common_ends((), ())  # it keeps its last arguments
        gc.collect()
        assert before() is None
        await page.click("Rename")
        assert page.texts("li")[:2] == ["row 0!!!", "row 1"]


async def clear(table: Table) -> None:
    table.rows = ()


async def test_an_idle_page_has_nothing_more_to_drop_until_it_changes(table_app: Live) -> None:
    async with Browser(table_app) as browser:
        page = await browser.open("/")
        (session,) = table_app.sessions
        for change in (page.click("Rename"), page.click("Rename"), session.push(clear, session.state.page)):
            await change
            await session.settled()
            await session.receive(Acknowledgement(session.state.op_log.rev))
            idle = session.state.last_seen + table_app.site.limits.idle + 1
            assert session.due(idle) is Due.EVICT
            await table_app.sessions.run_maintenance(idle)
            assert session.state.history.newest is None
            assert session.due(idle) is None
        await page.shows_not("row 1")


EDITED = """<form method="post" action="{{ shuffle }}"><button>Shuffle</button></form>
<form method="post" action="{{ hang }}"><button>Hang</button></form>
<p>{{ count }}</p><form method="post" action="{{ add }}"><button>Add</button></form>
<ul>{% for name in names %}<li>{{ name }}
<button live-click="{{ rename(name) }}">Rename {{ name }}</button>
<button live-click="{{ remove(name) }}">Remove {{ name }}</button></li>{% endfor %}</ul>"""
released = threading.Event()


class Names(Page):
    template = "names.html"
    names: tuple[str, ...] = ("a", "b", "c", "d")
    count: int = 0

    @action
    async def add(self) -> None:
        self.count += 1
        self.names = (*self.names[:1], f"n{self.count}", *self.names[1:])

    @action
    async def shuffle(self) -> None:
        self.names = tuple(Random(len(self.names)).sample(self.names, len(self.names)))

    @action
    async def rename(self, name: str) -> None:
        self.names = tuple(f"{one}!" if one == name else one for one in self.names)

    @action
    async def remove(self, name: str) -> None:
        self.names = tuple(one for one in self.names if one != name)

    @action(timeout=0.01)
    def hang(self) -> None:
        released.wait(10)


def live_of(page: type[Page]) -> Live:
    environment = jinja2.Environment(loader=jinja2.DictLoader({"names.html": EDITED}), autoescape=True)
    live = Live(templates=environment, keys="k" * 32)
    live.page("/")(type("Names", (page,), {}))
    return live


@pytest.mark.slow
@one_in(4)
@given(steps=st.lists(st.sampled_from(["Add", "Shuffle", "Rename", "Remove", "idle"]), max_size=10))
def test_lists_are_edited_in_the_same_places_after_their_page_was_idle(steps: list[str]) -> None:
    async def compare() -> None:
        async with Browser(live_of(Names)) as browser:
            page = await browser.open("/")
            for step in steps:
                (session,) = browser.app.sessions
                names = session.state.page.names
                if step == "idle":
                    session.state.history.drop()
                elif step in ("Add", "Shuffle"):
                    await page.click(step)
                elif names:
                    await page.click(f"{step} {names[len(names) // 2]}")
                shown = [text.split()[0] for text in page.texts("li")]
                assert shown == list(session.state.page.names)

    asyncio.run(compare())


async def test_a_page_that_is_replaced_by_its_copy_goes_on_with_the_numbers_of_its_items() -> None:
    live = live_of(Names)
    async with Browser(live) as browser:
        page = await browser.open("/")
        await page.click("Remove a")
        with pytest.raises(Failed):
            await page.click("Hang")
        released.set()
        await page.click("Rename c")
        assert [text.split()[0] for text in page.texts("li")] == ["b", "c!", "d"]
