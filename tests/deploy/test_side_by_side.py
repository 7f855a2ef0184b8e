"""The processes of the compose file, without containers: two machines, Redis, and Caddy where it is there."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.chromium.server import free_port
from tests.deploy.test_files import COMPOSE, DEPLOY, commands
from tests.support.patience import PATIENCE, wait_until
from tests.support.servers import RedisServer
from tests.support.steady import Tab, until

pytestmark = pytest.mark.slow
MACHINES = ("app1", "app2")
TABS = 8


class Process:
    """A process that is up when it answers with this status."""

    def __init__(self, command: list[str], url: str, path: str, env: dict[str, str], log: Path) -> None:
        self.url = url
        with open(log, "ab") as out:
            self._process = subprocess.Popen(
                command,
                cwd=DEPLOY,
                env={**os.environ, **env},
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        up = wait_until(lambda: self._process.poll() is not None or answers(url + path))
        assert up and self._process.poll() is None, log.read_text()

    def stop(self) -> None:
        """SIGTERM to the first process, as container engines do it."""
        self._process.send_signal(signal.SIGTERM)

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def kill(self) -> None:
        """End it with all processes that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, verify=False).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def running(process: Process) -> Iterator[Process]:
    try:
        yield process
    finally:
        process.kill()


def machine(name: str, redis: RedisServer, log: Path) -> Process:
    """A service of the compose file, by the command of the image, at a port of its own."""
    port = free_port()
    command = json.loads(next(rest for word, rest in commands() if word == "CMD"))
    command[command.index("--port") + 1] = str(port)
    command[command.index("--host") + 1] = "127.0.0.1"
    env = {**COMPOSE["services"][name]["environment"]}
    env |= {"LIVEACTIONS_KEY": "k" * 32, "LIVEACTIONS_STORE": redis.url}
    return Process(
        [sys.executable, "-m", *command], f"http://127.0.0.1:{port}", "/_live/health/ready", env, log
    )


def caddy(machines: list[Process], folder: Path) -> Process:
    """Caddy with the Caddyfile, in front of the machines."""
    program = shutil.which("caddy")
    if program is None:
        pytest.skip("caddy isn't installed")
    url = f"http://127.0.0.1:{free_port()}"
    env = {
        "SITE": url,
        "UPSTREAMS": " ".join(one.url.removeprefix("http://") for one in machines),
        "CADDY_ADMIN": f"127.0.0.1:{free_port()}",
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    command = [program, "run", "--config", "Caddyfile", "--adapter", "caddyfile"]
    return Process(command, url, "/", env, folder / "caddy.log")


@pytest.mark.parametrize("front", ["none", "caddy"])
async def test_a_machine_is_stopped_and_its_pages_go_on(
    front: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        machines = [
            stack.enter_context(running(machine(name, redis_server, tmp_path / f"{name}.log")))
            for name in MACHINES
        ]
        if front == "caddy":
            urls = [stack.enter_context(running(caddy(machines, tmp_path))).url]
        else:
            urls = [one.url for one in machines]
        tabs: list[Tab] = []
        seen: set[str] = set()
        async with httpx.AsyncClient(timeout=PATIENCE) as client:
            while len(tabs) < TABS or len(seen) < len(MACHINES):  # no stickiness
                html = (await client.get(urls[len(tabs) % len(urls)])).text
                seen |= set(re.findall(r"<footer[^>]*>(?:<!--.*?-->)?(\w+)", html))
                tabs.append(Tab(urls, f"page{len(tabs)}", html))
        assert seen == {*MACHINES}
        ended = asyncio.Event()
        users = [asyncio.create_task(tab.use(ended)) for tab in tabs]
        await until(lambda: all(tab.made > 1 for tab in tabs), users)
        machines[0].stop()
        await until(lambda: machines[0].has_ended, users)
        made = [tab.made for tab in tabs]
        await until(lambda: all(tab.made > before + 1 for tab, before in zip(tabs, made, strict=True)), users)
        ended.set()
        await asyncio.gather(*users)
        assert [tab.count for tab in tabs] == [tab.made for tab in tabs]  # each click, once
        if front == "caddy":
            async with httpx.AsyncClient(timeout=PATIENCE) as client:
                assert (await client.get(f"{urls[0]}/_live/health")).status_code == 404  # not for outsiders
