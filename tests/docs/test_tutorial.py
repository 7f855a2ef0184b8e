"""The tutorial, followed to the letter: its files are written step by step, and its commands are run."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx
import pytest

from docs.code import DOCS
from tests.support.patience import PATIENCE, wait_until

STEPS = re.split(r"^## (?=\d)", (DOCS / "tutorial.md").read_text(), flags=re.MULTILINE)[1:]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"(?:#|\{#) ([\w/]+\.\w+|Dockerfile)(?: #\})?\n")
"""The first line of a block that is a whole file."""
PROBE = """
import asyncio
import app
from liveactions.testing import Browser, Failed

async def main():
    async with Browser(app.live) as browser:
        try:
            page = await browser.open("/")
            await page.fill("Dish", "Salad")
            await page.click("Add")
            print(page.texts("li"))
        except Failed as error:
            print(error)

asyncio.run(main())
"""
pytestmark = pytest.mark.slow
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("LIVEACTIONS_")}


def write(folder: Path, step: int) -> None:
    """Write the files as they are at the end of a step."""
    for text in STEPS[:step]:
        for _, code in BLOCK.findall(text):
            named = FILE.match(code)
            if named:
                path = folder / named[1]
                path.parent.mkdir(exist_ok=True)
                path.write_text(code)


def shown(step: int) -> list[str]:
    """What the tutorial says is printed in a step."""
    return [text.rstrip() for kind, text in BLOCK.findall(STEPS[step - 1]) if kind == "text"]


def run(folder: Path, *module: str) -> str:
    """Run a module of Python in the application's folder; return what it prints."""
    found = subprocess.run(
        [sys.executable, "-m", *module],
        cwd=folder,
        env={
            **ENVIRONMENT,
            "PYTHONPATH": str(DOCS.parent),
            "LIVEACTIONS_KEY": "k" * 32,
            "LIVEACTIONS_DEBUG": "1",
        },
        capture_output=True,
        text=True,
    )
    return found.stdout + found.stderr


def run_tests(folder: Path) -> str:
    return run(folder, "pytest", "-q", "-p", "no:cacheprovider")


def test_there_are_eight_steps(tmp_path: Path) -> None:
    assert [text[0] for text in STEPS] == list("12345678")
    write(tmp_path, 1)
    assert run(tmp_path, "liveactions", "check") == "0 errors, 0 warnings\n"


def test_its_image_installs_the_wheel_of_this_version() -> None:
    project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text())["project"]
    assert f"/wheels/liveactions-{project['version']}-py3-none-any.whl[serve]" in STEPS[7]


def test_an_error_on_purpose(tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text(PROBE)
    write(tmp_path, 2)
    message, quiet = shown(2)
    assert f"RenderError: {message}" in run(tmp_path, "probe")
    template = tmp_path / "templates" / "potluck.html"
    template.write_text(template.read_text().replace("in dishes", "in dishs"))
    assert quiet in run(tmp_path, "liveactions", "check")
    write(tmp_path, 3)
    said = run(tmp_path, "probe").splitlines()  # also that the loop was blocked, on a busy machine
    assert "['Bread', 'Lentil soup', 'Salad']" in said


def test_its_tests(tmp_path: Path) -> None:
    write(tmp_path, 5)
    printed = run_tests(tmp_path)
    assert shown(5)[0] in printed and "test_adding_a_dish" in printed
    write(tmp_path, 6)
    assert shown(6)[0] in run_tests(tmp_path)


def test_the_application_is_deployed(tmp_path: Path) -> None:
    write(tmp_path, 8)
    tests, checked = shown(7)[0].splitlines()
    assert tests in run_tests(tmp_path)
    assert checked in run(tmp_path, "liveactions", "check")
    command = shlex.split(re.findall(r"^uvicorn .*", STEPS[7], re.MULTILINE)[0])
    instruction = (tmp_path / "Dockerfile").read_text().partition("CMD ")[2].replace("\\\n", "")
    assert json.loads(instruction) == command
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command[command.index("--port") + 1] = str(port)
    environment = {**ENVIRONMENT, "PYTHONPATH": str(DOCS.parent), "LIVEACTIONS_KEY": "k" * 32}
    server = subprocess.Popen([sys.executable, "-m", *command], cwd=tmp_path, env=environment)
    try:
        assert wait_until(lambda: is_ready(port), 4 * PATIENCE)
        page = httpx.get(f"http://127.0.0.1:{port}/", timeout=PATIENCE)
        assert page.status_code == 200 and "What we bring" in page.text
    finally:
        server.terminate()
        server.wait(PATIENCE)


def is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/_live/health/ready", verify=False).status_code == 200
    except httpx.TransportError:
        return False
