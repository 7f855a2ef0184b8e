"""Streams: lists whose items leave the server's memory once the browser has them."""

from __future__ import annotations

import gc
import itertools
from dataclasses import dataclass, replace
from typing import Any

import pytest

from liveactions import Bound, Live, Page, Pages, Stream, action, loaded, on, stream
from liveactions.pages.component import streams_of
from liveactions.protocol.constants import CALL_REF
from liveactions.templates.fragments import GONE, Fragment, Items
from liveactions.testing import Browser, Failed, both_ways
from liveactions.testing import Page as Shown
from tests.support.pages import new
from tests.support.small import small_app

pages = Pages()


@dataclass(frozen=True)
class Line:
    id: int
    text: str


class Book:
    """What is stored."""

    def __init__(self) -> None:
        self.lines: dict[int, Line] = {}
        self.reads = 0

    def begin(self, count: int) -> None:
        self.lines = {n: Line(n, f"line {n}") for n in range(1, count + 1)}
        self.reads = 0

    def last(self, count: int) -> list[Line]:
        self.reads += 1
        return list(self.lines.values())[-count:]

    def add(self, text: str) -> Line:
        line = Line(max(self.lines, default=0) + 1, text)
        self.lines[line.id] = line
        return line


book = Book()
ids = itertools.count(1000)


@pages.page("/chat")
class Chat(Page):
    template = "chat.html"
    lines: Stream[Line] = stream(limit=6)
    liked: int = 0

    async def load(self) -> None:
        if self.lines.is_new:
            self.lines.reset(book.last(max(4, len(self.lines))))

    @action
    async def say(self, text: str) -> None:
        line = book.add(text)
        self.live.publish("said", id=line.id)

    @on("said")
    async def said(self, id: int) -> None:
        self.lines.append(book.lines[id])

    @action
    async def earlier(self) -> None:
        first = min(line.id for line in book.last(len(self.lines)))
        self.lines.prepend(*(book.lines[n] for n in range(max(1, first - 2), first)))

    @action
    async def edit(self, id: Bound[int]) -> None:
        line = book.lines[id] = replace(book.lines[id], text=book.lines[id].text + "!")
        self.lines.update(line)

    @action
    async def drop(self, id: Bound[int]) -> None:
        del book.lines[id]
        self.lines.remove(id)

    @action
    async def squeeze(self, id: Bound[int]) -> None:
        line = book.add("between")
        self.lines.insert(line, before=id)

    @action
    async def like(self, id: Bound[int]) -> None:
        self.liked = id

    @action
    async def fail(self) -> None:
        self.lines.append(Line(99, "never"))
        self.lines.remove(1, 2, 3, 4)
        raise RuntimeError("on purpose")

    @action
    async def again(self) -> None:
        self.lines.reset(book.last(3))

    @action
    async def flood(self, count: int) -> None:
        self.lines.append(*(Line(next(ids), f"flood {n}") for n in range(count)))

    @action
    async def secret(self) -> None:
        self.lines.reset()

    @action
    async def nothing(self) -> None: ...


TEMPLATES = {
    "chat.html": """<title>Chat</title><output>{{ liked }}</output>
<ol>
{% for line in lines %}
  <li class="line"><span>{{ line.text }}</span><input aria-label="note {{ line.id }}">
    {{ button(edit(line.id), "Edit " ~ line.id) }}<button form="live" formaction="{{ drop(line.id) }}">Drop {{ line.id }}</button>
    {% if line.id %}<b live-click="{{ like(line.id) }}">Like {{ line.id }}</b>{% endif %}
    <button form="live" formaction="{{ squeeze(line.id) }}">Before {{ line.id }}</button></li>
{% endfor %}
</ol>
<form method="post" action="{{ say }}"><input name="text" aria-label="Say"><button>Send</button></form>
<form method="post" action="{{ flood }}"><input name="count" aria-label="Count"><button>Flood</button></form>
{{ button(earlier, "Earlier") }}{{ button(fail, "Fail") }}{{ button(again, "Again") }}{{ button(nothing, "Nothing") }}""",  # noqa: E501
    "hidden.html": """<title>Hidden</title>
{% if shown %}<ul>{% for n in numbers %}<li>{{ n }}</li>{% endfor %}</ul>
{% endif %}{{ button(toggle, "Toggle") }}{{ button(more, "More") }}""",
    "filtered.html": "<title>F</title>{% for n in numbers if n %}<p>{{ n }}</p>{% endfor %}",
}


@pages.page("/hidden")
class Hidden(Page):
    template = "hidden.html"
    numbers: Stream[int] = stream()
    shown: bool = True

    async def load(self) -> None:
        if self.numbers.is_new:
            self.numbers.reset([1, 2])

    @action
    async def toggle(self) -> None:
        self.shown = not self.shown

    @action
    async def more(self) -> None:
        self.numbers.append(7)


@pages.page("/filtered")
class Filtered(Page):
    template = "filtered.html"
    numbers: Stream[int] = stream()


@pytest.fixture
def live() -> Live:
    book.begin(10)
    return small_app(pages, TEMPLATES)


def texts(page: Shown) -> list[str]:
    return page.texts("span")


def numbered(*numbers: int) -> list[str]:
    return [f"line {n}" for n in numbers]


def the_page(live: Live) -> Any:
    [session] = live.sessions
    return session.state.page


def newest(live: Live) -> Items:
    """The list as it was last rendered."""
    [session] = live.sessions
    assert session.state.history.newest is not None
    return next(value for value in session.state.history.newest.values if type(value) is Items)


@both_ways
async def test_the_first_page_comes_from_load(browser: Browser) -> None:
    page = await browser.open("/chat")
    assert texts(page) == numbered(7, 8, 9, 10)


@both_ways
async def test_what_is_appended_is_shown_and_the_first_ones_go(browser: Browser) -> None:
    page = await browser.open("/chat")
    for text in ("a", "b", "c"):
        await page.fill("Say", text)
        await page.click("Send")
        if browser.js:
            await page.shows(text)
    assert texts(page) == (
        [*numbered(8, 9, 10), "a", "b", "c"] if browser.js else [*numbered(10), "a", "b", "c"]
    )


async def test_others_get_it_too(browser: Browser) -> None:
    page, other = await browser.open("/chat"), await browser.open("/chat")
    await page.fill("Say", "hello")
    await page.click("Send")
    await other.shows("hello")
    assert texts(other) == texts(page) == [*numbered(7, 8, 9, 10), "hello"]


async def test_prepending_removes_the_last_ones(browser: Browser) -> None:
    page = await browser.open("/chat")
    await page.click("Earlier")
    assert texts(page) == numbered(5, 6, 7, 8, 9, 10)
    book.lines = {n: line for n, line in book.lines.items() if n < 9}
    await page.click("Earlier")
    assert texts(page) == numbered(1, 2, 5, 6, 7, 8)


@both_ways
async def test_items_are_updated_and_removed(browser: Browser) -> None:
    page = await browser.open("/chat")
    await page.click("Edit 8")
    await page.click("Drop 9")
    await page.click("Edit 8")
    assert texts(page) == ["line 7", "line 8!!", "line 10"] or not browser.js
    assert "line 8!!" in texts(page) and "line 9" not in texts(page)


async def test_what_was_typed_into_an_item_stays_when_it_is_updated(browser: Browser) -> None:
    page = await browser.open("/chat")
    await page.click("Edit 7")  # everything has been acknowledged
    await page.fill("note 8", "mine")
    await page.click("Edit 8")
    assert page.value("note 8") == "mine" and "line 8!" in texts(page)


async def test_inserting_before_an_item(browser: Browser) -> None:
    page = await browser.open("/chat")
    await page.click("Before 8")
    assert texts(page) == ["line 7", "between", *numbered(8, 9, 10)]
    await page.click("Before 7")
    await page.click("Before 7")
    assert texts(page) == ["between", "line 7", "between", *numbered(8, 9, 10)]


async def test_resetting_keeps_what_is_in_both(browser: Browser) -> None:
    page = await browser.open("/chat")
    await page.click("Edit 7")
    await page.fill("note 9", "mine")
    book.lines[9] = replace(book.lines[9], text="changed")
    await page.click("Again")
    assert texts(page) == ["line 8", "changed", "line 10"] and page.value("note 9") == "mine"


async def test_items_leave_memory_once_the_browser_has_them(browser: Browser, live: Live) -> None:
    page = await browser.open("/chat")
    await page.click("Edit 7")
    await page.click("Edit 8")
    [lines] = streams_of(the_page(live))
    assert len(lines) == 4
    assert [one.item.id for one in lines._pending.values()] == [8]  # not acknowledged yet
    assert [one is GONE for one in newest(live).fragments] == [True, False, True, True]


def objects() -> tuple[int, int]:
    """How many objects there are, and how many of them are items or their fragments."""
    gc.collect()
    found = gc.get_objects()
    return len(found), sum(type(one) in (Line, Fragment) for one in found)


@pytest.mark.slow
async def test_ten_thousand_items_leave_nothing(browser: Browser, live: Live) -> None:
    async def after_floods(times: int) -> tuple[int, int]:
        for _ in range(times):
            await page.fill("Count", "500")
            await page.click("Flood")
        await page.click("Nothing")
        await page.click("Nothing")
        return objects()

    page = await browser.open("/chat")
    all_few, few = await after_floods(2)
    all_many, many = await after_floods(20)
    [lines] = streams_of(the_page(live))
    assert (len(lines), len(lines._pending)) == (6, 0)
    # Of 9,000 more, none is left. What earlier tests have left may be released meanwhile.
    assert many - few < 100 and all_many - all_few < 1000


async def test_actions_of_items_that_have_left_memory(browser: Browser, live: Live) -> None:
    page = await browser.open("/chat")
    await page.click("Edit 7")
    await page.click("Edit 7")
    await page.click("Like 9")
    assert page.text("output") == "9"
    await page.click("Drop 10")
    assert texts(page) == ["line 7!!", *numbered(8, 9)]


async def test_references_that_no_item_has_shown_are_refused(browser: Browser, live: Live) -> None:
    page = await browser.open("/chat")
    token = the_page(live)._live_record.reference(Chat.secret).token
    forged = token.replace("secret", "like")
    for text in (forged, token):
        page._tab.conversation.say(CALL_REF, text, [])  # type: ignore[union-attr]
        await page._tab.settle()
    assert texts(page) == numbered(7, 8, 9, 10) and page.text("output") == "0"


async def test_what_fails_is_undone(browser: Browser) -> None:
    page = await browser.open("/chat")
    with pytest.raises(Failed):
        await page.click("Fail")
    assert texts(page) == numbered(7, 8, 9, 10)
    await page.click("Edit 8")
    assert texts(page) == ["line 7", "line 8!", *numbered(9, 10)]


async def test_a_page_that_reconnects_has_all_items_in_order(browser: Browser, live: Live) -> None:
    page = await browser.open("/chat")
    await page.click("Earlier")
    await page.click("Edit 7")
    book.reads = 0
    await page._tab.conversation.rejoin()  # type: ignore[union-attr]
    await page.click("Edit 8")
    assert texts(page) == ["line 5", "line 6", "line 7!", "line 8!", *numbered(9, 10)]
    assert book.reads == 0


async def test_a_page_that_goes_on_elsewhere_keeps_its_items(browser: Browser, live: Live) -> None:
    page = await browser.open("/chat")
    await page.click("Earlier")
    await page.fill("note 7", "mine")
    await page.click("Edit 7")
    await live.sessions.save_all()
    live.sessions._sessions.clear()  # as another worker has none
    book.add("meanwhile")
    await page._tab.conversation.rejoin()  # type: ignore[union-attr]
    await page.click("Edit 8")
    assert texts(page) == ["line 6", "line 7!", "line 8!", *numbered(9, 10), "meanwhile"]


async def test_a_list_that_comes_back_is_loaded_again(browser: Browser) -> None:
    page = await browser.open("/hidden")
    await page.click("More")
    await page.click("More")
    await page.click("Toggle")
    assert page.texts("li") == []
    await page.click("Toggle")
    assert page.texts("li") == ["1", "2"]  # the browser has loaded the page, which starts again


async def test_a_stream_cannot_be_filtered(browser: Browser) -> None:
    with pytest.raises(Failed):
        await browser.open("/filtered")


def test_items_need_keys() -> None:
    lines: Stream[Any] = stream()
    with pytest.raises(TypeError, match="needs an id, key or pk"):
        lines.append([1])


def test_a_stream_of_numbers_and_texts() -> None:
    some: Stream[Any] = stream(limit=3)
    some.append(1, "1", 2)
    assert (len(some), 1 in some, "1" in some, 3 in some) == (3, True, True, False)
    some.append(3)
    assert len(some) == 3 and 1 not in some
    some.append(2)
    assert len(some) == 3


def test_each_page_has_its_own() -> None:
    one, other = new(Chat), new(Chat)
    one.lines.append(Line(1, ""))
    assert (len(one.lines), len(other.lines)) == (1, 0)


@pytest.mark.parametrize(
    ("annotation", "default"), [(Stream[int], ()), (int, stream()), (Stream[int], loaded())]
)
def test_declarations(annotation: Any, default: Any) -> None:
    with pytest.raises(TypeError, match="a stream is declared as"):
        type("Wrong", (Page,), {"__annotations__": {"field": annotation}, "field": default})


@pytest.mark.parametrize("limit", [0, -1])
def test_limits(limit: int) -> None:
    with pytest.raises(ValueError, match="limit"):
        stream(limit)


@pytest.mark.parametrize("socket", [True, False])
async def test_without_a_socket(live: Live, socket: bool) -> None:
    async with Browser(live, socket=socket) as browser:
        page = await browser.open("/chat")
        await page.click("Earlier")
        await page.click("Edit 7")
        await page.click("Drop 10")
        await page.click("Edit 8")
        assert texts(page) == [*numbered(5, 6), "line 7!", "line 8!", "line 9"]
        [lines] = streams_of(the_page(live))
        assert len(lines._pending) <= 2
