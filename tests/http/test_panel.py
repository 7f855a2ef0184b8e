"""The endpoint of the developer's panel: it returns and edits the state of a page, in debug mode only."""

from __future__ import annotations

import logging
from typing import Annotated, Any

import pytest
from jinja2 import DictLoader, Environment
from markupsafe import Markup
from pydantic import Field, SecretStr

from liveactions import Component, Live, Page, action, forbidden, loaded, redirect
from liveactions.session.runner import Session
from liveactions.store import MemoryStore
from tests.support.asgi import Browser, Tab, browser
from tests.support.shop import KEY, shop

TEMPLATES = {
    "notes.html": """<title>Notes</title>
<h1 class="{{ title }}">{{ title }}</h1>
<ul>{% for note in notes %}<li data-key="{{ note }}">{{ note }}: {{ title }}</li>{% endfor %}</ul>
{{ size }} <p>{{ count }}</p>
{{ add }} {{ box }}""",
    "box.html": "<b>{{ label }}</b>",
}


class Box(Component):
    template = "box.html"
    label: str = "box"


class Notes(Page):
    template = "notes.html"
    name: str
    title: Annotated[str, Field(max_length=9)] = "T"
    notes: tuple[str, ...] = ("a", "b")
    count: int = 0
    box: Box = Box()
    size: int = loaded()

    async def load(self) -> None:
        self.size = len(self.notes) + 1 // (5 - self.count)

    @action
    async def add(self) -> None:
        self.notes = ("c", *self.notes[1:])
        self.title = "U"


def notes(**options: Any) -> Live:
    environment = Environment(loader=DictLoader(TEMPLATES), autoescape=True)
    live = Live(environment, keys=KEY, store=MemoryStore(), name="notes", **options)
    live.page("/notes/{name}")(Notes)
    return live


async def ask(visitor: Browser, tab: Tab | None, status: int = 200, **more: Any) -> dict[str, Any]:
    body = {"token": tab.token if tab else "unknown", **more}
    response = await visitor.http.post("/_live/panel", json=body, headers={"Live-Ops": "1"})
    assert response.status_code == status, response.text
    assert response.headers["Cache-Control"] == "no-store"
    return dict(response.json())


async def edit(visitor: Browser, tab: Tab, name: str, value: str, status: int = 200, path: str = "") -> Any:
    return await ask(visitor, tab, status, edit={"path": path, "name": name, "value": value})


async def test_operations_and_messages_with_the_places_that_changed() -> None:
    live = notes(debug=True)
    async with browser(live) as visitor:
        tab = await visitor.joined("/notes/ada")
        await tab.call("add")
        told = await ask(visitor, tab)
    assert told["page"].endswith("Notes")
    (op,) = told["operations"]
    assert (op["kind"], op["action"], op["status"], op["error"]) == ("op", "Notes.add", 200, "")
    assert all(op[step] > 0 for step in ("ran", "loaded", "rendered", "stored"))
    welcome, frame = told["messages"]
    assert (welcome["kind"], welcome["places"]) == ("welcome", [])
    assert op["bytes"] == frame["bytes"] > 0 and (frame["rev"], frame["ack"]) == (1, 1)
    assert [tuple(place.values()) for place in frame["places"]] == [
        ("notes.html", 2, "attribute", 1),
        ("notes.html", 2, "content", 1),
        ("notes.html", 3, "list: 1 removed, 1 added", 1),
        ("notes.html", 3, "content", 1),
    ]


async def test_the_state_is_shown_and_edited_as_an_operation() -> None:
    live = notes(debug=True)
    async with browser(live) as visitor:
        tab = await visitor.joined("/notes/ada")
        page, box = (await ask(visitor, tab))["state"]
        assert (page["path"], page["class"], box["path"], box["class"]) == ("", "Notes", "box", "Box")
        fields = {one["name"]: (one["type"], one["value"], one["fixed"]) for one in page["fields"]}
        assert fields == {
            "name": ("str", '"ada"', "it is part of the page's path"),
            "title": ("str", '"T"', ""),
            "notes": ("tuple[str, ...]", '["a","b"]', ""),
            "count": ("int", "0", ""),
            "size": ("int", "2", "load() sets it"),
        }
        told = await edit(visitor, tab, "notes", '["x"]')
        assert {one["name"]: one["value"] for one in told["state"][0]["fields"]}["size"] == "1", (
            "load() has run"
        )
        assert "x" in str(await tab.receive()), "the page shows it"
        await edit(visitor, tab, "label", '"lid"', path="box")
        assert "lid" in str(await tab.receive())
        names = [one["action"] for one in (await ask(visitor, tab))["operations"]]
        assert names == ['Notes.notes = ["x"]', 'Box.label = "lid"']


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "count",
            "ten",
            "Notes.count: this isn't JSON (Expecting value: line 1 column 1 (char 0)). Texts have",
        ),
        ("count", '"ten"', "Notes.count is int: Input should be a valid integer, unable to parse"),
        ("notes", '["a", null]', "Notes.notes is tuple[str, ...]: 1: Input should be a valid string"),
        ("size", "1", "Notes.size can't be edited: load() sets it"),
        ("name", '"bob"', "Notes.name can't be edited: it is part of the page's path"),
        ("notes", "[" * 100_000, "Notes.notes: this isn't JSON ("),
        ("box", "{}", "Notes has no field 'box'"),
        ("_live_record", "{}", "Notes has no field '_live_record'"),
    ],
)
async def test_what_can_t_be_edited_says_why(name: str, value: str, message: str) -> None:
    async with browser(notes(debug=True)) as visitor:
        tab = await visitor.joined("/notes/ada")
        before = await ask(visitor, tab)
        told = await edit(visitor, tab, name, value)
        assert told["error"].startswith(message)
        assert (await ask(visitor, tab))["state"] == before["state"]


async def test_values_without_a_description() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise LookupError

    class Odd(Page):
        broken: object = loaded()
        password: SecretStr = loaded()

        async def load(self) -> None:
            self.broken, self.password = Broken(), SecretStr("hunter2")

        def render(self) -> Markup:
            return Markup("<title>Odd</title>")

    live = Live(keys=KEY, store=MemoryStore(), name="odd", debug=True)
    live.page("/odd")(Odd)
    async with browser(live) as visitor:
        told = await ask(visitor, await visitor.joined("/odd"))
        values = {one["name"]: one["value"] for one in told["state"][0]["fields"]}
        assert "Broken, whose repr() fails: LookupError" in values["broken"]
        assert "hunter2" not in str(told) and values["password"] == '"**********"'


async def test_a_value_with_which_the_page_fails_is_undone(caplog: pytest.LogCaptureFixture) -> None:
    async with browser(notes(debug=True)) as visitor:
        tab = await visitor.joined("/notes/ada")
        before = await ask(visitor, tab)
        with caplog.at_level(logging.CRITICAL):
            told = await edit(visitor, tab, "count", "5")
        assert "ZeroDivisionError" in told["error"]
        assert (await ask(visitor, tab))["state"] == before["state"]
        assert (await edit(visitor, tab, "title", '"x"', path="lid"))[
            "error"
        ] == "the page has no component at 'lid'"


async def test_only_the_page_itself_is_answered() -> None:
    who = {"name": "ada"}
    live = notes(debug=True, identify=lambda request: who["name"])
    async with browser(live) as visitor:
        tab = await visitor.joined("/notes/ada")
        assert "doesn't have the page" in (await ask(visitor, None, 404))["error"]
        post, body = visitor.http.post, {"token": tab.token}
        foreign = {"Live-Ops": "1", "Origin": "http://elsewhere"}
        assert (await post("/_live/panel", json=body, headers=foreign)).status_code == 403
        assert (await post("/_live/panel", json=body)).status_code == 403
        assert (await visitor.http.get("/_live/panel")).status_code == 405
        wrongs: list[Any] = [[], {}, {"token": 1}, {**body, "edit": 1}, {**body, "edit": {}}]
        for wrong in wrongs:
            answer = await post("/_live/panel", json=wrong, headers={"Live-Ops": "1"})
            assert answer.status_code == 400
        who["name"] = "eve"
        await ask(visitor, tab, 404)


async def test_a_visitor_whom_the_page_rejects_sees_nothing_of_it() -> None:
    verdicts: list[BaseException] = []

    async def member() -> None:
        if verdicts:
            raise verdicts[0]

    live = notes(debug=True, guard=member)
    async with browser(live) as visitor:
        tab = await visitor.joined("/notes/ada")
        before = await ask(visitor, tab)
        for verdict in (forbidden("no"), redirect("/sign-in")):
            verdicts[:] = [verdict]
            assert (await ask(visitor, tab, 403)).keys() == {"error"}
            assert (await edit(visitor, tab, "title", '"x"', 403)).keys() == {"error"}
        verdicts.clear()
        assert await ask(visitor, tab) == before, "it wasn't edited, and asking is no operation"


async def test_production_has_none_of_it() -> None:
    live = shop()
    async with browser(live) as visitor:
        tab = await visitor.joined("/counter")
        for name in ("panel", "nothing"):
            body, headers = {"token": tab.token}, {"Live-Ops": "1"}
            posted = await visitor.http.post(f"/_live/{name}", json=body, headers=headers)
            got = await visitor.http.get(f"/_live/{name}")
            assert (posted.status_code, got.status_code, got.text) == (405, 404, "Not found")
        assert "debug" not in tab.html
        assert {type(session) for session in live.sessions} == {Session}
