"""Spans and metrics, as OpenTelemetry's own SDK sees them."""

from __future__ import annotations

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from liveactions import Live, Page, Pages, action
from liveactions.otel import OpenTelemetry
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
<form method="post" action="{{ crash }}"><button>Crash</button></form>"""
}


@pytest.fixture
def reader() -> InMemoryMetricReader:
    return InMemoryMetricReader()


@pytest.fixture
def live(reader: InMemoryMetricReader) -> Live:
    exporter.clear()
    return small_app(pages, TEMPLATES, observer=OpenTelemetry(provider, MeterProvider([reader])))


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
