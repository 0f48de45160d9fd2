"""What belongs together across processes: spans, and the trace context that messages carry.

Only OpenTelemetry's interface is used here. Without `trace_export` nothing is recorded; a context that
came in is handed on all the same, so that a hub without traces does not cut those of others.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from opentelemetry import trace
from opentelemetry.context import get_current
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from vpp.foundation.errors import InvalidInput

TRACE_PARENT = "traceparent"
"""Key of gRPC metadata under which the context travels, as in W3C Trace Context."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PROPAGATOR = TraceContextTextMapPropagator()


@contextmanager
def span(name: str, parent: str = "", **attributes: str) -> Iterator[None]:
    """Record what happens inside as one span, within the present one or as a child of `parent`.

    Args:
        name: What happens, such as `auction.close_gate`.
        parent: Trace context of another process, as `trace_parent` gave it there; empty or malformed
            for the present span.
        attributes: What it is about: names of event, site or instruction.

    Example:
        >>> with span("deliver", parent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"):
        ...     trace_parent()
        '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
        >>> with span("deliver", parent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"):
        ...     with span("apply", parent="nonsense"):
        ...         trace_parent()
        '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    """
    context = _PROPAGATOR.extract({TRACE_PARENT: parent}, get_current()) if parent else None
    tracer = trace.get_tracer("vpp")
    with tracer.start_as_current_span(
        name, context=context, attributes={f"vpp.{key}": value for key, value in attributes.items()}
    ):
        yield


def past_span(name: str, parent: str, start: datetime, end: datetime, **attributes: str) -> None:
    """Record what has happened meanwhile, such as a message under way, as a child of `parent`.

    Args:
        name: What happened.
        parent: Trace context of what it belongs to; without one nothing is recorded.
        start: When it began, in the machine's time, aware UTC.
        end: When it ended, likewise.
        attributes: What it is about.
    """
    if not parent:
        return
    begun = trace.get_tracer("vpp").start_span(
        name,
        context=_PROPAGATOR.extract({TRACE_PARENT: parent}),
        attributes={f"vpp.{key}": value for key, value in attributes.items()},
        start_time=_nanoseconds(start),
    )
    begun.end(end_time=_nanoseconds(end))


def _nanoseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1) * 1000


def trace_parent() -> str:
    """Return the present span's trace context for a message to carry; empty without one.

    Example:
        >>> trace_parent()
        ''
    """
    carrier: dict[str, str] = {}
    if trace.get_current_span().get_span_context().is_valid:
        _PROPAGATOR.inject(carrier)
    return carrier.get(TRACE_PARENT, "")


def follow_traces(service: str, endpoint: str | None) -> Callable[[], None]:
    """Send spans to a collector from now on, if there is one.

    Args:
        service: The process's name in traces.
        endpoint: The collector's address for OTLP over gRPC; None for no traces, which costs nothing.

    Returns:
        What sends the rest and ends.

    Raises:
        InvalidInput: The extra `tracing` is not installed.
    """
    if endpoint is None:
        return lambda: None
    try:
        from vpp.foundation.trace_export import send_traces  # noqa: PLC0415  needs an extra, and is slow to load
    except ImportError as error:
        raise InvalidInput(
            f"traces to {endpoint} need the extra: pip install vpp[tracing]", endpoint=endpoint
        ) from error
    return send_traces(service, endpoint)
