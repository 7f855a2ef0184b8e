"""Presence: who has a page open, as others see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
from pydantic import BaseModel
from starlette.requests import HTTPConnection, Request

from liveactions import (
    Component,
    Depends,
    Live,
    Page,
    Pages,
    action,
    cached,
    loaded,
    presence,
    present,
)
from liveactions.protocol.constants import BYE, SOCKET_WAIT
from liveactions.pubsub.presence_table import EXPECTED
from liveactions.session.attendance import LEFT_SECONDS, LOST_SECONDS, POLLED_SECONDS
from liveactions.store import MemoryStore
from liveactions.testing import Browser, Failed
from liveactions.testing import Page as Shown
from tests.support.asgi import browser as visitor_at
from tests.support.small import small_app

pages = Pages()


@dataclass(frozen=True)
class Person:
    name: str
    color: str = "red"


colors: dict[str, str] = {}


def signed_in(connection: HTTPConnection) -> str | None:
    return connection.cookies.get("who")


def visitor(request: Request) -> Person | None:
    name = signed_in(request)
    return None if name is None else Person(name, colors.get(name, "red"))


Visitor = Annotated[Person | None, Depends(visitor)]


@pages.page("/room/{id}")
class Room(Page):
    template = "room.html"
    id: int
    clicks: int = 0
    people = presence("room:{id}", visitor)

    @action
    async def move(self, to: int) -> None:
        self.id = to

    @action
    async def click(self) -> None:
        self.clicks += 1


seen: list[list[str]] = []
"""What the watching page has shown, one after the other."""


@pages.page("/watch/{id}")
class Watch(Page):
    template = "watch.html"
    id: int
    people: tuple[Person, ...] = loaded()

    async def load(self) -> None:
        self.people = await present("room:{id}")
        seen.append([person.name for person in self.people])


@cached()
async def crowd() -> str:
    return ", ".join([person.name for id in (1, 2) for person in await present("room:{id}", id=id)])


@pages.page("/lobby")
class Lobby(Page):
    template = "lobby.html"
    crowd: str = loaded()

    async def load(self) -> None:
        self.crowd = await crowd()


class Bar(Component):
    template = "bar.html"
    me: Person | None = loaded()
    people = presence("site", "me")

    def load(self, me: Visitor) -> None:
        self.me = me


class Site(Page):
    bar: Bar = Bar()


@pages.page("/first")
class First(Site):
    template = "site.html"


@pages.page("/second")
class Second(Site):
    template = "site.html"


@pages.page("/hidden/{id}")
class Hidden(Page):
    template = "empty.html"
    id: int
    renders: int = 0
    _people = presence("room:{id}", visitor)

    @property
    def rendered(self) -> str:
        type(self).renders += 1
        return ""


HERE = """<p>Here:{% for person in people %} {{ person.name }}
{%- if person.color != "red" %} in {{ person.color }}{% endif %}{% endfor %}.</p>"""
TEMPLATES = {
    "room.html": f"""<title>Room</title>{HERE}
<form method="post" action="{{{{ move }}}}"><input name="to" aria-label="To"><button>Move</button></form>
<button form="live" formaction="{{{{ click }}}}">Click</button>""",
    "watch.html": f"<title>Watch</title>{HERE}",
    "lobby.html": "<title>Lobby</title><p>{{ crowd }}</p>",
    "bar.html": HERE,
    "site.html": """<title>Site</title>{{ bar }}<a href="/second" live-nav>Second</a>
<a href="/first" live-nav>First</a><a href="/lobby" live-nav>Lobby</a>""",
    "empty.html": "<title>Empty</title>{{ rendered }}",
}


@pytest.fixture
def live() -> Live:
    seen.clear()
    colors.clear()
    return small_app(pages, TEMPLATES, identify=signed_in)


def named(browser: Browser, who: str) -> Browser:
    browser.cookies.values["who"] = who
    return browser


async def shows(page: Shown, *names: str) -> None:
    """Return when these are here, in this order."""
    await page.shows(" ".join(("Here:", *names)) + ".")


async def test_people_see_who_comes_and_leaves(browser: Browser) -> None:
    mine = await named(browser, "ada").open("/room/1")
    await shows(mine, "ada")
    theirs = await named(browser.other(), "bob").open("/room/1")
    await shows(theirs, "ada", "bob")
    await shows(mine, "ada", "bob")
    elsewhere = await named(browser.other(), "eve").open("/room/2")
    await shows(elsewhere, "eve")
    await theirs.close()
    await shows(mine, "ada")


@pytest.mark.slow
async def test_several_tabs_are_one_person(browser: Browser) -> None:
    mine = await named(browser, "ada").open("/room/1")
    other = named(browser.other(), "bob")
    first, second = await other.open("/room/1"), await other.open("/room/1")
    await shows(mine, "ada", "bob")
    await first.close()
    await browser.clock.advance(LEFT_SECONDS)
    await shows(second, "ada", "bob")
    assert mine.text("p") == "Here: ada bob."
    await second.close()
    await shows(mine, "ada")


async def test_who_reloads_is_never_missing(browser: Browser) -> None:
    watching = await browser.open("/watch/1")
    page = await named(browser.other(), "ada").open("/room/1")
    await shows(watching, "ada")
    before = len(seen)
    for _ in range(3):
        await page.reload()
        await shows(page, "ada")
    await browser.clock.advance(LEFT_SECONDS)
    await page.click("Click")
    assert seen[before:] == []


@pytest.mark.parametrize("socket", [True, False], ids=["socket", "events"])
async def test_who_leaves_is_gone_soon(browser: Browser, live: Live, socket: bool) -> None:
    watching = await browser.open("/watch/1")
    other = Browser(live, socket=socket)
    other.lifespan = browser.lifespan
    others = set(live.sessions)
    page = await named(other, "ada").open("/room/1")
    await shows(watching, "ada")
    (session,) = set(live.sessions) - others
    await page.close()
    await session.settled()
    await browser.clock.advance(LEFT_SECONDS)
    assert live.sessions.presence.present("room:1") == ()
    await shows(watching)
    assert seen[-2:] == [["ada"], []]


@pytest.mark.slow
@pytest.mark.parametrize("js", [True, False], ids=["events", "no-javascript"])
async def test_a_page_without_a_socket_is_here_by_its_events(live: Live, js: bool) -> None:
    async with Browser(live) as browser:
        watching = await browser.open("/watch/1")
        await named(browser, "ada").open("/room/1")
        await shows(watching, "ada")
        other = Browser(live, js=js, socket=False)
        other.lifespan = browser.lifespan
        page = await named(other, "bob").open("/room/1")
        if js:
            await shows(page, "ada", "bob")
            await shows(watching, "ada", "bob")
            await page.close()
            await shows(watching, "ada")
        else:
            assert page.text("p") == "Here: ada."
            await page.click("Click")
            assert page.text("p") == watching.text("p") == "Here: ada."


async def test_a_changed_field_moves_the_person(browser: Browser) -> None:
    one, two = await browser.open("/watch/1"), await browser.open("/watch/2")
    page = await named(browser.other(), "ada").open("/room/1")
    await shows(one, "ada")
    await page.fill("To", "2")
    await page.click("Move")
    await shows(page, "ada")
    await shows(two, "ada")
    await shows(one)


async def test_changed_data_is_shown_and_keeps_the_place(browser: Browser) -> None:
    mine = await named(browser, "ada").open("/room/1")
    theirs = await named(browser.other(), "bob").open("/room/1")
    await shows(mine, "ada", "bob")
    colors["ada"] = "blue"
    await mine.click("Click")
    await shows(theirs, "ada in blue", "bob")


async def test_nobody_is_here_who_is_none(browser: Browser) -> None:
    nobody = await browser.open("/room/1")
    await named(browser.other(), "ada").open("/room/1")
    await shows(nobody, "ada")


@pytest.mark.slow
async def test_what_is_cached_is_read_again(browser: Browser) -> None:
    lobby = await browser.open("/lobby")
    assert lobby.text("p") == ""
    page = await named(browser.other(), "ada").open("/room/2")
    await lobby.shows("ada")
    await page.close()
    await lobby.shows_not("ada")


async def test_who_navigates_within_a_site_is_never_missing(browser: Browser, live: Live) -> None:
    watching = await named(browser, "ada").open("/first")
    page = await named(browser.other(), "bob").open("/first")
    await shows(watching, "ada", "bob")
    for name in ("Second", "First", "Second"):
        await page.click(name)
        assert live.sessions.presence.present("site") == (Person("ada"), Person("bob"))
    await page.click("Lobby")
    await shows(watching, "ada")


@pytest.mark.slow
async def test_who_is_signed_out_is_gone(browser: Browser, live: Live) -> None:
    watching = await browser.open("/watch/1")
    other = named(browser.other(), "ada")
    await other.open("/room/1")
    await shows(watching, "ada")
    del other.cookies.values["who"]
    live.disconnect("ada")
    await shows(watching)


async def test_a_page_that_only_says_it_isn_t_drawn_again(browser: Browser) -> None:
    watching = await browser.open("/watch/1")
    await named(browser.other(), "ada").open("/hidden/1")
    await shows(watching, "ada")
    renders = Hidden.renders
    await named(browser.other(), "bob").open("/watch/1")
    await named(browser.other(), "eve").open("/room/1")
    await shows(watching, "ada", "eve")
    assert Hidden.renders == renders


# Lost links


async def test_a_lost_link_is_noticed_after_a_while(live: Live) -> None:
    known = live.sessions.presence
    async with visitor_at(live) as ada:
        ada.http.cookies.set("who", "ada")
        tab = await ada.joined("/room/1")
        assert known.present("room:1") == (Person("ada"),)
        await tab.socket.lose()
        known.advance(LOST_SECONDS - 0.5)
        assert known.present("room:1") == (Person("ada"),)
        known.advance(0.5)
        assert known.present("room:1") == ()
        await tab.join()
        assert known.present("room:1") == (Person("ada"),)


async def test_a_page_that_polls_is_here_as_long_as_it_does(live: Live) -> None:
    known = live.sessions.presence
    async with visitor_at(live) as ada:
        ada.http.cookies.set("who", "ada")
        tab = await ada.open("/room/1")
        for _ in range(3):
            content = {"hello": {**tab.hello, "op": 0}, "ops": []}
            answer = await ada.http.post("/room/1", json=content, headers={"Live-Ops": "1"})
            welcome = answer.json()["welcome"]
            tab.token, tab.rev = welcome.get("token", tab.token), welcome["rev"]
            known.advance(POLLED_SECONDS - 0.5)
            assert known.present("room:1") == (Person("ada"),)
        known.advance(0.5)
        assert known.present("room:1") == ()


async def test_who_says_goodbye_to_another_worker_is_not_there() -> None:
    """A page that is reloaded may do so; its visitor stays at the worker that expects the next page."""
    store = MemoryStore()
    one, two = (small_app(pages, TEMPLATES, identify=signed_in, store=store) for _ in range(2))
    async with visitor_at(one) as here, visitor_at(two) as there:
        for visitor in (here, there):
            visitor.http.cookies.set("who", "ada")
        tab = await here.joined("/room/1")
        await tab.call("click")
        content = {"hello": {**tab.hello, "op": tab.n}, "ops": [[tab.n + 1, tab.rev, BYE]]}
        goodbye = await there.http.post("/room/1", json=content, headers={"Live-Ops": "1"})
        assert goodbye.status_code == 200
        assert two.sessions.presence.present("room:1") == ()


@pytest.mark.parametrize("reloads", [False, True], ids=["lost", "reloads"])
async def test_who_goes_on_without_a_socket_is_never_missing(live: Live, reloads: bool) -> None:
    """Pages wait for the socket before they do without."""
    known = live.sessions.presence
    async with visitor_at(live) as ada:
        ada.http.cookies.set("who", "ada")
        tab = await ada.joined("/room/1")
        if reloads:
            await ada.open("/room/1")
            tab.socket.send([1, 0, BYE])
            await tab.socket.task
        else:
            await tab.socket.lose()
        known.advance(SOCKET_WAIT + 1)
        assert known.present("room:1") == (Person("ada"),)
        known.advance(EXPECTED)
        assert known.present("room:1") == ()


async def test_a_link_that_comes_back_in_time_isn_t_noticed(live: Live) -> None:
    known = live.sessions.presence
    async with visitor_at(live) as ada, visitor_at(live) as bob:
        watching = await bob.joined("/watch/1")
        ada.http.cookies.set("who", "ada")
        tab = await ada.joined("/room/1")
        await watching.receive()
        before = len(seen)
        for _ in range(3):
            await tab.socket.lose()
            known.advance(LOST_SECONDS - 0.5)
            await tab.join()
        known.advance(LOST_SECONDS)
        assert known.present("room:1") == (Person("ada"),)
        colors["ada"] = "blue"
        await tab.call("click")
        assert "blue" in str(await watching.receive())
        assert len(seen) == before + 1


# What can be said


class Guest(BaseModel):
    id: int
    tags: list[str] = []


async def guest() -> Guest:
    return Guest(id=7, tags=["new"])


def number() -> int:
    return 3


@pytest.mark.parametrize(
    ("me", "value"), [(guest, Guest(id=7, tags=["new"])), (number, 3), (Depends(number), 3), ("name", "ada")]
)
async def test_data_is_what_it_was(me: object, value: object) -> None:
    pages = Pages()

    @pages.page("/{name}")
    class Some(Page):
        template = "empty.html"
        name: str
        _here = presence("all", me)  # type: ignore[call-overload]

    live = small_app(pages, {"empty.html": "<title>E</title>"})
    async with Browser(live) as browser:
        await browser.open("/ada")
        shown = live.sessions.presence.present("all")
        assert shown == (value,) and type(shown[0]) is type(value)
        if isinstance(value, Guest):
            assert isinstance(shown[0], Guest)
            shown[0].tags.append("changed")
            assert live.sessions.presence.present("all") == (value,)


async def test_key_says_who_is_the_same_person() -> None:
    pages = Pages()
    guests = iter([Guest(id=1, tags=["a"]), Guest(id=1, tags=["b"]), Guest(id=2), Guest(id=2, tags=["c"])])

    def next_guest() -> Guest:
        return next(guests)

    @pages.page("/by-id")
    class ById(Page):
        template = "empty.html"
        _here = presence("all", next_guest, key=lambda guest: guest.id)

    live = small_app(pages, {"empty.html": "<title>E</title>"})
    async with Browser(live) as browser:
        await browser.open("/by-id")
        await browser.open("/by-id")
        assert [guest.id for guest in live.sessions.presence.present("all")] == [1, 2]


async def test_without_a_key_or_identify_the_data_says_who_it_is() -> None:
    pages = Pages()

    @pages.page("/{name}")
    class Some(Page):
        template = "names.html"
        name: str
        names = presence("all", "name")

    async with Browser(small_app(pages, {"names.html": "<title>N</title>{{ names|join(' ') }}"})) as browser:
        for name in ("ada", "bob", "ada"):
            page = await browser.open(f"/{name}")
        await page.shows("ada bob")


# Mistakes


def test_a_topic_has_fields_of_the_page() -> None:
    with pytest.raises(TypeError, match=r"Wrong\.here: no field for the 'name' of its topic 'room:{name}'"):

        class Wrong(Page):
            id: int
            here = presence("room:{name}", visitor)


@pytest.mark.parametrize("topic", ["room:{id.real}", "room:{id[0]}", "room:{id!r}", "room:{0}", "room:{"])
def test_a_topic_has_plain_names_only(topic: str) -> None:
    with pytest.raises(ValueError, match="topic 'room"):
        presence(topic, visitor)


def test_me_is_a_field_or_a_property() -> None:
    with pytest.raises(TypeError, match=r"Wrong\.here: .*Wrong has no field or property named 'myself'"):

        class Wrong(Page):
            here = presence("room", "myself")


def test_me_is_data() -> None:
    def connection() -> HTTPConnection:
        raise NotImplementedError

    with pytest.raises(TypeError, match=r"Wrong\.here: .*can't be sent to other workers"):

        class Wrong(Page):
            here = presence("room", connection)


async def test_me_needs_an_annotation_where_it_isn_t_json() -> None:
    pages = Pages()

    def unknown():  # type: ignore[no-untyped-def]
        return Person("ada")

    @pages.page("/")
    class Some(Page):
        template = "empty.html"
        here = presence("all", unknown)

    async with Browser(small_app(pages, {"empty.html": ""}, debug=True)) as browser:
        with pytest.raises(Failed, match=r"Some\.here: Person needs an annotation that names its type"):
            await browser.open("/")


async def test_present_needs_a_page_and_values() -> None:
    with pytest.raises(RuntimeError, match="only be called in a page"):
        await present("room:1")
    pages = Pages()

    @pages.page("/{topic}")
    class Some(Page):
        template = "empty.html"
        topic: str

        async def load(self) -> None:
            await present(self.topic)

    async with Browser(small_app(pages, {"empty.html": ""}, debug=True)) as browser:
        await browser.open("/{topic}")  # what a visitor has typed reads no more than a field
        for wrong in ("{topic.__class__}", "{live}", "{_secret}"):
            with pytest.raises(Failed, match="ValueError"):
                await browser.open(f"/{wrong}")


def test_outside_of_an_application_nobody_is_here() -> None:
    assert Room(id=1).people == ()
    assert Room.people.topic.text == "room:{id}"
