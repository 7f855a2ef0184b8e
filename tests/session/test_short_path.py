"""Steps of an operation that don't apply are left out: whatever is done, the result is that of all steps."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from liveactions import ActionError, Depends, Live, Page, action, redirect
from liveactions.testing import Browser, Failed
from tests.support.cases import one_in

TEMPLATE = """
<p>{{ count }} {{ name }} {{ lines|length }} {{ live.error.status }}</p>
<form method="post" action="{{ add }}"><button>Add</button>{{ add.ok }}</form>
<form method="post" action="{{ rename }}"><input name="name" aria-label="Name">
<button>Rename</button><b>{{ rename.errors.name }}</b></form>
<form method="post" action="{{ drop }}"><button>Drop</button><i>{{ drop.error }}</i></form>
<form method="post" action="{{ fail }}"><button>Fail</button></form>
<form method="post" action="{{ start_over }}"><button>Start over</button></form>
{% for line in lines %}
<form method="post" class="line" action="{{ remove(loop.index0) }}">
{{ line }}<button>Remove {{ loop.index0 }}</button></form>
{% endfor %}
"""
STEPS = ("Add", "Rename a", "Rename", "Rename far too long a name", "Drop", "Fail", "Start over", "Remove 0")


class Counter(Page):
    """Has nothing to run but its actions."""

    template = "counter.html"
    count: int = 0
    name: str = ""
    lines: list[str] = []

    @action
    async def add(self) -> None:
        self._add()

    def _add(self) -> None:
        self.count += 1
        self.lines.append(f"line {self.count}")

    @action
    async def rename(self, name: str) -> None:
        if not name:
            raise ActionError("A name is needed")
        self.name = name

    @action
    async def drop(self) -> str:
        if not self.lines:
            raise ActionError("Nothing is left")
        return self.lines.pop()

    @action
    async def fail(self) -> None:
        self.lines.clear()
        self.count = -1
        raise RuntimeError("after a change")

    @action
    async def start_over(self) -> None:
        self.count, self.lines = 0, []
        raise redirect("/")

    @action
    async def remove(self, index: int) -> None:
        del self.lines[index]


async def allow() -> str:
    return "allowed"


async def release() -> AsyncIterator[str]:
    yield "released"


@asynccontextmanager
async def nothing_around(request: Request) -> AsyncIterator[None]:
    yield


class Counted(Counter):
    """Has every step, none of which does anything."""

    seen: int = 0

    async def mount(self) -> None:
        pass

    async def load(self, given: Annotated[str, Depends(release)]) -> None:
        self.seen = self.count

    @action(guard=allow)
    async def add(self, given: Annotated[str, Depends(release)]) -> None:  # type: ignore[override]
        self._add()


def live_of(cls: type[Page], **options: Any) -> Live:
    loader = jinja2.DictLoader({"counter.html": TEMPLATE})
    live = Live(
        templates=jinja2.Environment(loader=loader, autoescape=True), keys="k" * 32, name="counter", **options
    )
    live.page("/")(type("Counter", (cls,), {}))
    return live


short = live_of(Counter)
long = live_of(Counted, guard=allow, around=[nothing_around])


async def shown_after(live: Live, steps: list[str], js: bool) -> list[tuple[str, str]]:
    """Return what a browser shows after each step."""
    shown = []
    async with Browser(live, js=js) as browser:
        page = await browser.open("/")
        for step in steps:
            button, _, text = step.partition(" ")
            if button == "Rename":
                await page.fill("Name", text)
            elif button == "Remove" and not page.texts(".line"):
                continue
            try:
                await page.click(button if button == "Rename" else step)
            except Failed as error:
                shown.append((page.url, str(error.status)))
                if not js:  # the page of the error has no forms
                    break
                continue
            html = re.sub(r"[0-9a-f]{8}", "ID", re.sub(r"_a=[^\"]*", "", page.html))
            shown.append((page.url, html))
    return shown


@pytest.mark.parametrize("js", [True, False])
@one_in(7)
@given(steps=st.lists(st.sampled_from(STEPS), max_size=8))
def test_a_page_without_hooks_does_what_one_with_all_of_them_does(js: bool, steps: list[str]) -> None:
    async def compare() -> None:
        assert await shown_after(short, steps, js) == await shown_after(long, steps, js)

    asyncio.run(compare())
