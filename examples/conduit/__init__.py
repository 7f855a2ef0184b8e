"""Conduit, the RealWorld project's blogging application: `uvicorn examples.conduit:app`."""

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

from examples.conduit import account, article, feeds, seed
from examples.conduit.database import DATA
from examples.conduit.people import Site, signed_in
from liveactions import Live

HERE = Path(__file__).parent
KEY = os.environ.get("LIVEACTIONS_KEY") or token_urlsafe()
(DATA / "avatars").mkdir(parents=True, exist_ok=True)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    await seed.begin()
    yield


app = Live(
    templates=HERE / "templates",
    lifespan=lifespan,
    routes=[
        Mount("/static", StaticFiles(directory=HERE / "static")),
        Mount("/avatars", StaticFiles(directory=DATA / "avatars")),
    ],
    middleware=[Middleware(SessionMiddleware, secret_key=KEY, session_cookie="conduit")],
    identify=signed_in,
    login="/login",
)
for module in (feeds, article, account):
    app.include(module.pages)


@app.error_page
class Problem(Site):
    """Whatever can't be shown."""

    template = "problem.html"
    status: int = 500
    message: str = ""
