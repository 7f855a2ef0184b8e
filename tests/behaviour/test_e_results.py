"""E. What an action returns, and what its form knows of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, ClassVar
from uuid import UUID

import pytest
from jinja2 import DictLoader, Environment
from markupsafe import Markup
from pydantic import BaseModel, Field, computed_field

from liveactions import ActionError, Bound, Limits, Live, Page, Pages, Prev, action, redirect
from liveactions.protocol.constants import CALL_REF
from liveactions.testing import Browser
from liveactions.testing.failures import Failed
from tests.behaviour.logs import logged
from tests.behaviour.markup import form
from tests.behaviour.ways import Way, by, visiting, ways
from tests.support.asgi import signed
from tests.support.pages import call, failure, opened, success
from tests.support.small import small_app

pages = Pages()
TEMPLATES: dict[str, str] = {}


@pytest.fixture
def live() -> Live:
    return small_app(pages, TEMPLATES)


# E1: results


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    when: date


class Post(BaseModel):
    title: str
    points: list[Point] = []


RESULTS: dict[str, tuple[Any, Any, Any]] = {
    "text": (str, "é", "é"),
    "number": (int, 7, 7),
    "mapping": (dict[str, int], {"a": 1}, {"a": 1}),
    "point": (Point, Point(1, date(2020, 1, 2)), {"x": 1, "when": "2020-01-02"}),
    "post": (Post, Post(title="t"), {"title": "t", "points": []}),
    "moment": (datetime, datetime(2020, 1, 2, 3), "2020-01-02T03:00:00"),
    "price": (Decimal, Decimal("1.10"), "1.10"),
    "id": (UUID, UUID(int=1), str(UUID(int=1))),
    "colour": (Colour, Colour.RED, "red"),
    "group": (set[int], {1}, [1]),
    "pair": (tuple[int, str], (1, "a"), [1, "a"]),
    "raw": (bytes, b"\xff\x00", "_wA="),
    "nested": (list[Post], [Post(title="t", points=[Point(1, date(2020, 1, 2))])], None),
}


def returning(kind: Any, value: Any) -> Any:
    async def act(self: Page) -> Any:
        return value

    act.__annotations__["return"] = kind
    return action(act)


@ways("SHN")
@pytest.mark.parametrize("name", list(RESULTS))
async def test_e1_a_result_is_in_the_template_as_it_was_returned(way: Way, name: str) -> None:
    kind, value, _ = RESULTS[name]
    some = Pages()
    some.page("/here")(
        type(
            "Here",
            (Page,),
            {
                "act": returning(kind, value),
                "template": "here.html",
                "wanted": value,
                "__annotations__": {"wanted": ClassVar[Any]},
                "__module__": __name__,
            },
        )
    )
    template = (
        "<title>R</title><p>{{ act.result == wanted and act.result.__class__ == wanted.__class__ }}</p>"
        "<i>{{ act.ok }}</i>" + form("act")
    )
    async with visiting(small_app(some, {"here.html": template}), way) as browser:
        page = await browser.open("/here")
        assert (page.text("p"), page.text("i")) == ("False", "False")
        await page.click("act")
        assert (page.text("p"), page.text("i")) == ("True", "True")


@pytest.mark.parametrize("annotated", [True, False])
@pytest.mark.parametrize("name", list(RESULTS))
async def test_e1_a_result_is_told_as_json(name: str, annotated: bool) -> None:
    kind, value, wanted = RESULTS[name]
    cls = type("Here", (Page,), {"act": returning(kind if annotated else Any, value), "__module__": __name__})
    page: Any = await opened(cls)
    outcome = await success(page, page.act)
    assert outcome.result == (wanted or [{"title": "t", "points": [{"x": 1, "when": "2020-01-02"}]}])


@dataclass
class Blob:
    data: bytes


UNTYPED: dict[str, tuple[Any, Any, Any]] = {
    "a date": (Any, date(2020, 1, 2), "2020-01-02"),
    "a pair": (Any, (1, "a"), [1, "a"]),
    "a model": (Any, Post(title="t"), {"title": "t", "points": []}),
    "a dataclass": (Any, Point(1, date(2020, 1, 2)), {"x": 1, "when": "2020-01-02"}),
    "markup": (Any, Markup("<b>bold</b>"), "<b>bold</b>"),
    "markup as a text": (str, Markup("<b>bold</b>"), "<b>bold</b>"),
    "bytes in a dataclass": (Blob, Blob(b"\xff\x00"), Blob(b"\xff\x00")),
    "bytes in dataclasses": (list[Blob], [Blob(b"\xff\x00")], [Blob(b"\xff\x00")]),
    "a date where none is said": (dict[str, Any], {"a": date(2020, 1, 2)}, {"a": "2020-01-02"}),
}


@ways("SHN")
@pytest.mark.parametrize("name", list(UNTYPED))
async def test_e1_a_result_is_the_same_on_every_way(way: Way, name: str) -> None:
    kind, value, wanted = UNTYPED[name]
    members = {
        "act": returning(kind, value),
        "template": "here.html",
        "wanted": wanted,
        "__annotations__": {"wanted": ClassVar[Any]},
        "__module__": __name__,
    }
    some = Pages()
    some.page("/here")(type("Here", (Page,), members))
    template = (
        "<title>R</title><p>{{ act.ok and act.result == wanted }}</p>"
        "<i>{{ act.result.__class__ == wanted.__class__ }}</i>" + form("act")
    )
    async with visiting(small_app(some, {"here.html": template}), way) as browser:
        page = await browser.open("/here")
        await page.click("act")
        assert (page.text("p"), page.text("i")) == ("True", "True")


@ways("SHN")
async def test_e1_what_a_step_yields_is_the_same_on_every_way(way: Way) -> None:
    some = Pages()

    @some.page("/here")
    class Here(Page):
        template = "here.html"

        @action
        async def act(self) -> Any:
            yield date(2020, 1, 2)

    template = "<title>R</title><p>{{ act.result is string }} {{ act.result }}</p>" + form("act")
    async with visiting(small_app(some, {"here.html": template}), way) as browser:
        page = await browser.open("/here")
        await page.click("act")
        assert page.text("p") == "True 2020-01-02"


class Closed(BaseModel, extra="forbid"):
    title: str

    @computed_field  # type: ignore[prop-decorator]
    @property
    def upper(self) -> str:
        return self.title.upper()


async def test_e1_what_can_not_be_read_back_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    members = {"act": returning(Closed, Closed(title="t")), "__module__": __name__}
    page: Any = await opened(type("Here", (Page,), members))
    assert (await failure(page, page.act)).status == 500
    assert "act() returned a Closed that can't be read back" in logged(caplog)


@pytest.mark.parametrize("value", [2**53 - 1, 1 - 2**53, {"a": [1]}])
async def test_e1_integers_for_scripts(value: Any) -> None:
    page: Any = await opened(type("Here", (Page,), {"act": scripted(value), "__module__": __name__}))
    outcome = await success(page, page.act)
    assert outcome.ok and outcome.result == value


@pytest.mark.parametrize(("value", "path"), [(2**53, "result"), ({"a": [1, -(2**60)]}, "result['a'][1]")])
async def test_e1_integers_that_javascript_rounds_are_refused(
    value: Any, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    page: Any = await opened(type("Here", (Page,), {"act": scripted(value), "__module__": __name__}))
    assert (await failure(page, page.act)).status == 500
    assert f"at {path}, which JavaScript rounds" in logged(caplog)


def scripted(value: Any) -> Any:
    async def act(self: Page) -> Any:
        return value

    return action(js=True)(act)


# E2, E3, E5: the state of a form


@pages.page("/state")
class State(Page):
    template = "state.html"
    shown: list[str] = []

    @action
    async def add(self, before: Prev[int], by: int) -> int:
        if by > 100:
            raise ActionError("Too much", status=422)
        return (before or 0) + by

    @action(initial={"messages": ["hello"]})
    async def talk(self, prev: Prev[dict[str, list[str]]], text: str = "") -> dict[str, list[str]]:
        assert prev is not None
        return {"messages": [*prev["messages"], text]}

    @action
    async def create_post(self, prev: Prev[dict[str, str]], title: str = "") -> dict[str, str]:
        if not title:
            return {"error": "Title is missing"}
        return {"message": f"Created {title}"}

    @action
    async def rename(
        self, id: Bound[int], before: Prev[str], title: Annotated[str, Field(min_length=3)]
    ) -> str:
        return f"{before or ''}{title}"

    @action
    async def leave(self) -> Any:
        return redirect("/state")

    @action
    async def add_and_leave(self, by: int) -> Any:
        return redirect("/state?left=1")

    @action
    async def forget(self) -> None:
        self.add.reset()
        self.rename.bind(2).reset()
        self.talk.reset()


TEMPLATES["state.html"] = (
    "<title>S</title><p>{{ add.result }}</p><b>{{ add.error }}</b><i>{{ talk.result.messages|join(' ') }}</i>"
    "<u>{{ create_post.result.error }}{{ create_post.result.message }} {{ create_post.ok }}</u>"
    + form("add", "by")
    + form("talk", "text")
    + form("create_post", "title", label="create")
    + form("forget")
    + form("leave")
    + "{% for id in [1, 2] %}{% set f = rename(id).field('title') %}"
    "<form method='post' action='{{ rename(id) }}' id='row-{{ id }}'>"
    "<input name='title' aria-label='title' value='{{ f.value }}'><em>{{ f.error }}</em>"
    "<s>{{ rename(id).result }}</s><button>rename</button></form>{% endfor %}"
)


async def send(page: Any, name: str, field: str = "", value: str = "") -> None:
    if field:
        await page.fill(field, value)
    await page.click(name)


@ways("SHN")
async def test_e2_the_previous_result(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/state")
        assert page.text("p") == "None"
        for by, wanted in [("3", "3"), ("4", "7"), ("x", "7"), ("101", "7"), ("1", "8")]:
            await send(page, "add", "by", by)
            assert page.text("p") == wanted


@ways("SHN")
async def test_e2_an_initial_one(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/state")
        assert page.text("i") == "hello"
        await send(page, "talk", "text", "one")
        await send(page, "talk", "text", "two")
        assert page.text("i") == "hello one two"


@ways("SHN")
async def test_e2_a_returned_error_counts_as_success(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/state")
        await page.click("create")
        assert page.text("u") == "Title is missing True"


async def test_e2_both_signatures_work() -> None:
    class Both(Page):
        @action
        async def seed(self, form: dict[str, str]) -> str:
            return "seed"

        @action
        async def react(self, prev: Prev[str], title: str) -> str:
            return f"{prev} {title}"

        @action
        async def turned(self, title: str, prev: Prev[str]) -> str:
            return f"{prev} {title}"

    page = await opened(Both)
    for ref in (page.react, page.turned):
        assert (await success(page, ref, {"title": "a"})).result == "None a"
        assert (await success(page, ref, {"title": "b"})).result == "None a b"


@ways("SHN")
async def test_e3_each_binding_has_its_own(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/state")
        first, second = page.within("#row-1"), page.within("#row-2")
        await send(first, "rename", "title", "x")
        await send(second, "rename", "title", "two")
        await send(second, "rename", "title", "2")
        assert (first.text("em"), second.text("em")) == ("Must have at least 3 characters",) * 2
        assert (first.value("title"), second.value("title")) == ("x", "2")
        assert (first.text("s"), second.text("s")) == ("None", "two")
        await send(first, "rename", "title", "one")
        assert (first.text("em"), first.text("s"), second.text("s")) == ("", "one", "two")
        await send(second, "rename", "title", "more")
        assert (second.text("em"), second.text("s")) == ("", "twomore")


# E4: together


@pages.page("/together")
class Together(Page):
    template = "together.html"
    count: int = 0

    @action
    async def add(self) -> int:
        self.count += 1
        return self.count


TEMPLATES["together.html"] = "<title>T</title><p>{{ count }} {{ add.result }}</p>" + form("add")


@ways("SHN")
async def test_e4_result_and_change_are_never_apart(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/together")
        seen = []
        for _ in range(3):
            await page.click("add")
            seen.append(page.text("p"))
        assert seen == ["1 1", "2 2", "3 3"]


async def test_e4_one_message_has_both() -> None:
    async with Browser(small_app(pages, TEMPLATES)) as browser:
        page = await browser.open("/together")
        conversation = page._tab.conversation
        assert conversation is not None
        conversation.say(CALL_REF, signed(browser.app, "/together", "add"), [])
        await conversation.receive_message()
        assert page.text("p") == "1 1"
        assert conversation._ops == []


# E5: forgetting


@ways("SHN")
async def test_e5_a_redirect_resets_the_actions_state(way: Way) -> None:
    class Leaving(Page):
        template = "leaving.html"

        @action
        async def save(self, how: str = "") -> Any:
            if not how:
                raise ActionError("How?")
            if how == "stay":
                return "stayed"
            return redirect("/leaving")

    some = Pages()
    some.page("/leaving")(Leaving)
    template = "<title>L</title><p>{{ save.error }}{{ save.result }}</p>" + form("save", "how")
    async with visiting(small_app(some, {"leaving.html": template}), way) as browser:
        page = await browser.open("/leaving")
        await page.click("save")
        assert page.text("p") == "How?None"
        await send(page, "save", "how", "stay")
        assert page.text("p") == "stayed"
        await send(page, "save", "how", "go")
        assert page.text("p") == "None"


async def test_e5_the_state_is_gone_at_once() -> None:
    page = await opened(State)
    await call(page, page.add, {"by": "3"})
    assert page.add.result == 3
    await call(page, page.leave)
    assert (page.add.result, page.leave.ok) == (3, False)


@ways("SHN")
async def test_e5_reset(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/state")
        await send(page, "add", "by", "3")
        await send(page, "talk", "text", "one")
        for row in ("#row-1", "#row-2"):
            await send(page.within(row), "rename", "title", "name")
        await page.click("forget")
        assert (page.text("p"), page.text("i"), page.texts("s")) == ("None", "hello", ["name", "None"])


@ways("SHN")
async def test_e5_a_fresh_page_starts_at_the_beginning(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/state")
        await send(page, "talk", "text", "one")
        assert (await browser.open("/state")).text("i") == "hello"


async def test_e5_an_initial_result_is_nobodys_to_change() -> None:
    class Talk(Page):
        @action(initial=["a"])
        async def talk(self, prev: Prev[list[str]]) -> list[str]:
            assert prev is not None
            prev.append("b")
            return prev

    for _ in range(2):
        page = await opened(Talk)
        assert (await success(page, page.talk)).result == ["a", "b"]


# E6: what is no data


class Connection:
    pass


@pages.page("/odd")
class Odd(Page):
    template = "odd.html"

    @action
    async def act(self) -> Any:
        return {"posts": [{"title": "a"}, {"secret": Connection()}]}

    @action
    async def wrong(self) -> int:
        return "no number"  # type: ignore[return-value]


TEMPLATES["odd.html"] = "<title>O</title><p>{{ act.error }}</p>" + form("act") + form("wrong")


@ways("SHN")
@pytest.mark.parametrize("debug", [True, False])
async def test_e6_what_is_no_data(way: Way, debug: bool, caplog: pytest.LogCaptureFixture) -> None:
    environment = Environment(loader=DictLoader(TEMPLATES), autoescape=True)
    live = Live(environment, keys="a key that is long enough for all of it", debug=debug)
    live.include(pages)
    async with visiting(live, way) as browser:
        page = await browser.open("/odd")
        told = ""
        try:
            await page.click("act")
        except (Failed, TypeError) as failed:
            told = str(failed)
        path = "a Connection at result['posts'][1]['secret']"
        assert (path in told or path in page.text()) is debug
        assert debug or "Connection" not in told + page.html


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Connection(), "a Connection at result,"),
        ([1, Connection()], "a Connection at result[1],"),
        (Point(1, Connection()), "a Connection at result.when,"),  # type: ignore[arg-type]
        ({"a": {"b": lambda: 1}}, "a function at result['a']['b'],"),
    ],
)
async def test_e6_the_path_is_named(value: Any, text: str, caplog: pytest.LogCaptureFixture) -> None:
    cls = type("Here", (Page,), {"act": returning(Any, value), "__module__": __name__})
    page: Any = await opened(cls)
    assert (await failure(page, page.act)).status == 500
    assert text in logged(caplog)


async def test_e6_what_contains_itself() -> None:
    value: list[Any] = []
    value.append(value)
    page: Any = await opened(type("Here", (Page,), {"act": returning(Any, value), "__module__": __name__}))
    assert (await failure(page, page.act)).status == 500


async def test_e6_what_the_annotation_does_not_say(caplog: pytest.LogCaptureFixture) -> None:
    page = await opened(Odd)
    assert (await failure(page, page.wrong)).status == 500
    assert "Odd.wrong(): str can't be serialized as <class 'int'>" in logged(caplog)


# E7: whose it is


@by("S")
async def test_e7_the_client_sends_no_state_over_the_socket() -> None:
    sent: list[Any] = []
    async with Browser(small_app(pages, TEMPLATES)) as browser:
        page = await browser.open("/state")
        await send(page, "add", "by", "3")
        conversation = page._tab.conversation
        assert conversation is not None
        say = conversation._connection.send

        def record(message: Any) -> None:
            sent.append(message)
            say(message)

        conversation._connection.send = record  # type: ignore[method-assign]
        await send(page, "add", "by", "4")
        assert page.text("p") == "7"
    assert sent[0][3:] == [signed(browser.app, "/state", "add"), ["by", "4"]]


@by("N")
async def test_e7_forged_state_is_refused() -> None:
    live = small_app(pages, TEMPLATES)
    async with Browser(live, js=False) as browser:
        page = await browser.open("/state")
        await send(page, "add", "by", "3")
        root = page._tab.window.root
        fields = [one for one in root.elements() if one.name == "input" and one.get("name") == "_s"]
        for one in fields:
            value = one.get("value") or ""
            one.set("value", value[:20] + ("A" if value[20] != "A" else "B") + value[21:])
        await send(page, "add", "by", "4")
        assert (page.status, page.text("p")) == (409, "None")


@ways("SHN")
async def test_e6_a_result_that_makes_the_state_too_large_is_an_error(
    way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    pages = Pages()

    @pages.page("/page")
    class Export(Page):
        template = "page.html"
        count: int = 0

        @action
        async def go(self, size: int) -> str:
            self.count += 1
            return "x" * size

    template = "<title>P</title><p>{{ count }}</p><em>{{ go.error or '' }}</em>" + form("go", "size")
    live = small_app(pages, {"page.html": template}, limits=Limits(state=10_000))
    async with visiting(live, way) as browser:
        page = await browser.open("/page")
        await page.fill("size", "9000")
        await page.click("go")
        assert page.text("p") == "1"
        await page.fill("size", "10000")
        with pytest.raises(Failed, match="500"):
            await page.click("go")
        assert "Export, with the results of its actions, has 10," in caplog.text
        assert "more than Limits(state=10000)" in caplog.text
