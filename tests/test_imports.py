"""Imports point downward: a module knows those of the lines above its own, and none in a circle."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent / "liveactions"
LAYERS = [
    "errors wire limits encoding seal security effects tasks",
    "html store",
    "broker",
    "template",
    "diff",
    "actions",
    "cache",
    "pages",
    "ops",
    "protocol exchange snapshot saving tickets uploads deliveries functions site document assets",
    "sessions",
    "transport",
    "hosting",
    "app",
    "__init__ testing",
]
LAYER = {name: number for number, names in enumerate(LAYERS) for name in names.split()}


def imports(path: Path) -> set[str]:
    """Modules of the library that one imports when it is loaded, by their names below it."""
    body = [node for node in ast.parse(path.read_text()).body if not isinstance(node, ast.If)]
    package = path.relative_to(ROOT).parts[:-1]
    found = set()
    for node in body:
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            parts = [*above, *(node.module or "").removeprefix("liveactions").strip(".").split(".")]
            ours = node.level or (node.module or "").startswith("liveactions")
            names = [[*parts, alias.name] for alias in node.names] if ours else []
            found |= {".".join(part for part in name if part) for name in names}
    return {name for name in (longest(name) for name in found) if name}


def longest(name: str) -> str:
    """The module that a dotted name is, or is in."""
    while name and not (
        (ROOT / name.replace(".", "/")).with_suffix(".py").exists()
        or (ROOT / name.replace(".", "/")).is_dir()
    ):
        name = name.rpartition(".")[0]
    return name


MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in ROOT.rglob("*.py")}


def test_every_module_has_a_layer() -> None:
    assert {name.split(".")[0] for name in MODULES} <= LAYER.keys()


def test_imports_point_downward() -> None:
    for name, path in MODULES.items():
        for other in imports(path):
            upward = LAYER[other.split(".")[0]] > LAYER[name.split(".")[0]]
            assert not upward, f"{name} imports {other}"


def test_no_circles() -> None:
    graph = {name.removesuffix(".__init__"): imports(path) for name, path in MODULES.items()}
    TopologicalSorter({name: others - {name} for name, others in graph.items()}).prepare()
