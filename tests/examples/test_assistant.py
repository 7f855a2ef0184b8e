"""The assistant: an answer grows, is stopped, fails and is retried; the history is kept for the visitor."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator

import pytest

from examples import assistant
from examples.app import live
from liveactions.testing import Browser
from tests.support.both_ways import both_ways


@pytest.fixture(name="live")
def application() -> object:
    return live


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assistant, "PAUSE", 0)


class Model:
    """A model whose words are given by the test, for each question apart."""

    def __init__(self) -> None:
        self.answers: defaultdict[int, asyncio.Queue[str]] = defaultdict(asyncio.Queue)
        self._calls = 0

    def say(self, call: int, *words: str) -> None:
        for word in words:
            self.answers[call].put_nowait(word)

    async def __call__(self, question: str) -> AsyncIterator[str]:
        answer = self.answers[self._calls]
        self._calls += 1
        while word := await answer.get():
            yield word


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    model = Model()
    monkeypatch.setattr(assistant, "model", model)
    return model


@both_ways
async def test_a_conversation(browser: Browser) -> None:
    page = await browser.open("/assistant")
    await page.fill("Question", "What is tea?")
    await page.click("Ask")
    await page.shows("2 + 2 is 4")
    await page.shows("Retry")
    assert page.value("Question") == "" and page.text(".answer em") == "What is tea?"
    await page.fill("Question", "Please fail")
    await page.click("Ask")
    await page.shows("The model is not reachable.")
    await page.fill("Question", "The weather in Bern?")
    await page.click("Ask")
    await page.shows("umbrella")
    await page.shows("Retry")
    assert page.text(".tool") == "weather(Bern) → 18 °C, light rain"
    await page.reload()
    assert page.texts("h2") == ["What is tea?", "Please fail", "The weather in Bern?"]
    assert (await browser.other().open("/assistant")).texts("h2") == []
    await page.click("Retry")
    await page.shows("umbrella")
    await page.click("Clear")
    assert page.texts("h2") == []


@both_ways
async def test_what_the_model_and_the_visitor_write_is_no_html(browser: Browser) -> None:
    page = await browser.open("/assistant")
    await page.fill("Question", "<img src=x onerror=alert(1)>")
    await page.click("Ask")
    await page.shows("2 + 2 is 4")
    assert "<img" not in page.html


async def test_an_answer_grows_and_is_stopped(browser: Browser, model: Model) -> None:
    page = await browser.open("/assistant")
    await page.fill("Question", "Tea?")
    await page.click("Ask")
    model.say(0, "Tea is **a drink that is made of the leaves of a shrub**")
    await page.shows("made of the leaves")
    await page.fill("Question", "And coffee?")
    await page.click("Ask")
    await page.shows("One question at a time")
    await page.click("Stop")
    await page.shows("Stopped.")
    assert page.text(".answer strong") == "a drink that is made of the leaves of a shrub"
    await page.click("Retry")
    model.say(0, " and hot water")  # the answer that was stopped
    model.say(1, "Leaves that are in hot water for some minutes")
    await page.shows("hot water")
    model.say(1, "")
    await page.shows("Retry")
    assert page.texts(".answer") == ["Leaves that are in hot water for some minutes"]


@pytest.mark.slow
async def test_an_answer_costs_at_most_three_times_its_text(browser: Browser, model: Model) -> None:
    text = "Tea is **hot**, and `green` or *black*.\n\n- One drinks it with milk.\n- Or without.\n\n"
    answer = [word + " " for word in 8 * text.split(" ")]
    page = await browser.open("/assistant")
    await page.fill("Question", "Tea?")
    await page.click("Ask")
    model.say(0, "")
    await page.shows("Retry")  # from now on, the page has the markup of all parts
    before = live.stats().sent_bytes
    await page.click("Retry")
    model.say(1, *answer, "")
    await page.shows("Retry")
    assert 0 < live.stats().sent_bytes - before <= 3 * len("".join(answer))
