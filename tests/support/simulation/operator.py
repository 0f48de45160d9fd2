"""An operator who calls events through the real API and asks again, with the same id, until answered."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from support.simulation.network import Network, SimulatedChannel

from vpp.agent.wire import set_money, timestamp
from vpp.foundation.clock import pause
from vpp.foundation.interval import Interval
from vpp.v1 import auction_pb2, event_pb2
from vpp.v1.auction_pb2_grpc import AuctionServiceStub
from vpp.v1.event_pb2_grpc import EventServiceStub

ASK_AGAIN = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.CANCELLED,
    }
)
PATIENCE = 400


@dataclass
class Operator:
    """The grid operator. Never crashes; what it was told it remembers.

    Attributes:
        accepted: Names that the hub has answered with.
        refused: Requests that the hub has refused, with the reason.
    """

    network: Network
    note: Callable[..., None]
    accepted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    async def _ask(self, stub: Any, method: str, request: Any) -> Any:  # noqa: ANN401
        for attempt in range(PATIENCE):
            channel: Any = SimulatedChannel(self.network, "operator")
            try:
                answer = await getattr(stub(channel), method)(
                    request, metadata=(("authorization", "Bearer operator"),), timeout=20.0
                )
            except grpc.aio.AioRpcError as error:
                if error.code() not in ASK_AGAIN:
                    self.refused.append(f"{method} {error.code().name} {error.details()}")
                    self.note("refused", method, error.code().name)
                    return None
                await pause(min(30.0, 0.5 * 2**attempt))
            else:
                self.note("answered", method, getattr(answer, "name", ""))
                return answer
            finally:
                await channel.close()
        self.refused.append(f"{method} had no answer after {PATIENCE} attempts")
        return None

    async def open_auction(self, name: str, delivery: Interval, gate: datetime, target_kw: float) -> None:
        """Open a day-ahead auction."""
        auction = auction_pb2.Auction(product="products/example-peak-shaving", zone="north")
        _span(auction.delivery_interval, delivery)
        auction.target_reduction_kw.extend([target_kw] * (delivery.duration // timedelta(minutes=15)))
        set_money(auction.cap_price_per_mwh, Decimal(2000), "GBP")
        auction.gate_closure_time.CopyFrom(timestamp(gate))
        request = auction_pb2.CreateAuctionRequest(
            auction=auction, auction_id=name, request_id=_id("open", name)
        )
        if await self._ask(AuctionServiceStub, "CreateAuction", request) is not None:
            self.accepted.append(name)

    async def call(self, name: str, delivery: Interval, target_kw: float, purpose: str = "MARKET") -> None:
        """Create an emergency event, or order one."""
        event = event_pb2.Event(product="products/example-emergency", zone="north")
        event.purpose = event_pb2.Event.Purpose.Value(f"PURPOSE_{purpose}")
        _span(event.delivery_interval, delivery)
        event.target_reduction_kw.extend([target_kw] * (delivery.duration // timedelta(minutes=15)))
        set_money(event.cap_price_per_mwh, Decimal(2500), "GBP")
        request = event_pb2.CreateEventRequest(event=event, event_id=name, request_id=_id("call", name))
        if await self._ask(EventServiceStub, "CreateEvent", request) is not None:
            self.accepted.append(name)

    async def lower(self, name: str, ratio: float, request_id: str) -> None:
        """Lower an event's target from its newest revision."""
        for _ in range(20):
            event = await self._event(name)
            if event is None:
                return
            changed = event_pb2.Event()
            changed.CopyFrom(event)
            changed.target_reduction_kw[:] = [kw * ratio for kw in event.target_reduction_kw]
            mask = FieldMask(paths=["target_reduction_kw"])
            request = event_pb2.UpdateEventRequest(
                event=changed, update_mask=mask, request_id=_id("change", request_id)
            )
            if await self._ask_once(EventServiceStub, "UpdateEvent", request):
                return

    async def end_early(self, name: str, end: datetime, request_id: str) -> None:
        """End an event earlier."""
        event = await self._event(name)
        if event is None:
            return
        changed = event_pb2.Event()
        changed.CopyFrom(event)
        changed.etag = ""
        changed.delivery_interval.end_time.CopyFrom(timestamp(end))
        mask = FieldMask(paths=["delivery_interval"])
        request = event_pb2.UpdateEventRequest(
            event=changed, update_mask=mask, request_id=_id("change", request_id)
        )
        await self._ask(EventServiceStub, "UpdateEvent", request)

    async def cancel(self, name: str) -> None:
        """Withdraw an event."""
        request = event_pb2.CancelEventRequest(name=f"events/{name}", request_id=_id("cancel", name))
        await self._ask(EventServiceStub, "CancelEvent", request)

    async def _event(self, name: str) -> Any:  # noqa: ANN401
        return await self._ask(EventServiceStub, "GetEvent", event_pb2.GetEventRequest(name=f"events/{name}"))

    async def _ask_once(self, stub: Any, method: str, request: Any) -> bool:  # noqa: ANN401
        """Ask until answered or refused; False if another revision came first and it must be read again."""
        channel: Any = SimulatedChannel(self.network, "operator")
        try:
            await getattr(stub(channel), method)(
                request, metadata=(("authorization", "Bearer operator"),), timeout=20.0
            )
        except grpc.aio.AioRpcError as error:
            if error.code() in ASK_AGAIN:
                await pause(5.0)
                return False
            self.refused.append(f"{method} {error.code().name} {error.details()}")
        finally:
            await channel.close()
        return True


def _id(*parts: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)))


def _span(message: Any, span: Interval) -> None:  # noqa: ANN401
    start, end = Timestamp(), Timestamp()
    start.FromDatetime(span.start)
    end.FromDatetime(span.end)
    message.start_time.CopyFrom(start)
    message.end_time.CopyFrom(end)
