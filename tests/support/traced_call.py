"""One operator's call through hub and agent, traced to a collector; run as a program of its own.

The provider of traces is one per process, so other tests must not get it. Prints the spans as JSON.
"""

import asyncio
import json
import sys
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from support.agent_site import start_site, write_site
from support.market import EVENING, GATE, NOON, make_market
from support.serving import bearer, served

from vpp.foundation.tracing import TRACE_PARENT, follow_traces, span, trace_parent
from vpp.rpc.wire.time_fields import interval_message, timestamp
from vpp.v1.auction_pb2 import CreateAuctionRequest
from vpp.v1.auction_pb2_grpc import AuctionServiceStub


class Collector(TraceServiceServicer):
    """Keeps what is sent to it."""

    def __init__(self) -> None:
        self.spans: list[dict[str, str]] = []

    def Export(self, request: ExportTraceServiceRequest, context: Any) -> ExportTraceServiceResponse:  # noqa: ANN401, ARG002, N802  the wire's
        for resource in request.resource_spans:
            service = {one.key: one.value.string_value for one in resource.resource.attributes}[
                "service.name"
            ]
            for scope in resource.scope_spans:
                self.spans += [
                    {
                        "service": service,
                        "name": one.name,
                        "trace": one.trace_id.hex(),
                        "id": one.span_id.hex(),
                        "parent": one.parent_span_id.hex(),
                    }
                    for one in scope.spans
                ]
        return ExportTraceServiceResponse()


async def call_and_apply(folder: Path) -> str:
    """Open an auction as an operator, let the site's agent hold the invitation; returns the trace."""
    market = make_market(folder)
    market.enrol("a", days=1)
    settings = write_site(folder / "site", site__site_id="a")
    async with served(market, folder) as serving:
        stream = serving.agent("agent-a")
        welcome = await stream.hello(market, "a")
        request = CreateAuctionRequest(auction_id="evening")
        auction = request.auction
        auction.product, auction.zone = "products/example-peak-shaving", "north"
        auction.delivery_interval.CopyFrom(interval_message(EVENING))
        auction.target_reduction_kw.extend([150.0] * 8)
        auction.cap_price_per_mwh.currency_code, auction.cap_price_per_mwh.units = "GBP", 2000
        auction.gate_closure_time.CopyFrom(timestamp(GATE))
        with span("operator"):
            parent = trace_parent()
            metadata = (*bearer("operator"), (TRACE_PARENT, parent))
            await AuctionServiceStub(serving.channel).CreateAuction(request, metadata=metadata, timeout=20)
        with start_site(settings, NOON) as site:
            site.agent.receive(welcome, NOON)
            answers = site.agent.receive(await stream.next(), NOON)
        for answer in answers:
            await stream.call.write(answer)
        acknowledged = "vpp_hub_delivery_seconds_count"
        while not serving.hub.prepared.metrics.count(acknowledged, kind="invitation"):  # noqa: ASYNC110  a count
            await asyncio.sleep(0.01)  # noqa: TID251  another task of this loop is waited for
        stream.call.cancel()
    return parent.split("-")[1]


def main() -> None:
    """Collect, call, and print."""
    collector = Collector()
    server = grpc.server(futures.ThreadPoolExecutor(1))
    add_TraceServiceServicer_to_server(collector, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    stop = follow_traces("vpp-test", f"http://127.0.0.1:{port}")
    trace = asyncio.run(call_and_apply(Path(sys.argv[1])))
    stop()
    server.stop(0)
    print(json.dumps({"trace": trace, "spans": collector.spans}))  # noqa: T201  its output


if __name__ == "__main__":
    main()
