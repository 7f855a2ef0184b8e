"""Presence on several workers and machines that are killed: over the wire, and nobody else flickers."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from html import unescape

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from liveactions.protocol.constants import BYE
from tests.chromium.server import Server, serving
from tests.support.asgi import SCRIPT
from tests.support.patience import PATIENCE, wait_until

pytestmark = pytest.mark.slow
APP = "tests.pubsub.workers:live"
LIST = re.compile(r"\|([^|]*)\|")
"""The list that HTML or a message shows."""


@pytest.fixture(scope="module", params=["sqlite", "redis", "postgres"])
def env(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the machines of an application share."""
    folder = tmp_path_factory.mktemp("presence")
    (folder / "note").write_text("")
    if request.param == "sqlite":
        store = f"sqlite://{folder / 'store'}"
    else:
        store = request.getfixturevalue(f"{request.param}_server").url
    return {
        "NOTE": str(folder / "note"),
        "LIVEACTIONS_STORE": store,
        "LIVEACTIONS_KEY": secrets.token_urlsafe(32),
    }


@pytest.fixture(scope="module")
def machine(env: dict[str, str]) -> Iterator[Server]:
    with serving(APP, workers=2, env=env) as server:
        yield server
        assert not server.faults()


class Visit(ExitStack):
    """The connections of a test, which has a room of its own: those of the one before are gone in a while."""

    def __init__(self) -> None:
        super().__init__()
        self.room = secrets.token_hex(4)


@pytest.fixture
def stack() -> Iterator[Visit]:
    with Visit() as stack:
        yield stack


class Viewer:
    """A page that somebody has open, and all lists that it has shown."""

    def __init__(self, server: Server, who: str, stack: Visit) -> None:
        self.server = server
        self._stack = stack
        self._path = f"/room/{stack.room}?as={who}" if who else f"/room/{stack.room}"
        html = httpx.get(server.url + self._path, timeout=PATIENCE, verify=False).text
        found = SCRIPT.search(html)
        assert found, html
        self._address, self._snapshot = map(unescape, found.groups())
        self._token: str | None = None
        self._rev = 0
        self._comes_back = True
        self.lists = [self._list_in(html) or []]
        self.connect()

    @property
    def shown(self) -> list[str]:
        return self.lists[-1]

    def connect(self) -> None:
        """Connect to any worker of its server, and again when the link is lost."""
        connection = connect(
            f"ws{self.server.url[4:]}{self._address}", origin=Origin(self.server.url), open_timeout=PATIENCE
        )
        self._socket = self._stack.enter_context(connection)
        self._stack.callback(setattr, self, "_comes_back", False)
        hello = {"v": 1, "url": self._path, "snapshot": self._snapshot, "token": self._token}
        self._socket.send(json.dumps({**hello, "rev": self._rev, "op": 0}))
        text = str(self._socket.recv(timeout=PATIENCE))
        welcome = json.loads(text)
        self._token, self._rev = welcome["token"], welcome["rev"]
        self._note(text)
        threading.Thread(target=self._listen, args=(self._socket,), daemon=True).start()

    def leave(self) -> None:
        self._comes_back = False
        self._socket.send(json.dumps([1, self._rev, BYE]))

    def _listen(self, socket: ClientConnection) -> None:
        with suppress(ConnectionClosed, OSError):
            while True:
                text = str(socket.recv())
                self._note(text)
                self._rev = json.loads(text)[0]
                socket.send(json.dumps([0, self._rev]))
        with suppress(WebSocketException, OSError):
            if self._comes_back:
                self.connect()

    def _note(self, text: str) -> None:
        found = self._list_in(text)
        if found is not None:
            self.lists.append(found)

    def _list_in(self, text: str) -> list[str] | None:
        found = LIST.findall(text)
        return found[-1].split() if found else None

    def shows(self, *names: str) -> None:
        """Return when exactly these are here, in whatever order."""
        assert wait_until(lambda: sorted(self.shown) == sorted(names)), (names, self.shown, self.lists[-4:])

    def was_missing(self, *names: str) -> bool:
        """Return whether one of these was missing, or was in another place, in any list since they came."""
        first = next(at for at, shown in enumerate(self.lists) if {*names} <= {*shown})
        order = [name for name in self.lists[first] if name in names]
        return any([name for name in shown if name in names] != order for shown in self.lists[first:])


def test_everybody_sees_who_comes_and_leaves_on_whatever_worker(machine: Server, stack: Visit) -> None:
    viewers = {who: Viewer(machine, who, stack) for who in ("a", "b", "c", "d", "e", "f")}
    twice = Viewer(machine, "c", stack)
    for viewer in (*viewers.values(), twice):
        viewer.shows(*viewers)
    twice.leave()
    gone = viewers.pop("e")
    gone.leave()
    late = Viewer(machine, "", stack)
    for viewer in (*viewers.values(), late):
        viewer.shows(*viewers)
        assert not viewer.was_missing(*viewers)
    for viewer in viewers.values():
        viewer.leave()
    late.shows()


def test_whose_worker_is_killed_is_never_missing_if_they_reconnect(machine: Server, stack: Visit) -> None:
    names = [f"p{number:02}" for number in range(8)]
    viewers = [Viewer(machine, name, stack) for name in names]
    for viewer in viewers:
        viewer.shows(*names)
    os.kill(machine.worker_pids()[-1], signal.SIGKILL)
    Viewer(machine, "late", stack)
    for viewer in viewers:
        viewer.shows(*names, "late")
        assert not viewer.was_missing(*names), viewer.lists
    machine.wait_for_successor()
    for viewer in viewers:
        viewer.leave()


def test_a_machine_with_twenty_people_is_killed(env: dict[str, str], machine: Server, stack: Visit) -> None:
    here = [Viewer(machine, name, stack) for name in ("here1", "here2", "here3")]
    stay = ["here1", "here2", "here3"]
    other = Server(APP, env=env)
    other.start()
    try:
        crowd = [f"p{number:02}" for number in range(20)]
        there = [Viewer(other, name, stack) for name in crowd]
        for viewer in (*here, *there):
            viewer.shows(*stay, *crowd)
    finally:
        other.kill()
    for viewer in here:
        viewer.shows(*stay)
        assert not viewer.was_missing(*stay), viewer.lists
        everybody = next(at for at, shown in enumerate(viewer.lists) if len(shown) == 23)
        sizes = [len(shown) for shown in viewer.lists[everybody:]]
        assert {*sizes} <= {23, 3}, (sizes, viewer.lists[-3:])
    for viewer in here:
        viewer.leave()
