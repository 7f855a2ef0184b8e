"""Open pages and call actions without an application, HTTP or templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from starlette.requests import Request

from liveactions.actions.action import ActionRef
from liveactions.actions.form_input import Input
from liveactions.actions.markers import Event
from liveactions.execution.run import PageRun
from liveactions.pages.live_context import AppServices, LiveContext
from liveactions.pages.page import Page, create, fill_from_address
from liveactions.security.references import Reference
from liveactions.security.signing import Keys, Signer
from liveactions.types import DONE, Failed, Ok, Outcome

P = TypeVar("P", bound=Page)
Fields = Mapping[str, Any] | Sequence[tuple[str, Any]]
"""Values by name, where a list is a repeated name; or pairs."""

SECRET = "a secret of more than sixteen bytes"


def services(**settings: Any) -> AppServices:
    return AppServices(Signer(Keys([SECRET])), **settings)


def request(path: str = "/page", **path_params: Any) -> Request:
    headers = [(b"host", b"testserver")]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers}
    return Request({**scope, "scheme": "http", "path_params": path_params})


def new(cls: type[P], url: str = "http://testserver/page", **settings: Any) -> P:
    """Return a page with its defaults, neither filled nor mounted."""
    context = f"{cls.__module__}.{cls.__qualname__}"
    return create(cls, LiveContext(services(**settings), url, request=request(), context=context))


def signed(page: Page, reference: str) -> str:
    """Return the signed reference that a page contains for an action without arguments."""
    return Reference(reference).signed(page.live.signer, page.live.context)


async def opened(
    cls: type[P],
    path: Mapping[str, Any] | None = None,
    query: Mapping[str, str] | None = None,
    **settings: Any,
) -> P:
    """Return a page as it is after a GET: filled, mounted and loaded."""
    page = new(cls, **settings)
    fill_from_address(page, path or {}, list((query or {}).items()))
    scope = PageRun(page)
    assert await scope.mount() is None
    assert await scope.load() is None
    assert (await scope.close(DONE)).ok
    return page


async def call(page: Page, ref: ActionRef[..., Any], fields: Fields = (), **event: Any) -> Outcome:
    """Run a complete op: the action, `load` and `close`."""
    scope = PageRun(page, Event(**event) if event else None)
    outcome = await scope.call(ref, Input(pairs(fields)))
    problem = await scope.load()
    return await scope.close(problem or outcome)


async def success(page: Page, ref: ActionRef[..., Any], fields: Fields = (), **event: Any) -> Ok:
    """Run an op, and assert that it succeeds."""
    outcome = await call(page, ref, fields, **event)
    assert isinstance(outcome, Ok), outcome
    return outcome


async def failure(page: Page, ref: ActionRef[..., Any], fields: Fields = (), **event: Any) -> Failed:
    """Run an op, and assert that it fails."""
    outcome = await call(page, ref, fields, **event)
    assert isinstance(outcome, Failed), outcome
    return outcome


def pairs(fields: Fields) -> list[tuple[str, Any]]:
    if not isinstance(fields, Mapping):
        return list(fields)
    listed = {name: value if isinstance(value, list) else [value] for name, value in fields.items()}
    return [(name, value) for name, values in listed.items() for value in values]


async def refresh(page: Page) -> Outcome | None:
    """Run only `load`. Return None if it succeeds."""
    scope = PageRun(page)
    problem = await scope.load()
    closed = await scope.close(problem or DONE)
    return None if closed is DONE else closed
