"""Signing in and out: plain routes that the application has had all along."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.templating import Jinja2Templates

from examples.board.database import Person, sessions

templates = Jinja2Templates(Path(__file__).parent / "templates")
hasher: Final = PasswordHasher()


@cache
def nobody() -> str:
    """Return a hash for unknown names, so that checking a password takes as long as for known ones."""
    return hasher.hash("the password of nobody")


async def log_in(request: Request) -> Response:
    if request.method == "GET":
        return templates.TemplateResponse(request, "login.html")
    form = await request.form()
    name, password = str(form.get("name", "")).strip(), str(form.get("password", ""))
    id = await run_in_threadpool(verified, name, password)
    if id is None:
        context = {"name": name, "error": "This name and password don’t match"}
        return templates.TemplateResponse(request, "login.html", context, status_code=422)
    request.session["person"] = id
    home = request.scope.get("root_path", "") + "/"
    wanted = request.query_params.get("next", "")
    is_own = wanted.startswith(home) and not wanted.startswith(("//", "/\\"))
    return RedirectResponse(wanted if is_own else home, status_code=303)


def verified(name: str, password: str) -> int | None:
    """Return the person's id, if the password is theirs; take as long if there is no such person."""
    with sessions() as db:
        person = db.scalar(select(Person).filter_by(name=name))
    try:
        hasher.verify(person.password if person else nobody(), password)
    except VerifyMismatchError:
        return None
    return person.id if person else None
