"""All examples in one application: `uvicorn examples.app:live`."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_urlsafe

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

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
from liveactions import Live, Page

HERE = Path(__file__).parent
KEY = os.environ.get("LIVEACTIONS_KEY") or token_urlsafe()


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Prepare the databases of what is mounted: a server only starts the application it serves."""
    async with conduit.lifespan(app), board.lifespan(app), dashboard.lifespan(app):
        yield


live = Live(
    templates=HERE / "templates",
    routes=[
        Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
        Mount("/conduit", conduit.app),
        Mount("/board", board.app),
        Mount("/dashboard", dashboard.app),
    ],
    lifespan=lifespan,
    middleware=[Middleware(SessionMiddleware, secret_key=KEY)],
    context=[posts.snippets],
)


@live.page("/")
class Index(Page):
    """Links to the examples."""

    template = "index.html"


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
):
    live.include(module.pages)
if os.environ.get("LIVEACTIONS_UPLOADS", "").startswith("s3://"):
    live.include(gallery.pages)
