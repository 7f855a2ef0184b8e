"""All examples in one application: `uvicorn examples.app:live`."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from secrets import token_urlsafe

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from examples import (
    album,
    assistant,
    basket,
    board,
    catalogue,
    clock,
    conduit,
    counter,
    dashboard,
    feed,
    gallery,
    garden,
    log,
    people,
    posts,
    preview,
    reading,
    rooms,
    signup,
    table,
    todos,
    trip,
    ui,
)
from examples.index import EXAMPLES, HERE, Example
from examples.ui import members
from liveactions import Live, Page, loaded, not_found

KEY = os.environ.get("LIVEACTIONS_KEY") or token_urlsafe()


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Prepare the databases of what is mounted: a server only starts the application it serves."""
    async with conduit.lifespan(app), board.lifespan(app), dashboard.lifespan(app):
        yield


async def board_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve the board, whose `url_for` finds its own routes only without the router around it."""
    own = {name: value for name, value in scope.items() if name != "router"}
    await board.app({**own, "app_root_path": scope["root_path"]}, receive, send)


live = Live(
    templates=HERE / "templates",
    routes=[
        Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
        Mount("/conduit", conduit.app),
        Mount("/board", board_app),
        Mount("/dashboard", dashboard.app),
    ],
    lifespan=lifespan,
    middleware=[Middleware(SessionMiddleware, secret_key=KEY)],
    context=[posts.snippets],
)


@live.page("/")
class Index(Page):
    """Shows what there is, and what it teaches."""

    template = "index.html"
    examples: tuple[Example, ...] = loaded()

    def load(self) -> None:
        self.examples = EXAMPLES


@live.page("/source/{name}")
class Source(Page):
    """Shows the source of an example."""

    template = "source.html"
    name: str
    example: Example = loaded()
    files: tuple[tuple[str, str], ...] = loaded()

    def load(self) -> None:
        found = [example for example in EXAMPLES if example.name == self.name]
        if not found:
            raise not_found("There is no such example")
        self.example = found[0]
        self.files = tuple((str(file.relative_to(HERE)), file.read_text()) for file in found[0].files)


for module in (
    counter,
    table,
    todos,
    signup,
    people,
    clock,
    feed,
    garden,
    preview,
    reading,
    posts,
    rooms,
    album,
    trip,
    basket,
    catalogue,
    log,
    assistant,
    ui,
    members,
):
    live.include(module.pages)
if os.environ.get("LIVEACTIONS_UPLOADS", "").startswith("s3://"):
    live.include(gallery.pages)
