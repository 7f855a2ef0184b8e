"""The client alone: pages of marked HTML written by hand, and a WebSocket that a test plays."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from liveactions.diff import nodes
from tests.support.client import load_lazy
from tests.support.patience import PATIENCE_MS

SITE = "http://live.test"
ROOT = Path(__file__).parents[2]
STATIC = ROOT / "liveactions" / "static"
SOURCE = ROOT / "js" / "src"
SCRIPT = re.compile(r"/(?:(client|hooks|debug)(?:\.[0-9a-f]+)?|[0-9a-f]{10}/([\w-]+))\.js")
NEEDS_LAZY = re.compile(r'"(a|h|page|s)":|"url":\[|autofocus|[\[,]\[\d+,-?\d+]|^\{.*\{"(?!events)')

FAKE_SOCKET = """
window.sockets = [];
window.WebSocket = class {
  constructor(url) {
    this.url = String(url);
    this.sent = [];
    this.closed = false;
    sockets.push(this);
  }
  send(text) { this.sent.push(JSON.parse(text)); }
  close() { this.closed = true; }
};
window.told = [];
for (const name of ["ok", "error"])
  addEventListener("live:" + name, ({ target, detail }) => told.push([name, target.id ?? "", detail]));
"""


class Server:
    """The other end of the page's newest socket."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.rev = 0

    def open(self) -> None:
        """Open the socket, and get the hello."""
        self.page.wait_for_function("window.sockets.length && !sockets.at(-1).closed")
        self.page.evaluate("() => void sockets.at(-1).onopen()")
        self.wait(1)

    def accept(self, **welcome: Any) -> None:
        """Open the socket and welcome the page."""
        self.open()
        self.rev = welcome.setdefault("rev", 0)
        self.receive({"token": "t", **welcome})

    def receive(self, message: Any) -> None:
        """The page gets a message. What only the rest of the client knows (raw HTML, moves) is done, too."""
        text = json.dumps(message, separators=(",", ":"))
        self.page.evaluate("text => sockets.at(-1).onmessage({ data: text })", text)
        if NEEDS_LAZY.search(text):
            load_lazy(self.page)

    def patch(self, patch: Any, *, ack: int = 0, answers: Any = (), shapes: Any = ()) -> None:
        """The page gets a frame with the next revision."""
        self.rev += 1
        self.receive([self.rev, ack, patch, list(answers), list(shapes)])

    def answer(self, ack: int, *answers: Any, patch: Any = ()) -> None:
        """Ops up to `ack` are finished, in a frame with the next revision."""
        self.patch(list(patch), ack=ack, answers=answers)

    def lose(self, code: int = 1006, reason: str = "") -> None:
        """The socket is closed by the other side."""
        self.page.evaluate("([code, reason]) => sockets.at(-1).onclose({ code, reason })", [code, reason])

    def wait(self, count: int) -> None:
        """Until the page has sent so many messages on this socket."""
        self.page.wait_for_function("count => sockets.at(-1).sent.length >= count", arg=count)

    @property
    def sockets(self) -> int:
        """How many sockets the page has made."""
        count: int = self.page.evaluate("sockets.length")
        return count

    @property
    def sent(self) -> list[Any]:
        """What the page sent on this socket, the hello first."""
        sent: list[Any] = self.page.evaluate("sockets.at(-1).sent")
        return sent

    @property
    def ops(self) -> list[Any]:
        """The ops among it."""
        return [message for message in self.sent if isinstance(message, list) and message[0]]

    @property
    def told(self) -> list[Any]:
        """The page's `live:` events: name, id of the target, detail."""
        told: list[Any] = self.page.evaluate("told")
        return told


Open = Callable[..., tuple[Page, Server]]


def document(body: str, head: str = "", html: str = "<html>", snapshot: str = "snap") -> str:
    """A page as the server writes it."""
    data = f'data-live="/_live/socket" data-snapshot="{snapshot}"'
    script = f'<script type="module" src="/client.js" {data}></script>'
    return f"<!doctype html>{html}<head><title>Test</title>{head}{script}</head><body>{body}</body></html>"


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(FAKE_SOCKET)
    yield context
    context.close()


@pytest.fixture
def open_page(context: BrowserContext) -> Iterator[Open]:
    """Opens a page. What its console logs as an error fails the test, unless `errors` says that it may.

    `clock` puts its timers into the hands of the test; `prepare` gets the page before it is loaded.
    """
    problems: list[str] = []
    pages: dict[str, tuple[str, dict[str, str]]] = {}

    def serve(route: Route) -> None:
        path = unquote(route.request.url.removeprefix(SITE).partition("?")[0])
        if script := SCRIPT.fullmatch(path):
            file = script[1] or f"lazy/{script[2]}"
            route.fulfill(path=STATIC / f"{file}.js", content_type="text/javascript")
        elif path in pages:
            html, headers = pages[path]
            route.fulfill(body=html, content_type="text/html; charset=utf-8", headers=headers)
        else:
            route.fulfill(status=204)

    def make(
        body: str,
        *,
        path: str = "/page",
        join: bool = True,
        errors: bool = False,
        clock: bool = False,
        prepare: Callable[[Page], None] | None = None,
        headers: dict[str, str] | None = None,
        **parts: str,
    ) -> tuple[Page, Server]:
        page = context.new_page()
        if clock:
            page.clock.install(time=0)
            page.clock.pause_at(1000)
        if prepare:
            prepare(page)
        if not errors:
            page.on(
                "console", lambda message: problems.append(message.text) if message.type == "error" else None
            )
            page.on("pageerror", lambda error: problems.append(str(error)))
        pages[path.partition("?")[0].partition("#")[0]] = (document(body, **parts), headers or {})
        page.goto(SITE + path)
        server = Server(page)
        if join:
            server.accept()
        return page, server

    context.route(f"{SITE}/**", serve)
    yield make
    assert problems == []


@contextmanager
def running(chromium: Browser, script: str) -> Iterator[Page]:
    """A page with the client's source modules, and a script of this folder that works with them."""

    def serve(route: Route) -> None:
        path = route.request.url.removeprefix(SITE)
        if path == "/":
            route.fulfill(body=f'<script type="module" src="/{script}"></script>', content_type="text/html")
        elif path == f"/{script}":
            route.fulfill(path=Path(__file__).with_name(script), content_type="text/javascript")
        elif path.startswith("/src/"):
            route.fulfill(path=SOURCE / path.removeprefix("/src/"), content_type="text/javascript")
        else:
            route.fulfill(status=204)  # what the pages ask for that it makes

    with chromium.new_page() as page:
        page.set_default_timeout(PATIENCE_MS)
        page.route(f"{SITE}/**", serve)
        page.goto(f"{SITE}/")
        page.wait_for_function("() => !!window.play")
        yield page


@pytest.fixture(scope="package")
def vector_page(chromium: Browser) -> Iterator[Page]:
    """What plays vectors (vectors.js)."""
    with running(chromium, "vectors.js") as page:
        yield page


@pytest.fixture(scope="package")
def raw_page(chromium: Browser) -> Iterator[Page]:
    """What plays changes of raw HTML (raw.js)."""
    with running(chromium, "raw.js") as page:
        yield page


@pytest.fixture
def short_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server says of any raw HTML which nodes have changed, not only where it is long."""
    monkeypatch.setattr(nodes, "MIN_LENGTH", 0)


def play_vectors(page: Page, vectors: Sequence[tuple[str, Sequence[Any]]]) -> list[str]:
    """What pages are after their frames, in the form of `liveactions.testing.dom`.

    A vector is the page's marked HTML and its messages: frames `[rev, ack, patch, answers, shapes]`, or a
    welcome first. An error of the client stands for a page that it can't patch. All go in one call.
    """
    played: list[str] = page.evaluate(
        "vectors => play(vectors)", [{"html": html, "frames": list(frames)} for html, frames in vectors]
    )
    return played


def apply_patches(page: Page, html: str, frames: Sequence[Any]) -> str:
    """What is in the body after the frames, in canonical form. `page` is the fixture `vector_page`."""
    [played] = play_vectors(page, [(html, frames)])
    body = re.search(r"<body[^>]*>(.*)</body>", played, re.S)
    return body[1] if body else played


def browser_spelling(page: Page, pages: Sequence[str]) -> list[str]:
    """The canonical form of whole pages as the browser reads them: it spells styles its own way."""
    spelled: list[str] = page.evaluate("pages => spell(pages)", list(pages))
    return spelled
