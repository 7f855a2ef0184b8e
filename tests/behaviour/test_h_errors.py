"""H. Errors: what a person is told, what only the log, and what is undone."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest

from liveactions import (
    ActionError,
    Component,
    Depends,
    InUrl,
    Live,
    Page,
    Pages,
    action,
    forbidden,
    not_found,
    redirect,
    revalidate_tag,
)
from liveactions.actions.responses import Redirect
from liveactions.exceptions import INTERNAL_ERROR
from liveactions.protocol.constants import CLOSE_PROTOCOL
from liveactions.pubsub.base import Message
from liveactions.testing.asgi import Closed
from tests.behaviour.ways import Way, by, visiting, ways
from tests.support.asgi import browser as visitor_at
from tests.support.small import small_app

pages = Pages()
log: list[str] = []
gate = threading.Event()


@pytest.fixture(autouse=True)
def fresh_log() -> Iterator[None]:
    log.clear()
    gate.clear()
    yield
    gate.set()


@asynccontextmanager
async def transaction() -> AsyncIterator[None]:
    try:
        yield
    except Exception:
        log.append("rolled back")
        raise
    log.append("committed")


async def session() -> AsyncIterator[str]:
    async with transaction():
        yield "session"


class Part(Component):
    n: int = 0


@pages.page("/errors")
class Errors(Page):
    template = "errors.html"
    n: int = 0
    names: list[str] = ["a"]
    table: dict[str, int] = {"a": 1}
    tags: set[str] = {"a"}
    part: Part = Part()

    @action
    async def refuse(self, title: str = "") -> None:
        raise ActionError("Wrong password", field="password", status=422)

    @action
    async def refuse_all(self) -> None:
        self.n += 1
        raise ActionError("Not now", errors={"title": "Too long"})

    @action
    async def crash(self) -> None:
        self.n = 99
        self.names.append("b")
        self.table["b"] = 2
        del self.table["a"]
        self.tags.add("b")
        self.part.n = 5
        revalidate_tag("crashed")
        raise LookupError("secret detail")

    @action
    async def replace(self) -> None:
        self.names = ["z"]
        self.table = {}
        self.tags = set()
        raise LookupError("secret detail")

    @action
    async def add(self) -> None:
        self.n += 1

    @action
    async def returned(self) -> Any:
        async with transaction():
            return redirect("/over")

    @action
    async def raised(self, db: Annotated[str, Depends(session)]) -> None:
        try:
            raise redirect("/over")
        except Exception:
            log.append("caught")

    @action
    async def grouped(self) -> None:
        async def leave() -> None:
            raise redirect("/over")

        async def work() -> None:
            await asyncio.Event().wait()

        async with asyncio.TaskGroup() as group:
            group.create_task(leave())
            group.create_task(work())

    @action
    async def missing(self) -> Any:
        return not_found("No such thing")

    @action
    async def barred(self) -> None:
        raise forbidden("Not for you")

    @action(timeout=0.05)
    async def slow(self) -> None:
        self.n = 50
        await asyncio.Event().wait()

    @action(timeout=0.05)
    def slow_thread(self) -> None:
        self.n = 50
        gate.wait(5)
        self.n = 51


@pages.page("/fragile")
class Fragile(Page):
    template = "fragile.html"
    n: int = 1
    broken: InUrl[bool] = False
    _is_new: bool = False

    async def mount(self) -> None:
        self._is_new = True

    def draw(self) -> int:
        return 2 // (self.n if self._is_new or not (self.broken or gate.is_set()) else 0)

    @action
    async def spoil(self) -> None:
        self.n = 0

    @action
    async def mend(self) -> None:
        self.n = 2


@pages.page("/over")
class Over(Page):
    template = "over.html"


NAMES = "refuse refuse_all crash replace add returned raised grouped missing barred slow slow_thread".split()
FORM = '<form method="post" action="{{{{ {0} }}}}"><button>{0}</button></form>'
FORMS = "".join(map(FORM.format, NAMES))
TEMPLATES = {
    "errors.html": f"""<title>Errors</title><body>
<output>{{{{ n }}}} {{{{ names|join }}}} {{{{ table|join }}}} {{{{ tags|sort|join }}}}
{{{{ part.n }}}}</output>
<p>{{{{ refuse.errors.password }}}}|{{{{ refuse_all.error }}}}|{{{{ refuse_all.errors.title }}}}</p>
<em>{{{{ crash.error }}}}</em>{FORMS}""",
    "fragile.html": """<title>Fragile</title><body><output>{{ draw() }}</output>
<form method="post" action="{{ spoil }}"><button>Spoil</button></form>
<form method="post" action="{{ mend }}"><button>Mend</button></form>""",
    "over.html": "<title>Over</title><h1>Over</h1>",
}
BEFORE = "0 a a a 0"


def app(**options: Any) -> Live:
    live = small_app(pages, TEMPLATES)
    live.services.debug = bool(options.get("debug"))
    return live


def an_id(text: str) -> str:
    found = re.search(r"\b[0-9a-f]{8}\b", text)
    assert found, text
    return found.group()


# H1


@ways("SHN")
async def test_h1_errors_for_the_person_are_shown(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/errors")
        await page.click("refuse")
        assert page.text("p") == "Wrong password||"
        await page.click("refuse_all")
        assert page.text("p") == "Wrong password|Not now|Too long"
        assert page.text("output") == "1 a a a 0"  # what it did is kept


async def test_h1_called_in_python_it_is_raised() -> None:
    with pytest.raises(ActionError) as caught:
        await Errors().refuse()
    assert caught.value.errors == {"password": "Wrong password"} and caught.value.status == 422


# H2


@ways("SHN")
async def test_h2_an_exception_is_logged_once_and_its_id_is_told(
    way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/errors")
        with caplog.at_level(logging.ERROR), pytest.raises(AssertionError, match="500") as told:
            await page.click("crash")
        (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert record.exc_info and record.exc_info[0] is LookupError
        assert "Errors.crash" in record.getMessage() and "on Errors" in record.getMessage()
        assert an_id(str(told.value)) == an_id(record.getMessage())
        assert "secret" not in str(told.value)


@ways("SH")
async def test_h2_the_template_shows_a_public_text_with_the_id(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/errors")
        with pytest.raises(AssertionError, match="500") as told:
            await page.click("crash")
        assert an_id(page.text("em")) == an_id(str(told.value)) and "secret" not in page.html


@by("D")
async def test_h2_called_in_python_it_is_raised() -> None:
    page = Errors()
    with pytest.raises(LookupError, match="secret detail"):
        await page.crash()
    assert page.n == 99  # nobody undoes it there


# H3


@pytest.mark.parametrize("button", ["crash", "replace"])
@ways("SHN")
async def test_h3_the_fields_are_as_before_the_action(way: Way, button: str) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/errors")
        assert page.text("output") == BEFORE
        with pytest.raises(AssertionError, match="500"):
            await page.click(button)
        if way == "N":
            await page.back()
        assert page.text("output") == BEFORE
        await page.click("add")
        assert page.text("output") == "1 a a a 0"


@ways("SHN")
async def test_h3_what_it_revalidated_stays_revalidated(way: Way) -> None:
    heard: list[Message | None] = []
    live = app()
    live._channel.catch_up()
    live._channel.listen(heard.append)
    async with visiting(live, way) as browser:
        page = await browser.open("/errors")
        with pytest.raises(AssertionError, match="500"):
            await page.click("crash")
    assert [message.name for message in heard if message is not None] == ["crashed"]


# H4


@ways("SH")
async def test_h4_failures_do_not_end_the_session(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/errors")
        for n in range(1, 7):
            with pytest.raises(AssertionError, match="500"):
                await page.click("crash")
            await page.click("add")
            assert page.text("output") == f"{n} a a a 0"


@ways("SHN")
async def test_h4_a_render_that_fails_is_an_error(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/fragile")
        for _ in range(2):
            with pytest.raises(AssertionError, match="500"):
                await page.click("Spoil")
            if way == "N":
                await page.reload() if page._tab.status < 500 else await page.back()
        await page.click("Mend")
        assert page.text("output") == "1"


async def test_h4_a_page_that_cannot_be_drawn_on_another_worker_stays_and_comes_again_later() -> None:
    """It keeps what it shows, and what was typed: the reason may be over by then."""
    live = app()
    async with visitor_at(live) as visitor:
        tab = await visitor.joined("/fragile")
        await tab.call("mend")
        gate.set()
        await tab.socket.lose()
        assert "patch" not in await tab.join()  # it shows what could be drawn last
        assert (await tab.call("spoil"))[3][2]["status"] == 500
        await tab.socket.lose()
        live.sessions._sessions.clear()
        with pytest.raises(Closed) as closed:
            await tab.join()
        assert closed.value.code == INTERNAL_ERROR
        gate.clear()
        await tab.join()
        assert (await tab.call("mend"))[3] == []


async def test_h4_a_page_that_can_only_be_drawn_by_its_get_stays_as_it_is() -> None:
    live = app()
    async with visitor_at(live) as visitor:
        tab = await visitor.open("/fragile?broken=1")
        with pytest.raises(Closed) as closed:
            await tab.join()
        assert closed.value.code == CLOSE_PROTOCOL  # no reload, which would lead here again


# H5


@ways("SHN")
async def test_h5_control_flow_commits_and_is_no_exception(way: Way) -> None:
    for button, noted in (("returned", ["committed"]), ("raised", ["committed"]), ("grouped", [])):
        log.clear()
        async with visiting(app(), way) as browser:
            page = await browser.open("/errors")
            await page.click(button)
            assert page.text("h1") == "Over" and log == noted, button


@ways("SHN")
async def test_h5_statuses_have_their_own(way: Way) -> None:
    async with visiting(app(), way) as browser:
        for button, status in (("missing", 404), ("barred", 403)):
            page = await browser.open("/errors")
            with pytest.raises(AssertionError, match=str(status)):
                await page.click(button)


async def test_h5_called_in_python_control_flow_is_returned_or_raised() -> None:
    assert isinstance(await Errors().returned(), Redirect)
    with pytest.raises(Redirect):
        await Errors().raised("session")


# H6


async def crashed(live: Live) -> dict[str, Any]:
    async with visitor_at(live) as visitor:
        tab = await visitor.joined("/errors")
        payload: dict[str, Any] = (await tab.call("crash"))[3][2]
        return payload


async def test_h6_in_debug_the_traceback_is_told_and_else_nothing_of_it() -> None:
    told = await crashed(app(debug=True))
    assert told["error"] == "LookupError: secret detail" and "test_h_errors.py" in told["details"]
    told = await crashed(app())
    assert told.keys() == {"error", "errors", "status", "id"}
    assert "secret" not in str(told) and ".py" not in str(told)


async def test_h6_in_debug_the_line_of_the_template_is_told() -> None:
    async with visitor_at(app(debug=True)) as visitor:
        tab = await visitor.joined("/fragile")
        told = (await tab.call("spoil"))[3][2]
        assert '<template>", line 1' in told["details"]


# H7


async def test_h7_all_that_a_caller_needs_is_told() -> None:
    async with visitor_at(app()) as visitor:
        tab = await visitor.joined("/errors")
        assert (await tab.call("refuse"))[3][2] == {
            "error": "",
            "errors": {"password": "Wrong password"},
            "status": 422,
        }
        told = (await tab.call("crash"))[3][2]
        assert told["status"] == 500 and told["id"] in told["error"]
        assert (await tab.call("missing"))[3][2]["status"] == 404


# H8


@ways("SHN")
async def test_h8_after_its_time_an_action_is_cancelled_and_the_queue_goes_on(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/errors")
        with pytest.raises(AssertionError, match="504: .*This took too long"):
            await page.click("slow")
        if way == "N":
            await page.back()
        await page.click("add")
        assert page.text("output") == "1 a a a 0"


@ways("SH")
async def test_h8_a_thread_that_goes_on_changes_nothing_any_more(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/errors")
        with pytest.raises(AssertionError, match="504"):
            await page.click("slow_thread")
        gate.set()
        await page.click("add")
        assert page.text("output") == "1 a a a 0"


def test_h8_without_a_limit_of_its_own_it_has_thirty_seconds() -> None:
    assert app().services.timeout == 30.0
