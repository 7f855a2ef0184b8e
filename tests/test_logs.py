"""Records say which page, session and operation they belong to."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from liveactions import Page, Pages, action, current_op
from liveactions.logs import bind, get_logger
from tests.support.asgi import Tab, browser
from tests.support.small import small_app

pages = Pages()
ids: list[str] = []


@pages.page("/faulty")
class Faulty(Page):
    template = "faulty.html"

    @action
    async def crash(self) -> None:
        ids.append(current_op().id)
        raise RuntimeError("crash")


def app() -> Any:
    return small_app(pages, {"faulty.html": "<title>F</title>{{ crash }}"})


def fields(record: logging.LogRecord) -> dict[str, Any]:
    names = ("page", "path", "session", "op")
    return {name: getattr(record, name) for name in names if hasattr(record, name)}


async def over_socket(tab: Tab) -> None:
    await tab.join()
    await tab.call("crash")


async def by_post(tab: Tab) -> None:
    await tab.browser.http.post(tab.action("crash"), data={"_s": tab.snapshot})


@pytest.mark.parametrize("way", [over_socket, by_post])
async def test_what_fails_in_a_run_says_where(way: Any, caplog: pytest.LogCaptureFixture) -> None:
    ids.clear()
    async with browser(app()) as visitor:
        tab = await visitor.open("/faulty")
        with caplog.at_level(logging.ERROR, "liveactions"):
            await way(tab)
    (record,) = caplog.records
    found = fields(record)
    session = found.pop("session", None)
    assert found == {"page": f"{__name__}.Faulty", "path": "/faulty", "op": ids[0]}
    assert (session is not None) == (way is over_socket)
    assert tab.token is None or session not in (None, tab.token)


async def test_records_of_a_connection_say_whose_it_is(caplog: pytest.LogCaptureFixture) -> None:
    async with browser(app()) as visitor:
        tab = await visitor.joined("/faulty")
        with caplog.at_level(logging.INFO, "liveactions"):
            tab.socket.send([0, 999])
            await tab.socket.task
    (record,) = [one for one in caplog.records if "closing a socket" in one.getMessage()]
    assert fields(record)["page"] == f"{__name__}.Faulty"
    assert len(fields(record)["session"]) == 12


def test_fields_of_the_record_come_before_those_of_its_task(caplog: pytest.LogCaptureFixture) -> None:
    bind(page="bound", path="/bound")
    get_logger("liveactions.test").warning("a %s", "text", extra={"page": "own"})
    (record,) = caplog.records
    assert (record.getMessage(), fields(record)) == ("a text", {"page": "own", "path": "/bound"})
