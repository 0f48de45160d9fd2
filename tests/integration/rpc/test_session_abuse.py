"""What agents do badly is refused with a typed answer, changes nothing, and touches nobody else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from support.generous import NO_RATES
from support.market import GATE, NOON, Market
from support.serving import QUICK, AgentStream, Served, served

from vpp.foundation.clock import pause
from vpp.rpc.wire.time_fields import timestamp
from vpp.v1 import event_pb2
from vpp.v1 import session_pb2 as pb
from vpp.v1.session_pb2_grpc import SessionServiceStub

IMPATIENT = QUICK.model_copy(
    update={
        "write_deadline": timedelta(milliseconds=300),
        "max_pending_messages": 100_000,
        "max_streams_per_principal": 3,
    }
)


@pytest.fixture
async def impatient(two_sites: Market, tmp_path: Path) -> AsyncIterator[Served]:
    async with served(two_sites, tmp_path, IMPATIENT, NO_RATES) as serving:
        yield serving


async def welcomed(hub: Served, token: str, site_id: str) -> AgentStream:
    stream = hub.agent(token)
    assert (await stream.hello(hub.market, site_id)).HasField("welcome")
    return stream


async def still_served(agent: AgentStream) -> None:
    await agent.send(heartbeat=pb.Heartbeat(agent_time=timestamp(NOON)))
    assert (await agent.next()).HasField("heartbeat")


async def test_a_stranger_is_sent_away_before_it_says_a_word(impatient: Served) -> None:
    agent = await welcomed(impatient, "agent-b", "b")
    for token in (None, "nobody", ""):
        stream = SessionServiceStub(impatient.channel).Connect(
            metadata=() if token is None else (("authorization", f"Bearer {token}"),)
        )
        assert await stream.code() is grpc.StatusCode.UNAUTHENTICATED
    assert len(impatient.hub.registry) == 1
    await still_served(agent)


async def test_two_who_claim_one_site_are_told_apart_by_who_they_are(impatient: Served) -> None:
    owner = await welcomed(impatient, "agent-a", "a")
    thief = impatient.agent("agent-b")
    await thief.send(hello=pb.Hello(site="sites/a", agent_time=timestamp(NOON)))
    code, _ = await thief.end()
    assert code is grpc.StatusCode.PERMISSION_DENIED
    await still_served(owner)


async def test_a_thousand_streams_of_one_caller_keep_nobody_else_out(impatient: Served) -> None:
    agent = await welcomed(impatient, "agent-b", "b")
    channels = [
        grpc.aio.insecure_channel(impatient.address, options=[("grpc.use_local_subchannel_pool", 1)])
        for _ in range(10)
    ]
    metadata = (("authorization", "Bearer agent-a"),)
    streams = [SessionServiceStub(channels[n % 10]).Connect(metadata=metadata) for n in range(1000)]
    refused = [stream for stream in streams if await ended(stream)]
    assert len(refused) == 997
    codes = {await stream.code() for stream in refused}
    assert codes == {grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert "agent-a has 3 streams open, expected at most 3" in str(await refused[0].details())
    await still_served(agent)
    for stream in streams:
        stream.cancel()
    await asyncio.gather(*(channel.close() for channel in channels))
    async with asyncio.timeout(20):  # what is closed counts no more
        while True:
            again = impatient.agent("agent-a")
            try:
                await again.hello(impatient.market, "a")
            except AssertionError:
                await pause(0.05)
            else:
                break
    await still_served(again)


async def ended(stream: object) -> bool:
    """Wait a moment for the hub to end a stream."""
    call: grpc.aio.StreamStreamCall[pb.ConnectRequest, pb.ConnectResponse] = stream  # type: ignore[assignment]  # so
    try:
        async with asyncio.timeout(0.5 if call.done() else 2):
            await call.code()
    except TimeoutError:
        return False
    return True


BAD: dict[str, tuple[dict[str, object], str, str]] = {
    "acknowledgement of what was never sent": (
        {"acknowledgement": pb.Acknowledgement(held_sequence=99)},
        "INVALID_INPUT",
        "held_sequence is 99",
    ),
    "acknowledgement from the future": (
        {"acknowledgement": pb.Acknowledgement(held_sequence=2**63 - 1)},
        "INVALID_INPUT",
        "expected at most",
    ),
    "acknowledgement of nothing": (
        {"acknowledgement": pb.Acknowledgement(held_sequence=0)},
        "INVALID_INPUT",
        "expected at least 1",
    ),
    "another's instruction": (
        {
            "instruction_status": pb.InstructionStatus(
                instruction="instructions/evening-m0-b",
                state=event_pb2.Instruction.STATE_ACCEPTED,
                status_time=timestamp(GATE),
            )
        },
        "NOT_FOUND",
        "instructions/evening-m0-b does not exist",
    ),
    "an unknown instruction": (
        {
            "instruction_status": pb.InstructionStatus(
                instruction="instructions/nothing",
                state=event_pb2.Instruction.STATE_ACCEPTED,
                status_time=timestamp(GATE),
            )
        },
        "NOT_FOUND",
        "instructions/nothing does not exist",
    ),
    "a step that there is not": (
        {
            "instruction_status": pb.InstructionStatus(
                instruction="instructions/evening-m0-a",
                state=event_pb2.Instruction.STATE_COMPLETED,
                status_time=timestamp(GATE),
            )
        },
        "WRONG_STATE",
        "cannot become COMPLETED",
    ),
    "leaving an unknown event": (
        {"opt_out": pb.OptOut(event="events/nothing", reason=event_pb2.Instruction.REASON_MAINTENANCE)},
        "NOT_FOUND",
        "events/nothing does not exist",
    ),
    "leaving without a reason": ({"opt_out": pb.OptOut(event="events/evening")}, "INVALID_INPUT", "opt_out"),
    "an empty message": ({}, "INVALID_INPUT", "message"),
}


@pytest.mark.parametrize(("message", "reason", "text"), BAD.values(), ids=BAD.keys())
async def test_a_bad_message_is_refused_and_changes_nothing(
    impatient: Served, message: dict[str, object], reason: str, text: str
) -> None:
    market = impatient.market
    market.open_auction(300.0)
    market.bid("a", 150.0, "50")
    market.bid("b", 150.0, "60")
    market.advance(GATE)
    before = [stored.state for stored in market.instructions()]
    agent, other = await welcomed(impatient, "agent-a", "a"), await welcomed(impatient, "agent-b", "b")
    for stream in (agent, other):
        assert [(await stream.next()).delivery.sequence for _ in range(3)] == [1, 2, 3]
    await agent.send(**message)
    refusal = (await agent.next()).refusal
    assert refusal.reason == reason
    assert text in refusal.detail
    assert [stored.state for stored in market.instructions()] == before
    with market.units(write=False) as uow:
        assert len(uow.outbox.open_all(["a", "b"])) == 6
    await still_served(agent)
    await still_served(other)


async def test_an_agent_that_does_not_read_is_cut_and_the_others_go_on(impatient: Served) -> None:
    """The flood fills every buffer on the way; then one message is not taken within the deadline."""
    slow, quick = await welcomed(impatient, "agent-a", "a"), await welcomed(impatient, "agent-b", "b")
    session = impatient.hub.registry.get("a")
    assert session is not None
    flood = pb.ConnectResponse(refusal=pb.Refusal(detail="x" * 10_000))
    async with asyncio.timeout(20):
        while impatient.hub.registry.get("a") is session:
            session.push([flood] * 20)  # type: ignore[attr-defined]  # a stream, which can
            await still_served(quick)
    assert impatient.hub.registry.get("b") is not None
    await still_served(quick)
    slow.call.cancel()
