"""M1. A text that a generator action lets grow: what is sent is what is appended, in every way to show it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from markupsafe import Markup

from liveactions import Page, Pages, action
from tests.behaviour.ways import Way, visiting, ways
from tests.support.asgi import browser
from tests.support.small import small_app

WORDS = [f"word{number:03} and more, " for number in range(200)]
TEXT = "".join(WORDS)

pages = Pages()
TEMPLATES = {
    "text.html": "<p>{{ text }}</p>",
    "siblings.html": "<p>It says: {{ text }}<b>|</b></p>",
    "quoted.html": "<p>“{{ text }}”</p>",
    "control.html": '<textarea aria-label="Answer">{{ text }}</textarea>',
    "chat.html": "<ul>{% for one in said %}<li><b>{{ one.id }}</b> {{ one.text }}</li>{% endfor %}</ul>",
    "raw.html": "<div>{{ html|safe }}</div>",
    "paragraphs.html": "<div>{{ paragraphs|safe }}</div>",
    "page.html": "{{ '<div><p>never closed'|safe }}<p>{{ text }}</p>",
}


class Writer(Page):
    text: str = ""
    state: str = "empty"

    @property
    def said(self) -> list[dict[str, str]]:
        return [{"id": "question", "text": "Hello"}, {"id": "answer", "text": self.text}]

    @property
    def html(self) -> Markup:
        return Markup("<p>{}</p>").format(self.text)

    @property
    def paragraphs(self) -> Markup:
        return Markup("".join(f"<p>{line}</p>" for line in self.text.split("9 and")))

    @action(js=True)
    async def write(self) -> AsyncIterator[None]:
        for word in WORDS:
            self.text += word
            yield
        self.state = "written"


for name in TEMPLATES:
    shape = name.partition(".")[0]
    source = TEMPLATES[name] + '<form method="post" action="{{ write }}"><button>Write</button></form>'
    TEMPLATES[name] = f"<title>Writer</title>{source}<i>{{{{ state }}}}</i>"
    page = type(shape.title(), (Writer,), {"template": name, "__module__": __name__})
    pages.page(f"/{shape}")(page)

SHAPES = [name.partition(".")[0] for name in TEMPLATES]


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
async def test_m1_a_growing_text_costs_at_most_three_times_its_length(shape: str) -> None:
    async with browser(small_app(pages, TEMPLATES)) as visitor:
        tab = await visitor.joined(f"/{shape}")
        await tab.call("write")
        sent = 0
        while True:
            frame = await tab.receive()
            sent += len(json.dumps(frame, separators=(",", ":"), ensure_ascii=False))
            tab.socket.send([0, tab.rev])
            if frame[3]:
                break
        assert sent <= 3 * len(TEXT)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@ways("SN")
async def test_m1_a_text_that_has_grown_is_whole(shape: str, way: Way) -> None:
    async with visiting(small_app(pages, TEMPLATES), way) as one:
        page = await one.open(f"/{shape}")
        await page.click("Write")
        await page.shows("written")
        assert (page.value("Answer") if shape == "control" else page.text("body")).count("word") == 200
