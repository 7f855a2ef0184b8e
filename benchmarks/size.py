"""Size of the built client, as it is served."""

from __future__ import annotations

import gzip
from pathlib import Path

import brotli

import liveactions
from benchmarks.report import Line

CORE = "client"


def measure() -> list[Line]:
    lines = []
    for path in sorted((Path(liveactions.__file__).parent / "static").glob("*.js")):
        data = path.read_bytes()
        core = path.name.startswith(CORE)
        lines += [
            Line(f"{path.name}, minified", len(data), "bytes"),
            Line(
                f"{path.name}, gzip -9", len(gzip.compress(data, 9)), "bytes", at_most=6144 if core else None
            ),
            Line(f"{path.name}, brotli 11", len(brotli.compress(data)), "bytes"),
        ]
    return lines
