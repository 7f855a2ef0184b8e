"""Firefox over WebDriver BiDi: of Playwright's `Page` what the tests of the DOM use.

Playwright's own driver for an unpatched Firefox sends commands that the extended support release doesn't
know.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.support.patience import PATIENCE

_ADDRESS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
_KEYS = {
    "Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "ArrowLeft": "\ue012", "ArrowRight": "\ue014",
    "End": "\ue010", "Home": "\ue011",
}  # fmt: skip
_CALL = """(async () => {
  let value = (0, eval)(EXPRESSION);
  if (typeof value === "function") value = value(ARGUMENT);
  return JSON.stringify((await value) ?? null, (name, part) => (part instanceof Node ? "node" : part));
})()"""
_CENTRE = """selector => {
  const { left, top, width, height } = document.querySelector(selector).getBoundingClientRect();
  return [Math.round(left + width / 2), Math.round(top + height / 2)];
}"""


def system_firefox() -> str | None:
    """A Firefox of the system, if there is one."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


@contextmanager
def firefox(path: str) -> Iterator[Firefox]:
    """A running browser without a window."""
    with tempfile.TemporaryDirectory() as profile:
        command = [path, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"]
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, bufsize=1
        )
        try:
            assert process.stderr is not None
            address = next(found[1] for line in process.stderr if (found := _ADDRESS.search(line)))
            with connect(f"{address}/session", max_size=None) as socket:
                yield Firefox(socket)
        finally:
            process.terminate()
            process.wait(PATIENCE)


class Firefox:
    """A browser to which commands are sent one after the other."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self.problems: list[str] = []
        """Errors that consoles have logged."""
        self.send("session.new", capabilities={})
        self.send("session.subscribe", events=["log.entryAdded"])

    def send(self, method: str, **params: Any) -> Any:
        """The result of a command."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(timeout=PATIENCE))
            if message["type"] == "event":
                self._note(message["params"])
            elif message["id"] == self._number:
                assert message["type"] == "success", message
                return message["result"]

    def _note(self, entry: dict[str, Any]) -> None:
        if entry.get("level") == "error":
            self.problems.append(str(entry.get("text")))

    def open(self, url: str) -> FirefoxTab:
        """A new tab at an address of a live page, when its socket is open."""
        tab = FirefoxTab(self, self.send("browsingContext.create", type="tab")["context"])
        self.send("browsingContext.navigate", context=tab.context, url=url, wait="complete")
        tab.wait_for_function("document.documentElement.dataset.live === 'open'")
        return tab


class Keyboard:
    def __init__(self, tab: FirefoxTab) -> None:
        self._tab = tab

    def press(self, key: str) -> None:
        self._tab.act("key", [("keyDown", _KEYS.get(key, key)), ("keyUp", _KEYS.get(key, key))])

    def type(self, text: str) -> None:
        for character in text:
            self.press(character)


class FirefoxTab:
    """As a `Page` of Playwright, as far as it goes."""

    def __init__(self, browser: Firefox, context: str) -> None:
        self._browser = browser
        self.context = context
        self.keyboard = Keyboard(self)

    def evaluate(self, expression: str, arg: Any = None) -> Any:
        """The value of an expression; if that is a function, what it returns."""
        code = _CALL.replace("EXPRESSION", json.dumps(expression)).replace("ARGUMENT", json.dumps(arg))
        answer = self._browser.send(
            "script.evaluate",
            expression=code,
            target={"context": self.context},
            awaitPromise=True,
            userActivation=True,
        )
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return json.loads(answer["result"]["value"])

    def wait_for_function(self, expression: str, arg: Any = None) -> None:
        """Return when it is true."""
        end = time.monotonic() + PATIENCE
        while not self.evaluate(expression, arg):
            assert time.monotonic() < end, f"{expression} isn't true"

    def act(self, kind: str, actions: list[tuple[str, Any]]) -> None:
        """Presses keys."""
        written = [{"type": action, "value": value} for action, value in actions]
        source = {"type": kind, "id": kind, "actions": written}
        self._browser.send("input.performActions", context=self.context, actions=[source])

    def click(self, selector: str) -> None:
        x, y = self.evaluate(_CENTRE, selector)
        actions = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        source = {"type": "pointer", "id": "mouse", "actions": actions}
        self._browser.send("input.performActions", context=self.context, actions=[source])

    def inner_text(self, selector: str) -> str:
        return str(self.evaluate("selector => document.querySelector(selector).innerText", selector))

    def close(self) -> None:
        self._browser.send("browsingContext.close", context=self.context)
