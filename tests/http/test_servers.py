"""Each of the ASGI servers that the documentation names serves a page, with JavaScript and without."""

from __future__ import annotations

import json
import re
from html import unescape

import httpx
import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.support.asgi_servers import COMMANDS, AsgiServer, asgi_server
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.slow
SCRIPT = re.compile(r'data-live="([^"]*)" data-snapshot="([^"]*)"')
ADD = re.compile(r'action="([^"]*_a=([^"]*))"')
SNAPSHOT = re.compile(r'name="_s" value="([^"]*)"')
COUNT = re.compile(r"<output[^>]*>(\d+)</output>")


def _post(server: AsgiServer, html: str) -> str:
    """Press the first button as a browser without JavaScript does, and return the page that it then shows."""
    action, snapshot = ADD.search(html), SNAPSHOT.search(html)
    assert action and snapshot
    answer = httpx.post(
        server.url + unescape(action[1]),
        data={"_s": unescape(snapshot[1])},
        headers={"origin": server.url},
        follow_redirects=True,
        timeout=PATIENCE,
    )
    assert answer.status_code == 200
    return answer.text


def _click(server: AsgiServer, html: str) -> str:
    """Press it as the client does, and return the patch."""
    script, action = SCRIPT.search(html), ADD.search(html)
    assert script and action
    hello = {"v": 1, "url": "/counter", "snapshot": unescape(script[2]), "token": None, "rev": 0, "op": 0}
    address = server.url.replace("http", "ws", 1) + unescape(script[1])
    with connect(address, origin=Origin(server.url), open_timeout=PATIENCE) as socket:
        socket.send(json.dumps(hello))
        rev = json.loads(socket.recv(PATIENCE)).get("rev", 0)
        socket.send(json.dumps([1, rev, 1, unescape(action[2]), []]))
        return str(socket.recv(PATIENCE))


@pytest.mark.parametrize("name", COMMANDS)
def test_it_serves_the_counter(name: str) -> None:
    with asgi_server(name, "tests.support.counter:live") as server:
        html = httpx.get(f"{server.url}/counter", timeout=PATIENCE).text
        assert _count(html) == 0
        frame = json.loads(_click(server, html))
        assert frame[1] == 1 and '"1"' in json.dumps(frame[2])
        assert _count(_post(server, html)) == 1


def _count(html: str) -> int:
    found = COUNT.search(html)
    assert found
    return int(found[1])
