"""A small application for tests of HTTP and WebSocket connections."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from jinja2 import DictLoader, Environment
from pydantic import Field

from liveactions import ActionError, Bound, InUrl, Live, Page, Pages, action, every, not_found, redirect
from liveactions.store import MemoryStore, Store

KEY = "k" * 32
TEMPLATES = {
    "counter.html": """<!doctype html><html><head><title>Counter</title></head><body>
<output>{{ count }}</output>
<form method="post" action="{{ add }}"><input name="by"><button>add</button></form>
<button live-click="{{ add(10) }}">ten</button>
<p>{{ add.error }}|{{ add.errors.by }}|{{ add.values.by }}</p>
<form method="post" action="{{ take(7) }}"><button>take</button></form>
{% if count > 100 %}<b>{{ count }}</b>{% endif %}
<a href="{{ slow }}"></a><a href="{{ crash }}"></a><a href="{{ refuse }}"></a><a href="{{ leave }}"></a>
<a href="{{ miss }}"></a>
</body></html>""",
    "rows.html": """<!doctype html><html><head></head><body><p>{{ size }} {{ q }}</p>
<ul>{% for row in rows %}<li id="r{{ row }}" live-click="{{ drop(row) }}">{{ row }}</li>{% endfor %}</ul>
<a href="{{ grow }}"></a>
</body></html>""",
    "bare.html": "<title>{{ name }}</title><h1>{{ name }}</h1>",
    "broken.html": "<html><head></head><body>{{ 1 // count }}{{ fix }}{{ spoil }}</body></html>",
}


def counter() -> type[Page]:
    class Counter(Page):
        template = "counter.html"
        count: int = 0

        @action
        async def add(self, by: int = 1) -> None:
            self.count += by

        @action
        async def take(self, id: Bound[int]) -> int:
            self.count -= id
            return id

        @action
        async def slow(self) -> None:
            await globals()["gate"].wait()
            self.count += 1

        @action
        async def crash(self) -> None:
            self.count = 1000
            raise RuntimeError("secret detail")

        @action
        async def refuse(self, title: Annotated[str, Field(min_length=3)]) -> None:
            raise ActionError("No", field="title")

        @action
        async def leave(self) -> Any:
            return redirect("/bare")

        @action
        async def miss(self) -> Any:
            return not_found("Nothing here")

        def _hidden(self) -> None:
            self.count = -1

        def helper(self) -> None:
            self.count = -2

    return Counter


gate = asyncio.Event()


def shop(store: Store | None = None, **options: Any) -> Live:
    """Create the application. Two with the same store act as two workers."""
    environment = Environment(loader=DictLoader(TEMPLATES), autoescape=True)
    live = Live(environment, keys=KEY, store=store or MemoryStore(), name="shop", **options)
    pages = Pages()
    Counter = pages.page("/counter")(counter())

    @pages.page("/other")
    class Other(Counter):  # type: ignore[misc, valid-type]
        pass

    @pages.page("/rows")
    class Rows(Page):
        template = "rows.html"
        size: InUrl[int] = 3
        q: InUrl[str] = ""
        rows: tuple[int, ...] = ()

        async def mount(self) -> None:
            self.rows = tuple(range(self.size))

        @action
        async def drop(self, row: Bound[int]) -> None:
            self.rows = tuple(one for one in self.rows if one != row)

        @action
        async def grow(self) -> None:
            self.rows = (*self.rows, max(self.rows, default=0) + 1)

    @pages.page("/bare/{name}")
    class Bare(Page):
        template = "bare.html"
        name: str

    @pages.page("/late")
    class Late(Counter):  # type: ignore[misc, valid-type]
        """A counter that loads slowly for visitors with the cookie ``late``."""

        async def load(self) -> None:
            if "late" in self.request.cookies:
                await globals()["gate"].wait()

    @pages.page("/broken")
    class Broken(Page):
        template = "broken.html"
        count: int = 1

        @action
        async def spoil(self) -> None:
            self.count = 0

        @action
        async def fix(self) -> None:
            self.count = 1

    @pages.page("/clock")
    class Clock(Page):
        template = "bare.html"
        name: str = "0"

        @every(0.01)
        async def tick(self) -> None:
            self.name = str(int(self.name) + 1)

    live.include(pages)
    return live
