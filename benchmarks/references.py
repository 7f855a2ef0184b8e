"""Measure the cost of references in a page's HTML: the time to render it, and its size."""

from __future__ import annotations

import time

from jinja2 import DictLoader, Environment
from starlette.testclient import TestClient

from benchmarks.report import Line
from examples.table import Row
from liveactions import Bound, Live, Page, action, loaded
from liveactions.store import MemoryStore

ROWS = 5000
FORMS = 200
REPEATS = 15
PAGE = """<!doctype html><html><head></head><body><table><tbody>
{% for row in rows %}
<tr class="{{ 'danger' if row.id == selected }}">
<td>{{ row.id }}</td><td>{{ row.label }}</td><td>CELL</td></tr>
{% endfor %}
</tbody></table></body></html>"""
CELLS = {
    "plain": "<button>Remove</button>",
    "event": '<button live-click="{{ remove(row.id) }}">Remove</button>',
    "formaction": '<button form="live" formaction="{{ remove(row.id) }}">Remove</button>',
    "forms": '<form method="post" action="{{ remove(row.id) }}"><button>Remove</button></form>',
    "addresses": '<form method="post" action="/remove/{{ row.id }}"><button>Remove</button></form>',
}
TEMPLATES = {name: PAGE.replace("CELL", cell) for name, cell in CELLS.items()}


class Rows(Page):
    size: int
    selected: int = 7
    rows: tuple[Row, ...] = loaded()

    async def load(self) -> None:
        self.rows = tuple(Row(n, f"row {n}") for n in range(self.size))

    @action
    async def remove(self, id: Bound[int]) -> None:
        """The action that each row has a reference to."""


def measure() -> list[Line]:
    """Measure whole pages, as in responses to a GET."""
    live = Live(
        Environment(loader=DictLoader(TEMPLATES), autoescape=True), keys="k" * 32, store=MemoryStore()
    )
    for name in TEMPLATES:
        page = type(name, (Rows,), {"template": name, "__module__": __name__})
        live.page(f"/{name}/{{size:int}}")(page)
    seconds: dict[str, list[float]] = {"plain": [], "event": [], "formaction": []}
    with TestClient(live) as client:
        for name in list(seconds) * REPEATS:
            seconds[name].append(_seconds(client, name))
        sizes = {name: len(client.get(f"/{name}/{FORMS}").content) for name in ("addresses", "forms")}
    plain, event, formaction = (min(times) for times in seconds.values())
    return [
        Line(f"{ROWS} rows, an event each: of the time without", event / plain, at_most=1.3),
        Line(f"{ROWS} rows, a formaction each: of the time without", formaction / plain, at_most=3),
        Line(
            f"{FORMS} forms: more than with plain addresses",
            sizes["forms"] - sizes["addresses"],
            "bytes",
            at_most=10_000,
        ),
    ]


def _seconds(client: TestClient, name: str) -> float:
    start = time.process_time()
    client.get(f"/{name}/{ROWS}")
    return time.process_time() - start
