"""Real workers tell each other: over the wire, by processes that share nothing but the store."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from liveactions.protocol.constants import CLOSE_OVER
from tests.chromium.server import Server, serving
from tests.support.asgi import SCRIPT
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.slow

APP = "tests.pubsub.workers:live"
REFERENCE = re.compile(r'_a=((\w+)[^"&]*)')
"""A reference in the address of a form, and the name of its action."""
MANY = 200
"""Connections that are made until one is another worker's."""


@pytest.fixture(scope="module")
def note(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("workers") / "note"
    path.write_text("first")
    return path


@pytest.fixture(
    scope="module",
    params=["sqlite", "redis", "postgres"],
)
def server(note: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    env = {"NOTE": str(note)}
    if request.param != "sqlite":
        env["LIVEACTIONS_STORE"] = request.getfixturevalue(f"{request.param}_server").url
    with serving(APP, workers=2, env=env) as server:
        yield server
        assert not server.faults()


@pytest.fixture
def visitor(server: Server) -> Iterator[Visitor]:
    with ExitStack() as stack:
        yield Visitor(server, stack)


class Tab:
    """An open page, over its own connection."""

    def __init__(
        self, socket: ClientConnection, path: str, snapshot: str, references: dict[str, str]
    ) -> None:
        self._socket = socket
        self._references = references
        hello = {"v": 1, "url": path, "snapshot": snapshot, "token": None, "rev": 0, "op": 0}
        self._socket.send(json.dumps(hello))
        self._rev = int(self._receive()["rev"])
        self._n = 0
        self.worker = self.call("who")

    def call(self, action: str, text: str = "") -> Any:
        """What an action gives."""
        self._n += 1
        fields = ["text", text] if text else []
        self._socket.send(json.dumps([self._n, self._rev, 1, self._references[action], fields]))
        while True:
            answers = (self._frame() + [[]] * 4)[3]
            if answers or self._acknowledged >= self._n:
                return answers[2] if answers else None

    def shows(self, text: str) -> None:
        """Return when a patch brings this text."""
        while text not in json.dumps(self._frame()):
            pass

    def hears(self, text: str) -> None:
        """Return when this is all that has been said, and nothing else comes first."""
        while (heard := self.call("heard")) != text:
            assert text.startswith(heard)

    def closed(self) -> int:
        """The code with which the server closes it."""
        with pytest.raises(ConnectionClosed) as caught:
            while True:
                self._receive()
        assert caught.value.rcvd is not None
        return caught.value.rcvd.code

    def _frame(self) -> list[Any]:
        frame = list(self._receive())
        self._rev, self._acknowledged = frame[:2]
        self._socket.send(json.dumps([0, self._rev]))
        return frame

    def _receive(self) -> Any:
        return json.loads(self._socket.recv(timeout=PATIENCE))


class Visitor:
    """Makes connections, which land on either worker at random."""

    def __init__(self, server: Server, stack: ExitStack) -> None:
        self.server = server
        self._stack = stack
        one_each = {"Connection": "close"}
        self._http = stack.enter_context(
            httpx.Client(base_url=server.url, headers=one_each, timeout=PATIENCE)
        )

    def open(self, path: str = "/") -> Tab:
        html = self._http.get(path).text
        found = SCRIPT.search(html)
        assert found
        references = {name: unescape(whole) for whole, name in REFERENCE.findall(html)}
        address, snapshot = map(unescape, found.groups())
        connection = connect(
            f"ws{self.server.url[4:]}{address}", origin=Origin(self.server.url), open_timeout=PATIENCE
        )
        return Tab(self._stack.enter_context(connection), path, snapshot, references)

    def elsewhere(self, worker: int, path: str = "/") -> Tab:
        """A page that is open on another worker."""
        for _ in range(MANY):
            tab = self.open(path)
            if tab.worker != worker:
                return tab
        raise AssertionError("all connections are of the same worker")

    def two(self, path: str = "/") -> tuple[Tab, Tab]:
        """Two pages, each open on another worker."""
        one = self.open(path)
        return one, self.elsewhere(one.worker, path)

    def answers(self) -> Iterator[str]:
        """What each worker answers to a GET."""
        met: set[str] = set()
        for _ in range(MANY):
            html = self._http.get("/").text
            found = re.search(r"<p[^>]*>(\d+)</p>", html)
            assert found, html
            if found[1] not in met:
                met.add(found[1])
                yield html
            if len(met) == 2:
                return
        raise AssertionError("all connections are of the same worker")


def test_pages_of_all_workers_show_what_one_has_revalidated(visitor: Visitor) -> None:
    here, there = visitor.two()
    here.call("write", "second")
    there.shows("second")
    there.call("write", "third")
    here.shows("third")


def test_no_worker_answers_with_what_was_cached_before(visitor: Visitor) -> None:
    page = visitor.open()
    for number in range(5):
        page.call("write", f"note {number}")
        assert [f"note {number}" in html for html in visitor.answers()] == [True, True]


def test_topics_reach_pages_of_all_workers_in_one_order(visitor: Visitor) -> None:
    here, there = visitor.two()
    for number in range(9):
        (here, there)[number % 2].call("say", str(number))
    here.call("say", "!")
    for tab in here, there:
        tab.hears("012345678!")


def test_a_job_is_heard(visitor: Visitor, note: Path) -> None:
    here, there = visitor.two()
    note.write_text("by a job")
    job = "import tests.pubsub.workers, liveactions; liveactions.revalidate_tag('note')"
    subprocess.run([sys.executable, "-c", job], env={**visitor.server.env, "NOTE": str(note)}, check=True)
    for tab in here, there:
        tab.shows("by a job")


def test_a_person_is_signed_out_everywhere(visitor: Visitor) -> None:
    here, there = visitor.two("/?as=ada")
    other = visitor.open("/?as=bob")
    other.call("leave")
    assert here.closed() == there.closed() == CLOSE_OVER
    assert other.call("who") == other.worker


def test_a_worker_that_is_killed_takes_no_messages_along(visitor: Visitor) -> None:
    here, there = visitor.two()
    server = visitor.server
    doomed = server.worker_pids()[-1]
    lasting, lost = (here, there) if there.worker == doomed else (there, here)
    assert lost.worker == doomed
    lost.call("write", "its last words")
    server.kill_worker()
    lasting.shows("its last words")
    successor = visitor.elsewhere(lasting.worker)
    lasting.call("write", "after it")
    successor.shows("after it")
    assert ["after it" in html for html in visitor.answers()] == [True, True]


def test_what_is_said_while_a_worker_sleeps_is_told_when_it_wakes(visitor: Visitor) -> None:
    here, there = visitor.two()
    os.kill(there.worker, signal.SIGSTOP)
    try:
        for number in range(20):
            here.call("say", f"{number},")
    finally:
        os.kill(there.worker, signal.SIGCONT)
    there.hears("".join(f"{number}," for number in range(20)))
