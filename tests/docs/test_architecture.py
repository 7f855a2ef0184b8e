"""What `docs/architecture.md`, and the pages on state and on guarantees, name is there."""

from __future__ import annotations

import re
from pathlib import Path
from pkgutil import resolve_name

import pytest

from tests.test_layers import LAYERS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "architecture.md").read_text()
DOCUMENTS = [ROOT / "docs" / name for name in ("architecture.md", "guarantees.md", "state.md")]
NAMES = re.findall(r"`((?:[a-z_]+\.)+[A-Za-z_.]+)`", "".join(path.read_text() for path in DOCUMENTS))


@pytest.mark.parametrize("name", [one for one in NAMES if one.split(".")[0] in " ".join(LAYERS).split()])
def test_modules_and_functions_are_there(name: str) -> None:
    resolve_name(f"liveactions.{name}")


def test_the_layers_are_those_that_are_checked() -> None:
    rows = re.findall(r"^\| \d+ \| (.+?) \|", TEXT, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(" ".join(LAYERS).split())


def test_modules_that_requests_and_operations_pass_through_are_explained() -> None:
    folders = [ROOT / "liveactions" / name for name in ("execution", "session", "http")]
    modules = {f"{path.parent.name}.{path.stem}" for folder in folders for path in folder.glob("[!_]*.py")}
    assert modules - set(NAMES) == set()


def test_files_are_there() -> None:
    named = re.findall(r"`((?:js|tests|docs|examples|liveactions)/[\w/.-]*\w)`", TEXT)
    assert named and [path for path in named if not (ROOT / path).exists()] == []


def test_the_glossary_is_sorted() -> None:
    terms = re.findall(r"^\| ([a-z].+?) \|", TEXT[TEXT.index("## Glossary") :], re.MULTILINE)[1:]
    assert len(terms) > 40 and terms == sorted(terms)
