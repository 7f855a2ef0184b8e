"""A4. Pages that are functions, and the actions in them."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from starlette.datastructures import UploadFile
from starlette.requests import Request

from liveactions import Bound, Component, Depends, Live, Pages, Rendered, action, not_found, redirect, render
from liveactions.testing import Browser, File
from liveactions.testing.failures import Failed
from tests.behaviour.logs import logged
from tests.behaviour.markup import form
from tests.behaviour.ways import Way, visiting, ways
from tests.support.small import small_app

pages = Pages()
journal: list[str] = []
GUESTS: list[str] = []
TEMPLATES: dict[str, str] = {}


@pytest.fixture(autouse=True)
def empty() -> None:
    journal.clear()
    POSTS.clear()
    GUESTS.clear()


@pytest.fixture
def live() -> Live:
    return small_app(pages, TEMPLATES)


@action
async def sign(name: str) -> str:
    GUESTS.append(name)
    return f"{name} was here"


POSTS: list[str] = []


async def connection() -> AsyncIterator[str]:
    journal.append("open")
    yield "connection"
    journal.append("close")


Connection = Annotated[str, Depends(connection)]


@pages.page("/notes/{topic}")
async def notes(topic: str, request: Request, db: Connection, shout: bool = False) -> Any:
    if topic == "none":
        return not_found()
    if topic == "moved":
        raise redirect("/notes/new")
    count = 0

    @action
    async def note(text: str, db: Connection) -> str:
        nonlocal count
        count += 1
        POSTS.append(f"{topic}: {text.upper() if shout else text}")
        return f"{topic} {count} {db}"

    @note.validate
    async def is_new(text: str) -> None:
        if f"{topic}: {text}" in POSTS:
            raise ValueError(f"{text} is there already")

    return render("notes.html", posts=list(POSTS), note=note, tools=[("sign here", sign)])


TEMPLATES["notes.html"] = (
    "<title>{{ topic }}</title><h1>{{ topic }}</h1>"
    "<ul>{% for post in posts %}<li>{{ post }}</li>{% endfor %}</ul>"
    "<p>{{ note.result }}</p><b>{{ note.errors.text }}</b>"
    '<a href="{{ url(shout=true) }}" live-nav>louder</a>'
    '<form method="post" action="{{ note }}"><input name="text" aria-label="text"'
    ' value="{{ note.field("text").value }}"><button>note</button></form>'
    "{% for label, do in tools %}<form method='post' action='{{ do }}'><input name='name' aria-label='name'>"
    "<button>{{ label }}</button></form><i>{{ do.result }}</i>{% endfor %}"
)


@ways("SHN")
async def test_a4_closures_see_the_variables_of_their_run(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/notes/tea?shout=true")
        assert page.text("h1") == "tea"
        for text in ("milk", "sugar"):
            await page.fill("text", text)
            await page.click("note")
            assert page.text("p") == "tea 1 connection"
        assert page.texts("li") == ["tea: MILK", "tea: SUGAR"]
        assert page.url == "/notes/tea?shout=true"
        assert journal.count("open") == journal.count("close")


@ways("SHN")
async def test_a4_errors_of_closures(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/notes/tea")
        await page.click("note")
        assert page.text("b") == "This field is required"
        await page.fill("text", "milk")
        await page.click("note")
        assert (page.text("b"), page.texts("li")) == ("", ["tea: milk"])
        await page.fill("text", "milk")
        await page.click("note")
        assert (page.text("b"), page.value("text")) == ("milk is there already", "milk")


@ways("SHN")
async def test_a4_actions_in_lists_of_a_function_page(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/notes/tea")
        await page.fill("name", "Ada")
        await page.click("sign here")
        assert page.text("i") == "Ada was here"


@ways("SHN")
async def test_a4_a_function_page_leads_elsewhere(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/notes/moved")
        assert page.url == "/notes/new"
        assert (await browser.open("/notes/none")).status == 404


def test_a4_the_address_of_a_function_page() -> None:
    assert notes.url(topic="a b", shout=True) == "/notes/a%20b?shout=true"
    assert notes.url(topic="x") == "/notes/x"
    with pytest.raises(TypeError, match="needs topic"):
        notes.url()


@pages.page("/rows")
async def rows() -> Rendered:
    removes = []
    for number in range(2):

        @action
        async def remove() -> None:
            journal.append(f"remove {number}")  # noqa: B023 - that is what goes wrong

        removes.append(remove)
    return render("rows.html", removes=removes)


@pages.page("/bound-rows")
async def bound_rows() -> Rendered:
    @action
    async def remove(number: Bound[int]) -> None:
        journal.append(f"remove {number}")

    return render("bound.html", numbers=[1, 2], remove=remove)


TEMPLATES["rows.html"] = "<title>R</title>{% for remove in removes %}" + form("remove") + "{% endfor %}"
TEMPLATES["bound.html"] = (
    "<title>R</title>{% for number in numbers %}<form method='post' action='{{ remove(number) }}'>"
    "<button>remove {{ number }}</button></form>{% endfor %}"
)


async def test_a4_two_closures_of_one_name(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    async with Browser(live) as browser:
        with pytest.raises(Failed):
            await browser.open("/rows")
    text = logged(caplog)
    assert "2 closures are called 'remove'" in text and "bind an argument to it" in text


@ways("SHN")
async def test_a4_one_closure_with_arguments(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/bound-rows")
        await page.click("remove 2")
        await page.click("remove 1")
        assert journal == ["remove 2", "remove 1"]


def wrong_parameter(form: Bound[int]) -> Any: ...
def wrong_default(q: str) -> Any: ...


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (wrong_parameter, "come from its address"),
        (wrong_default, "q may be missing from the address"),
        (3, "not 3"),
    ],
)
def test_a4_what_is_no_page(page: Any, text: str) -> None:
    with pytest.raises(TypeError, match=text):
        Live().page("/wrong")(page)


async def test_a4_what_a_page_function_returns() -> None:
    some = Pages()

    @some.page("/wrong")
    async def wrong() -> Any:
        return {"template": "x"}

    async with Browser(small_app(some, {}), js=False) as browser:
        with pytest.raises(Failed):
            await browser.open("/wrong")


async def test_a4_a_page_function_is_a_function() -> None:
    shown = await bound_rows()
    assert (shown.template, shown.names["numbers"]) == ("bound.html", [1, 2])
    await shown.names["remove"](7)
    assert journal == ["remove 7"]


TASKS: list[str] = []


@pages.page("/tasks")
async def tasks() -> Rendered:
    names: dict[str, Any] = {"finish": None}
    if TASKS:

        @action
        async def finish() -> str:
            return f"finished {TASKS.pop()}"

        names["finish"] = finish
    return render("tasks.html", tasks=list(TASKS), **names)


TEMPLATES["tasks.html"] = (
    "<title>T</title><p>{{ tasks|length }} {{ finish.result if finish }}</p>{% if finish %}"
    + "<form method='post' action='{{ finish }}'><button>finish</button></form>{% endif %}"
)


@ways("SHN")
async def test_a4_a_closure_that_is_no_longer_defined(live: Live, way: Way) -> None:
    TASKS[:] = ["a", "b"]
    async with visiting(live, way) as browser:
        page = await browser.open("/tasks")
        await page.click("finish")
        assert page.text("p") == "1 finished b"
        await page.click("finish")
        assert page.text("p") == "0"
        TASKS.append("c")
        await page.reload()
        assert page.text("p") in ("1", "1 None")


@ways("SH")
async def test_a4_another_query_is_another_run(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/notes/tea")
        await page.click("louder")
        await page.fill("text", "milk")
        await page.click("note")
        assert page.texts("li") == ["tea: MILK"]


def loudly(function: Any) -> Any:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        journal.append("loud")
        return await function(*args, **kwargs)

    return wrapper


@pages.page("/loud")
async def loud() -> Rendered:
    @loudly
    @action
    async def call_out(n: int = 1) -> None:
        journal.append(f"called {n}")

    return render("loud.html", call_out=call_out)


TEMPLATES["loud.html"] = (
    "<title>L</title><form method='post' action='{{ call_out(3) }}'><button>call</button></form>"
)


@ways("SHN")
async def test_a6_a_decorated_closure(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/loud")
        await page.click("call")
        assert journal == ["loud", "called 3"]


def test_a4_components_belong_to_classes() -> None:
    class Part(Component): ...

    with pytest.raises(TypeError, match="part is a component"):
        render("x.html", part=Part())


@pages.page("/album/{name}")
async def album(name: str) -> Rendered:
    @action
    async def add(photo: UploadFile) -> str:
        return f"{name}: {photo.filename} {len(await photo.read())}"

    return render("album.html", add=add)


TEMPLATES["album.html"] = (
    "<title>A</title><p>{{ add.result }}</p><b>{{ add.errors.photo }}</b><form action='{{ add }}'>"
    "<input type='file' name='photo' aria-label='photo'><button>add</button></form>"
)


@ways("SHN")
async def test_a4_files_for_a_closure(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/album/summer")
        await page.click("add")
        assert page.text("b") == "This field is required"
        await page.attach("photo", File("a.png", b"x" * 5000, "image/png"))
        await page.click("add")
        assert page.text("p") == "summer: a.png 5000"
