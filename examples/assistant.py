"""A chat with a language model: the answer grows as it comes, and can be stopped and retried.

The model is a stand-in that streams words and calls a tool when it is asked about the weather.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from secrets import token_hex
from typing import Annotated, Any, Literal

from markupsafe import Markup
from pydantic import BaseModel, Field

from liveactions import ActionError, InSession, Page, Pages, action, ui

pages = Pages()
PAUSE = 0.05
"""Seconds between two words."""
CHUNK = 40
"""Characters that are shown at a time: each change costs about 25 bytes besides its text."""
KEPT_TURNS = 10


class ToolCall(BaseModel, frozen=True):
    """What the model has asked a tool."""

    name: str
    argument: str
    result: str = ""


class Turn(BaseModel, frozen=True):
    """A question and its answer, as far as there is one."""

    id: str = Field(default_factory=token_hex)
    question: str
    answer: str = ""
    calls: tuple[ToolCall, ...] = ()
    state: Literal["running", "done", "stopped", "failed"] = "running"

    def changed(self, **changes: Any) -> Turn:
        return self.model_copy(update=changes)


async def model(question: str) -> AsyncIterator[str | ToolCall]:
    """Stream an answer in words. A tool call comes twice: when it starts, and with its result."""
    text = f"You asked: *{question}*\n\nI only know a few things:\n\n- tea is **hot**\n- `2 + 2` is 4\n"
    if found := re.search(r"weather in (\w+)", question, re.IGNORECASE):
        call = ToolCall(name="weather", argument=found[1])
        yield call
        await asyncio.sleep(10 * PAUSE)
        yield call.model_copy(update={"result": "18 °C, light rain"})
        text = f"In **{found[1]}** there is light rain at 18 °C. Take an umbrella!"
    for word in re.findall(r"\s*\S+", text):
        await asyncio.sleep(PAUSE)
        if "fail" in question:
            raise ConnectionError("the model is not reachable")
        yield word


@pages.page("/assistant")
class Assistant(Page):
    """The last turns of this visitor. The newest answer may be growing."""

    template = "assistant.html"
    history: InSession[tuple[Turn, ...]] = ()
    turn: Turn | None = None
    """The one whose answer is growing."""

    @property
    def turns(self) -> list[Turn]:
        return [*self.history, self.turn] if self.turn else [*self.history]

    @action
    async def ask(self, question: Annotated[str, Field(min_length=1, max_length=500)]) -> AsyncIterator[None]:
        if self.turn:
            raise ActionError("One question at a time, please")
        async for _ in self.answer(question):
            yield

    @action
    async def retry(self) -> AsyncIterator[None]:
        if self.history and not self.turn:
            *before, last = self.history
            self.history = tuple(before)
            async for _ in self.answer(last.question):
                yield

    @action
    async def stop(self) -> None:
        if self.turn:
            self.end(self.turn, "stopped")

    @action
    async def clear(self) -> None:
        self.history = ()

    async def answer(self, question: str) -> AsyncIterator[None]:
        """Let the model's answer grow until it ends, or is stopped."""
        turn = self.turn = Turn(question=question)
        yield
        try:
            async for piece in model(question):
                if not self.is_growing(turn):
                    return
                if isinstance(piece, ToolCall):
                    others = tuple(call for call in turn.calls if call.argument != piece.argument)
                    turn = turn.changed(calls=(*others, piece))
                else:
                    turn = turn.changed(answer=turn.answer + piece)
                if isinstance(piece, ToolCall) or len(turn.answer) - len(self.turn.answer) >= CHUNK:
                    self.turn = turn
                    yield
        except ConnectionError:
            self.end(turn, "failed")
        else:
            self.end(turn, "done")

    def is_growing(self, turn: Turn) -> bool:
        return self.turn is not None and self.turn.id == turn.id

    def end(self, turn: Turn, state: str) -> None:
        if self.is_growing(turn):
            self.history = (*self.history, turn.changed(state=state))[-KEPT_TURNS:]
            self.turn = None

    def html(self, text: str) -> Markup:
        return ui.markdown(text)
