"""Running settlements over the wire: progress before the result, one run for many callers, pages."""

import asyncio
from datetime import timedelta

from support.market import EVENING, GATE
from support.serving import Served, bearer
from support.settled_evening import deliver, settle_evening

from vpp.rpc.wire.time_fields import timestamp
from vpp.v1 import settlement_pb2 as pb
from vpp.v1.settlement_pb2_grpc import SettlementServiceStub

PERIOD = f"{EVENING.start:%Y-%m}"
BIDS = {"a": (100.0, "60"), "b": (100.0, "90")}


async def run(hub: Served, **fields: object) -> list[pb.RunSettlementResponse]:
    request = pb.RunSettlementRequest(settlement_period=PERIOD, **fields)  # type: ignore[arg-type]  # as the message has them
    call = SettlementServiceStub(hub.channel).RunSettlement(
        request, metadata=bearer("settlement"), timeout=20
    )
    return [message async for message in call]


async def runs(hub: Served) -> list[pb.SettlementRun]:
    request = pb.ListSettlementRunsRequest(settlement_period=PERIOD)
    listed = await hub.call("auditor", SettlementServiceStub, "ListSettlementRuns", request)
    return list(listed.settlement_runs)


async def test_two_callers_at_once_hear_progress_and_make_one_run(hub: Served) -> None:
    settle_evening(hub.market, {"a": 100.0}, bids=BIDS)
    deliver(hub.market, {"b": 50.0})

    answers = await asyncio.gather(run(hub), run(hub))

    for *before, last in answers:
        assert before, "nothing was told on the way"
        assert {message.progress.stage for message in before} <= {"gather", "reckon", "write", "keep"}
        assert last.HasField("result")
    made = [messages[-1].result.HasField("settlement_run") for messages in answers]
    assert sorted(made) == [False, True]
    assert [each.run_number for each in await runs(hub)] == [1, 2]


async def test_a_run_that_has_to_wait_says_for_what(hub: Served) -> None:
    hub.market.open_auction(150.0)
    for site_id, (kw, price) in BIDS.items():
        hub.market.bid(site_id, kw, price)
    hub.market.advance(GATE + timedelta(minutes=1))
    hub.market.advance(EVENING.start + timedelta(minutes=1))

    [last] = [message for message in await run(hub) if message.HasField("result")]

    assert "evening" in last.result.waiting_reason
    assert not last.result.HasField("settlement_run")
    assert await runs(hub) == []


async def test_readings_received_later_are_left_out(hub: Served) -> None:
    settle_evening(hub.market, {"a": 100.0}, bids=BIDS)
    cut = hub.market.clock.now()
    hub.market.clock.advance_to(cut + timedelta(hours=1))
    deliver(hub.market, {"b": 50.0})

    then = (await run(hub, as_of_time=timestamp(cut), validate_only=True))[-1].result
    now = (await run(hub, validate_only=True))[-1].result

    assert list(then.changes) == []
    assert {change.party for change in now.changes} == {"parties/grid", "parties/hub", "parties/owner-b"}


async def test_balances_come_in_pages(hub: Served) -> None:
    settle_evening(hub.market, {"a": 100.0, "b": 50.0}, bids=BIDS)
    request = pb.ListBalancesRequest(page_size=3)
    everything = await hub.call("auditor", SettlementServiceStub, "ListBalances", pb.ListBalancesRequest())

    found = []
    while True:
        page = await hub.call("auditor", SettlementServiceStub, "ListBalances", request)
        found += page.balances
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token

    assert found == list(everything.balances)
    assert len(found) > request.page_size
