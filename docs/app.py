"""The documentation site with its live examples: ``make site``.

It may be public: what visitors write is in the state of their own page, and what they share are numbers.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from docs.code import DOCS
from docs.live import DOCUMENTS, application, examples, still

SITE: Final = DOCS.parent / "build" / "site"
"""Where `make docs` has written the site."""


def create(site: Path = SITE) -> Starlette:
    """Return an application that serves a built site, and its examples at the addresses of their copies."""
    if not site.is_dir():
        raise RuntimeError(f"{site} isn't there: run `make docs` first, which builds the site")
    folder = tempfile.TemporaryDirectory()
    lives = {}
    for document in DOCUMENTS:
        stem = Path(document).stem
        own = Path(folder.name, stem)
        own.mkdir()
        lives[stem] = application(document, own)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        with folder:
            async with AsyncExitStack() as stack:
                for live in lives.values():
                    await stack.enter_async_context(live.router.lifespan_context(live))
                yield

    routes = [
        Route("/live/{path:path}.html", _to_page),
        *(Mount(f"/live/{stem}", live) for stem, live in lives.items()),
        Mount("/", StaticFiles(directory=site, html=True)),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


async def _to_page(request: Request) -> RedirectResponse:
    """Lead from the address of a copy to the page itself."""
    path = request.path_params["path"].removesuffix("index")
    return RedirectResponse(f"{request.scope.get('root_path', '')}/live/{path}", 307)


@asynccontextmanager
async def visitor(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client without JavaScript for an application, which is started meanwhile."""
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost", follow_redirects=True) as client,
    ):
        yield client


async def copies(site: Path) -> dict[str, str]:
    """Return the copies of the live examples, by their files in the site."""
    async with visitor(create(site)) as client:
        return {
            example.file: still((await client.get(f"/{example.file}")).raise_for_status().text)
            for document in DOCUMENTS
            for example in examples(document)
        }
