"""The plugin as users have it: in a project of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SETTINGS = "[pytest]\nasyncio_mode = auto\npythonpath = ."
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


def run(folder: Path, files: dict[str, str], settings: str = "") -> str:
    """What pytest says of a project that consists of these files."""
    for name, text in {**files, "pytest.ini": f"{SETTINGS}\n{settings}\n"}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    plugins = ["-p", "pytest_asyncio.plugin", "-p", "liveactions.testing.plugin"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


def test_the_application_comes_from_the_settings(tmp_path: Path) -> None:
    assert "2 passed" in run(tmp_path, {"shop.py": APP, "test_shop.py": TEST}, "live = shop:live")


def test_the_application_comes_from_a_fixture(tmp_path: Path) -> None:
    assert "2 passed" in run(tmp_path, {"shop.py": APP, "test_shop.py": TEST, "conftest.py": FIXTURE})


def test_without_an_application_one_is_asked_for(tmp_path: Path) -> None:
    assert "no application: define a fixture `live`" in run(tmp_path, {"test_shop.py": TEST})


def test_the_example_of_the_readme(tmp_path: Path) -> None:
    found = re.findall(r"^```\w+\n\W+([\w/]+\.(?:py|html))\b.*\n((?s:.*?))^```", README, re.MULTILINE)
    assert {name for name, _ in found} == {"app.py", "templates/counter.html", "test_app.py"}
    assert "2 passed" in run(tmp_path, dict(found), "live = app:live")
