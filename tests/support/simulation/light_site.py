"""A site whose agent keeps the agent's promises and nothing else: for days of a thousand sites.

It speaks the same messages, holds what it is told before it acknowledges, owes statuses and readings
until they are proved to be held, and acts once. Its plant is a flat load less what it delivers.
"""

import asyncio
import math
import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import grpc
from support.simulation.ledger import FINAL, Ledger
from support.simulation.light_memory import Character, LightMemory
from support.simulation.network import Network, SimulatedChannel
from support.simulation.process import Process
from support.simulation.sim_clock import SimClock

from vpp.agent.bidding import request_id as bid_request_id
from vpp.agent.delivered import Cancelled, delivered
from vpp.agent.held_instruction import HeldInstruction
from vpp.agent.outbox import Batch, Status
from vpp.agent.settings import floor_to_grid
from vpp.agent.wire import set_money, timestamp
from vpp.foundation.clock import pause
from vpp.v1 import auction_pb2, session_pb2
from vpp.v1.auction_pb2_grpc import AuctionServiceStub
from vpp.v1.session_pb2_grpc import SessionServiceStub

QUARTER = timedelta(minutes=15)
BATTERY_KW = 200.0
LOAD_KW = 1000.0
LONGEST_BACK_OFF_S = 30.0


class LightSite:
    """A site that can be killed and started again; its memory stays."""

    def __init__(  # noqa: PLR0913, PLR0917  one argument per thing it needs
        self,
        site_id: str,
        epoch: datetime,
        network: Network,
        ledger: Ledger,
        seed: int,
        memory: LightMemory,
        character: Character,
    ) -> None:
        self.site_id = site_id
        self.step = QUARTER
        self.clock = SimClock(epoch)
        self.network = network
        self.ledger = ledger
        self.memory = memory
        self.character = character
        self.process: Process | None = None
        self.death_count = 0
        self.forgot_count = 0
        self._seed = seed
        self._rng = random.Random(f"{site_id}/{seed}/waits")
        self._phase = random.Random(site_id).uniform(0.0, 6.0)
        self._outgoing: list[session_pb2.ConnectRequest] = []
        self._filled = asyncio.Event()
        self._beats: list[tuple[datetime, int]] = []
        self._is_welcomed = False
        self._opt_outs: list[str] = []

    def start(self) -> None:
        """Start as a new process would: from its memory."""
        self._is_welcomed = False
        self._outgoing, self._beats = [], []
        self._filled = asyncio.Event()
        self.process = Process(self.site_id)
        self.process.spawn(self._live(), name=f"{self.site_id} lives")
        self.process.spawn(self._sessions(), name=f"{self.site_id} talks")

    @property
    def is_alive(self) -> bool:
        """Whether the agent runs."""
        return self.process is not None and self.process.is_alive

    def kill(self) -> None:
        """Let the agent die without a word."""
        if self.process is not None and self.process.is_alive:
            self.death_count += 1
            self.process.kill()
        self.network.client_died(self.site_id)

    @property
    def owed(self) -> int:
        """How much it still owes the hub."""
        return len(self.memory.statuses) + len(self.memory.batches)

    @property
    def held_sequence(self) -> int:
        """Up to where it holds deliveries."""
        return self.memory.deliveries.held

    def metered(self, since: datetime, until: datetime) -> dict[datetime, float]:
        """Return what it metered; only whether it is there is compared."""
        count = (until - since) // self.step
        return {since + n * self.step: math.nan for n in range(count)}

    def _dice(self, what: str, subject: str) -> float:
        """Decide by what is asked, so that a site gives the same answer again."""
        return random.Random(f"{self._seed}/{self.site_id}/{what}/{subject}").random()

    # What happens at the site, with or without the hub.

    async def _live(self) -> None:
        at = floor_to_grid(self.clock.now(), self.step)
        while True:
            self._send(self._advance(at))
            at += self.step
            await self.clock.sleep_until(at)
            at = max(at, floor_to_grid(self.clock.now(), self.step))

    def _advance(self, at: datetime) -> list[session_pb2.ConnectRequest]:
        statuses = []
        for instruction_id, held in tuple(self.memory.instructions.items()):
            said = self.memory.said.get(instruction_id, "")
            if said in FINAL or not said:
                continue
            if at >= held.delivery.end:
                statuses.append(self._say(instruction_id, "COMPLETED" if said == "STARTED" else "ABORTED"))
            elif at >= held.delivery.start and said != "STARTED":
                statuses.append(self._say(instruction_id, "STARTED"))
                self.ledger.acts_on(self.site_id, instruction_id, self.clock.true_now, self.step)
            elif said == "STARTED" and self._dice("abort", instruction_id) < self.character.abort_ratio:
                statuses.append(self._say(instruction_id, "ABORTED"))
        return [*(status.request() for status in statuses), *self._meter(at)]

    def _say(self, instruction_id: str, state: str, accepted_kw: float = 0.0) -> Status:
        memory = self.memory
        memory.status_count += 1
        reason = {
            "REFUSED": "RESOURCE_UNAVAILABLE",
            "ABORTED": "RESOURCE_UNAVAILABLE",
            "PARTIAL": "SITE_LIMIT",
        }
        status = Status(
            memory.status_count,
            f"instructions/{instruction_id}",
            state,
            reason.get(state, "UNSPECIFIED"),
            "",
            accepted_kw,
            self.clock.now(),
        )
        memory.statuses[status.number] = status
        memory.said[instruction_id] = state
        self.ledger.says(self.site_id, instruction_id, state)
        return status

    def _meter(self, at: datetime) -> list[session_pb2.ConnectRequest]:
        memory = self.memory
        since = at - self.step if memory.metered_until is None else memory.metered_until
        count = (at - since) // self.step
        if count <= 0:
            return []
        values = tuple(self._net_kw(since + n * self.step) for n in range(count))
        memory.batch_sequence += 1
        batch = Batch(memory.batch_sequence, since, self.step, values)
        memory.batches[batch.sequence] = batch
        memory.metered_until = batch.end
        return [session_pb2.ConnectRequest(telemetry=batch.message())]

    def _net_kw(self, at: datetime) -> float:
        hour = at.hour + at.minute / 60
        load_kw = LOAD_KW * (1.0 + 0.1 * math.sin(hour / 24.0 * math.tau + self._phase))
        shed_kw = sum(
            held.target_reduction_kw[held.interval_at(at)]
            for instruction_id, held in self.memory.instructions.items()
            if at in held.delivery and self.memory.said.get(instruction_id) == "STARTED"
        )
        return load_kw - min(shed_kw, BATTERY_KW * 2)

    # The session.

    def _send(self, requests: list[session_pb2.ConnectRequest]) -> None:
        if self._is_welcomed and requests:
            self._outgoing += requests
            self._filled.set()

    async def _sessions(self) -> None:
        attempt = 0
        while True:
            channel: Any = SimulatedChannel(self.network, self.site_id)
            try:
                async with asyncio.TaskGroup() as group:
                    call = SessionServiceStub(channel).Connect(metadata=self._metadata)
                    await call.write(self._hello())
                    group.create_task(self._read(call, group, channel))
                    group.create_task(self._write(call))
            except* grpc.aio.AioRpcError:
                pass
            finally:
                attempt = 0 if self._is_welcomed else attempt + 1
                self._is_welcomed = False
                await channel.close()
            await pause(self._rng.uniform(0.5, min(LONGEST_BACK_OFF_S, 4.0 * 2**attempt)))

    @property
    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self.site_id}"),)

    def _hello(self) -> session_pb2.ConnectRequest:
        self._outgoing.clear()
        self._beats.clear()
        return session_pb2.ConnectRequest(
            hello=session_pb2.Hello(
                site=f"sites/{self.site_id}",
                resume_sequence=self.memory.deliveries.held,
                agent_version="light/1",
                agent_time=timestamp(self.clock.now()),
            )
        )

    async def _write(self, call: Any) -> None:  # noqa: ANN401
        while True:
            while not self._outgoing:
                self._filled.clear()
                await self._filled.wait()
            await call.write(self._outgoing.pop(0))

    async def _beat(self, interval: timedelta) -> None:
        while True:
            await pause(interval.total_seconds())
            self._beats.append((self.clock.now(), self.memory.status_count))
            beat = session_pb2.Heartbeat(agent_time=timestamp(self.clock.now()))
            self._send([session_pb2.ConnectRequest(heartbeat=beat)])

    async def _read(self, call: Any, group: asyncio.TaskGroup, channel: Any) -> None:  # noqa: ANN401
        is_first = True
        while True:
            message = await call.read()
            if message is grpc.aio.EOF:
                raise grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE)
            match message.WhichOneof("message"):
                case "welcome":
                    self._welcomed(message.welcome)
                    group.create_task(self._beat(message.welcome.heartbeat_interval.ToTimedelta()))
                    self._bid(group, channel)
                case "delivery":
                    self._send(self._deliver(message.delivery, first_of_session=is_first))
                    is_first = False
                    self._bid(group, channel)
                case "telemetry_acknowledgement":
                    held = message.telemetry_acknowledgement.held_sequence
                    self.memory.batches = {n: one for n, one in self.memory.batches.items() if n > held}
                case "heartbeat":
                    at = message.heartbeat.agent_time.ToDatetime(tzinfo=self.clock.now().tzinfo)
                    while self._beats and self._beats[0][0] <= at:
                        _, number = self._beats.pop(0)
                        kept = {n: one for n, one in self.memory.statuses.items() if n > number}
                        self.memory.statuses = kept

    def _welcomed(self, welcome: session_pb2.Welcome) -> None:
        self._is_welcomed = True
        held = welcome.telemetry_sequence
        self.memory.batches = {n: one for n, one in self.memory.batches.items() if n > held}
        self.memory.batch_sequence = max(self.memory.batch_sequence, held)
        self._send([status.request() for status in self.memory.statuses.values()])
        self._send(
            [session_pb2.ConnectRequest(telemetry=one.message()) for one in self.memory.batches.values()]
        )

    def _deliver(
        self, delivery: session_pb2.Delivery, *, first_of_session: bool
    ) -> list[session_pb2.ConnectRequest]:
        if delivery.WhichOneof("content") == "signed_delivery":
            delivery = session_pb2.Delivery.FromString(delivery.signed_delivery.delivery)
        is_new = self.memory.deliveries.admit(delivery.sequence, first_of_session=first_of_session)
        if not is_new and self.character.is_forgetful and delivery.WhichOneof("content") == "instruction":
            self.forgot_count += 1
            self.memory.said.pop(delivery.instruction.name.removeprefix("instructions/"), None)
            is_new = True
        statuses = self._apply(delivery) if is_new else []
        self.ledger.held.add((self.site_id, delivery.sequence))
        held = session_pb2.Acknowledgement(held_sequence=self.memory.deliveries.held)
        acknowledgement = session_pb2.ConnectRequest(acknowledgement=held)
        answers = [status.request() for status in statuses]
        return [acknowledgement, *answers] if self.memory.deliveries.held else answers

    def _apply(self, delivery: session_pb2.Delivery) -> list[Status]:
        match delivered(delivery):
            case HeldInstruction() as held:
                return self._instructed(held)
            case Cancelled(event, _, modification_number):
                for instruction_id, held in tuple(self.memory.instructions.items()):
                    if held.event == event and held.modification_number < modification_number:
                        del self.memory.instructions[instruction_id]
        if delivery.WhichOneof("content") == "invitation":
            self._invited(delivery.invitation)
        return []

    def _instructed(self, held: HeldInstruction) -> list[Status]:
        instruction_id = held.name.removeprefix("instructions/")
        newer = [
            other
            for other in self.memory.instructions.values()
            if other.event == held.event and other.modification_number > held.modification_number
        ]
        if newer:
            return []
        older = [
            key
            for key, other in self.memory.instructions.items()
            if other.event == held.event and other.modification_number < held.modification_number
        ]
        continues = any(self.memory.said.get(key) == "STARTED" for key in older)
        for key in older:
            del self.memory.instructions[key]
        self.memory.instructions[instruction_id] = held
        now = self.clock.now()
        is_late = now >= (held.delivery.end if continues else held.delivery.start)
        dice = self._dice("answer", instruction_id)
        character = self.character
        if is_late or dice < character.refuse_ratio:
            return [self._say(instruction_id, "REFUSED")]
        if dice < character.refuse_ratio + character.partial_ratio:
            return [self._say(instruction_id, "PARTIAL", 0.5 * max(held.target_reduction_kw))]
        return [self._say(instruction_id, "ACCEPTED")]

    # Bids.

    def _invited(self, invitation: session_pb2.Invitation) -> None:
        auction = invitation.auction.name
        bid = auction_pb2.Bid(
            resource=f"sites/{self.site_id}/resources/battery", auction=auction, delivery_ratio=0.95
        )
        for _ in invitation.auction.target_reduction_kw:
            step = bid.step_offer.intervals.add().steps.add()
            step.reduction_kw = 20.0 + 10.0 * round(self._dice("bid", auction) * 10)
            price = Decimal(round(50 + 200 * self._dice("price", auction)))
            set_money(step.price_per_mwh, price, "GBP")
        bid.energy_limit_kwh = 400.0
        request = auction_pb2.CreateBidRequest(bid=bid, request_id=bid_request_id(auction, bid.resource))
        self.memory.bids[request.request_id] = (request, False)

    def _bid(self, group: asyncio.TaskGroup, channel: Any) -> None:  # noqa: ANN401
        if any(not answered for _, answered in self.memory.bids.values()):
            group.create_task(self._send_bids(channel))

    async def _send_bids(self, channel: Any) -> None:  # noqa: ANN401
        for key, (request, is_answered) in tuple(self.memory.bids.items()):
            if is_answered:
                continue
            try:
                await AuctionServiceStub(channel).CreateBid(request, metadata=self._metadata, timeout=30.0)
            except grpc.aio.AioRpcError as error:
                if error.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}:
                    raise
                if error.code() in {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.ABORTED}:
                    continue  # asked again after the next message
            self.memory.bids[key] = (request, True)

    def opt_out(self, event: str) -> None:
        """Take the site out of an event that has not begun for it, as its owner may."""
        for instruction_id, held in self.memory.instructions.items():
            said = self.memory.said.get(instruction_id, "")
            if held.event == f"events/{event}" and said in {"ACCEPTED", "PARTIAL"}:
                self._send([self._say(instruction_id, "REFUSED").request()])
        reason = session_pb2.OptOut(event=f"events/{event}", reason_detail="the owner says no")
        self._send([session_pb2.ConnectRequest(opt_out=reason)])
