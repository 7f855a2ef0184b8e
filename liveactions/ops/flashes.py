"""Messages on their way to another page: in a cookie, signed, for a minute."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from pydantic_core import from_json, to_json

from ..actions.flash import Flash
from ..actions.handle import Handle
from ..actions.messages import text
from ..actions.request import PageRequest

COOKIE: Final = "live-flash"
LIFE: Final = 60
"""Seconds that they may be under way."""


def carry(live: Handle) -> None:
    """Give a page's messages to the page that its person sees next."""
    request = live.request
    if live.flashes and isinstance(request, PageRequest):
        data = urlsafe_b64encode(to_json([[one.text, one.kind] for one in live.flashes])).decode()
        request.set_cookie(COOKIE, f"{data}.{live.signer.mac(_signed(data))}", max_age=LIFE, path="/")
        live.flashes = ()


def receive(live: Handle) -> None:
    """Show the messages that are under way to this page."""
    cookie = live.request.cookies.get(COOKIE, "") if live.request is not None else ""
    data, _, mac = cookie.partition(".")
    if live.signer.verify(_signed(data), mac):
        live.flashes += tuple(Flash(*one) for one in from_json(urlsafe_b64decode(data)))


def restarted(live: Handle) -> None:
    """Tell the person that the page couldn't be restored, or only as it was some time ago."""
    live.flashes += (Flash(text("page_restarted", live.services.messages), "warning"),)


def arrive(live: Handle) -> None:
    """They are shown: nobody else sees them again."""
    request = live.request
    if isinstance(request, PageRequest) and COOKIE in request.cookies:
        request.delete_cookie(COOKIE, path="/")


def _signed(data: str) -> bytes:
    return f"flash\0{data}".encode(errors="replace")
