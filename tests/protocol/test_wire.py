"""Both sides state the same names."""

from __future__ import annotations

import re
from pathlib import Path

from liveactions.config import FRAME_BYTES
from liveactions.protocol import constants as wire

SOURCE = Path(__file__).parents[2] / "js" / "src" / "core" / "wire.js"


def number(expression: str) -> float:
    """A product of numbers."""
    product = 1.0
    for factor in expression.split("*"):
        product *= float(factor)
    return product


def client_names() -> dict[str, object]:
    names: dict[str, object] = {}
    for name, value in re.findall(r"^export const (\w+) = (.+);$", SOURCE.read_text("utf-8"), re.M):
        names[name] = value.strip('"') if value.startswith('"') else number(value)
    return names


def test_the_same_names() -> None:
    server = {name: value for name, value in vars(wire).items() if name.isupper()}
    assert client_names() == {**server, "FRAME_BYTES": FRAME_BYTES}
