"""The plugin as users have it: in a project of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
APP = """
import jinja2
from liveactions import Live, Page

pages = {"hello.html": "<title>Hello</title><h1>Hello</h1>"}
live = Live(jinja2.Environment(loader=jinja2.DictLoader(pages), autoescape=True))

@live.page("/")
class Hello(Page):
    template = "hello.html"
"""
TEST = """
from liveactions.testing import Browser, both_ways

@both_ways
async def test_hello(browser: Browser) -> None:
    assert (await browser.open("/")).text("h1") == "Hello"
"""
FIXTURE = """
import pytest
import shop

@pytest.fixture
def live():
    return shop.live
"""


@pytest.mark.parametrize(
    ("settings", "conftest", "outcome"),
    [
        ("live = shop:live", "", "2 passed"),
        ("", FIXTURE, "2 passed"),
        ("", "", "which application? Define a fixture `live`"),
    ],
)
def test_the_application_comes_from(tmp_path: Path, settings: str, conftest: str, outcome: str) -> None:
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nasyncio_mode = auto\npythonpath = .\n{settings}\n")
    (tmp_path / "shop.py").write_text(APP)
    (tmp_path / "conftest.py").write_text(conftest)
    (tmp_path / "test_shop.py").write_text(TEST)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "pytest_asyncio.plugin", "-p", "liveactions.testing.plugin"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
    )
    assert outcome in done.stdout + done.stderr
