"""What routes of an application publish takes effect when their request has ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI
from jinja2 import DictLoader, Environment
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from liveactions import Live, Page, cached, loaded, on, revalidate_path, revalidate_tag
from liveactions.store import MemoryStore
from liveactions.testing import Browser

committed = ["before"]
reads: list[str] = []


@cached(tags=["words"])
async def words() -> str:
    reads.append(committed[-1])
    return committed[-1]


async def session() -> AsyncIterator[list[str]]:
    """A transaction that commits when the route has returned."""
    added: list[str] = []
    yield added
    assert await words() == "before"  # as another page might
    committed.extend(added)


def thread_session() -> Iterator[list[str]]:
    added: list[str] = []
    yield added
    committed.extend(added)


Session = Annotated[list[str], Depends(session)]
ThreadSession = Annotated[list[str], Depends(thread_session)]


class Words(Page):
    template = "words.html"
    words: str = loaded()
    heard: str = ""

    async def load(self) -> None:
        self.words = await words()

    @on("said")
    async def hear(self) -> None:
        self.heard = committed[-1]


@pytest.fixture
def app() -> FastAPI:
    committed[:], reads[:] = ["before"], []
    revalidate_tag("words")
    app = FastAPI()
    live = Live(
        Environment(
            loader=DictLoader({"words.html": "<title>W</title><p>{{ words }} {{ heard }}</p>"}),
            autoescape=True,
        ),
        keys="k" * 32,
        store=MemoryStore(),
    )
    live.page("/words")(Words)
    live.install(app)

    @app.middleware("http")
    async def added_later(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        if "commit" in request.query_params:
            committed.append(request.query_params["commit"])
        return response

    @app.get("/say/{word}")
    async def say(word: str, db: Session) -> None:
        db.append(word)
        revalidate_tag("words")
        assert await words() == "before"

    @app.get("/thread/{word}")
    def say_in_thread(word: str, db: ThreadSession) -> None:
        db.append(word)
        revalidate_path("/words")
        revalidate_tag("words")

    @app.get("/publish/{word}")
    async def publish(word: str, db: Session) -> None:
        db.append(word)
        live.publish("said")

    @app.get("/fail")
    async def fail() -> None:
        committed.append("failed")
        revalidate_tag("words")
        raise RuntimeError("after the commit")

    @app.get("/middleware")
    async def middleware() -> None:
        revalidate_tag("words")

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[str]:
            yield "begun"
            committed.append("streamed")
            revalidate_tag("words")
            yield await words()

        return StreamingResponse(parts())

    @app.get("/background")
    async def background(tasks: BackgroundTasks) -> None:
        def change() -> None:
            committed.append("background")
            revalidate_tag("words")

        tasks.add_task(change)

    return app


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/say/async", "async"),
        ("/thread/thread", "thread"),
        ("/publish/heard", "before heard"),
        ("/middleware?commit=middleware", "middleware"),
        ("/background", "background"),
    ],
)
async def test_what_a_route_publishes_waits_for_its_commit(path: str, shown: str, app: FastAPI) -> None:
    async with Browser(app) as browser:
        page = await browser.open("/words")
        await fetch(app, path)
        await page.shows(shown)
        assert committed[-1] in shown


async def test_nobody_caches_what_was_there_before_the_commit(app: FastAPI) -> None:
    async with Browser(app):
        await words()
        await fetch(app, "/say/after")
        assert (await words(), reads) == ("after", ["before", "after"])


async def test_a_route_that_fails_publishes_all_the_same(app: FastAPI) -> None:
    async with Browser(app) as browser:
        page = await browser.open("/words")
        with pytest.raises(RuntimeError):
            await fetch(app, "/fail")
        await page.shows("failed")


async def test_a_stream_need_not_end(app: FastAPI) -> None:
    async with Browser(app) as browser:
        page = await browser.open("/words")
        assert await fetch(app, "/stream") == "begunstreamed"
        await page.shows("streamed")


async def fetch(app: FastAPI, url: str) -> str:
    """Return the body of a GET."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        return (await client.get(url)).text
