"""A site agent's stream: what it is owed comes until it is acknowledged, and readings are kept."""

from collections.abc import AsyncIterator
from datetime import timedelta

import grpc
import pytest
from support.market import EVENING, GATE, NOON, OPERATOR, Market
from support.serving import AgentStream, Served

from vpp.rpc.wire.time_fields import duration, timestamp
from vpp.v1 import event_pb2, session_pb2, telemetry_pb2
from vpp.v1.portfolio_pb2 import Site, UpdateSiteRequest
from vpp.v1.portfolio_pb2_grpc import PortfolioServiceStub
from vpp.workflows.modifying import cancel_event

FIVE = timedelta(minutes=5)


@pytest.fixture
async def agent(hub: Served) -> AsyncIterator[AgentStream]:
    """Site a's agent, welcomed."""
    stream = hub.agent("agent-a")
    answer = await stream.hello(hub.market, "a")
    assert answer.WhichOneof("message") == "welcome"
    yield stream
    stream.call.cancel()


def batch(sequence: int, *values_kw: float, minutes: int = 0) -> telemetry_pb2.TelemetryBatch:
    message = telemetry_pb2.TelemetryBatch(sequence=sequence, quality=telemetry_pb2.METER_QUALITY_OK)
    message.power_series.start_time.CopyFrom(timestamp(NOON + timedelta(minutes=minutes)))
    message.power_series.sample_interval.CopyFrom(duration(FIVE))
    message.power_series.net_power_kw.extend(values_kw)
    return message


def held_of(market: Market, site_id: str = "a") -> int:
    with market.units(write=False) as uow:
        return uow.telemetry.held_sequence(site_id)


async def test_the_welcome_says_where_to_go_on(hub: Served) -> None:
    stream = hub.agent("agent-a")
    welcome = (await stream.hello(hub.market, "a")).welcome
    assert welcome.hub_time == timestamp(NOON)
    assert welcome.telemetry_sequence == held_of(hub.market) > 0
    assert welcome.heartbeat_interval.seconds == 15
    assert len(hub.hub.registry) == 1
    await stream.call.done_writing()
    assert await stream.end() == (grpc.StatusCode.OK, "")
    assert len(hub.hub.registry) == 0


async def test_a_heartbeat_is_answered(hub: Served, agent: AgentStream) -> None:
    await agent.send(heartbeat=session_pb2.Heartbeat(agent_time=timestamp(hub.market.clock.now())))
    assert (await agent.next()).heartbeat.agent_time == timestamp(NOON)


async def test_another_first_message_is_refused(hub: Served) -> None:
    stream = hub.agent("agent-a")
    await stream.send(acknowledgement=session_pb2.Acknowledgement(held_sequence=1))
    code, text = await stream.end()
    assert (code, text) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "the first message is acknowledgement, expected hello",
    )


@pytest.mark.parametrize("site_id", ["b", "zzz"])
async def test_anothers_site_is_denied_as_an_absent_one_is(hub: Served, site_id: str) -> None:
    stream = hub.agent("agent-a")
    await stream.send(hello=session_pb2.Hello(site=f"sites/{site_id}", agent_time=timestamp(NOON)))
    code, text = await stream.end()
    assert code is grpc.StatusCode.PERMISSION_DENIED
    assert text.replace(site_id, "?") == "sites/? is not yours, or does not exist"


async def test_a_hello_that_breaks_the_rules_ends_the_stream(hub: Served) -> None:
    stream = hub.agent("agent-a")
    await stream.send(hello=session_pb2.Hello(site="site a"))
    code, text = await stream.end()
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert text.startswith("hello.")


async def test_a_second_hello_is_refused_and_the_session_goes_on(hub: Served, agent: AgentStream) -> None:
    refused = (await agent.hello(hub.market, "a")).refusal
    assert (refused.refused_message, refused.reason) == ("hello", "INVALID_INPUT")
    await agent.send(heartbeat=session_pb2.Heartbeat(agent_time=timestamp(NOON)))
    assert (await agent.next()).HasField("heartbeat")


async def test_a_newer_session_takes_the_olders_place(hub: Served, agent: AgentStream) -> None:
    newer = hub.agent("agent-a")
    assert (await newer.hello(hub.market, "a")).HasField("welcome")
    code, text = await agent.end()
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert "newer session" in text
    assert len(hub.hub.registry) == 1
    await newer.send(heartbeat=session_pb2.Heartbeat(agent_time=timestamp(NOON)))
    assert (await newer.next()).HasField("heartbeat")
    newer.call.cancel()


async def test_an_invitation_comes_when_the_auction_opens(hub: Served, agent: AgentStream) -> None:
    hub.market.open_auction()
    delivery = (await agent.next()).delivery
    assert delivery.sequence == 1
    assert delivery.invitation.auction.name == "auctions/evening"
    assert delivery.invitation.settlement_interval.seconds == 15 * 60
    assert delivery.invitation.auction.cap_price_per_mwh.currency_code == "GBP"


async def test_a_resumed_session_gets_what_it_does_not_hold(hub: Served, agent: AgentStream) -> None:
    hub.market.open_auction()
    hub.market.bid("a", 150.0, "50")
    hub.market.clock.advance_to(GATE)
    await hub.hub.ticker.tick()
    kinds = []
    for sequence in (1, 2, 3):
        delivery = (await agent.next()).delivery
        assert delivery.sequence == sequence
        kinds.append(delivery.WhichOneof("content"))
    assert kinds == ["invitation", "award_notice", "instruction"]
    agent.call.cancel()
    resumed = hub.agent("agent-a")
    await resumed.hello(hub.market, "a", resume_sequence=1)
    assert [(await resumed.next()).delivery.sequence for _ in range(2)] == [2, 3]
    # The resume token acknowledges: what it covers is closed for good.
    with hub.market.units(write=False) as uow:
        assert [message.sequence for message in uow.outbox.open("a")] == [2, 3]
    resumed.call.cancel()


async def test_a_token_from_the_future_is_refused(hub: Served) -> None:
    stream = hub.agent("agent-a")
    hello = session_pb2.Hello(site="sites/a", resume_sequence=7, agent_time=timestamp(NOON))
    await stream.send(hello=hello)
    code, text = await stream.end()
    assert (code, text) == (grpc.StatusCode.INVALID_ARGUMENT, "resume_sequence is 7, expected at most 0")


async def test_what_is_not_acknowledged_is_sent_again_after_a_while(hub: Served, agent: AgentStream) -> None:
    hub.market.open_auction()
    first = await agent.next()
    # The courier looks every 50 ms; it sends nothing twice before the time has come.
    await agent.send(heartbeat=session_pb2.Heartbeat(agent_time=timestamp(NOON)))
    assert (await agent.next()).HasField("heartbeat")
    hub.market.clock.advance_to(NOON + timedelta(seconds=38))
    again = (await agent.next()).delivery
    assert (again.sequence, again.invitation) == (first.delivery.sequence, first.delivery.invitation)
    assert again.issue_time == timestamp(NOON + timedelta(seconds=38))  # written again, not repeated
    await agent.send(acknowledgement=session_pb2.Acknowledgement(held_sequence=1))
    await agent.send(acknowledgement=session_pb2.Acknowledgement(held_sequence=1))  # a repeat changes nothing
    await agent.send(heartbeat=session_pb2.Heartbeat(agent_time=timestamp(NOON)))
    assert (await agent.next()).HasField("heartbeat")
    await hub.hub.sessions.drained()
    with hub.market.units(write=False) as uow:
        assert uow.outbox.open("a") == []


async def test_an_acknowledgement_of_the_unsent_is_refused(agent: AgentStream) -> None:
    await agent.send(acknowledgement=session_pb2.Acknowledgement(held_sequence=9))
    refused = (await agent.next()).refusal
    assert (refused.refused_message, refused.reason) == ("acknowledgement", "INVALID_INPUT")
    assert refused.detail == "held_sequence is 9, expected at most 0"


async def test_an_instruction_is_answered(hub: Served, agent: AgentStream) -> None:
    hub.market.open_auction()
    hub.market.bid("a", 150.0, "50")
    hub.market.clock.advance_to(GATE)
    await hub.hub.ticker.tick()
    delivered = [(await agent.next()).delivery for _ in range(3)]
    instruction = delivered[2].instruction
    await agent.send(acknowledgement=session_pb2.Acknowledgement(held_sequence=3))
    status = session_pb2.InstructionStatus(
        instruction=instruction.name,
        state=event_pb2.Instruction.STATE_PARTIAL,
        reason=event_pb2.Instruction.REASON_SITE_LIMIT,
        accepted_reduction_kw=90.0,
        status_time=timestamp(GATE),
    )
    await agent.send(instruction_status=status)
    status.state = event_pb2.Instruction.STATE_DELIVERED  # the hub's to decide
    await agent.send(instruction_status=status)
    refused = (await agent.next()).refusal
    assert (refused.refused_message, refused.reason) == ("instruction_status", "INVALID_INPUT")
    booked = hub.market.instructions()[0]
    assert (booked.state.name, booked.accepted_reduction_kw) == ("PARTIAL", 90.0)
    assert hub.market.event().state.name == "SCHEDULED"
    opt_out = session_pb2.OptOut(event="events/evening", reason=event_pb2.Instruction.REASON_MAINTENANCE)
    await agent.send(opt_out=opt_out)
    await agent.send(opt_out=opt_out)  # nothing is left to opt out of
    refused = (await agent.next()).refusal
    assert (refused.refused_message, refused.reason) == ("opt_out", "NOT_FOUND")
    assert hub.market.instructions()[0].state.name == "REFUSED"


async def test_a_cancellation_reaches_the_site(hub: Served, agent: AgentStream) -> None:
    hub.market.open_auction()
    hub.market.bid("a", 150.0, "50")
    hub.market.clock.advance_to(GATE)
    await hub.hub.ticker.tick()
    deliveries = [(await agent.next()).delivery for _ in range(3)]
    cancel_event(hub.market.units, OPERATOR, "evening", etag="", request_id="")
    cancellation = (await agent.next()).delivery.cancellation
    assert cancellation.instruction == deliveries[2].instruction.name
    assert cancellation.event == "events/evening"


async def test_readings_are_acknowledged_after_they_are_kept(hub: Served, agent: AgentStream) -> None:
    hub.market.clock.advance_to(NOON + timedelta(hours=1))
    first = held_of(hub.market) + 1
    await agent.send(telemetry=batch(first, 800.0, 810.0))
    assert (await agent.next()).telemetry_acknowledgement.held_sequence == first
    assert held_of(hub.market) == first
    await agent.send(telemetry=batch(first, 800.0, 810.0))  # a repeat is acknowledged again
    assert (await agent.next()).telemetry_acknowledgement.held_sequence == first
    await agent.send(telemetry=batch(first + 1, 820.0, minutes=10))
    assert (await agent.next()).telemetry_acknowledgement.held_sequence == first + 1


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (batch(9000), "power_series.net_power_kw"),
        (batch(9000, float("nan")), "power_series.net_power_kw[0]"),
        (batch(9000, 1e6), "net_power_kw[0]"),
        (batch(9000, 1.0, minutes=1), "start_at"),
        (batch(9000, 1.0, minutes=600), "end_at"),
    ],
    ids=["empty", "not a number", "beyond the connection", "off the grid", "in the future"],
)
async def test_bad_readings_are_refused_and_the_session_goes_on(
    hub: Served, agent: AgentStream, bad: telemetry_pb2.TelemetryBatch, field: str
) -> None:
    before = held_of(hub.market)
    await agent.send(telemetry=bad)
    refused = (await agent.next()).refusal
    assert (refused.refused_message, refused.telemetry_sequence) == ("telemetry", 9000)
    assert refused.reason == "INVALID_INPUT"
    assert f"{field} is" in refused.detail
    assert held_of(hub.market) == before


async def test_a_changed_import_limit_holds_for_the_open_session(hub: Served, agent: AgentStream) -> None:
    hub.market.clock.advance_to(NOON + timedelta(hours=1))
    site = Site(
        name="sites/a", display_name="a", zone="north", time_zone="Europe/London", import_limit_kw=500.0
    )
    site.metering_interval.CopyFrom(duration(FIVE))
    request = UpdateSiteRequest(site=site)
    request.update_mask.paths.append("import_limit_kw")
    await hub.call("owner-a", PortfolioServiceStub, "UpdateSite", request)
    await agent.send(telemetry=batch(9000, 800.0))
    assert "net_power_kw[0] is 800.0" in (await agent.next()).refusal.detail


async def test_bytes_that_are_no_message_end_the_stream(hub: Served) -> None:
    call = hub.channel.stream_stream(
        "/vpp.v1.SessionService/Connect", lambda content: content, lambda content: content
    )
    stream = call(iter([b"\xff\xff"]), metadata=(("authorization", "Bearer agent-a"),), timeout=20)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        async for _ in stream:
            pass
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_closing_every_session_ends_streams_in_order(hub: Served, agent: AgentStream) -> None:
    hub.hub.registry.close_all()
    assert await agent.end() == (grpc.StatusCode.OK, "")
    assert len(hub.hub.registry) == 0
    assert EVENING.start > NOON
