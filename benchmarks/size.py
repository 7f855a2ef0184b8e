"""Measure the size of the built client as it is served: its core, and the parts that are loaded lazily."""

from __future__ import annotations

import gzip
from pathlib import Path

import brotli

import liveactions
from benchmarks.report import Line

CORE = "client"
FOLDER = Path(liveactions.__file__).parent / "static"


def measure() -> list[Line]:
    lines = []
    for path in sorted(FOLDER.glob("**/*.js")):
        data = path.read_bytes()
        name = path.relative_to(FOLDER).as_posix()
        core = name.startswith(CORE)
        lines += [
            Line(f"{name}, minified", len(data), "bytes"),
            Line(f"{name}, gzip -9", len(gzip.compress(data, 9)), "bytes", at_most=6144 if core else None),
            Line(f"{name}, brotli 11", len(brotli.compress(data)), "bytes"),
        ]
    return lines
