"""Fields that outlive their page: `InTab` for a tab, `InSession` for all tabs of a person."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import HTTPConnection

from liveactions import Component, InSession, InTab, Limits, Live, Page, Pages, action, in_url, loaded
from liveactions.exceptions import StoreError
from liveactions.execution.kept import COOKIE, KeptValues
from liveactions.pages.fields import Kept
from liveactions.pages.page import kept_fields
from liveactions.store import MemoryStore
from liveactions.testing import Browser, Failed, both_ways
from tests.support.pages import new
from tests.support.small import small_app

pages = Pages()
loads: list[tuple[str, int]] = []


class Panel(Component):
    template = "panel.html"
    note: InTab[str] = ""

    @action
    async def write(self, note: str) -> None:
        self.note = note


class Shop(Page):
    basket: InSession[tuple[int, ...]] = ()
    theme: InSession[str] = "light"

    @action
    async def put(self, number: int) -> None:
        self.basket += (number,)

    @action
    async def paint(self, theme: str) -> None:
        self.theme = theme

    @action
    async def refuse(self) -> None:
        self.basket = (666,)
        raise RuntimeError("on purpose")

    @action
    async def sign_out(self) -> None:
        self.request.session.clear()

    @action
    async def leave(self) -> None:
        self.basket = (7,)
        self.request.session.clear()

    @action
    async def sign_in(self, who: str) -> None:
        self.request.session["who"] = who


@pages.page("/shop")
class Shelf(Shop):
    template = "shop.html"
    step: InTab[Annotated[int, Field(le=9)]] = 1
    other: int = 0
    panel: Panel = Panel()

    is_broken: ClassVar = False

    async def load(self) -> None:
        if self.is_broken:
            raise RuntimeError("on purpose")
        loads.append((self.theme, len(self.basket)))

    @action
    async def forward(self) -> None:
        self.step += 1

    @action
    async def count(self) -> None:
        self.other += 1

    @action
    async def fill(self, size: int) -> None:
        self.theme = "x" * size


@pages.page("/till")
class Till(Shop):
    template = "till.html"


@pages.page("/room/{room}")
class Room(Shop):
    template = "room.html"
    room: int
    draft: InTab[str] = ""

    @action
    async def write(self, draft: str) -> None:
        self.draft = draft


FIELDS = """<p class="basket">{{ basket|join(" ") }}</p><p class="theme">{{ theme }}</p>
<form method="post" action="{{ put }}"><input name="number" aria-label="Number"><button>Put</button></form>
<form method="post" action="{{ paint }}"><input name="theme" aria-label="Theme"><button>Paint</button></form>
<form method="post" action="{{ sign_in }}"><input name="who" aria-label="Who"><button>Sign in</button></form>
{{ button(sign_out, "Sign out") }}{{ button(leave, "Order and sign out") }}{{ button(refuse, "Refuse") }}
<a href="/till" live-nav>Till</a> <a href="/shop" live-nav>Shop</a>"""
TEMPLATES = {
    "fields.html": FIELDS,
    "till.html": "<title>Till</title>" + FIELDS,
    "shop.html": """<title>Shop</title><p class="step">{{ step }} {{ other }}</p>{{ panel }}
{{ button(forward, "Forward") }}{{ button(count, "Count") }}
<form method="post" action="{{ fill }}"><input name="size" aria-label="Size"><button>Fill</button></form>
"""
    + FIELDS,
    "panel.html": """<div><p class="note">{{ note }}</p><form method="post" action="{{ write }}">
<input name="note" aria-label="Note"><button>Write</button></form></div>""",
    "room.html": """<title>Room</title><p class="draft">{{ draft }}</p>
<form method="post" action="{{ write }}">
<input name="draft" aria-label="Draft"><button>Write</button></form>
<a href="{{ url(room=room + 1) }}">Next</a>"""
    + FIELDS,
}


def who(connection: HTTPConnection) -> str | None:
    return connection.session.get("who")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def live(store: MemoryStore) -> Live:
    return small_app(
        pages,
        TEMPLATES,
        store=store,
        identify=who,
        middleware=[Middleware(SessionMiddleware, secret_key="a secret of the session")],
        limits=Limits(kept=1000),
    )


async def enter(page: Any, name: str, value: str, button: str) -> None:
    await page.fill(name, value)
    await page.click(button)


@both_ways
async def test_a_tab_keeps_its_fields_over_a_reload(browser: Browser) -> None:
    page = await browser.open("/shop")
    await page.click("Forward")
    await page.click("Count")
    await enter(page, "Note", "rye", "Write")
    await page.reload()
    assert page.text(".step") == ("2 0" if browser.js else "2 1")
    assert page.text(".note") == "rye"


@both_ways
async def test_a_tab_keeps_its_fields_over_a_link_and_back(browser: Browser) -> None:
    page = await browser.open("/shop")
    await page.click("Forward")
    await page.open("/room/1")
    await page.back()
    assert page.text(".step").startswith("2")


async def test_a_tab_keeps_its_fields_where_pages_open_over_the_socket(browser: Browser) -> None:
    page = await browser.open("/shop")
    await page.click("Forward")
    await page.click("Till")
    await page.click("Shop")
    assert page.text(".step") == "2 0"


async def test_another_tab_has_its_own(browser: Browser) -> None:
    page = await browser.open("/shop")
    await page.click("Forward")
    assert (await browser.open("/shop")).text(".step") == "1 0"


async def test_a_page_with_parameters_keeps_fields_for_each_of_them(browser: Browser) -> None:
    page = await browser.open("/room/1")
    await enter(page, "Draft", "hello", "Write")
    await page.click("Next")
    assert page.text(".draft") == ""
    await page.open("/room/1")
    assert page.text(".draft") == "hello"


@both_ways
async def test_all_tabs_and_pages_of_a_person_share_theirs(browser: Browser) -> None:
    page = await browser.open("/shop")
    await enter(page, "Number", "3", "Put")
    assert (await browser.open("/till")).text(".basket") == "3"
    other = await browser.open("/room/1")
    await enter(other, "Number", "4", "Put")
    await page.reload()
    assert page.text(".basket") == "3 4"


async def test_other_tabs_show_what_one_has_changed(browser: Browser) -> None:
    page, other = await browser.open("/shop"), await browser.open("/till")
    await enter(page, "Number", "3", "Put")  # sets the cookie
    await enter(page, "Theme", "dark", "Paint")
    await other.shows("dark")
    assert other.text(".basket") == "3"
    loads.clear()
    await enter(other, "Number", "4", "Put")
    await page.shows("3 4")
    assert loads == [("dark", 2)]


async def test_of_two_tabs_that_write_at_once_the_last_one_wins_for_each_field(browser: Browser) -> None:
    page, other = await browser.open("/shop"), await browser.open("/till")
    await enter(page, "Number", "1", "Put")
    await other.shows("1")
    await page.fill("Number", "2")
    await other.fill("Theme", "dark")
    await page.click("Put")
    await other.click("Paint")
    third = await browser.open("/till")
    assert (third.text(".basket"), third.text(".theme")) == ("1 2", "dark")


async def test_what_another_tab_has_changed_is_not_overwritten_where_it_could_not_be_loaded(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, other = await browser.open("/shop"), await browser.open("/till")
    await enter(page, "Number", "3", "Put")
    await other.shows("3")
    with monkeypatch.context() as patched:
        patched.setattr(Shelf, "is_broken", True)
        await enter(other, "Number", "4", "Put")
        await other.shows("3 4")
        with pytest.raises(Failed):
            await enter(page, "Theme", "dark", "Paint")
    await page.click("Count")
    assert page.text(".basket") == "3 4"
    assert (await browser.open("/till")).text(".basket") == "3 4"


async def test_visitors_without_an_identity_have_a_cookie_once_something_is_kept(browser: Browser) -> None:
    page = await browser.open("/shop")
    await page.click("Forward")
    assert COOKIE not in browser.cookies.values
    await enter(page, "Number", "3", "Put")
    assert COOKIE in browser.cookies.values
    stranger = browser.other()
    assert (await stranger.open("/shop")).text(".basket") == ""


@both_ways
async def test_a_person_finds_them_in_every_browser(browser: Browser) -> None:
    page = await browser.open("/shop")
    await enter(page, "Who", "ada", "Sign in")
    page = await browser.open("/shop")
    await enter(page, "Number", "3", "Put")
    elsewhere = browser.other()
    page = await elsewhere.open("/shop")
    await enter(page, "Who", "ada", "Sign in")
    assert (await elsewhere.open("/shop")).text(".basket") == "3"


@both_ways
async def test_signing_out_forgets_them(browser: Browser) -> None:
    page = await browser.open("/shop")
    await enter(page, "Who", "ada", "Sign in")
    page = await browser.open("/shop")
    await enter(page, "Number", "3", "Put")
    await page.click("Sign out")
    page = await browser.open("/shop")
    assert page.text(".basket") == ""
    await enter(page, "Who", "ada", "Sign in")
    page = await browser.open("/shop")
    assert page.text(".basket") == ""


async def test_the_page_that_signs_out_shows_them_no_longer(browser: Browser) -> None:
    page = await browser.open("/shop")
    await enter(page, "Who", "ada", "Sign in")
    await enter(page, "Number", "3", "Put")
    assert page.text(".basket") == "3"
    await page.click("Sign out")
    assert page.text(".basket") == ""


async def test_who_signs_in_after_somebody_in_the_same_page_finds_nothing_of_theirs(browser: Browser) -> None:
    page = await browser.open("/shop")
    await enter(page, "Who", "ada", "Sign in")
    await enter(page, "Number", "3", "Put")
    await enter(page, "Note", "secret", "Write")
    await page.click("Sign out")
    assert (page.text(".note"), page.text(".basket")) == ("", "")
    await enter(page, "Who", "bob", "Sign in")
    assert (page.text(".note"), page.text(".basket")) == ("", "")


async def test_what_the_action_that_signs_out_sets_is_not_kept_for_the_next_person(browser: Browser) -> None:
    page = await browser.open("/shop")
    await enter(page, "Who", "ada", "Sign in")
    await page.click("Order and sign out")
    assert page.text(".basket") == ""
    await page.click("Count")
    assert (await browser.open("/till")).text(".basket") == ""


async def test_signing_in_keeps_what_a_tab_has(browser: Browser) -> None:
    page = await browser.open("/shop")
    await enter(page, "Note", "rye", "Write")
    await enter(page, "Who", "ada", "Sign in")
    assert page.text(".note") == "rye"


@both_ways
@pytest.mark.parametrize("who", ["", "ada"])
async def test_a_page_that_could_not_read_what_is_kept_overwrites_nothing(
    browser: Browser, store: MemoryStore, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    page = await browser.open("/shop")
    if who:
        await enter(page, "Who", who, "Sign in")
        page = await browser.open("/shop")
    await enter(page, "Number", "3", "Put")
    cookies = dict(browser.cookies.values)
    with monkeypatch.context() as patched:
        patched.setattr(KeptValues, "get", is_away)
        page = await browser.open("/shop")
        await enter(page, "Number", "4", "Put")
        assert page.text(".basket") == "4"
    await enter(page, "Theme", "dark", "Paint")
    assert (page.text(".basket"), page.text(".theme")) == ("3", "dark")
    third = await browser.open("/till")
    assert (third.text(".basket"), third.text(".theme")) == ("3", "dark")
    assert browser.cookies.values.get(COOKIE) == cookies.get(COOKIE)


async def is_away(*_: Any) -> None:
    raise StoreError("on purpose")


async def test_disconnecting_a_person_forgets_them(browser: Browser, live: Live) -> None:
    page = await browser.open("/shop")
    await enter(page, "Who", "ada", "Sign in")
    page = await browser.open("/shop")
    await enter(page, "Number", "3", "Put")
    live.disconnect("ada")
    await live.site.kept._tasks.finished()
    assert (await browser.open("/till")).text(".basket") == ""


@both_ways
async def test_what_fails_is_not_kept(browser: Browser) -> None:
    page = await browser.open("/shop")
    await enter(page, "Number", "3", "Put")
    with pytest.raises(Failed):
        await page.click("Refuse")
    assert (await browser.open("/shop")).text(".basket") == "3"


@both_ways
async def test_a_value_that_is_too_large_fails_its_action(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    page = await browser.open("/shop")
    with pytest.raises(Failed):
        await enter(page, "Size", "2000", "Fill")
    assert "Shelf.theme (InSession) has 2,002 bytes: more than Limits(kept=1000)" in caplog.text
    assert (await browser.open("/shop")).text(".theme") == "light"


def keep(text: bytes) -> Any:
    async def get(*name: str) -> bytes | None:
        return None if name[0] == "generation" else text

    return get


@pytest.mark.parametrize("text", [b"{}", b"null", b"", b"[[", b"99", b'"x"'])
async def test_a_value_that_no_longer_fits_is_the_default(browser: Browser, live: Live, text: bytes) -> None:
    page = await browser.open("/shop")
    await page.click("Forward")
    await enter(page, "Number", "3", "Put")
    live.site.kept.get = keep(text)  # type: ignore[method-assign]
    page = await browser.open("/shop")
    assert (page.status, page.text(".step"), page.text(".basket")) == (200, "1 0", "")


async def test_a_row_that_was_altered_is_the_default(browser: Browser, store: MemoryStore) -> None:
    page = await browser.open("/shop")
    await page.click("Forward")
    await enter(page, "Number", "3", "Put")
    rows = [key for key in store._values if key.startswith("kept ")]
    assert len(rows) == 2
    for key in rows:
        sealed = await store.get(key)
        assert sealed is not None
        await store.put(key, sealed[:-1] + bytes([sealed[-1] ^ 1]), 60)
    await page.reload()
    assert (page.status, page.text(".step"), page.text(".basket")) == (200, "1 0", "")


@pytest.mark.parametrize(
    ("annotation", "default", "why"),
    [
        (Annotated[str, Kept("tab"), in_url()], "", "kept in one place only"),
        (InTab[str], loaded(), "load\\(\\) sets it"),
        (InSession[Panel], Panel(), "components can't be kept"),
        (Annotated[str, Kept("person")], ..., "needs a default"),
    ],
)
def test_fields_that_cannot_be_kept(annotation: Any, default: Any, why: str) -> None:
    values = {"__annotations__": {"field": annotation}, **({} if default is ... else {"field": default})}
    with pytest.raises(TypeError, match=why):
        type("Wrong", (Page,), values)


def test_parameters_of_actions_are_not_kept() -> None:
    with pytest.raises(TypeError, match="InTab"):

        class Wrong(Page):
            @action
            async def go(self, x: InTab[str]) -> None: ...


def test_keys_name_class_component_and_parameters(live: Live) -> None:  # which has registered their paths
    module = __name__
    assert [key for key, _, _ in kept_fields(new(Shelf))] == [
        f"{module}.Shop.basket\n",
        f"{module}.Shop.theme\n",
        f"{module}.Shelf.step\n",
        f"{module}.Panel.note\npanel",
    ]
    room = new(Room)
    room.room = 7
    assert [key for key, _, _ in kept_fields(room)][-1] == f"{module}.Room.draft\n\nroom=7"


@pytest.mark.parametrize("socket", [True, False])
async def test_without_a_socket(live: Live, socket: bool) -> None:
    async with Browser(live, socket=socket) as browser:
        page = await browser.open("/shop")
        await page.click("Forward")
        await enter(page, "Number", "3", "Put")
        await page.reload()
        assert (page.text(".step"), page.text(".basket")) == ("2 0", "3")
