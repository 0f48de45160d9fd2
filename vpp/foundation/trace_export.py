"""Sends spans to a collector, where somebody has set one up. Needs the extra `tracing`.

Whoever does not send traces does not import this module.
"""

from collections.abc import Callable

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter


def send_traces(service: str, endpoint: str, *, insecure: bool = True) -> Callable[[], None]:
    """Record spans from now on and send them in batches, off the caller's path.

    Args:
        service: The process's name in traces: vpp-hub, vpp-agent, vpp-operator.
        endpoint: The collector's address for OTLP over gRPC, such as http://127.0.0.1:4317.
        insecure: Whether it is spoken to without TLS; an https address always has TLS.

    Returns:
        What sends the rest and ends; to be called before the process ends.
    """
    return record_spans(service, OTLPSpanExporter(endpoint=endpoint, insecure=insecure))


def record_spans(service: str, exporter: SpanExporter) -> Callable[[], None]:
    """Record spans from now on and hand them to an exporter, in batches.

    Returns:
        What hands over the rest and ends.
    """
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return provider.shutdown
