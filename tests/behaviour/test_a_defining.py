"""A. What can be an action, and how it is referred to."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable
from math import inf, nan
from pathlib import Path
from typing import Annotated, Any

import pytest
from jinja2 import DictLoader, Environment

from liveactions import Bound, Component, Depends, Live, Page, Pages, action
from liveactions.protocol.constants import CALL_REF
from liveactions.testing import Browser
from liveactions.testing.failures import Failed
from tests.behaviour.markup import form
from tests.behaviour.ways import Way, visiting, ways
from tests.support.asgi import signed
from tests.support.pages import new, opened
from tests.support.patience import PATIENCE
from tests.support.small import small_app

ROOT = Path(__file__).parent.parent.parent

pages = Pages()
journal: list[str] = []
TEMPLATES: dict[str, str] = {}


@pytest.fixture(autouse=True)
def empty_journal() -> None:
    journal.clear()
    GUESTS.clear()
    STARTED.clear()
    GO.set()


# A1, A2: methods, sync and async


@pages.page("/methods")
class Methods(Page):
    template = "methods.html"
    count: int = 0
    thread: str = ""

    @action
    async def add(self, by: int = 1) -> None:
        self.count += by

    @action
    def add_in_thread(self, by: int = 1) -> None:
        self.thread = "another" if threading.current_thread() is not threading.main_thread() else "main"
        before = self.count
        STARTED.set()
        assert GO.wait(PATIENCE)
        self.count = before + by

    def helper(self) -> None:
        self.count = 1000

    def _private(self) -> None:
        self.count = 1000


STARTED, GO = threading.Event(), threading.Event()
"""The thread's work has begun; it may end."""

TEMPLATES["methods.html"] = (
    "<title>M</title><p>{{ count }}</p><b>{{ thread }}</b>"
    + form("add", "by")
    + form("add_in_thread")
    + '<form method="post" action="?_a=helper"><button>forged</button></form>'
    + '<form method="post" action="?_a=_private"><button>private</button></form>'
    + '<form method="post" action="?_a=live.page.add"><button>path</button></form>'
    + '<form method="post" action="?_a=nothing"><button>unknown</button></form>'
)


@pytest.fixture
def live() -> Live:
    return small_app(pages, TEMPLATES)


@ways("SHN")
async def test_a1_sync_and_async(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/methods")
        await page.click("add")
        await page.click("add_in_thread")
        assert (page.text("p"), page.text("b")) == ("2", "another")


async def test_a1_a_sync_action_has_its_page_alone() -> None:
    live = small_app(pages, TEMPLATES)
    async with Browser(live) as browser:
        page = await browser.open("/methods")
        conversation = page._tab.conversation
        assert conversation is not None
        GO.clear()
        for name in ("add_in_thread", "add", "add_in_thread"):
            conversation.say(CALL_REF, signed(live, "/methods", name), [])
        assert await asyncio.to_thread(STARTED.wait, PATIENCE)
        (session,) = live.sessions
        assert isinstance(session.state.page, Methods) and session.state.page.count == 0
        GO.set()
        await page._tab.settle()
        assert page.text("p") == "3"


@pytest.mark.parametrize(
    "thing", [3, "text", Methods, property(lambda self: 1), staticmethod(len), functools.partial(print)]
)
def test_a1_on_anything_else_it_says_what_to_do(thing: Any) -> None:
    with pytest.raises(TypeError, match="@action (decorates functions|needs a named function)"):
        action(thing)


@pytest.mark.parametrize(
    ("options", "error", "hint"),
    [
        ({"on_leave": "cancle"}, ValueError, "expected one of 'finish', 'cancel'"),
        ({"concurrency": "lates"}, ValueError, "expected one of 'queue', 'latest', 'drop'"),
        ({"timeout": -1}, ValueError, "must be positive"),
        ({"timeout": "5s"}, TypeError, "expected a number"),
        ({"timeout": inf}, ValueError, "must be finite"),
        ({"timeout": nan}, ValueError, "must be positive"),
        ({"timeout": True}, TypeError, "expected a number"),
        ({"max_body": inf}, TypeError, "expected an int"),
        ({"id": True}, TypeError, "expected a text"),
        ({"aliases": True}, TypeError, "expected a list"),
        ({"aliases": [1]}, TypeError, "expected a text"),
        ({"max_body": "1mb"}, TypeError, "expected an int"),
        ({"max_body": -1}, ValueError, "can't be negative"),
        ({"aliases": "old_name"}, TypeError, "expected a list"),
        ({"reset": "no"}, TypeError, "expected True or False"),
        ({"js": 1}, TypeError, "expected True or False"),
    ],
)
def test_a1_options_are_checked(options: dict[str, Any], error: type[Exception], hint: str) -> None:
    with pytest.raises(error, match=f"{next(iter(options))}=.*{hint}"):
        action(**options)(lambda: None)


async def test_a2_the_first_parameter_is_the_page() -> None:
    page = new(Methods)
    await page.add(2)
    assert page.count == 2


@ways("SHN")
async def test_a2_methods_change_their_page(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/methods")
        await page.fill("by", "3")
        await page.click("add")
        assert page.text("p") == "3"


# A3: functions of modules


GUESTS: list[str] = []


@action
async def sign(name: str) -> str:
    GUESTS.append(name)
    return f"{name} was here"


@action
async def count_up(page: Methods | Counting, by: Bound[int] = 1) -> None:
    page.count += by


@action
async def tag(id: Bound[int]) -> None:
    journal.append(f"tag {id}")


class Shelf(Component):
    template = "shelf.html"
    actions = [sign]


@pages.page("/book")
class Book(Page):
    template = "book.html"
    actions = [sign]


@pages.page("/counting")
class Counting(Page):
    template = "counting.html"
    actions = [count_up]
    count: int = 0
    shelf: Shelf = Shelf()

    @property
    def tools(self) -> list[Any]:
        return [("five", tag(5) if False else tag), ("six", tag)]


TEMPLATES["book.html"] = "<title>B</title><p>{{ sign.result }}</p>" + form("sign", "name")
TEMPLATES["shelf.html"] = "<i>{{ sign.result }}</i>" + form("sign", "name", label="sign below")
TEMPLATES["counting.html"] = (
    "<title>C</title><p>{{ count }}</p>{{ shelf }}"
    + form("count_up(4)", label="four")
    + "{% macro press(do, label) %}<form method='post' action='{{ do }}'><button>{{ label }}</button></form>"
    + "{% endmacro %}{% for name, do in tools %}{{ press(do(loop.index), name) }}{% endfor %}"
)


@ways("SHN")
async def test_a3_many_pages_use_a_function_of_a_module(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/book")
        await page.fill("name", "Ada")
        await page.click("sign")
        assert (page.text("p"), GUESTS) == ("Ada was here", ["Ada"])
        page = await browser.open("/counting")
        await page.fill("name", "Bob")
        await page.click("sign below")
        await page.click("four")
        assert (page.text("i"), page.text("p"), GUESTS) == ("Bob was here", "4", ["Ada", "Bob"])


@ways("SHN")
async def test_a3_wherever_a_template_meets_it(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/counting")
        await page.click("six")
        assert journal == ["tag 2"]


@ways("SHN")
async def test_a3_a_name_for_all_templates(way: Way) -> None:
    templates = {**TEMPLATES, "methods.html": "<title>x</title>" + form("sign", "name")}
    live = Live(
        Environment(loader=DictLoader(templates), autoescape=True),
        keys="a key that is long enough for all of it",
        context=[lambda request: {"sign": sign}],
    )
    live.include(pages)
    async with visiting(live, way) as browser:
        page = await browser.open("/methods")
        await page.fill("name", "Eve")
        await page.click("sign")
        assert GUESTS == ["Eve"]


async def test_a3_an_action_that_is_nowhere_says_so() -> None:
    @action
    async def nowhere() -> None: ...

    page = new(Counting)
    with pytest.raises(TypeError, match="not an action of this page or of a module"):
        page._live_record.reference(nowhere)


# A5: nothing else


@ways("SHN")
@pytest.mark.parametrize("button", ["forged", "private", "path", "unknown"])
async def test_a5_nothing_else_can_be_called(live: Live, way: Way, button: str) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/methods")
        await page.click(button)
        assert page.text("p") == "0"
        await page.click("add")
        assert page.text("p") == "1"


@ways("SHN")
@pytest.mark.parametrize(
    "shown",
    [
        '<form method="post" action="{{ helper }}"></form>',
        '<button form="live" formaction="{{ helper }}">x</button>',
        '<button live-click="{{ helper }}">x</button>',
        '<p title="{{ helper }}">x</p>',
        "{{ helper }}",
    ],
)
async def test_a5_a_template_that_shows_an_undecorated_method_says_so(way: Way, shown: str) -> None:
    live = small_app(pages, {**TEMPLATES, "methods.html": f"<title>M</title>\n\n{shown}"}, debug=True)
    async with visiting(live, way) as browser:
        with pytest.raises(Failed) as failed:
            await browser.open("/methods")
    text = str(failed.value)
    assert "Methods.helper is a function: decorate it with @action" in text
    assert "in the template methods.html, line 3" in text


async def test_a5_one_error_for_all_of_it() -> None:
    from liveactions.exceptions import UnknownAction
    from liveactions.pages.lookup import lookup

    page = new(Methods)
    texts = set()
    for name in ("helper", "_private", "live.page.add", "nothing", "__class__.add", "sign@", "count"):
        with pytest.raises(UnknownAction) as caught:
            lookup(page, name)
        texts.add(str(caught.value))
    assert texts == {"no such action"}


# A6: decorators


def traced(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        journal.append(function.__name__)
        return await function(*args, **kwargs)

    return wrapper


@traced
@action
async def shared_above(n: int) -> None:
    journal.append(f"ran {n}")


@pages.page("/decorated")
class Decorated(Page):
    template = "decorated.html"
    actions = [shared_above]

    @traced
    @action
    async def above(self, n: int) -> None:
        journal.append(f"ran {n}")

    @action
    @traced
    async def below(self, n: int) -> None:
        journal.append(f"ran {n}")


TEMPLATES["decorated.html"] = "<title>D</title>" + "".join(
    form(f"{name}(n=3)", label=name) for name in ("above", "below", "shared_above")
)


@ways("SHN")
@pytest.mark.parametrize("name", ["above", "below", "shared_above"])
async def test_a6_decorators_above_and_below(live: Live, way: Way, name: str) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/decorated")
        await page.click(name)
        assert journal == [name, "ran 3"]


async def test_a6_a_decorated_action_in_python() -> None:
    page: Any = new(Decorated)
    await page.above(1)
    await page.below(2)
    assert journal == ["above", "ran 1", "below", "ran 2"]


# A9: nothing of the code


def secret_n() -> int:
    return 0


@pages.page("/secret")
class Secret(Page):
    template = "secret.html"
    actions = [tag]

    @action
    async def act(self, secret_default: str = "swordfish", n: Annotated[int, Depends(secret_n)] = 0) -> None:
        """A docstring of the source."""
        raise RuntimeError("the source's own text")


TEMPLATES["secret.html"] = (
    "<title>S</title>{{ act.error }}" + form("act") + form("tag(1)") + '<b live-click="{{ act }}">press</b>'
)


@ways("SHN")
async def test_a9_nothing_of_the_code_is_told(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/secret")
        try:
            await page.click("act")
        except Failed as failed:
            assert "source" not in str(failed)
        for word in ("swordfish", "docstring", "secret_", "test_a_defining", "source's", ".py"):
            assert word not in page.html


inherited = Pages()


class Adding(Page):
    template = "adding.html"
    n: int = 0

    @action
    async def add(self, by: int = 1) -> int:
        self.n += by
        return self.n


@inherited.page("/twice")
class Twice(Adding):
    @action
    async def add(self, by: int = 1) -> int:
        await super().add(by)
        return await super().add(by)


@ways("SHN")
async def test_an_action_calls_the_one_that_it_overrides(way: Way) -> None:
    template = "<title>C</title><output>{{ n }} {{ add.result }}</output>" + form("add", "by")
    async with visiting(small_app(inherited, {"adding.html": template}), way) as browser:
        page = await browser.open("/twice")
        await page.fill("by", "3")
        await page.click("add")
        assert page.text("output") == "6 6"


async def test_a_stranger_is_still_no_action_of_the_page() -> None:
    class Other(Page):
        @action
        async def add(self) -> None: ...

    page = await opened(Twice)
    with pytest.raises(TypeError, match="not an action of this page or of a module"):
        page._live_record.reference(Other.add)
