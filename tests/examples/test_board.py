"""The board in a FastAPI application: alone and with others, with JavaScript and without."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from httpx import ASGITransport, AsyncClient
from sqlalchemy import update

from examples import board
from examples.app import live as examples
from examples.board import accounts
from examples.board.chat import TYPING
from examples.board.database import Person, connect, sessions
from liveactions import revalidate_tag
from liveactions.testing import Browser, Failed, File, Page, Refusal, plugin
from tests.support.both_ways import both_ways

PICTURE = File("boat.png", b"\x89PNG\r\n\x1a\n", "image/png")


@pytest.fixture
async def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """The application with its first data, in a database of its own for each test."""
    monkeypatch.setattr(accounts, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    before, engine = sessions.kw["bind"], connect(f"sqlite:///{tmp_path}/board.db")
    sessions.configure(bind=engine)
    yield board.app
    sessions.configure(bind=before)
    engine.dispose()


@pytest.fixture
async def browser(live: Any, request: pytest.FixtureRequest) -> AsyncIterator[Browser]:
    """A browser whose tabs are closed before the database is: leaving a page writes to it."""
    plugin.render_twice(live)
    async with Browser(live, js=getattr(request, "param", True)) as browser:
        yield browser


async def signed_in(browser: Browser, name: str = "Nadia", path: str = "/") -> Page:
    page = await browser.open(path)
    await page.fill("Name", name)
    await page.fill("Password", "password")
    await page.click("Sign in")
    assert page.url == path
    return page


def client(browser: Browser) -> AsyncClient:
    """What the person's scripts use: the API, with the same session."""
    cookies = browser.cookies.values
    return AsyncClient(transport=ASGITransport(browser.app), base_url="http://localhost", cookies=cookies)


def titles(page: Page, column: str) -> list[str]:
    return page.texts(f"#{column} h3")


# Signing in


@both_ways
async def test_signing_in_and_out(browser: Browser) -> None:
    page = await browser.open("/chat")
    assert page.url == "/login?next=%2Fchat"
    await page.fill("Name", "Nadia")
    await page.fill("Password", "something else")
    await page.click("Sign in")
    assert page.text("[role=alert]") == "This name and password don’t match"
    await page.fill("Password", "password")
    await page.click("Sign in")
    assert page.url == "/chat"
    await page.click("Sign out")
    assert page.url == "/login"
    assert (await browser.open("/activity")).url == "/login?next=%2Factivity"


@pytest.mark.slow
async def test_signing_out_closes_the_other_tabs(browser: Browser) -> None:
    page = await signed_in(browser)
    other = await browser.open("/chat")
    await page.click("Sign out")
    await other.shows("Sign in")


async def test_the_login_leads_to_no_other_site(browser: Browser) -> None:
    page = await browser.open("/login?next=//example.org")
    await page.fill("Name", "Nadia")
    await page.fill("Password", "password")
    await page.click("Sign in")
    assert page.url == "/"


@pytest.mark.slow
@both_ways
async def test_mounted_below_a_path(live: Any, browser: Browser) -> None:
    async with Browser(examples, js=browser.js) as visitor:
        page = await visitor.open("/board/chat")
        assert page.url == "/board/login?next=%2Fboard%2Fchat"
        await page.fill("Name", "Nadia")
        await page.fill("Password", "password")
        await page.click("Sign in")
        assert page.url == "/board/chat"
        await page.click("Board")
        await page.click("Choose a date")
        await page.within("dialog").click("Close")
        assert page.url == "/board/"
        await page.click("Sign out")
        assert page.url == "/board/login"


# Cards


@both_ways
async def test_a_card_is_added_moved_and_removed(browser: Browser) -> None:
    page = await signed_in(browser)
    await page.fill("Add a card to Next", "x")
    await page.click("Add to Next")
    assert page.text("#next .error") != "" and page.value("Add a card to Next") == "x"
    await page.fill("Add a card to Next", "Sweep the meadow")
    await page.click("Add to Next")
    assert titles(page, "next") == [
        "Poster for the tram stops",
        "Permit for the open fire",
        "Sweep the meadow",
    ]
    assert page.value("Add a card to Next") == ""
    await page.click("Move Sweep the meadow up")
    assert titles(page, "next")[1] == "Sweep the meadow"
    await page.click("Move Sweep the meadow right")
    assert titles(page, "doing")[-1] == "Sweep the meadow"
    await page.click("Sweep the meadow")
    await page.within("dialog").click("Remove")
    assert "Sweep the meadow" not in titles(page, "doing") and page.url == "/"
    assert page.texts(".recent li")[0].startswith("N Nadia removed Sweep the meadow")


@pytest.mark.slow
@both_ways
async def test_a_card_is_renamed_in_place(browser: Browser) -> None:
    page = await signed_in(browser)
    if browser.js:
        await page.double_click("Ask the brass band")
    else:
        await page.click("Rename Ask the brass band")
    await page.fill("Title", "?")
    await page.press("Enter")
    assert page.text(".renaming .error") != "" and page.value("Title") == "?"
    await page.fill("Title", "Ask the brass band soon")
    await page.press("Enter")
    assert titles(page, "ideas")[1] == "Ask the brass band soon"
    await page.click("Rename Ask the brass band soon")
    await page.click("Cancel")
    assert titles(page, "ideas")[1] == "Ask the brass band soon"


async def test_escape_ends_renaming(browser: Browser) -> None:
    page = await signed_in(browser)
    await page.click("Rename Glow-in-the-dark chalk")
    await page.fill("Title", "forgotten")
    await page.press("Escape")
    assert titles(page, "ideas")[2] == "Glow-in-the-dark chalk"


@both_ways
async def test_the_dialog(browser: Browser) -> None:
    page = await signed_in(browser)
    await page.click("Map of the route")
    assert page.url == "/?card=7"
    assert (page.value("Details"), page.value("Assigned to")) == (
        "With places to sit, and the way for wheelchairs.",
        "3",
    )
    await page.within("dialog").fill("Title", "   ")
    await page.within("dialog").click("Save")
    assert any("2 characters" in error for error in page.texts("dialog .ui-error"))
    await page.within("dialog").fill("Title", "Map of both routes")
    await page.within("dialog").select("Column", "Done")
    await page.within("dialog").select("Assigned to", "Nobody")
    await page.within("dialog").click("Save")
    assert page.url == "/" and titles(page, "done") == ["Choose a date", "Map of both routes"]
    assert "dialog" not in page.html and page.texts("#card-7 .assignee") == []
    await page.click("Choose a date")
    await page.within("dialog").click("Close")
    assert page.url == "/" and "dialog" not in page.html


@pytest.mark.slow
@both_ways
async def test_back_closes_the_dialog_and_a_reload_keeps_it(browser: Browser) -> None:
    page = await signed_in(browser)
    await page.click("Choose a date")
    await page.reload()
    assert page.text("dialog h2") == "Choose a date"
    await page.back()
    assert "<dialog" not in page.html


async def test_a_card_is_dropped(browser: Browser) -> None:
    page = await signed_in(browser)
    await page.within("#next ol").sort("A raft of lanterns", before="Permit for")
    assert titles(page, "next") == [
        "Poster for the tram stops",
        "A raft of lanterns on the pond",
        "Permit for the open fire",
    ]
    await page.within("#done ol").sort("A raft of lanterns")
    assert titles(page, "done") == ["Choose a date", "A raft of lanterns on the pond"]
    assert page.events == [("moved", {"card": 1})] * 2


async def test_everybody_sees_it(browser: Browser) -> None:
    mine, theirs = await signed_in(browser), await signed_in(browser.other(), "Mei")
    await mine.fill("Add a card to Ideas", "A kite with a lamp")
    await mine.click("Add to Ideas")
    await theirs.shows("A kite with a lamp")
    await theirs.click("Move A kite with a lamp right")
    await mine.shows("moved to Next: A kite with a lamp")
    assert titles(mine, "next")[-1] == "A kite with a lamp"


async def test_the_api_changes_open_boards(browser: Browser) -> None:
    page = await signed_in(browser)
    async with client(browser) as script:
        assert (await script.post("/api/cards", json={"title": "From a script"})).status_code == 201
    await page.shows("From a script")


# Permissions


@both_ways
async def test_a_viewer_only_looks(browser: Browser) -> None:
    page = await signed_in(browser, "Oskar")
    for name in ("New card", "Add to Ideas", "Move Choose a date left", "Rename Choose a date"):
        with pytest.raises(Refusal, match="no button or link"):
            await page.click(name)
    await page.click("Choose a date")
    assert "The second Saturday in November" in page.text("dialog")
    assert page.within("dialog").texts("form") == []
    with pytest.raises(Refusal):
        (await browser.open("/chat")).value("Message")
    assert (await browser.open("/new")).status == 403


@pytest.mark.slow
@both_ways
async def test_a_member_who_becomes_a_viewer(browser: Browser) -> None:
    page = await signed_in(browser, "Mei")
    with sessions.begin() as db:
        db.execute(update(Person).filter_by(name="Mei").values(role="viewer"))
    revalidate_tag("people")
    if browser.js:
        await page.shows("looks on")
        await page.shows_not("New card")
        with pytest.raises(Refusal, match="no button or link"):
            await page.click("Move Choose a date left")
    else:
        with pytest.raises(Failed, match="403: .*not change it"):
            await page.click("Move Choose a date left")
    page = await browser.open("/")
    assert titles(page, "done") == ["Choose a date"]


# Presence, chat, activity


@pytest.mark.slow
async def test_who_is_here(browser: Browser) -> None:
    mine = await signed_in(browser)
    await mine.shows("Nadia")
    other = browser.other()
    theirs = await signed_in(other, "Joris")
    tab = await other.open("/chat")
    await tab.shows("JJoris")
    await mine.shows("JJoris")
    assert mine.texts(".present .unseen") == ["Nadia", "Joris"]  # two tabs count once
    await theirs.close()
    await tab.click("Activity")
    await tab.shows("JJoris")
    await mine.shows("JJoris")
    await tab.close()
    await mine.shows_not("JJoris")
    assert mine.texts(".present .unseen") == ["Nadia"]


@both_ways
async def test_the_chat(browser: Browser) -> None:
    page = await signed_in(browser, path="/chat")
    await page.fill("Message", "Hello <b>everybody</b>")
    await page.click("Send")
    assert page.texts(".line p")[-1] == "Hello <b>everybody</b>"
    assert page.value("Message") == ""


@pytest.mark.slow
async def test_who_is_typing(browser: Browser) -> None:
    mine = await signed_in(browser, path="/chat")
    theirs = await signed_in(browser.other(), "Joris", "/chat")
    await theirs.fill("Message", "Hel")
    await mine.shows("Joris is typing…")
    assert theirs.text(".typing") == ""
    await browser.clock.advance(TYPING)
    await mine.shows_not("is typing")
    await theirs.fill("Message", "Hello")
    await mine.shows("Joris is typing…")
    await theirs.click("Send")
    await mine.shows("Hello")
    await mine.shows_not("is typing")


@both_ways
async def test_the_feed(browser: Browser) -> None:
    page = await signed_in(browser, path="/activity")
    assert [text.rsplit(" ", 1)[0] for text in page.texts(".entry")] == [
        "M Mei added Map of the route",
        "J Joris moved to Done: Choose a date",
    ]


# The wizard


@pytest.mark.slow
@both_ways
async def test_a_card_in_four_steps(browser: Browser) -> None:
    page = await signed_in(browser)
    await page.click("New card")
    await page.fill("What is to be done?", "   ")
    await page.click("Next")
    assert any("2 characters" in error for error in page.texts(".ui-error"))
    await page.fill("What is to be done?", "A boat for the lanterns")
    await page.fill("Details", "With oars")
    await page.click("Next")
    assert page.url == "/new?step=2"
    await page.attach("A picture, if you like", File("boat.txt", b"no picture", "text/plain"))
    await page.click("Next")
    assert "image/png" in page.text(".drop .error")
    await page.attach("A picture, if you like", PICTURE)
    await page.click("Next")
    await page.select("Column", "In progress")
    await page.select("Assigned to", "Mei")
    await page.click("Next")
    assert "In In progress, for Mei." in page.text(".panel")
    picture = page.attribute(".panel img", "src")
    async with client(browser) as script:
        assert (await script.get(str(picture))).content == PICTURE.content
    await page.click("Create the card")
    assert page.url == "/" and page.text(".flash") == "“A boat for the lanterns” is on the board"
    assert titles(page, "doing")[-1] == "A boat for the lanterns"
    assert page.attribute("#doing .cover", "src") == picture


@pytest.mark.slow
@both_ways
async def test_a_draft_outlives_its_page(browser: Browser) -> None:
    page = await signed_in(browser, path="/new")
    await page.fill("What is to be done?", "A boat")
    await page.click("Next")
    await page.attach("A picture, if you like", PICTURE)
    await page.click("Next")
    await page.reload()
    assert page.url == "/new?step=3"
    await page.click("Back")
    await page.click("Remove the picture")
    assert page.url == "/new?step=2" and "<figure" not in page.html
    await page.back()
    page = await browser.open("/new")
    assert page.value("What is to be done?") == "A boat"
    await page.click("Discard")
    assert page.url == "/"
    assert (await browser.open("/new?step=3")).url == "/new"
