"""`@action(rate=)`: further calls end with 429, whichever way they come and whichever machine answers."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import Request

from liveactions import Live, Page, Pages, action, user_or_address
from liveactions.store import MemoryStore, Store
from liveactions.testing import Browser as Visiting
from tests.behaviour.ways import Way, visiting, ways
from tests.store.engines import REMOTE, parameters
from tests.support.asgi import browser
from tests.support.servers import RedisServer
from tests.support.small import small_app

TOO_MANY = "This was done too often. Please try again in 30 seconds."
pages = Pages()


def plan_of_user(request: Request) -> str:
    return request.query_params.get("plan", "")


@action(rate="2/minute", js=True)
async def shared() -> str:
    return "shared"


@pages.page("/")
class Login(Page):
    template = "login.html"
    actions = [shared]
    tries: int = 0

    @action(rate="2/minute")
    async def log_in(self, name: str) -> None:
        self.tries += 1

    @action(rate="1/hour", by=plan_of_user)
    async def export(self) -> None:
        self.tries += 10

    @action
    async def other(self) -> None:
        self.tries += 100


TEMPLATES = {
    "login.html": """<title>Login</title><p>{{ tries }}</p>
<form method="post" action="{{ log_in }}"><input name="name" aria-label="Name"><b>{{ log_in.error }}</b>
<button>Log in</button></form>
<form method="post" action="{{ export }}"><i>{{ export.error }}</i><button>Export</button></form>
<form method="post" action="{{ other }}"><button>Other</button></form>
<form method="post" action="{{ shared }}"><button>Shared</button></form>"""
}


def app(store: Store | str | None = None, **options: Any) -> Live:
    return small_app(pages, TEMPLATES, name="rates", store=store or MemoryStore(), **options)


@pytest.fixture(params=parameters(REMOTE))
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    server: RedisServer = request.getfixturevalue(f"{request.param}_server")
    yield server.url


async def log_in(page: Any) -> None:
    await page.fill("Name", "ada")
    await page.click("Log in")


@ways("SHN")
async def test_further_calls_are_refused_beside_their_form(
    way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/")
        await log_in(page)
        await log_in(page)
        assert (page.text("p"), page.text("b")) == ("2", "")
        await log_in(page)
        assert (page.text("p"), page.text("b")) == ("2", TOO_MANY)
        await page.click("Other")  # which has no limit
        assert page.text("p") == "102"
        await page.click("Export")  # and another one has its own
        assert (page.text("p"), page.text("i")) == ("112", "")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@ways("SHN")
async def test_input_that_is_invalid_counts_too(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/")
        await page.click("Log in")
        await page.click("Log in")
        await log_in(page)
        assert (page.text("p"), page.text("b")) == ("0", TOO_MANY)


async def test_over_the_socket_the_answer_says_when() -> None:
    async with browser(app()) as visitor:
        tab = await visitor.joined("/")
        for _ in range(2):
            await tab.call("log_in", "name", "ada")
        n, status, payload = (await tab.call("log_in", "name", "ada"))[3]
        assert (n, status) == (3, 1)
        assert payload == {"error": TOO_MANY, "errors": {}, "status": 429, "retry_after": 30}


async def test_a_post_and_a_call_have_a_header() -> None:
    async with browser(app()) as visitor:
        tab = await visitor.open("/")
        content = {"_s": tab.snapshot, "name": "ada"}
        headers = {"Live-Action": tab.signed("log_in")}
        statuses = []
        for _ in range(3):
            answer = await visitor.http.post("/", data=content, headers=headers)
            statuses.append(answer.status_code)
        assert statuses == [200, 200, 429]
        assert answer.headers["retry-after"] == "30" and answer.json()["error"] == TOO_MANY
        answer = await visitor.http.post(tab.action("log_in"), data=content)
        assert answer.status_code == 429 and answer.headers["retry-after"] == "30"
        assert TOO_MANY in answer.text


async def test_functions_that_scripts_call() -> None:
    async with browser(app()) as visitor:
        path, headers = f"/_live/actions/{__name__}/shared", {"Live-Ops": "1"}
        answers = [await visitor.http.post(path, json={}, headers=headers) for _ in range(3)]
        assert [one.status_code for one in answers] == [200, 200, 429]
        assert answers[2].headers["retry-after"] == "30"


@ways("SHN")
async def test_it_is_counted_on_all_machines_together(way: Way, url: str) -> None:
    here, there = app(url), app(url)
    async with visiting(here, way) as one, visiting(there, way) as other:
        await here.site.snapshots.store.put("rates", b"", 1)
        first, second = await one.open(f"/?plan={way}{url}"), await other.open(f"/?plan={way}{url}")
        await first.click("Export")
        await second.click("Export")
        assert (first.text("p"), second.text("p")) == ("10", "0")
        assert re.search(r"Please try again in 3(600|5\d\d) seconds\.", second.text("i"))


async def test_no_border_of_a_minute_lets_more_pass() -> None:
    now = [1_700_000_000.0]
    async with browser(app(MemoryStore(lambda: now[0]))) as visitor:
        path, headers = f"/_live/actions/{__name__}/shared", {"Live-Ops": "1"}
        answers = []
        for at in (0, 59, 59.5, 61, 61.5, 89, 90, 90):
            now[0] = 1_700_000_000.0 + at
            answer = await visitor.http.post(path, json={}, headers=headers)
            answers.append((at, answer.status_code, answer.headers.get("retry-after")))
    assert answers == [
        (0, 200, None),
        (59, 200, None),
        (59.5, 200, None),
        (61, 429, "28"),
        (61.5, 429, "28"),
        (89, 200, None),
        (90, 429, "29"),
        (90, 429, "29"),
    ]


async def test_people_who_are_signed_in_count_for_themselves() -> None:
    live = app(identify=lambda request: request.headers.get("x-user"))
    async with browser(live) as visitor:
        tab = await visitor.open("/")
        path, statuses = f"/_live/actions/{__name__}/shared", []
        for user in ("ada", "ada", "ada", "bob", "", "", ""):
            headers = {"Live-Ops": "1", "X-User": user} if user else {"Live-Ops": "1"}
            statuses.append((await visitor.http.post(path, json={}, headers=headers)).status_code)
        assert statuses == [200, 200, 429, 200, 200, 200, 429]
        assert tab.path == "/"


async def test_while_the_store_fails_each_worker_counts_alone() -> None:
    class Broken(MemoryStore):
        async def take(self, key: str, interval: float, burst: int) -> float:
            raise OSError("away")

    async with Visiting(app(Broken())) as visiting:
        page = await visiting.open("/")
        for _ in range(3):
            await log_in(page)
        assert (page.text("p"), page.text("b")) == ("2", TOO_MANY)


@pytest.mark.parametrize(
    "rate",
    ["5/minut", "5 per minute", "0/minute", "-1/minute", "/minute", "5/", "", "5.5/minute", "5/MINUTE"],
)
def test_a_rate_that_is_mistyped_is_an_error_where_it_is_defined(rate: str) -> None:
    with pytest.raises(ValueError, match="expected a number and second, minute, hour, day"):

        @action(rate=rate)
        def call() -> None: ...


@pytest.mark.parametrize("rate", [5, 5.0, ("5", "minute"), b"5/minute"])
def test_a_rate_is_a_text(rate: Any) -> None:
    with pytest.raises(TypeError, match="such as rate='5/minute'"):

        @action(rate=rate)
        def call() -> None: ...


def test_nobody_is_counted_without_a_rate() -> None:
    with pytest.raises(TypeError, match="needs a rate="):

        @action(by=plan_of_user)
        def call() -> None: ...


def test_whom_it_counts_is_a_dependency() -> None:
    with pytest.raises(TypeError):
        action(rate="5/minute", by="user")(plan_of_user)  # type: ignore[call-overload]

    assert shared.by[0].dependency is user_or_address
