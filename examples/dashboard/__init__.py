"""A shop's dashboard: `uvicorn examples.dashboard:app`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from examples.dashboard import imports, orders, overview
from liveactions import Live

HERE = Path(__file__).parent


@asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[None]:
    await run_in_threadpool(orders.begin)
    yield


app = Live(
    templates=HERE / "templates",
    lifespan=lifespan,
    routes=[Mount("/static", StaticFiles(directory=HERE / "static"))],
)
for module in (overview, imports):
    app.include(module.pages)
