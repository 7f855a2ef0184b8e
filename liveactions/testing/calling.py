"""Actions called from Python the full way: through the application's middleware, guards and validation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pydantic_core import to_json

from ..actions import binding
from ..actions.control import redirect
from ..actions.ref import ActionRef
from ..pages.component import attach, describe
from ..pages.page import Page
from ..pages.state import dump_state, restore_state
from ..sessions.renewal import PROBE
from ..site import Site, path_and_query
from ..snapshot import Snapshot
from ..wire import FIELD_SNAPSHOT, HEADER_ACTION
from .asgi import http, request
from .endpoints import endpoints
from .refusal import Failed

if TYPE_CHECKING:
    from .browser import Browser


async def call(
    browser: Browser, ref: ActionRef[..., Any], args: Sequence[Any], named: Mapping[str, Any]
) -> Any:
    """The result of an action, as data; the page that it is of has the state that it left.

    A redirect is returned. `Failed` for an error, with its texts by field.
    """
    page = ref.component if isinstance(ref.component, Page) else ref.component.live.page
    site, context = await _open(browser, page)
    bound, given = _split(ref, args, named)
    snapshot = Snapshot(path_and_query(page), dump_state(page))
    body = to_json({**given, FIELD_SNAPSHOT: site.snapshots.for_html(snapshot, context)})
    shown: ActionRef[..., Any] = ActionRef(
        ref.component, ref.action, ref.path, ref.bind(**bound).args, context
    )
    token = quote(shown.token, safe="")
    headers = [("content-type", "application/json"), (HEADER_ACTION, token)]
    reply = await browser.post(path_and_query(page), body, headers)
    if reply.header("content-type") != "application/json":  # a handler of the application has answered
        raise Failed(reply.text, reply.status)
    answer = json.loads(reply.body)
    if reply.status != 200:
        raise Failed(answer.get("error", reply.text), reply.status, answer.get("errors"))
    if FIELD_SNAPSHOT in answer:
        restore_state(page, site.snapshots.open(answer[FIELD_SNAPSHOT], context).state)
    return redirect(answer["url"]) if "url" in answer else answer.get("result")


async def _open(browser: Browser, page: Page) -> tuple[Site, str]:
    """Make a page one that this browser has open; its site, and the context of its snapshots."""
    arrived: list[Any] = []
    scope = {**http(_url(page), browser.headers(), browser.client, browser.lifespan.state), "method": "GET"}
    await request(browser.app, {**scope, PROBE: arrived.append}, b"")
    if not arrived:
        raise Failed(f"the application lets nobody to {_url(page)}", 403)
    [(opened, address)] = arrived
    site = next(endpoint.site for endpoint in endpoints(browser.app) if endpoint.address is address)
    identity = await site.identity(opened)
    if not hasattr(page, "live"):
        attach(page, site.new_page(address, opened, identity).live)
    return site, site.context(address, identity)


def _url(page: Page) -> str:
    """Where a page is, or would be if it was opened in its state."""
    if hasattr(page, "live"):
        return path_and_query(page)
    cls = type(page)
    names = cls._live_route.names | {one.name for one in describe(page).in_url}
    return cls.url(**{name: page.__dict__[name] for name in names})


def _split(
    ref: ActionRef[..., Any], args: Sequence[Any], named: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the server writes into a reference, and what the visitor gives. `TypeError` for too many."""
    plan = ref.action.plan
    known = binding.named(plan, ref.args)
    left = [one.name for one in plan.named if one.name not in known]
    if len(args) > len(left):
        raise TypeError(f"{ref.action!r} takes {len(left)} arguments, not {len(args)}")
    values = {**dict(zip(left, args, strict=False)), **named}
    bound = {one.name for one in plan.named if one.kind == "bound"}
    return (
        {name: value for name, value in values.items() if name in bound},
        {name: value for name, value in values.items() if name not in bound},
    )
