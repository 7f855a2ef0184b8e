"""All examples in one application: `uvicorn examples.app:live`."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_urlsafe

from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from examples import clock, conduit, counter, people, posts, preview, signup, table, todos
from liveactions import Live, Page

HERE = Path(__file__).parent
KEY = os.environ.get("LIVEACTIONS_KEY") or token_urlsafe()

live = Live(
    templates=HERE / "templates",
    routes=[
        Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
        Mount("/conduit", conduit.app),
    ],
    lifespan=conduit.lifespan,
    middleware=[Middleware(SessionMiddleware, secret_key=KEY)],
    context=[posts.snippets],
)


@live.page("/")
class Index(Page):
    """Links to the examples."""

    template = "index.html"


for module in (counter, table, todos, signup, people, clock, preview, posts):
    live.include(module.pages)
