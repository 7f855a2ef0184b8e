"""A11. Only what a page has shown to a person can be called."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from html import unescape
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from starlette.datastructures import UploadFile

from liveactions import Bound, InUrl, Live, Page, Pages, action
from liveactions.actions.decorator import module_action_name
from liveactions.pages.page_functions import Rendered, render
from liveactions.protocol import constants as wire
from liveactions.protocol.constants import CALL_REF, CANCEL, VALIDATE
from tests.support.asgi import Tab, browser
from tests.support.small import small_app

pages = Pages()
journal: list[Any] = []


@pytest.fixture(autouse=True)
def fresh_journal() -> None:
    journal.clear()


@action
async def wipe_all() -> None:
    journal.append("all")


@pages.page("/desk")
class Desk(Page):
    template = "desk.html"
    admin: InUrl[bool] = False
    note: str = ""
    rows: tuple[int, ...] = ()

    @action
    async def wipe(self, title: str = "", file: UploadFile | None = None) -> None:
        journal.append("wipe")

    @wipe.validate
    def looks(self, title: str) -> None:
        journal.append("validated")

    @action(js=True)
    async def offered(self) -> None:
        journal.append("offered")

    @action
    async def save(self, note: str = "") -> None:
        self.note = note

    @action
    async def drop(self, row: Bound[int]) -> None:
        self.rows = tuple(one for one in self.rows if one != row)

    @action
    async def fill(self) -> None:
        self.rows = tuple(range(50))

    @action
    async def grow(self) -> None:
        self.rows = (*self.rows, len(self.rows))


@pages.page("/other")
class Other(Desk):
    template = "desk.html"


@pages.page("/function")
async def function(admin: InUrl[bool] = False) -> Rendered:
    @action
    async def wipe(title: str = "", file: UploadFile | None = None) -> None:
        journal.append("wipe")

    return render("desk.html", wipe=wipe, save=None, drop=None, rows=(), fill=None, grow=None, note="")


TEMPLATES = {
    "desk.html": """<title>D</title><p>{{ note }}</p>
{% if admin %}<form method="post" action="{{ wipe }}"><input name="title"></form>
<form method="post" action="{{ wipe_all }}"></form>{% endif %}
{% if save %}<form method="post" action="{{ save }}"><input name="note" value="{{ save.values.note }}"></form>
<i live-click="{{ fill }}"></i><i live-click="{{ grow }}"></i>
{% for row in rows %}<button formaction="{{ drop(row) }}">{{ row }}</button>{% endfor %}{% endif %}""",
    "oops.html": '<title>O</title><form method="post" action="{{ wipe_all }}"></form>',
}


def desk(**options: Any) -> Live:
    return small_app(
        pages,
        TEMPLATES,
        identify=lambda request: request.cookies.get("user"),
        context=[lambda request: {"wipe_all": wipe_all}],
        **options,
    )


async def post(tab: Tab, reference: str) -> int:
    response = await tab.browser.http.post(tab.path, params={"_a": reference}, data={"_s": tab.snapshot})
    return response.status_code


async def fetch(tab: Tab, reference: str) -> int:
    headers = {wire.HEADER_ACTION: quote(reference)}
    return (await tab.browser.http.post(tab.path, json={"_s": tab.snapshot}, headers=headers)).status_code


async def upload(tab: Tab, reference: str) -> int:
    headers, files = {wire.HEADER_UPLOAD: "token"}, {"file": ("a.txt", b"a")}
    response = await tab.browser.http.post(tab.path, params={"_a": reference}, files=files, headers=headers)
    return response.status_code


async def socket(tab: Tab, reference: str) -> int:
    await tab.join()
    return status(await tab.op(CALL_REF, reference, []))


async def validation(tab: Tab, reference: str) -> int:
    await tab.join()
    return status(await tab.op(VALIDATE, reference, ["title", "x"], ["title"]))


async def parcel(tab: Tab, reference: str) -> int:
    data = {"hello": tab.hello, "ops": [[1, 0, CALL_REF, reference, []]]}
    response = await tab.browser.http.post(tab.path, json=data, headers={wire.HEADER_OPS: "1"})
    return status(tab.take(response.json()["frames"][0]))


def status(frame: list[Any]) -> int:
    return int(frame[3][2]["status"]) if frame[3] and frame[3][1] == wire.ERROR else 200


Way = Callable[[Tab, str], Awaitable[int]]
BY_HTTP: list[Way] = [post, fetch, upload]
BY_SESSION: list[Way] = [socket, validation, parcel]
named = pytest.mark.parametrize("way", [*BY_HTTP, *BY_SESSION], ids=lambda way: way.__name__)


@named
@pytest.mark.parametrize("path", ["/desk", "/function"])
@pytest.mark.parametrize("reference", ["wipe", "wipe~", "wipe~~", "wipe~~AAAAAAAAAAA"])
async def test_a11_a_name_calls_nothing(
    way: Way, path: str, reference: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with browser(desk()) as visitor:
        assert await way(await visitor.open(path), reference) == 409
    assert journal == []
    assert f"rejected call of '{reference}'" in caplog.text


@named
@pytest.mark.parametrize("path", ["/desk", "/function"])
async def test_a11_what_is_shown_is_called(way: Way, path: str) -> None:
    async with browser(desk()) as visitor:
        tab = await visitor.open(f"{path}?admin=true")
        assert await way(tab, tab.signed("wipe")) in (200, 303)
    assert journal == {"upload": [], "validation": ["validated"] if path == "/desk" else []}.get(
        way.__name__, ["wipe"] if way is not validation else []
    )


@named
async def test_a11_what_was_shown_to_somebody_else_calls_nothing(way: Way) -> None:
    async with browser(desk()) as ada, browser(desk()) as bob:
        for visitor, name in ((ada, "ada"), (bob, "bob")):
            visitor.http.cookies.set("user", name)
            visitor.identity = name
        reference = (await ada.open("/desk?admin=true")).signed("wipe")
        assert await way(await bob.open("/desk?admin=true"), reference) == 409
    assert journal == []


@named
@pytest.mark.parametrize("name", ["wipe", module_action_name(wipe_all)])
async def test_a11_what_another_page_has_shown_calls_nothing(way: Way, name: str) -> None:
    async with browser(desk()) as visitor:
        reference = (await visitor.open("/other?admin=true")).signed(name)
        assert await way(await visitor.open("/desk?admin=true"), reference) == 409
    assert journal == []


@pytest.mark.parametrize("way", BY_SESSION, ids=lambda way: way.__name__)
async def test_a11_an_open_page_must_show_it_still(way: Way) -> None:
    async with browser(desk()) as visitor:
        tab = await visitor.open("/desk")
        assert await way(tab, tab.signed("wipe")) == 409
    assert journal == []


@named
async def test_a11_what_is_offered_to_everybody_needs_no_signature(way: Way) -> None:
    if way in (upload, validation):
        return
    async with browser(desk()) as visitor:
        assert await way(await visitor.open("/desk"), "offered") in (200, 303)
        assert await way(await visitor.open("/desk"), "offered~1") == 409
    assert journal == ["offered"]


async def test_a11_a_reference_that_was_shown_before_the_newest_patch_is_gone() -> None:
    async with browser(desk()) as visitor:
        tab = await visitor.joined("/desk")
        await tab.call("fill")
        references = found(str((await tab.call("grow"))[2]))
        assert len(references) == 1  # what didn't change isn't sent again
        assert status(await tab.call(references[0])) == 200
        assert status(await tab.call(references[0])) == 409  # the row is gone


async def test_a11_a_page_that_was_dropped_still_knows_what_it_shows() -> None:
    async with browser(desk()) as visitor:
        tab = await visitor.joined("/desk")
        (session,) = visitor.app.sessions
        session.state.page.note = "changed behind its back"
        session.state.history.evict()
        assert "kept" in str((await tab.call("save", "note", "kept"))[2])
        session.state.history.evict()
        session.state.page.note = "again"
        assert status(await tab.call("wipe")) == 409
        assert journal == []


async def test_a11_a_refused_post_keeps_what_was_typed() -> None:
    async with browser(desk()) as visitor:
        tab = await visitor.open("/desk")
        response = await visitor.http.post(
            "/desk", params={"_a": "save~~AAAAAAAAAAA"}, data={"_s": tab.snapshot, "note": "typed"}
        )
        assert response.status_code == 409 and 'value="typed"' in response.text
        assert "<p>typed" not in response.text


def found(html: str) -> list[str]:
    return re.findall(r"_a=(drop~\d+~[\w-]{11})", unescape(html))


@pytest.mark.parametrize(
    "element",
    [
        '<a data-x="{{ act }}"></a>',
        '<a data-x="to {{ act }}"></a>',
        '<a {% if true %}data-x="{{ act }}"{% endif %}></a>',
        "<p>{{ act }}</p>",
        "<textarea>{{ act }}</textarea>",
        "<script>const act = {{ act|string|tojson }}</script>",
        "{{ ('<a href=\"' ~ act ~ '\"></a>')|safe }}",
        '{% for one in (1, 2) %}<a href="{{ act }}"></a>{% endfor %}',
        '<div>{% if true %}<b live-click="{{ act }}"></b>{% endif %}</div>',
    ],
)
async def test_a11_wherever_it_is_written(element: str) -> None:
    some = Pages()

    @some.page("/somewhere")
    class Somewhere(Page):
        template = "somewhere.html"

        @action
        async def act(self) -> None:
            journal.append("act")

        @action
        async def hidden(self) -> None:
            journal.append("hidden")

    async with browser(small_app(some, {"somewhere.html": f"<title>S</title>{element}"})) as visitor:
        tab = await visitor.joined("/somewhere")
        assert status(await tab.call("hidden")) == 409
        assert status(await tab.call("act")) == 200
    assert journal == ["act"]


async def test_a11_a_running_call_is_cancelled_by_what_is_shown_only() -> None:
    some, gate = Pages(), asyncio.Event()

    @some.page("/long")
    class Long(Page):
        template = "long.html"
        shown: bool = False

        @action
        async def run(self) -> AsyncIterator[None]:
            yield
            await gate.wait()
            journal.append("whole")
            yield
            journal.append("end")

    template = '<title>L</title>{% if not run.ok %}<b live-click="{{ run }}"></b>{% endif %}'
    for is_signed, ends in ((False, ["whole", "end"]), (True, ["whole"])):
        journal.clear()
        gate.clear()
        async with browser(small_app(some, {"long.html": template})) as visitor:
            tab = await visitor.joined("/long")
            await tab.call("run")
            await tab.op(CANCEL, tab.signed("run") if is_signed else "run")
            gate.set()
            (session,) = visitor.app.sessions
            await session.finished()
        assert journal == ends


async def test_a11_references_follow_the_person() -> None:
    some = Pages()

    @some.page("/")
    class Home(Page):
        template = "home.html"
        n: int = 0

        @action
        async def log_in(self) -> None:
            self.live.set_cookie("user", "ada")

        @action
        async def add(self, by: Bound[int]) -> None:
            self.n += by

    template = '<title>H</title><p>{{ n }}</p><i live-click="{{ log_in }}"></i>{% for by in (1, 2) %}' + (
        '<form method="post" action="{{ add(by) }}"></form>{% endfor %}'
    )
    live = small_app(some, {"home.html": template}, identify=lambda request: request.cookies.get("user"))
    async with browser(live) as visitor:
        tab = await visitor.joined("/")
        before = re.findall(r"_a=(add~\d~[\w-]{11})", tab.html)
        frame = await tab.call("log_in")
        after = re.findall(r"_a=(add~\d~[\w-]{11})", str(frame[2]))
        assert len(before) == len(after) == 2 and not {*before} & {*after}
        for reference in after:
            assert status(await tab.call(reference)) == 200


@pytest.mark.parametrize("person", ["", "ada"])
async def test_a11_error_pages_call_what_is_of_no_page(person: str) -> None:
    live = desk()

    @live.error_page
    class Oops(Page):
        template = "oops.html"

    async with browser(live) as visitor:
        visitor.http.cookies.set("user", person)
        tab = await visitor.open("/desk")
        refused: httpx.Response = await visitor.http.post(
            "/desk?_a=save", content=b"x", headers={"Content-Type": "text/plain"}
        )
        reference = re.search(r'_a=([^"]*)"', refused.text)
        assert refused.status_code == 415 and reference
        assert await post(tab, unescape(reference[1])) == 303
    assert journal == ["all"]
