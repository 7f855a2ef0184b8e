"""A8. Keys sign references, and rotate."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from jinja2 import DictLoader, Environment
from starlette.applications import Starlette
from starlette.routing import Mount

from liveactions import Bound, InUrl, Live, Page, Pages, action
from liveactions.store import MemoryStore
from liveactions.testing import Browser
from tests.behaviour.ways import Way, visiting, ways
from tests.support.logs import logged

journal: list[str] = []
pages = Pages()


@pytest.fixture(autouse=True)
def empty_journal() -> None:
    journal.clear()


def keyed(*keys: str) -> Live:
    environment = Environment(loader=DictLoader(TEMPLATES), autoescape=True)
    live = Live(environment, keys=keys, store=MemoryStore(), name="keys")
    live.include(pages)
    return live


OLD, NEW = "an-old-key-that-is-long-enough-1", "a-new-key-that-is-long-enough-22"


@pages.page("/door")
class Door(Page):
    template = "door.html"
    token: InUrl[str] = ""

    @action
    async def enter(self, number: Bound[int]) -> None:
        journal.append(f"enter {number}")


TEMPLATES = {
    "door.html": "<title>D</title><form method='post' action='?_a={{ token|urlencode }}'>{{ form_state() }}"
    "<button>enter</button></form><i>{{ enter(2) }}</i>"
}


@ways("SHN")
async def test_a8_keys_rotate(way: Way) -> None:
    async with visiting(keyed(OLD), way) as browser:
        reference = (await browser.open("/door")).text("i")
    token = parse_qs(urlsplit(reference).query)["_a"][0]
    for keys, runs in [((NEW, OLD), True), ((NEW,), False), ((OLD,), True)]:
        journal.clear()
        async with visiting(keyed(*keys), way) as browser:
            page = await browser.open(Door.url(token=token))
            await page.click("enter")
        assert journal == (["enter 2"] if runs else [])


async def test_a8_the_first_key_signs() -> None:
    async with Browser(keyed(NEW, OLD)) as browser, Browser(keyed(NEW)) as later:
        assert (await browser.open("/door")).text("i") == (await later.open("/door")).text("i")


def test_a8_a_random_key_with_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("LIVEACTIONS_KEY", raising=False)
    Live()
    assert [record.levelname for record in logged(caplog, "liveactions.app")] == ["WARNING"]
    assert "restart" in caplog.text and "workers" in caplog.text


@pytest.mark.parametrize("how", ["--workers 2", "--workers=2", "-w 2", "-w2", "environment"])
async def test_a8_several_workers_need_a_key(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    monkeypatch.delenv("LIVEACTIONS_KEY", raising=False)
    if how == "environment":
        monkeypatch.setenv("WEB_CONCURRENCY", "2")
    else:
        monkeypatch.setattr(sys, "argv", ["server", "shop:live", *how.split()])
    live = Live()  # a server would start another worker in place of one that fails to import it
    with pytest.raises(RuntimeError, match="LIVEACTIONS_KEY"):
        async with live.router.lifespan_context(live):
            pass
    with pytest.raises(RuntimeError, match="LIVEACTIONS_KEY"):  # mounted, its lifespan never runs
        await Browser(Starlette(routes=[Mount("/x", live)])).open("/x/")
    monkeypatch.setenv("LIVEACTIONS_KEY", OLD)
    live = Live()
    async with live.router.lifespan_context(live):
        pass


@pytest.mark.slow
def test_a8_another_worker_of_the_server_is_noticed(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    ask = "from liveactions.workers import is_only_worker; print(is_only_worker('shop'), flush=True); input()"
    command = [sys.executable, "-c", ask]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    answers = []
    with ExitStack() as stack:
        for _ in range(2):
            worker = stack.enter_context(subprocess.Popen(command, env=environment, **pipes))
            assert worker.stdout is not None
            answers.append(worker.stdout.readline().strip())
    assert answers == ["True", "False"]
    assert not list(tmp_path.rglob("*.lock"))
