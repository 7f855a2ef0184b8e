"""Traces and metrics by OpenTelemetry: ``pip install "liveactions[otel]"``, and
``live.observe(OpenTelemetry())``.

This only needs the API of OpenTelemetry. The application configures the SDK and its exporters.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from .observation import Operation

try:
    from opentelemetry import metrics, propagate, trace
    from opentelemetry.context import Context
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, TracerProvider
except ImportError as error:  # pragma: no cover
    raise ImportError("traces need OpenTelemetry: pip install 'liveactions[otel]'") from error

NAME: Final = "liveactions"
PHASES: Final = ("waited", "ran", "loaded", "rendered", "stored")


class OpenTelemetry:
    """An observer that makes a span of every operation, and measures the same as histograms.

    The span of a request or a join continues the trace that its headers name. Operations of an open page are
    traces of their own, linked to that of the connection, which may stay open for hours. If a span is
    current, such as that of an instrumentation for ASGI, it is the parent.

    The providers are the global ones by default.
    """

    def __init__(
        self, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        self._tracer = trace.get_tracer(NAME, tracer_provider=tracer_provider)
        meter = metrics.get_meter(NAME, meter_provider=meter_provider)
        self._duration = meter.create_histogram(
            "liveactions.operation.duration", "s", "How long operations take, without their time in the queue"
        )
        self._phases = meter.create_histogram(
            "liveactions.operation.phase.duration", "s", "How long the phases of operations take"
        )
        self._bytes = meter.create_histogram(
            "liveactions.operation.size", "By", "How much operations send to the browser"
        )

    @contextmanager
    def observe(self, operation: Operation) -> Iterator[None]:
        """Make the span of an operation current, and end it with its attributes."""
        is_root = not trace.get_current_span().get_span_context().is_valid
        context, links = None, []
        if is_root:
            incoming = propagate.extract(operation.headers)
            if operation.kind in ("op", "push"):
                context, links = Context(), _links(incoming)
            else:
                context = incoming
        kind = SpanKind.SERVER if is_root and operation.kind != "push" else SpanKind.INTERNAL
        with self._tracer.start_as_current_span(
            operation.kind, context=context, kind=kind, links=links
        ) as span:
            yield
            self._end(span, operation)

    def _end(self, span: Span, operation: Operation) -> None:
        labels: dict[str, str | int] = {
            "liveactions.kind": operation.kind,
            "liveactions.page": operation.page,
            "liveactions.action": operation.action,
            "liveactions.status": operation.status,
        }
        phases = {phase: seconds for phase in PHASES if (seconds := getattr(operation, phase))}
        span.update_name(f"{operation.kind} {operation.action or operation.page}".rstrip())
        span.set_attributes(labels)
        span.set_attributes({f"liveactions.{phase}": seconds for phase, seconds in phases.items()})
        span.set_attribute("liveactions.bytes", operation.bytes)
        if operation.error is not None:
            span.record_exception(operation.error)
        if operation.status >= 500 and operation.kind != "join":
            span.set_status(Status(StatusCode.ERROR))
        self._bytes.record(operation.bytes, labels)
        for phase, seconds in phases.items():
            self._phases.record(seconds, {**labels, "liveactions.phase": phase})
        self._duration.record(operation.seconds, labels)


def _links(incoming: Context) -> list[Link]:
    found = trace.get_current_span(incoming).get_span_context()
    return [Link(found)] if found.is_valid else []
