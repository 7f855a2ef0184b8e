"""K. What an action knows of its request, and what it asks for besides its answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from liveactions import ActionError, Bound, Live, Page, Pages, action, after, flash, redirect
from liveactions.store import MemoryStore
from tests.behaviour.ways import Way, visiting, ways
from tests.support import asgi
from tests.support.patience import PATIENCE
from tests.support.small import small_app

pages = Pages()
done: asyncio.Queue[str] = asyncio.Queue()
unread: list[str] = []


@pytest.fixture(autouse=True)
def fresh_queue() -> None:
    global done
    done = asyncio.Queue()


async def told() -> str:
    """What was done next."""
    return await asyncio.wait_for(done.get(), PATIENCE)


@pages.page("/messages")
class Messages(Page):
    template = "messages.html"
    n: int = 0

    @action
    async def save(self) -> None:
        flash("Saved <b>", "good")

    @action
    async def save_twice(self) -> None:
        flash("one")
        flash("two")

    @action
    async def other(self) -> None:
        self.n += 1

    @action
    async def leave(self, to: Bound[str]) -> Any:
        flash("Moved")
        return redirect(to)

    @action
    async def refuse(self) -> None:
        flash("Nearly")
        raise ActionError("no")

    @action
    async def crash(self) -> None:
        flash("Nearly")
        raise RuntimeError("secret")


@pages.page("/mail")
class Mail(Page):
    template = "mail.html"
    loads: int = 0

    async def load(self) -> None:
        flash("You have mail")
        for text in unread:
            flash(text)
        unread.clear()

    @action
    async def open_mail(self) -> None:
        self.loads += 1
        unread.append("from Bob")


@pages.page("/elsewhere")
class Elsewhere(Page):
    template = "elsewhere.html"


@pages.page("/hop")
class Hop(Page):
    template = "elsewhere.html"

    async def mount(self) -> Any:
        return redirect("/elsewhere")


@pages.page("/later")
class Later(Page):
    template = "later.html"
    n: int = 0

    async def _note(self, what: str, suffix: str = "") -> None:
        await done.put(f"{what}{suffix} {self.n}")

    @action
    async def plain(self) -> None:
        after(self._note, "async", suffix="!")
        after(done.put_nowait, "sync")
        self.n = 1

    @action
    async def leave(self) -> Any:
        after(self._note, "left")
        self.live.set_cookie("seen", "1")
        return redirect("/elsewhere")

    @action
    async def refuse(self) -> None:
        after(self._note, "refused")
        raise ActionError("no")

    @action
    async def crash(self) -> None:
        after(self._note, "crashed")
        raise RuntimeError("secret")

    @action
    async def wrong(self) -> None:
        after(self._fail)
        after(self._note, "went on")

    async def _fail(self) -> None:
        self.live.set_cookie("late", "1")


MESSAGES = """{% for message in live.flashes %}<p class="{{ message.kind }}">{{ message }}</p>{% endfor %}"""
TEMPLATES = {
    "messages.html": f"""<title>Messages</title><body>{MESSAGES}<output>{{{{ n }}}}</output>
<form method="post" action="{{{{ save }}}}"><button>Save</button></form>
<form method="post" action="{{{{ save_twice }}}}"><button>Twice</button></form>
<form method="post" action="{{{{ other }}}}"><button>Other</button></form>
<form method="post" action="{{{{ refuse }}}}"><button>Refuse</button></form>
<form method="post" action="{{{{ crash }}}}"><button>Crash</button></form>
<form method="post" action="{{{{ leave('/elsewhere') }}}}"><button>Leave</button></form>
<form method="post" action="{{{{ leave('/hop') }}}}"><button>Hop</button></form>""",
    "mail.html": f"""<title>Mail</title><body>{MESSAGES}
<form method="post" action="{{{{ open_mail }}}}"><button>Open</button></form>""",
    "elsewhere.html": f"<title>Elsewhere</title><h1>Elsewhere</h1>{MESSAGES}",
    "later.html": """<title>Later</title><output>{{ n }}</output>
<form method="post" action="{{ plain }}"><button>Plain</button></form>
<form method="post" action="{{ leave }}"><button>Leave</button></form>
<form method="post" action="{{ refuse }}"><button>Refuse</button></form>
<form method="post" action="{{ crash }}"><button>Crash</button></form>
<form method="post" action="{{ wrong }}"><button>Wrong</button></form>""",
}


def app() -> Live:
    return small_app(pages, TEMPLATES)


# K3


@ways("SHN")
async def test_k3_a_message_is_shown_by_the_next_render(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/messages")
        assert page.texts("p") == []
        await page.click("Save")
        assert page.texts("p.good") == ["Saved <b>"]
        await page.click("Twice")
        assert page.texts("p") == ["one", "two"]


@ways("SHN")
async def test_k3_it_goes_with_the_next_action_and_a_fresh_page_has_none(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/messages")
        await page.click("Save")
        assert (await browser.open("/messages")).texts("p") == []
        await page.click("Other")
        assert page.texts("p") == [] and page.text("output") == "1"


@pytest.mark.parametrize("button", ["Leave", "Hop"])
@ways("SHN")
async def test_k3_it_is_shown_once_where_redirects_lead(way: Way, button: str) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/messages")
        await page.click(button)
        assert page.text("h1") == "Elsewhere" and page.texts("p") == ["Moved"]
        assert (await browser.open("/elsewhere")).texts("p") == []
        assert (await browser.open("/messages")).texts("p") == []


@ways("SHN")
async def test_k3_a_message_of_load_is_shown_once_however_often_the_page_is_opened(way: Way) -> None:
    """A page is loaded by its GET and again when it joins, or when a post has redirected to it."""
    async with visiting(app(), way) as browser:
        unread[:] = ["from Ada", "from Ada"]
        page = await browser.open("/mail")
        assert page.texts("p") == ["You have mail", "from Ada", "from Ada"]
        await page.click("Open")
        assert page.texts("p") == ["You have mail", "from Bob"]
        unread.append("from Eve")
        assert (await browser.open("/mail")).texts("p") == ["You have mail", "from Eve"]


async def test_k3_a_message_of_load_is_shown_once_by_another_worker() -> None:
    """What is new when a page connects again is shown, too."""
    store = MemoryStore()
    async with (
        asgi.browser(small_app(pages, TEMPLATES, store=store)) as here,
        asgi.browser(small_app(pages, TEMPLATES, store=store)) as there,
    ):
        tab = await here.open("/mail")
        assert tab.html.count("You have mail</p>") == 1
        assert "patch" not in await tab.join()
        await tab.socket.lose()
        tab.browser = there
        unread.append("from Ada")
        patch = str((await tab.join())["patch"])  # the whole list
        assert (patch.count("from Ada"), patch.count("You have mail")) == (1, 1)


@ways("SHN")
async def test_k3_beside_an_error_for_the_person_it_is_shown_and_with_a_crash_it_is_not(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/messages")
        await page.click("Refuse")
        assert page.texts("p") == ["Nearly"]
        await page.click("Other")
        with pytest.raises(AssertionError, match="500"):
            await page.click("Crash")
        assert (await browser.open("/messages")).texts("p") == []


async def test_k3_a_forged_message_is_not_shown() -> None:
    async with visiting(app(), "N") as browser:
        browser.cookies.take([("set-cookie", "live-flash=W1siZm9yZ2VkIiwiIl1d.AAAAAAAAAAA; Path=/")])
        assert (await browser.open("/elsewhere")).texts("p") == []


def test_k3_outside_an_action_it_is_an_error() -> None:
    with pytest.raises(RuntimeError, match=r"flash\(\) can only be called inside an action"):
        flash("nobody")


# K4


@ways("SHN")
async def test_k4_it_runs_when_the_answer_is_sent(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/later")
        await page.click("Plain")
        assert page.text("output") == "1"
        assert [await told(), await told()] == ["async! 1", "sync"]


@ways("SHN")
async def test_k4_also_after_a_redirect_and_an_error(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/later")
        await page.click("Refuse")
        assert await told() == "refused 0"
        with pytest.raises(AssertionError, match="500"):
            await page.click("Crash")
        assert await told() == "crashed 0"
        page = await browser.open("/later")
        await page.click("Leave")
        assert page.text("h1") == "Elsewhere" and await told() == "left 0"


@ways("SHN")
async def test_k4_it_may_set_no_cookies_and_its_errors_are_logged(
    way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/later")
        await page.click("Wrong")
        assert await told() == "went on 0"
        assert "after(Later._fail) failed" in caplog.text
        assert "the answer has been sent" in caplog.text
        assert "late" not in dict(browser.cookies.headers()).get("cookie", "")


def test_k4_outside_an_action_it_is_an_error() -> None:
    with pytest.raises(RuntimeError, match=r"after\(\) can only be called inside an action"):
        after(print)


class Greeting(Page):
    """What its opening asks for: a cookie, and a call afterwards."""

    template = "greeting.html"

    async def load(self) -> None:
        self.live.set_cookie("loaded", "yes")
        after(done.put_nowait, "loaded")


async def test_what_the_join_of_a_page_asks_for_is_done_with_its_welcome() -> None:
    greeting = Pages()
    greeting.page("/greeting")(Greeting)
    async with asgi.browser(small_app(greeting, {"greeting.html": "<title>G</title>Hello"})) as visitor:
        tab = await visitor.open("/greeting")
        assert (visitor.http.cookies["loaded"], await told()) == ("yes", "loaded")
        await tab.join()
        assert await told() == "loaded"
        visitor.http.cookies.clear()
        tickets, headers = (await tab.receive())[5]["cookies"], {"Live-Ops": "1"}
        await visitor.http.post("/_live/cookies", content=tickets, headers=headers)
        assert visitor.http.cookies["loaded"] == "yes"
