"""What editors know of `live-…` attributes: all of them, with every modifier."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import liveactions
from liveactions.cli.html_data import FILE, html_data
from liveactions.templates.live_attributes import (
    ATTRIBUTES,
    BIND_MODIFIERS,
    EVENTS,
    MODIFIERS,
    PREFIX,
    VIEW_MODIFIERS,
    unknown_modifier,
)

CLIENT = Path(__file__).parents[2] / "js" / "src"
INTERNAL = {"live-flash", "live-error", "live-notice", "live-raw", "live-connection"}
"""Names that aren't attributes, or that the library writes itself."""
DESCRIBED = {
    entry["name"]: entry["description"]["value"] for entry in json.loads(html_data())["globalAttributes"]
}


def test_the_file_in_the_package_is_current() -> None:
    shipped = files(liveactions).joinpath(FILE).read_text(encoding="utf-8")
    assert shipped == html_data(), f"run: python -m liveactions html-data > liveactions/{FILE}"


def test_every_attribute_of_the_client_is_described() -> None:
    sources = "".join(path.read_text() for path in CLIENT.rglob("*.js"))
    named = set(re.findall(r"[\"'\[ ](live-[a-z]+)\b", sources)) - INTERNAL
    assert named and {name for name in named if not DESCRIBED.get(name)} == set()


def test_every_attribute_event_and_modifier_is_described() -> None:
    expected = {f"{PREFIX}{name}" for name in (*ATTRIBUTES, *EVENTS)}
    assert {name for name in expected if not DESCRIBED.get(name)} == set()
    shown = {word for name in DESCRIBED for word in name.split(".")[1:]}
    assert {*MODIFIERS, *VIEW_MODIFIERS, *BIND_MODIFIERS} <= shown
    assert [name for name in DESCRIBED if unknown_modifier(name)] == []


def test_flags_are_attributes() -> None:
    flags = {entry["name"] for entry in json.loads(html_data())["globalAttributes"] if "valueSet" in entry}
    assert flags and flags <= {f"{PREFIX}{name}" for name in ATTRIBUTES}
