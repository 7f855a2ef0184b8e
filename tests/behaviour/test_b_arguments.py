"""B. Calling: what an action is given, by the template, by an event, in Python; and whose page it is."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from markupsafe import escape
from pydantic import BaseModel

from liveactions import Bound, Component, Event, Live, Page, Pages, action, unauthorized
from liveactions.actions.decorator import module_action_name
from liveactions.exceptions import ForgedReference
from liveactions.pages.lookup import lookup
from liveactions.testing import Browser
from liveactions.testing.failures import Failed
from tests.behaviour.logs import logged
from tests.behaviour.markup import form
from tests.behaviour.ways import Way, by, visiting, ways
from tests.support.asgi import signed
from tests.support.pages import new
from tests.support.small import small_app

pages = Pages()
journal: list[Any] = []
TEMPLATES: dict[str, str] = {}


@pytest.fixture(autouse=True)
def empty_journal() -> None:
    journal.clear()


@pytest.fixture
def live() -> Live:
    return small_app(pages, TEMPLATES)


# B6: bound arguments


class Colour(Enum):
    RED = "red"


class Point(BaseModel):
    x: int
    label: str = ""


VALUES: dict[str, Any] = {
    "text": 'é~,*"&<',
    "number": 2**70,
    "amount": 1.5,
    "flag": True,
    "nothing": None,
    "day": date(2020, 1, 2),
    "moment": datetime(2020, 1, 2, 3, 4, 5),
    "hour": time(3, 4),
    "span": timedelta(days=1, seconds=2),
    "id": UUID(int=7),
    "price": Decimal("1.10"),
    "colour": Colour.RED,
    "listed": [1, 2],
    "mapped": {"a": [Point(x=1)]},
    "point": Point(x=1, label="é"),
}


@pages.page("/values")
class Values(Page):
    template = "values.html"

    @property
    def values(self) -> dict[str, Any]:
        return VALUES

    @property
    def listed_actions(self) -> list[Any]:
        return [self.pick, self.pick.bind(10)]

    @action
    async def take(
        self,
        text: Bound[str],
        number: Bound[int],
        amount: Bound[float],
        flag: Bound[bool],
        nothing: Bound[int | None],
        day: Bound[date],
        moment: Bound[datetime],
        hour: Bound[time],
        span: Bound[timedelta],
        id: Bound[UUID],
        price: Bound[Decimal],
        colour: Bound[Colour],
        listed: Bound[list[int]],
        mapped: Bound[dict[str, list[Point]]],
        point: Bound[Point],
    ) -> None:
        journal.append({name: value for name, value in locals().items() if name != "self"})

    @action
    async def pick(self, id: Bound[int], label: str = "", times: int = 1) -> None:
        journal.append((id, label, times))


TEMPLATES["values.html"] = (
    "<title>V</title>{% macro press(do, label) %}<form method='post' action='{{ do }}'>"
    "<input type='hidden' name='id' value='99'><button>{{ label }}</button></form>{% endmacro %}"
    "{{ press(take(values.text, values.number, "
    + ", ".join(f"{name}=values.{name}" for name in list(VALUES)[2:])
    + "), 'take') }}"
    "{{ press(pick(1), 'one') }}{{ press(pick(2)('x')(times=3), 'chained') }}{{ press(pick(id=4), 'named') }}"
    "{% for do in listed_actions %}{{ press(do(5) if loop.first else do,"
    " 'listed %d' % loop.index) }}{% endfor %}"
)


@ways("SHN")
async def test_b6_typed_values_come_back_as_what_they_were(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/values")
        await page.click("take")
        (taken,) = journal
        assert taken == VALUES
        assert {name: type(value) for name, value in taken.items()} == {
            name: type(value) for name, value in VALUES.items()
        }


@ways("SHN")
async def test_b6_wherever_they_are_bound(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/values")
        for name in ("one", "chained", "named", "listed 1", "listed 2"):
            await page.click(name)
        assert journal == [(1, "", 1), (2, "x", 3), (4, "", 1), (5, "", 1), (10, "", 1)]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("pick", "needs a bound argument 'id'"),
        ("pick(label='x')", "needs a bound argument 'id'"),
        ("pick(1, 'a', 2, 3)", "at most 3 bound arguments"),
        ("pick(1, nothing=2)", "no bindable parameter 'nothing'"),
        ("pick('one')", "id='one'"),
        ("pick(none)", "id=None"),
        ("pick(live)", "pick: id=<.*LiveContext"),
    ],
)
@pytest.mark.parametrize("where", ["action", "formaction", "live-click"])
async def test_b6_errors_at_render(
    call: str, text: str, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    some = Pages()
    some.page("/wrong")(type("Wrong", (Values,), {"template": "wrong.html", "__module__": __name__}))
    element = {
        "action": f'<form method="post" action="{{{{ {call} }}}}"></form>',
        "formaction": f'<button form="live" formaction="{{{{ {call} }}}}">x</button>',
        "live-click": f'<b live-click="{{{{ {call} }}}}">x</b>',
    }[where]
    async with Browser(small_app(some, {"wrong.html": f"<title>W</title>{element}"})) as browser:
        with pytest.raises(Failed):
            await browser.open("/wrong")
    assert re.search(text, logged(caplog))


@pages.page("/altered")
class Altered(Values):
    template = "altered.html"
    token: str = ""

    async def mount(self) -> None:
        self.token = self.pick.bind(1).token.replace("~1~", "~2~")


TEMPLATES["altered.html"] = (
    '<title>A</title><form method="post" action="?_a={{ token|urlencode }}">{{ form_state() }}'
    "<button>altered</button></form>" + form("pick(1)", label="pick")
)


@ways("SHN")
async def test_b6_altered_arguments_run_nothing(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/altered")
        await page.click("altered")
        assert journal == []
        await page.click("pick")
        assert journal == [(1, "", 1)]


def test_b6_altered_arguments_are_forged() -> None:
    page = new(Values)
    name, args, mac = page.pick.bind(1).token.split("~")
    for token in (f"{name}~2~{mac}", f"{name}~{args}~{mac[:-1]}", f"{name}~{args}", f"{name}~true~{mac}"):
        with pytest.raises(ForgedReference):
            lookup(page, token)


# B7: what an event sends


@pages.page("/events")
class Events(Page):
    template = "events.html"
    said: str = ""
    key: str = ""

    @action
    async def say(self, word: str = "nothing") -> None:
        self.said = word

    @action
    async def both(self, word: str, other: str) -> None:
        self.said = f"{word} {other}"

    @action
    async def tell(self, happened: Event, word: str = "") -> None:
        self.key = f"{happened.type} {happened.key} {word}"


TEMPLATES["events.html"] = (
    "<title>E</title><p>{{ said }}</p><i>{{ key }}</i>"
    '<input name="word" aria-label="typing" live-input="{{ say }}">'
    '<button type="button" name="word" value="pressed" live-click="{{ say }}">press</button>'
    '<b live-click="{{ say }}">plain</b>'
    '<form live-change="{{ both }}"><input name="word" aria-label="first" value="a">'
    '<input type="checkbox" name="other" value="b" aria-label="second"></form>'
    '<input name="word" aria-label="keys" live-keydown="{{ tell }}">'
)


@ways("SH")
async def test_b7_a_control_sends_its_name_and_value(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/events")
        await page.fill("typing", "typed")
        assert page.text("p") == "typed"
        await page.click("press")
        assert page.text("p") == "pressed"
        await page.click("plain")
        assert page.text("p") == "nothing"


@ways("SH")
async def test_b7_a_form_sends_all_its_fields(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/events")
        await page.check("second")
        assert page.text("p") == "a b"


@ways("SH")
async def test_b7_details_where_a_parameter_is_an_event(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/events")
        await page.click("keys")
        await page.press("Enter")
        assert page.text("i") == "keydown Enter"


@pages.page("/written")
class Written(Page):
    """Writes its HTML itself."""

    key: str = ""

    @action
    async def tell(self, happened: Event, word: str = "") -> None:
        self.key = f"{happened.type} {happened.key}"

    def render(self) -> str:
        return (
            f"<title>E</title><i>{self.key}</i>"
            f'<input name="word" aria-label="keys" live-keydown="{escape(self.tell)}">'
        )


TEMPLATES["branch.html"] = (
    "<title>E</title><i>{{ key }}</i>"
    '<input name="word" aria-label="keys" {% if key != "x" %}live-keydown="{{ tell }}"{% endif %}>'
)


@pages.page("/branch")
class Branch(Events):
    template = "branch.html"


@ways("SH")
@pytest.mark.parametrize("path", ["/branch", "/written"])
async def test_b7_details_where_the_attribute_is_no_slot(live: Live, way: Way, path: str) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open(path)
        await page.click("keys")
        await page.press("Enter")
        assert page.text("i") == "keydown Enter"


@ways("SH")
@pytest.mark.parametrize("wants", [False, True])
async def test_b7_only_there(way: Way, wants: bool) -> None:
    class Quiet(Page):
        template = "quiet.html"

        @action
        async def act(self) -> None: ...

    class Curious(Quiet):
        @action
        async def look(self, event: Event) -> None: ...

    some = Pages()
    some.page("/here")(Curious if wants else Quiet)
    live = small_app(some, {"quiet.html": '<title>Q</title><b live-click="{{ act }}">act</b>'})
    async with visiting(live, way) as browser:
        page = await browser.open("/here")
        assert ("data-events" in page.html) is wants


def test_b7_in_python_it_is_a_value() -> None:
    assert Event("keydown", key="Enter") == Event(type="keydown", key="Enter", x=0.0, y=0.0, detail=None)


# B10: in Python


def never() -> None:
    raise unauthorized()


class Plain(Page):
    trace: list[Any] = []

    @action(guard=never)
    async def save(self, title: str, count: int = 1) -> str:
        self.trace.append((title, count))
        return title

    @action
    def store(self, title: str) -> str:
        return title

    @action
    async def both(self) -> str:
        return await self.save("inner") + self.store("!")


@by("D")
async def test_b10_a_call_is_the_plain_function() -> None:
    page = new(Plain)
    odd: Any = object()
    assert await page.save(title=odd, count="no number") is odd  # type: ignore[arg-type]
    assert page.store("x") == "x"
    assert await page.both() == "inner!"
    assert page.trace == [(odd, "no number"), ("inner", 1)]
    assert not page.save.ok
    with pytest.raises(TypeError, match="title"):
        await page.save()  # type: ignore[call-arg]


@by("D")
async def test_b10_a_page_that_no_application_has() -> None:
    page = Plain()
    assert await page.save("x") == "x"


# B13: whose page it is


@action
async def subscribe(email: str) -> str:
    journal.append(email)
    return f"thank you, {email}"


@action(guard=never)
async def hidden(email: str) -> None:
    journal.append(email)


class Footer(Component):
    template = "footer.html"
    actions = [subscribe]


@pages.page("/one")
class One(Page):
    template = "one.html"
    actions = [subscribe]
    count: int = 0

    @action
    async def add(self, note: str) -> None:
        self.count += 1


@pages.page("/two")
class Two(Page):
    template = "two.html"
    token: str = ""
    count: int = 0


TEMPLATES["one.html"] = (
    "<title>1</title><p>{{ count }}</p><b>{{ subscribe.result }}</b><i>{{ add.error }}</i>"
    + form("subscribe", "email")
    + form("add", "note")
)
TEMPLATES["two.html"] = (
    '<title>2</title><form method="post" action="?_a={{ token|urlencode }}">{{ form_state() }}'
    '<input name="email" aria-label="email"><button>send</button></form>'
)


def two(token: str) -> Live:
    some = Pages()

    @some.page("/two")
    class Other(Two):
        template = "two.html"

        async def mount(self) -> None:
            self.token = token

    return small_app(some, TEMPLATES)


def shared_token(shared: Any) -> str:
    return signed(two(""), "/two", module_action_name(shared))


@ways("SHN")
async def test_b13_an_action_of_another_page_runs(way: Way) -> None:
    async with visiting(two(shared_token(subscribe)), way) as browser:
        page = await browser.open("/two")
        await page.fill("email", "ada@example.org")
        await page.click("send")
        assert journal == ["ada@example.org"]


@ways("SHN")
async def test_b13_unless_its_guard_refuses(way: Way) -> None:
    async with visiting(two(shared_token(hidden)), way) as browser:
        page = await browser.open("/two")
        with pytest.raises(Failed) as failed:
            await page.click("send")
        assert (failed.value.status, journal) == (401, [])


@ways("SHN")
@pytest.mark.parametrize("token", ["add", "subscribe", "subscribe@", "One.add", "subscribe@0000000000"])
async def test_b13_a_reference_that_is_not_valid_here(way: Way, token: str) -> None:
    async with visiting(two(token), way) as browser:
        page = await browser.open("/two")
        await page.click("send")
        assert journal == []


async def test_b13_a_name_without_a_signature_is_none() -> None:
    path = shared_token(subscribe).partition("~")[0]
    async with Browser(two(path), js=False) as browser:
        page = await browser.open("/two")
        await page.click("send")
        assert journal == []


async def test_b13_a_page_that_is_over(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Browser(live, js=False) as browser:
        page = await browser.open("/one")
        await page.fill("email", "ada@example.org")
        monkeypatch.setattr("liveactions.store.snapshots.SNAPSHOT_TTL", -1.0)
        await page.click("subscribe")
        assert journal == ["ada@example.org"]


async def test_b13_a_method_needs_its_page(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Browser(live, js=False) as browser:
        page = await browser.open("/one")
        await page.fill("note", "long text")
        monkeypatch.setattr("liveactions.store.snapshots.SNAPSHOT_TTL", -1.0)
        await page.click("add")
        assert (page.status, page.text("p"), page.value("note")) == (409, "0", "long text")
        assert "out of date" in page.text("i")
