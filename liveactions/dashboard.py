"""The dashboard at ``/_live/dashboard``: an overview of all open pages, for those whom its guard accepts.

It is a page like any other. Each of its refreshes asks the other workers for their reports; what they answer
is shown with the next one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from .cache.tags import refresh
from .execution.app_context import MOUNT
from .http.health import Health
from .pages.description import every
from .pages.fields import loaded
from .pages.page import Page
from .session.reports import ActionTime, WorkerReport, WorkerReports, slowest
from .templates.embedded import jinja

DASHBOARD: Final = f"{MOUNT}/dashboard"
STYLE: Final = f"{DASHBOARD}.css"
SECONDS: Final = 2.0
"""Between two refreshes."""
_CSS: Final = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 72rem; margin: 0 auto; padding: 1rem 1.5rem 3rem }
h1 { margin: 0; font-size: 1.5rem } h2 { margin: 2rem 0 .5rem; font-size: 1.1rem }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 1rem; margin: 1.5rem 0 }
dl div { padding: .75rem 1rem; border: 1px solid color-mix(in srgb, CanvasText 20%, Canvas); border-radius: .5rem }
dt { font-size: .9rem } dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums }
.scroll { overflow-x: auto }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .35rem 1rem .35rem 0; text-align: left; border-bottom: 1px solid color-mix(in srgb, CanvasText 15%, Canvas) }
th:not(:first-child), td:not(:first-child) { text-align: right; white-space: nowrap }
td:first-child { overflow-wrap: anywhere }
"""  # noqa: E501


async def style(request: Request) -> Response:
    """Answer with the dashboard's style sheet."""
    return Response(_CSS, media_type="text/css", headers={"Cache-Control": "no-cache"})


class Overview:
    """The reports of all workers, added up."""

    def __init__(self, reports: Sequence[WorkerReport]) -> None:
        self.workers = reports
        self.pages = sum((Counter(one.pages) for one in reports), Counter[str]()).most_common()
        self.closes = sum((Counter(one.stats["closes"]) for one in reports), Counter[str]()).most_common()
        self.ops_per_minute = sum(one.ops_per_minute for one in reports)
        self.slowest = slowest(ActionTime(*action) for one in reports for action in one.slowest)

    def total(self, name: str) -> int:
        """Return the sum of a number over all workers."""
        return sum(one.stats[name] for one in self.workers)


def dashboard(reports: WorkerReports, health: Health) -> type[Page]:
    """Return the page."""

    class Dashboard(Page):
        __qualname__ = "Dashboard"  # as it is listed
        template = jinja(
            """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Dashboard</title>
            <link rel="stylesheet" href="{{ live.root_path }}/_live/dashboard.css">
            <noscript><meta http-equiv="refresh" content="5"></noscript>
            </head>
            <body><main>
            <h1>Dashboard</h1>
            <p>At <time>{{ at }}</time> UTC, from {{ overview.workers|length }}
            {{ "worker" if overview.workers|length == 1 else "workers" }} with open pages.</p>
            <dl>
            <div><dt>Connected pages</dt><dd>{{ overview.total("connected") }}</dd></div>
            <div><dt>Operations per minute</dt><dd>{{ overview.ops_per_minute }}</dd></div>
            <div><dt>Waiting operations</dt><dd>{{ overview.total("queue") }}</dd></div>
            <div><dt>Messages to pages</dt><dd>{{ "{:,}".format(overview.total("patches")) }}</dd></div>
            <div><dt>Bytes</dt><dd>{{ "{:,}".format(overview.total("sent_bytes")) }}</dd></div>
            <div><dt>Pages that started again</dt><dd>{{ overview.total("restarts") }}</dd></div>
            <div><dt>Store answers in</dt><dd>{{ store }}</dd></div>
            <div><dt>Broker answers in</dt><dd>{{ broker }}</dd></div>
            </dl>
            <h2>Open pages</h2>
            <table id="pages">
            <thead><tr><th scope="col">Class</th><th scope="col">Connected</th></tr></thead>
            <tbody>{% for name, count in overview.pages %}
            <tr data-key="{{ name }}"><td>{{ name }}</td><td>{{ count }}</td></tr>
            {% endfor %}</tbody></table>
            <h2>Slowest actions</h2>
            <div class="scroll" role="region" aria-label="Slowest actions" tabindex="0"><table id="actions">
            <thead><tr><th scope="col">Action</th><th scope="col">Calls</th>
            <th scope="col">Mean (ms)</th><th scope="col">Longest (ms)</th></tr></thead>
            <tbody>{% for one in overview.slowest %}
            <tr data-key="{{ loop.index }}"><td>{{ one.name }}</td><td>{{ "{:,}".format(one.calls) }}</td>
            <td>{{ "{:,.1f}".format(1000 * one.mean) }}</td>
            <td>{{ "{:,.1f}".format(1000 * one.longest) }}</td></tr>
            {% endfor %}</tbody></table></div>
            <h2>Workers</h2>
            <div class="scroll" role="region" aria-label="Workers" tabindex="0"><table id="workers">
            <thead><tr><th scope="col">Worker</th><th scope="col">Hours</th>
            <th scope="col">Connected</th><th scope="col">In memory</th><th scope="col">Operations/min</th>
            <th scope="col">Waiting</th><th scope="col">Failed</th><th scope="col">Saving (ms)</th></tr>
            </thead><tbody>{% for one in overview.workers %}
            <tr data-key="{{ loop.index }}">
            <td>{{ one.worker }}{% if loop.first %} (this page's){% endif %}</td>
            <td>{{ "{:,.1f}".format(one.stats.uptime / 3600) }}</td><td>{{ one.stats.connected }}</td>
            <td>{{ one.stats.sessions }}</td><td>{{ one.ops_per_minute }}</td><td>{{ one.stats.queue }}</td>
            <td>{{ one.stats.ops.failed }}</td><td>{{ "{:,.1f}".format(1000 * one.stats.store_latency) }}</td>
            </tr>
            {% endfor %}</tbody></table></div>
            <h2>Closed connections</h2>
            <table id="closes">
            <thead><tr><th scope="col">Reason</th><th scope="col">Connections</th></tr></thead>
            <tbody>{% for reason, count in overview.closes if count %}
            <tr data-key="{{ reason }}"><td>{{ reason }}</td><td>{{ "{:,}".format(count) }}</td></tr>
            {% endfor %}</tbody></table>
            </main></body>
            </html>
            """
        )
        overview: Overview = loaded()
        store: str = loaded()
        broker: str = loaded()
        at: str = loaded()

        async def load(self) -> None:
            await reports.request()
            store, broker = await health.measure()
            self.store, self.broker = _latency(store), _latency(broker)
            self.overview = Overview([reports.own(), *reports.others()])
            self.at = f"{datetime.now(UTC):%H:%M:%S}"

        @every(SECONDS)
        async def look_again(self) -> None:
            refresh()

    return Dashboard


def _latency(measured: Mapping[str, Any] | None) -> str:
    if measured is None:
        return "–"
    return f"{measured['latency_ms']} ms" if measured["reachable"] else "unreachable"
