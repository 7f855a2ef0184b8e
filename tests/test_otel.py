"""Spans and metrics, as OpenTelemetry's own SDK sees them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Sequence
from types import SimpleNamespace

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from liveactions import Live, Page, Pages, action, observation
from liveactions.observation import Operation
from liveactions.otel import OpenTelemetry
from liveactions.session.op_queue import ServerOp
from liveactions.store import MemoryStore
from liveactions.store.base import ClaimedRow, JournalRow, Row
from liveactions.testing import Browser as Visiting
from tests.support.asgi import Tab, browser
from tests.support.small import small_app

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
pages = Pages()
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))


@pages.page("/")
class Counter(Page):
    template = "counter.html"
    count: int = 0
    text: str = ""

    @action
    async def fill(self) -> None:
        self.text = secrets.token_hex(4000)  # too long for the page's HTML

    @action
    async def add(self) -> None:
        with provider.get_tracer("shop").start_as_current_span("database"):
            self.count += 1

    @action
    async def crash(self) -> None:
        raise RuntimeError("broken")


TEMPLATES = {
    "counter.html": """<title>Counter</title><p>{{ count }}</p>
<form method="post" action="{{ add }}"><button>Add</button></form>
<form method="post" action="{{ fill }}"><button>Fill</button></form>
<form method="post" action="{{ crash }}"><button>Crash</button></form>"""
}


@pytest.fixture
def reader() -> InMemoryMetricReader:
    return InMemoryMetricReader()


@pytest.fixture
def live(reader: InMemoryMetricReader) -> Live:
    exporter.clear()
    return small_app(pages, TEMPLATES, observer=OpenTelemetry(provider, MeterProvider([reader])))


class SlowStore(MemoryStore):
    """Each write takes a second of a clock of its own."""

    now = 0.0

    @property
    def measured_time(self) -> SimpleNamespace:
        """The module `time`, whose performance counter is that clock."""
        return SimpleNamespace(perf_counter=lambda: self.now, monotonic=time.monotonic)

    async def put_many(self, rows: Iterable[Row]) -> None:
        self.now += 1
        await super().put_many(rows)

    async def once(self, key: str, ttl: float) -> bool:
        self.now += 1
        return await super().once(key, ttl)

    async def save_many(self, rows: Sequence[ClaimedRow]) -> list[bool]:
        self.now += 1
        return await super().save_many(rows)

    def save_now(self, rows: Sequence[JournalRow]) -> None:
        return None


def taken() -> list[ReadableSpan]:
    """The spans of the library that have ended since."""
    spans = [one for one in exporter.get_finished_spans() if one.name != "database"]
    exporter.clear()
    return spans


def value(span: ReadableSpan, name: str) -> object:
    assert span.attributes is not None
    return span.attributes[f"liveactions.{name}"]


async def test_one_span_on_each_way_in(live: Live) -> None:
    async with browser(live) as visitor:
        tab = await visitor.open("/")
        assert [one.name for one in taken()] == [f"get {__name__}.Counter"]
        await tab.join()
        assert [one.name for one in taken()] == [f"join {__name__}.Counter"]
        await tab.call("add")
        assert [one.name for one in taken()] == ["op Counter.add"]
        await visitor.http.post("/", data={"x": ""}, headers={"Live-Action": tab.signed("add")})
        assert [one.name for one in taken()] == ["call Counter.add"]
        content = {"hello": {**tab.hello, "token": None, "rev": 0, "op": 0}}
        content["ops"] = [[1, 0, 1, tab.signed("add"), []]]  # type: ignore[assignment]
        await visitor.http.post("/", json=content, headers={"Live-Ops": "1"})
        assert [one.name for one in taken()] == [
            f"join {__name__}.Counter",
            "op Counter.add",
            f"fetch {__name__}.Counter",
        ]
        (session,) = [one for one in live.sessions if one.connection is not None]

        def tick(page: Page) -> None:
            pass

        await session.push(tick)
        assert taken()[0].name.startswith("push ")
    async with Visiting(live, js=False) as visiting:
        page = await visiting.open("/")
        taken()
        await page.click("Add")
        assert [one.name for one in taken()] == ["post Counter.add", f"get {__name__}.Counter"]


async def test_attributes(live: Live) -> None:
    async with browser(live) as visitor:
        tab = await visitor.joined("/")
        taken()
        await tab.call("add")
        (span,) = taken()
        assert value(span, "page") == f"{__name__}.Counter" and value(span, "status") == 200
        assert value(span, "kind") == "op" and value(span, "action") == "Counter.add"
        for name in ("waited", "ran", "loaded", "rendered", "stored", "bytes"):
            assert value(span, name) > 0  # type: ignore[operator]
        assert span.status.status_code is StatusCode.UNSET


async def test_requests_tell_how_long_the_store_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    store = SlowStore()
    monkeypatch.setattr(observation, "time", store.measured_time)
    live = small_app(pages, TEMPLATES, store=store, observer=OpenTelemetry(provider))
    exporter.clear()
    async with Visiting(live, js=False) as visiting:
        page = await visiting.open("/")
        assert [_stored(one) for one in taken()] == [0]  # its state is in its HTML
        await page.click("Add")
        post, get = taken()
        assert (_stored(post), _stored(get)) == (2, 0)  # that it runs, and its answer with the state
        await page.click("Fill")
        post, get = taken()
        assert (_stored(post), _stored(get)) == (2, 1)  # the state that is too long for the HTML


async def test_a_fetch_tells_what_its_join_and_its_operations_have_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = SlowStore()
    monkeypatch.setattr(observation, "time", store.measured_time)
    live = small_app(pages, TEMPLATES, store=store, observer=OpenTelemetry(provider))
    async with browser(live) as visitor:
        tab = await visitor.open("/")
        taken()
        before = store.now
        content = {"hello": {**tab.hello, "token": None, "rev": 0, "op": 0}}
        content["ops"] = [[number, 0, 1, tab.signed("add"), []] for number in (1, 2)]  # type: ignore[assignment]
        await visitor.http.post("/", json=content, headers={"Live-Ops": "1"})
        spans = taken()
        assert [one.name.split()[0] for one in spans] == ["join", "op", "op", "fetch"]
        assert [_stored(one) for one in spans] == [1, 1, 1, store.now - before]


async def test_a_request_does_not_wait_for_the_pushes_that_it_causes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = SlowStore()
    monkeypatch.setattr(observation, "time", store.measured_time)
    live = small_app(pages, TEMPLATES, store=store, observer=OpenTelemetry(provider))
    async with browser(live) as visitor:
        tab = await visitor.joined("/")
        (session,) = live.sessions
        operation = Operation("get", "", {})
        with observation.observed([OpenTelemetry(provider)], operation):
            await session.call(ServerOp(lambda run: run.run_timer(lambda page: setattr(page, "count", 5))))
            await session.settled()
        await tab.receive()
        spans = {one.name.split()[0]: one for one in taken()}
        assert (_stored(spans["push"]), operation.stored) == (1, 0)


def _stored(span: ReadableSpan) -> float:
    assert span.attributes is not None
    return float(span.attributes.get("liveactions.stored", 0))  # type: ignore[arg-type]


async def test_what_an_action_does_is_within_its_span(live: Live) -> None:
    async with browser(live) as visitor:
        tab = await visitor.joined("/")
        exporter.clear()
        await tab.call("add")
        inner, outer = exporter.get_finished_spans()
        assert inner.parent is not None and outer.context is not None
        assert (inner.name, inner.parent.span_id) == ("database", outer.context.span_id)


async def test_errors(live: Live) -> None:
    async with browser(live) as visitor:
        tab = await visitor.joined("/")
        taken()
        await tab.call("crash")
        (span,) = taken()
        assert span.status.status_code is StatusCode.ERROR and value(span, "status") == 500
        (event,) = span.events
        assert event.attributes is not None and event.attributes["exception.message"] == "broken"


async def test_requests_continue_the_trace_of_their_headers(live: Live) -> None:
    async with browser(live) as visitor:
        await visitor.http.get("/", headers=TRACEPARENT)
        (span,) = taken()
        assert span.context is not None and format(span.context.trace_id, "032x") == TRACE
        assert span.parent is not None and span.parent.is_remote and span.kind is SpanKind.SERVER


async def test_ops_of_a_connection_are_linked_to_its_trace(live: Live) -> None:
    async with browser(live) as visitor:
        tab: Tab = await visitor.open("/")
        tab.socket = await visitor.socket(tab.address, TRACEPARENT)
        tab.token = (await tab.socket.ask(tab.hello))["token"]
        join = taken()[-1]
        assert join.context is not None and format(join.context.trace_id, "032x") == TRACE
        await tab.call("add")
        (op,) = taken()
        assert op.parent is None and op.context is not None and op.context.trace_id != join.context.trace_id
        assert [format(link.context.trace_id, "032x") for link in op.links] == [TRACE]


async def test_an_instrumentation_that_has_begun_a_span_is_the_parent(live: Live) -> None:
    async with browser(live) as visitor:
        with provider.get_tracer("asgi").start_as_current_span("request") as around:
            await visitor.http.get("/", headers=TRACEPARENT)
        span, _ = taken()
        assert span.parent == around.get_span_context() and span.kind is SpanKind.INTERNAL
        assert not trace.get_current_span().get_span_context().is_valid


async def test_metrics(live: Live, reader: InMemoryMetricReader) -> None:
    async with browser(live) as visitor:
        tab = await visitor.joined("/")
        await tab.call("add")
        await tab.call("add")
    found = reader.get_metrics_data()
    assert found is not None
    metrics = {one.name: one for one in found.resource_metrics[0].scope_metrics[0].metrics}
    assert metrics.keys() == {
        "liveactions.operation.duration",
        "liveactions.operation.phase.duration",
        "liveactions.operation.size",
    }
    counts = {
        (point.attributes["liveactions.kind"], point.attributes["liveactions.action"]): point.count  # type: ignore[union-attr, index]
        for point in metrics["liveactions.operation.duration"].data.data_points
    }
    assert counts == {("get", ""): 1, ("join", ""): 1, ("op", "Counter.add"): 2}
