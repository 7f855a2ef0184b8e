"""A team's board in an existing FastAPI application: `uvicorn examples.board:app`."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_urlsafe
from typing import Annotated

from fastapi import Body, Depends, FastAPI, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from examples.board import accounts, activity, cards, chat, seed, wizard
from examples.board.database import DB, Card, Picture
from examples.board.people import Editor, Me, member, signed_in
from liveactions import Live, Page, revalidate_tag

HERE = Path(__file__).parent
KEY = os.environ.get("LIVEACTIONS_KEY") or token_urlsafe()

# The application as it was: an API behind a session login.


@asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[None]:
    await run_in_threadpool(seed.begin)
    yield


app = FastAPI(title="Board", lifespan=lifespan, dependencies=[Depends(member)])
app.add_middleware(SessionMiddleware, secret_key=KEY, session_cookie="board")
app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
app.add_route("/login", accounts.log_in, methods=["GET", "POST"])


@app.get("/api/cards")
def list_cards(db: DB) -> list[dict[str, str | int]]:
    return [
        {"id": card.id, "title": card.title, "column": column.key}
        for column in cards.columns(db)
        for card in column.cards
    ]


@app.post("/api/cards", status_code=201)
def create_card(title: Annotated[cards.Title, Body(embed=True)], me: Editor, db: DB) -> dict[str, int]:
    card = cards.create(db, me, Card(title=title), "ideas")
    revalidate_tag("cards", "activity")  # at the end of the request, when the session has committed
    return {"id": card.id}


@app.get("/pictures/{name}")
def show_picture(name: str, db: DB) -> Response:
    picture = db.get(Picture, name)
    if picture is None:
        raise HTTPException(404)
    return Response(picture.data, media_type=picture.media_type)


# Live pages in it: they have the application's middleware, dependencies, database and templates.

live = Live(accounts.templates, identify=signed_in, login="/login?next={path}")
live.install(app)
for module in (cards, chat, activity, wizard):
    live.include(module.pages)


@app.post("/logout")
def log_out(request: Request, me: Me) -> Response:
    """Sign out, and close the person's pages in other tabs, too."""
    request.session.clear()
    live.disconnect(me.id)
    return RedirectResponse(request.url_for("log_in"), status_code=303)


@live.error_page
class Problem(Page):
    """Whatever can't be shown."""

    template = "problem.html"
    status: int = 500
    message: str = ""
