"""The examples, each with the same script over the socket and by plain posts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from examples import embedded, gallery, posts, todos
from examples.app import live as examples
from examples.index import HERE
from liveactions import Live
from liveactions.testing import Browser, File, Refusal, plugin
from tests.behaviour.ways import Way, visiting, ways
from tests.store.storages import bucket_url
from tests.support.both_ways import both_ways

browser = plugin.browser


@pytest.fixture
def live() -> Live:
    return examples


@pytest.fixture(autouse=True)
def databases(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Databases of its own for each test."""
    with ExitStack() as stack:
        for module in (todos, posts):
            schema = module.database.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
            connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            own = stack.enter_context(closing(connection))
            for (sql,) in schema:
                own.execute(sql)
            monkeypatch.setattr(module, "database", own)
        yield


# Counter


@both_ways
async def test_a_counter_counts(browser: Browser) -> None:
    page = await browser.open("/counter")
    for name, count in [("+1", "1"), ("+10", "11"), ("-1", "10"), ("reset", "0"), ("-1", "-1")]:
        await page.click(name)
        assert page.text("output") == count


async def test_events_count(browser: Browser) -> None:
    page = await browser.open("/counter")
    for name, count in [("click +1", "1"), ("click +10", "11"), ("click reset", "0")]:
        await page.click(name)
        assert page.text("output") == count


@both_ways
async def test_reload_shows_a_fresh_page_or_the_state_of_the_post(browser: Browser) -> None:
    page = await browser.open("/counter")
    await page.click("+10")
    assert page.url == "/counter"
    await page.reload()
    assert page.text("output") == ("0" if browser.js else "10")
    await page.open("/counter")
    assert page.text("output") == "0"


@both_ways
async def test_two_tabs_do_not_mix(browser: Browser) -> None:
    one, two = await browser.open("/counter"), await browser.open("/counter")
    await one.click("+1")
    await two.click("+10")
    await one.click("+1")
    assert (one.text("output"), two.text("output")) == ("2", "10")


@both_ways
async def test_links_and_back(browser: Browser) -> None:
    page = await browser.open("/")
    await page.click("Counter")
    await page.click("Examples")
    assert page.url == "/"
    await page.back()
    assert page.url == "/counter"
    await page.forward()
    assert page.url == "/" and page.attribute("#counter h2 a", "href") == "/counter"
    with pytest.raises(Refusal, match="no page to go forward to"):
        await page.forward()
    await page.back()
    await page.click("+1")
    assert page.text("output") == "1"


@both_ways
async def test_what_noscript_says_is_seen_without_the_script(browser: Browser) -> None:
    page = await browser.open("/counter")
    assert len(page.texts("noscript p")) == (0 if browser.js else 1)


# Todos


@both_ways
async def test_todos(browser: Browser) -> None:
    page = await browser.open("/todos")
    for title in ("buy milk", "  walk the dog ", "", "écrire à Zoë <b>"):
        await page.fill("What needs to be done?", title)
        await page.press("Enter")
    assert page.texts(".todo-list label") == ["buy milk", "walk the dog", "écrire à Zoë <b>"]
    assert page.value("New todo") == ""
    await page.within(".todo-list li:nth-child(2)").click("Done")
    assert page.texts("li.completed label") == ["walk the dog"]
    assert page.is_checked("Mark all as complete") is False
    assert page.text(".todo-count") == "2 items left"
    await page.click("Active")
    assert page.texts(".todo-list label") == ["buy milk", "écrire à Zoë <b>"]
    assert page.url == "/todos?filter=active#/active"
    await page.within(".todo-list li:first-child").click("Remove")
    await page.click("All")
    await page.click("Clear completed")
    assert page.texts(".todo-list label") == ["écrire à Zoë <b>"]


@both_ways
async def test_a_todo_is_edited(browser: Browser) -> None:
    page = await browser.open("/todos")
    await page.fill("New todo", "buy milk")
    await page.press("Enter")
    if browser.js:
        await page.double_click("buy milk")
    else:
        await page.click("Edit")
    assert page.value("Title") == "buy milk"
    await page.fill("Title", "oat milk")
    await page.press("Enter")
    assert page.texts(".todo-list label") == ["oat milk"]
    await page.reload()
    assert page.texts(".todo-list label") == ["oat milk"]


async def test_escape_and_leaving_the_field(browser: Browser) -> None:
    page = await browser.open("/todos")
    await page.fill("New todo", "buy milk")
    await page.press("Enter")
    await page.double_click("buy milk")
    await page.fill("Title", "forgotten")
    await page.press("Escape")
    assert page.texts(".todo-list label") == ["buy milk"]
    await page.double_click("buy milk")
    await page.fill("Title", "oat milk")
    await page.click("New todo")
    assert page.texts(".todo-list label") == ["oat milk"]


@both_ways
async def test_tabs_share_cookies_and_other_people_have_their_own(browser: Browser) -> None:
    page = await browser.open("/todos")
    await page.fill("New todo", "mine")
    await page.press("Enter")
    assert (await browser.open("/todos")).texts(".todo-list label") == ["mine"]
    assert (await browser.other().open("/todos")).texts(".todo-list label") == []


# Sign up


@both_ways
async def test_errors_stand_beside_their_fields(browser: Browser) -> None:
    page = await browser.open("/signup")
    await page.fill("Name", "ada")
    await page.fill("E-mail", "not an address")
    await page.fill("Password", "longenough")
    await page.select("Plan", "Team")
    await page.check("I accept the terms")
    await page.click("Sign up")
    assert "ada is taken" in page.text("#join-name-error")
    assert "At least one digit" in page.text("#join-password-error")
    assert (page.value("Name"), page.value("Plan")) == ("ada", "team")
    assert page.is_checked("I accept the terms")
    assert page.value("Password") == ("longenough" if browser.js else "")


@both_ways
async def test_somebody_signs_up(browser: Browser) -> None:
    page = await browser.open("/signup")
    await page.fill("Name", "margaret")
    await page.fill("E-mail", "m@example.org")
    await page.fill("Password", "apollo-11")
    await page.click("Sign up")
    assert "Please accept the terms" in page.text("main form")
    await page.fill("Password", "apollo-11")
    await page.check("I accept the terms")
    await page.click("Sign up")
    assert page.text("[role=status]") == "Welcome, margaret!"


async def test_fields_are_validated_as_one_types(browser: Browser) -> None:
    page = await browser.open("/signup")
    await page.fill("Name", "grace")
    assert "grace is taken" in page.text("#join-name-error")
    assert page.text("#join-email-error") == ""
    await page.fill("Name", "graceful")
    assert page.text("#join-name-error") == ""


# People


@both_ways
async def test_each_table_has_its_own_state(browser: Browser) -> None:
    page = await browser.open("/people")
    people, invoices = page.within("#people"), page.within("#invoices")
    assert people.texts("td:nth-child(2)") == ["Ada", "Barbara", "Claude", "Donald", "Edsger"]
    await people.click("name")
    assert people.texts("td:nth-child(2)") == ["Leslie", "Ken", "Joan", "Ivan", "Hedy"]
    assert people.text("th[aria-sort=descending]") == "name"
    await invoices.click("Next")
    assert invoices.texts("td:first-child") == ["6", "7", "8", "9", "10"]
    await people.click("Next")
    assert people.texts("td:nth-child(2)") == ["Grace", "Frances", "Edsger", "Donald", "Claude"]
    assert "page 2 of 5" in invoices.text()


# Clock


@both_ways
async def test_a_page_with_noscript_in_its_head(browser: Browser) -> None:
    page = await browser.open("/clock")
    assert page.text("h1") == "Clock"
    assert ("every ten seconds" in page.text()) is not browser.js


# Feed


@pytest.mark.slow
@both_ways
async def test_a_feed_loads_more_at_both_ends(browser: Browser) -> None:
    page = await browser.open("/feed")
    before = page.texts("li")
    for name in ("Earlier", "Later"):
        if browser.js:
            await page.within("form", name).dispatch("visible")
        else:
            await page.click(name)
    assert len(page.texts("li")) == 60 and page.texts("li")[20:40] == before
    for _ in range(23):
        await page.click("Later")
    assert page.text("main p") == "That is all of it." and len(page.texts("form button")) == 1


# Reading list


@both_ways
async def test_a_reading_list(browser: Browser) -> None:
    page = await browser.open("/reading")
    await page.within("li", "JSON").click("Read")
    assert page.texts("li a")[-1] == "JSON"
    await page.within("li", "JSON").click("Unread")
    assert page.texts("li a")[2] == "JSON"
    await page.click("Add an article")
    await page.fill("Title", "CSS")
    await page.fill("Address", "https://www.w3.org/TR/css/")
    await page.click("Add")
    assert page.texts("li a")[0] == "CSS"


async def test_notes_of_a_reading_list(browser: Browser) -> None:
    page = await browser.open("/reading")
    await page.click("All notes")
    assert len(page.texts(".note")) == 4
    await page.within("li", "JSON").click("Note")
    await page.within("li", "HTTP").click("Read")
    assert len(page.texts(".note")) == 2
    assert page.texts("[aria-expanded=true]") == ["Note"] * 2
    await page.within("li", "WebSocket").click("Note")
    await page.within("li", "WebSocket").click("Note")
    await page.press("Escape")
    assert page.texts(".note") == []
    assert page.texts("[aria-expanded=true]") == []


# Preview


@both_ways
async def test_markdown_is_shown_as_it_is_typed(browser: Browser) -> None:
    page = await browser.open("/preview")
    assert page.texts("article li") == ["one", "two"]
    await page.fill("Markdown", "# <b>Title</b>\n\n- one\n- *three*")
    if browser.js:
        await browser.clock.advance(0.2)
        await page.shows("three")
    else:
        await page.click("Preview")
    assert (page.text("article h1"), page.texts("article li")) == ("<b>Title</b>", ["one", "three"])
    assert page.value("Markdown") == "# <b>Title</b>\n\n- one\n- *three*"


# Posts


@both_ways
async def test_a_post_is_created_shown_and_deleted(browser: Browser) -> None:
    page = await browser.open("/posts")
    assert page.texts(".posts li") == ["Nothing yet."]
    await page.fill("Title", "untitled")
    await page.click("Create post")
    assert page.texts(".error") == ["A post needs a title of its own"]
    assert page.value("Title") == "untitled"
    await page.fill("Title", "Hello")
    await page.fill("Content", "World")
    await page.click("Create post")
    assert page.texts(".posts a") == ["Hello"]
    assert (page.value("Title"), page.value("Content")) == ("", "")
    await page.click("Delete Hello")
    assert page.texts(".posts li") == ["Nothing yet."]


@pytest.mark.slow
async def test_every_page_that_shows_posts_is_patched(browser: Browser) -> None:
    mine = await browser.open("/posts")
    theirs = await browser.other().open("/posts")
    await mine.fill("Title", "News")
    await mine.click("Create post")
    await theirs.shows("News")


@both_ways
async def test_a_contact_form(browser: Browser) -> None:
    page = await browser.open("/posts/contact")
    await page.fill("Name", "Ada")
    await page.fill("E-mail", "ada")
    await page.click("Send")
    assert [bool(text) for text in page.texts(".error")] == [False, True, True]
    assert page.value("Name") == "Ada"
    await page.fill("E-mail", "ada@example.org")
    await page.fill("Message", "Hello")
    await page.click("Send")
    assert page.text("[role=status]") == "Thank you, Ada!"


@both_ways
async def test_an_action_inside_a_function(browser: Browser) -> None:
    page = await browser.open("/posts/subscribe")
    await page.fill("E-mail", "ada@example.org")
    await page.click("Subscribe")
    assert page.text("[role=status]") == "Welcome, ada@example.org!"
    assert "1 subscribed." in page.text()
    await page.fill("E-mail", "ada@example.org")
    await page.click("Subscribe")
    assert page.texts(".error") == ["You are subscribed already"]


@both_ways
async def test_the_state_of_an_action(browser: Browser) -> None:
    page = await browser.open("/posts/state")
    for title, shown in [
        ("a", "Five letters or more, please (1)"),
        ("b", "Five letters or more, please (2)"),
    ]:
        await page.fill("Title", title)
        await page.click("Create draft")
        assert page.text("[role=alert]") == shown
    await page.fill("Title", "a title")
    await page.click("Create draft")
    assert page.text("[role=status]") == "Created at attempt 3"


@both_ways
async def test_elsewhere_after_publishing(browser: Browser) -> None:
    page = await browser.open("/posts/new")
    await page.fill("Title", "Published")
    await page.click("Publish")
    assert (page.url, page.text("h1")) == ("/posts/1", "Published")


@both_ways
async def test_a_cart_is_the_visitor_s(browser: Browser) -> None:
    page = await browser.open("/posts/cart")
    await page.click("Add Kettle")
    await page.click("Add Kettle")
    assert page.texts(".posts output") == ["0", "2", "0"]
    assert (await browser.open("/posts/cart")).texts(".posts output") == ["0", "2", "0"]
    assert (await browser.other().open("/posts/cart")).texts(".posts output") == ["0", "0", "0"]


# Inside a FastAPI application


@pytest.fixture
def inventory() -> Iterator[Any]:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    embedded.Base.metadata.create_all(engine)
    before = embedded.sessions.kw["bind"]
    embedded.sessions.configure(bind=engine)
    yield embedded.app
    embedded.sessions.configure(bind=before)


@ways("SHN")
async def test_an_inventory(way: Way, inventory: Any) -> None:
    async with visiting(inventory, way) as visitor:
        page = await visitor.open("/inventory")
        await page.fill("Name", "x")
        await page.click("Add")
        assert page.text("[role=alert]") != "" and page.value("Name") == "x"
        await page.fill("Name", "Teapot")
        await page.click("Add")
        await page.click("One Teapot more")
        await page.click("One Teapot more")
        await page.click("One Teapot less")
        assert page.texts("td:nth-child(2)") == ["1"]
        assert (await visitor.open("/api/items")).text() == '[{"name":"Teapot","count":1}]'


async def test_everybody_sees_the_same_inventory(inventory: Any) -> None:
    async with Browser(inventory) as visitor:
        mine, theirs = await visitor.open("/inventory"), await visitor.other().open("/inventory")
        await mine.fill("Name", "Kettle")
        await mine.click("Add")
        await theirs.shows("Kettle")


# Gallery


@pytest.mark.slow
@ways("SN")
async def test_a_gallery_shows_pictures_from_object_storage(way: Way, request: pytest.FixtureRequest) -> None:
    app = Live(templates=HERE / "templates", uploads=bucket_url(request))
    app.include(gallery.pages)
    async with visiting(app, way) as browser:
        page = await browser.open("/gallery")
        await page.attach("Pictures", File("a.png", b"picture", "image/png"))
        await page.click("Add")
        async with httpx.AsyncClient() as http:
            assert (await http.get(page.attribute("main > img", "src") or "")).content == b"picture"
