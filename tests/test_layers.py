"""Imports point downward: type-only imports and those inside functions count, too."""

from __future__ import annotations

from tests.support import import_graph

LAYERS = [
    "exceptions type_hints types immutability config tasks encoding logs observation",
    "protocol security",
    "html store",
    "templates pubsub",
    "diff actions",
    "cache",
    "pages",
    "execution",
    "session",
    "http",
    "engines hosting workers otel ui dashboard",
    "app",
    "testing cli",
    "__main__",
]
"""Folders and modules from the bottom up. Those of one line don't know each other, the first line's apart."""
LEVEL = {name: number for number, names in enumerate(LAYERS) for name in names.split()}


def top(module: str) -> str:
    return module.partition(".")[0]


def test_every_module_has_a_layer() -> None:
    assert {top(name) for name in import_graph.modules()} == LEVEL.keys()


def test_imports_point_downward() -> None:
    upward = {
        f"{name} imports {other}"
        for name, others in import_graph.read().items()
        for other in others
        if top(name) != top(other)
        and LEVEL[top(other)] >= LEVEL[top(name)]
        and not LEVEL[top(name)] == LEVEL[top(other)] == 0
    }
    assert not upward


def test_no_circles() -> None:
    assert import_graph.circles(import_graph.read()) == []
