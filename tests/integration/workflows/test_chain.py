"""From auction to statement on a real database, by the workflows alone."""

import csv
import io
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from support.market import EVENING, GATE, NOON, OPERATOR, RULES, Market, agent_of, step_bid
from support.settled_evening import clear_evening, deliver

from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import InstructionState, RefusalReason
from vpp.foundation.errors import InvalidInput, NotFound
from vpp.foundation.interval import Interval
from vpp.portfolio.party import Party, PartyKind
from vpp.settlement.manifest_check import verify
from vpp.workflows.bidding import create_bid
from vpp.workflows.delivery_contents import (
    AwardNoticeContent,
    BaselineContent,
    CancellationContent,
    InstructionContent,
    InvitationContent,
)
from vpp.workflows.due_settlements import settle_due
from vpp.workflows.due_work import DueResult
from vpp.workflows.emergencies import create_emergency_event
from vpp.workflows.enrolling import create_party
from vpp.workflows.modifying import cancel_event, update_event
from vpp.workflows.ports import Due, DueKind, UnitOfWork
from vpp.workflows.records import BidState
from vpp.workflows.responding import acknowledge, open_deliveries, opt_out, welcome
from vpp.workflows.watching import event_status


def statements(market: Market) -> dict[str, list[dict[str, str]]]:
    with market.units(write=False) as uow:
        files = {stored.value.party_id: stored.value for stored in uow.statements.page()}
    tables = {}
    for party_id, record in files.items():
        [csv_name] = [
            name
            for name in record.files
            if name.endswith(f"_v{record.version}.csv") and name.startswith("statement_")
        ]
        [manifest] = [name for name in record.files if name.endswith(".manifest.json")]
        assert verify(record.files[csv_name], record.files[manifest]) == []
        tables[party_id] = list(csv.DictReader(io.StringIO(record.files[csv_name].decode(), newline="")))
        assert sum(Decimal(row["amount"]) for row in tables[party_id]) == record.total
    return tables


def test_the_whole_chain_pays_what_was_delivered(market: Market) -> None:
    clear_evening(market)
    assert market.event().state is EventState.OFFERED
    first, second = market.instructions()
    assert first.target_reduction_kw == (100.0,) * 8
    assert second.target_reduction_kw == pytest.approx((50.0,) * 8)
    for instruction in (first, second):
        market.report(instruction, InstructionState.ACCEPTED)
    assert market.event().state is EventState.SCHEDULED

    market.clock.advance_to(EVENING.start - timedelta(hours=3))
    market.advance(EVENING.start)
    assert market.event().state is EventState.ACTIVE
    for instruction in (first, second):
        market.report(instruction, InstructionState.STARTED)
    market.clock.advance_to(EVENING.end)
    deliver(market, {"north-1": 100.0, "north-2": 30.0})
    status = event_status(market.units, OPERATOR, "evening")
    assert status.delivered_energy_kwh == pytest.approx(260.0)
    assert status.target_energy_kwh == pytest.approx(300.0)
    for instruction in (first, second):
        market.report(instruction, InstructionState.COMPLETED)
    outcomes = market.advance(EVENING.end + timedelta(hours=4))
    assert {outcome.result for outcome in outcomes} == {DueResult.DONE}
    assert market.event().state is EventState.SETTLED

    tables = statements(market)
    # Uniform price 90: north-1 delivers all, 200 kWh; north-2 60 % of 100 kWh, 30 kWh short of 90 %.
    assert sum(Decimal(row["amount"]) for row in tables["owner-north-1"]) == 8 * (
        Decimal("2.25") - Decimal("0.23")  # 25 kWh at 90 per MWh, less a tenth of it, 0.225, rounded up
    )
    energy = sum(Decimal(row["amount"]) for row in tables["owner-north-2"] if row["line_code"] == "ENERGY")
    penalty = sum(Decimal(row["amount"]) for row in tables["owner-north-2"] if row["line_code"] == "PENALTY")
    assert energy == 8 * Decimal("0.68")  # 7.5 kWh at 90 per MWh is 0.675
    assert penalty == -8 * Decimal("0.17")  # 3.75 kWh at half of 90 per MWh is 0.16875
    total = sum(Decimal(row["amount"]) for table in tables.values() for row in table)
    assert total == 0
    assert set(tables) == {"grid", "hub", "owner-north-1", "owner-north-2"}


def test_a_late_reading_makes_a_second_version_and_the_first_stays(market: Market) -> None:
    clear_evening(market)
    market.advance(EVENING.end)
    deliver(market, {"north-1": 100.0})
    market.advance(EVENING.end + timedelta(hours=4))
    with market.units(write=False) as uow:
        before = {stored.value.statement_id: stored.value for stored in uow.statements.page()}
    deliver(market, {"north-2": 50.0})
    period = f"{EVENING.start:%Y-%m}/again"
    settle_due(market.units, RULES, period)
    settle_due(market.units, RULES, period)  # nothing new: no third version
    with market.units(write=False) as uow:
        after = {stored.value.statement_id: stored.value for stored in uow.statements.page()}
    assert {key: after[key] for key in before} == before
    assert {key.rpartition("-v")[2] for key in after} == {"1", "2"}
    for party_id in ("grid", "owner-north-2"):
        one, two = (after[f"{party_id}-2026-03-v{n}"] for n in (1, 2))
        assert two.total == one.total + two.delta
        assert two.delta != 0
    # Whose lines are as they were gets no new version; the newest of everybody's add up to nothing.
    assert "owner-north-1-2026-03-v2" not in after
    newest = {record.party_id: record for _, record in sorted(after.items())}
    assert newest["hub"].version == 2
    assert sum(record.total for record in newest.values()) == 0
    assert sum(record.delta for key, record in after.items() if key.endswith("-v2")) == 0


def test_silence_expires_and_is_never_paid(market: Market) -> None:
    clear_evening(market)
    first, second = market.instructions()
    market.report(first, InstructionState.ACCEPTED)
    market.advance(EVENING.start)
    states = {item.site_id: item.state for item in market.instructions()}
    assert states == {"north-1": InstructionState.ACCEPTED, "north-2": InstructionState.EXPIRED}
    market.report(second, InstructionState.ACCEPTED)  # too late: kept in the record, changes nothing
    assert {item.site_id: item.state for item in market.instructions()} == states
    with market.units(write=False) as uow:
        assert any(record.action == "late_answer" for record in uow.audit.page())


def test_a_modification_supersedes_and_a_cancel_keeps_the_answers(market: Market) -> None:
    clear_evening(market)
    for instruction in market.instructions():
        market.report(instruction, InstructionState.ACCEPTED)
    update_event(
        market.units,
        OPERATOR,
        "evening",
        target_reduction_kw=(75.0,) * 8,
        delivery=None,
        etag="",
        request_id="",
    )
    event = market.event()
    assert (event.state, event.modification_number) == (EventState.OFFERED, 1)
    by_state: dict[InstructionState, list[float]] = {}
    for item in market.instructions():
        by_state.setdefault(item.state, []).append(item.target_reduction_kw[0])
    assert by_state[InstructionState.SUPERSEDED] == pytest.approx([100.0, 50.0])
    assert by_state[InstructionState.CREATED] == pytest.approx([50.0, 25.0])
    with pytest.raises(InvalidInput, match="open another event"):
        update_event(
            market.units,
            OPERATOR,
            "evening",
            target_reduction_kw=(76.0,) * 8,
            delivery=None,
            etag="",
            request_id="",
        )
    newest = [item for item in market.instructions() if item.modification_number == 1]
    market.report(newest[0], InstructionState.ACCEPTED)
    market.report(newest[1], InstructionState.REFUSED, reason=RefusalReason.MAINTENANCE)
    cancel_event(market.units, OPERATOR, "evening", etag="", request_id="")
    kinds = [type(item.content) for item in open_deliveries(market.units, "north-1")]
    assert kinds == [
        InvitationContent,
        AwardNoticeContent,
        InstructionContent,
        InstructionContent,
        CancellationContent,
    ]
    last = {item.instruction_id: item for item in market.instructions()}
    assert last[newest[1].instruction_id].reason is RefusalReason.MAINTENANCE
    outcomes = market.advance(EVENING.end + timedelta(hours=4))
    assert [outcome.due.kind.name for outcome in outcomes] == []
    assert market.event().state is EventState.CANCELLED


def test_a_cancel_in_the_middle_pays_what_was_over(market: Market) -> None:
    clear_evening(market)
    market.advance(EVENING.start + timedelta(minutes=40))
    cancel_event(market.units, OPERATOR, "evening", etag="", request_id="")
    market.clock.advance_to(EVENING.end)
    deliver(market, {"north-1": 100.0, "north-2": 50.0})
    market.advance(EVENING.end + timedelta(hours=4))
    rows = [row for row in statements(market)["owner-north-1"] if row["line_code"] == "ENERGY"]
    assert [row["interval_start_utc"][11:16] for row in rows] == ["17:00", "17:15"]
    assert [row["payable_kwh"] for row in rows] == ["25.000", "25.000"]


def test_a_cancel_before_baselines_are_frozen_pays_what_was_over_too(market: Market) -> None:
    clear_evening(market)
    with market.units() as uow:  # its readings come late
        uow.due.add(Due(DueKind.BASELINE_FREEZE, "evening", EVENING.start + timedelta(minutes=50)))
        uow.commit()
    market.advance(EVENING.start + timedelta(minutes=40))
    cancel_event(market.units, OPERATOR, "evening", etag="", request_id="")
    market.clock.advance_to(EVENING.end)
    deliver(market, {"north-1": 100.0, "north-2": 50.0})
    market.advance(EVENING.end + timedelta(hours=4))
    rows = [row for row in statements(market)["owner-north-1"] if row["line_code"] == "ENERGY"]
    assert [row["payable_kwh"] for row in rows] == ["25.000", "25.000"]


def test_what_is_bought_after_a_shortening_is_paid_with_the_rest(market: Market) -> None:
    clear_evening(market)
    hour = Interval(EVENING.start, EVENING.start + timedelta(hours=1))
    update_event(
        market.units,
        OPERATOR,
        "evening",
        target_reduction_kw=None,
        delivery=hour,
        etag="",
        request_id="",
    )
    with market.units() as uow:
        first = next(each.value for each in uow.awards.page() if each.value.site_id == "north-1")
        more = replace(
            first,
            award_id="evening-more",
            delivery=hour,
            reduction_kw=(0.0, 0.0, 40.0, 40.0),
            rebound_kw=(0.0,) * 4,
            price_per_mwh=first.price_per_mwh[:4],
        )
        uow.awards.add(more.award_id, more)
        uow.commit()
    market.clock.advance_to(EVENING.end)
    deliver(market, {"north-1": 100.0, "north-2": 50.0})
    market.advance(EVENING.end + timedelta(hours=4))
    assert market.event().state is EventState.SETTLED
    rows = [row for row in statements(market)["owner-north-1"] if row["line_code"] == "ENERGY"]
    assert [row["award_kw"] for row in rows] == ["100.000", "100.000", "140.000", "140.000"]


def test_an_emergency_calls_standing_bids_at_once(market: Market) -> None:
    for site_id, price in (("north-1", "60"), ("north-2", "90")):
        create_bid(
            market.units,
            agent_of(site_id),
            bid=step_bid(site_id, 100.0, price, intervals=1),
            auction_id=None,
            product_id="example-emergency",
            currency="GBP",
            expires_at=None,
            request_id="",
        )
    start = NOON + timedelta(hours=1)
    stored = create_emergency_event(
        market.units,
        OPERATOR,
        market.pool,
        RULES,
        event_id="storm",
        product_id="example-emergency",
        zone="north",
        delivery=Interval(start, start + timedelta(hours=1)),
        target_reduction_kw=(120.0,) * 4,
        price_cap_per_mwh=Decimal(2000),
        currency="GBP",
        request_id="",
    )
    assert stored.value.state is EventState.OFFERED
    assert [item.target_reduction_kw[0] for item in market.instructions("storm")] == pytest.approx(
        [100.0, 20.0]
    )
    # The windows of all rules have passed, so the baseline is frozen as soon as readings may have come.
    market.advance(NOON + RULES.telemetry_allowance)
    contents = [item.content for item in open_deliveries(market.units, "north-1")]
    baseline = [content.baseline for content in contents if isinstance(content, BaselineContent)]
    assert baseline[0].adjusted_kw == pytest.approx((1000.0,) * 4)
    with market.units(write=False) as uow:
        assert {stored.value.state for stored in uow.bids.page()} == {BidState.SUBMITTED}
        assert {stored.value.reason for stored in uow.bids.page()} != {""}
    opt_out(market.units, agent_of("north-2"), "north-2", "storm", RefusalReason.LOCAL_VETO, "not today")
    states = {item.site_id: item.state for item in market.instructions("storm")}
    assert states["north-2"] is InstructionState.REFUSED


def test_a_session_resumes_by_sequence(market: Market) -> None:
    clear_evening(market)
    agent = agent_of("north-1")
    facts = welcome(market.units, agent, "north-1", resume_sequence=0)
    assert facts.telemetry_sequence == 16
    sequences = [item.sequence for item in open_deliveries(market.units, "north-1")]
    assert sequences == [1, 2, 3]
    acknowledge(market.units, agent, "north-1", 2)
    assert [item.sequence for item in open_deliveries(market.units, "north-1")] == [3]
    welcome(market.units, agent, "north-1", resume_sequence=3)
    assert open_deliveries(market.units, "north-1") == []
    assert market.instructions()[0].state is InstructionState.DELIVERED
    acknowledge(market.units, agent, "north-1", 3)  # a repeat changes nothing
    with pytest.raises(InvalidInput, match="at most 3"):
        acknowledge(market.units, agent, "north-1", 9)


def test_an_unserved_target_is_a_figure_not_an_error(market: Market) -> None:
    clear_evening(market, bids={"north-1": (100.0, "60")})
    event = market.event()
    assert event.state is EventState.OFFERED
    assert event.awarded_reduction_kw == pytest.approx((100.0,) * 8)
    with market.units(write=False) as uow:
        stored = uow.clearings.get("evening")
        assert stored is not None
        assert [float(kw) for kw in stored.value.document["shortfallKw"]] == pytest.approx([50.0] * 8)


def test_the_next_months_settlement_leaves_this_months_lines_alone(market: Market) -> None:
    clear_evening(market)
    market.advance(EVENING.end)
    deliver(market, {"north-1": 100.0, "north-2": 50.0})
    market.advance(EVENING.end + timedelta(hours=4))
    before = set(statements(market))
    settle_due(market.units, RULES, "2026-04/x")
    settle_due(market.units, RULES, "2026-02/x")
    with market.units(write=False) as uow:
        assert {stored.value.version for stored in uow.statements.page()} == {1}
    assert set(statements(market)) == before


def test_a_settlement_that_waits_is_owed_again(market: Market) -> None:
    clear_evening(market)
    market.advance(EVENING.start + timedelta(minutes=5))
    settle_due(market.units, RULES, "2026-03/early")
    with market.units(write=False) as uow:
        owed = [due for due in uow.due.open() if due.kind is DueKind.SETTLEMENT]
    assert [due.due_at for due in owed] == [market.clock.now() + timedelta(hours=1)]


def test_a_settlement_measures_while_others_write_and_takes_note_of_what_they_change(market: Market) -> None:
    clear_evening(market)
    market.clock.advance_to(EVENING.end)
    deliver(market, {"north-1": 100.0, "north-2": 50.0})
    market.advance(EVENING.end + RULES.measurement_allowance)
    assert market.event().state is EventState.MEASURED
    changes = ["an audit that fails the event"]

    def units(*, write: bool = True) -> UnitOfWork:
        if write and changes:  # committed between the measuring and the writing
            changes.clear()
            with market.units() as uow:
                stored = uow.events.get("evening")
                assert stored is not None
                failed = replace(stored.value, state=EventState.FAILED, failure_reason="AUDIT")
                uow.events.update("evening", failed, revision=stored.revision)
                uow.commit()
        return market.units(write=write)

    settle_due(units, RULES, "2026-03/x")
    assert changes == []
    assert statements(market) == {}
    assert market.event().state is EventState.FAILED


def test_a_kilowatt_is_not_sold_twice(market: Market) -> None:
    """An emergency takes the battery between the auction's bid and its clearing."""
    market.open_auction(150.0)
    for site_id in ("north-1", "north-2"):
        market.bid(site_id, 100.0, "60")
    market.standing_bid("north-1", 100.0, "60")
    market.call_emergency(80.0, Interval(EVENING.start, EVENING.start + timedelta(hours=1)))
    market.advance(GATE + timedelta(minutes=1))
    assert [item.site_id for item in market.instructions("evening")] == ["north-2"]
    with market.units(write=False) as uow:
        reasons = {
            stored.value.bid.site_id: stored.value.reason
            for stored in uow.bids.page(where={"auction_id": "evening"})
        }
    assert reasons["north-1"] == "REJECTED_NOT_ELIGIBLE"


def test_shortening_an_event_keeps_its_power(market: Market) -> None:
    clear_evening(market)
    update_event(
        market.units,
        OPERATOR,
        "evening",
        target_reduction_kw=None,
        delivery=Interval(EVENING.start, EVENING.start + timedelta(hours=1)),
        etag="",
        request_id="",
    )
    newest = [item for item in market.instructions() if item.modification_number == 1]
    assert [item.target_reduction_kw for item in newest] == [(100.0,) * 4, pytest.approx((50.0,) * 4)]


def test_another_operator_cancels_nothing_and_pays_for_what_it_buys_itself(market: Market) -> None:
    rival = replace(OPERATOR, principal_id="rival", party_id="rival-grid")
    create_party(market.units, OPERATOR, Party("rival-grid", "Rival", PartyKind.OPERATOR), request_id="")
    clear_evening(market)
    with pytest.raises(NotFound, match=r"^events/evening does not exist$"):
        cancel_event(market.units, rival, "evening", etag="", request_id="")
    market.bid(
        "north-1",
        80.0,
        "70",
        bid=step_bid("north-1", 80.0, "70", intervals=1),
        auction_id=None,
        product_id="example-emergency",
    )
    storm = create_emergency_event(
        market.units,
        rival,
        market.pool,
        RULES,
        event_id="storm",
        product_id="example-emergency",
        zone="north",
        delivery=Interval(NOON + timedelta(hours=4), NOON + timedelta(hours=5)),
        target_reduction_kw=(80.0,) * 4,
        price_cap_per_mwh=Decimal(2000),
        currency="GBP",
        request_id="",
    )
    assert (storm.value.state, storm.value.operator_party_id) == (EventState.OFFERED, "rival-grid")
    market.advance(EVENING.end)
    deliver(market, {"north-1": 100.0, "north-2": 50.0})
    market.advance(EVENING.end + timedelta(hours=4))
    tables = statements(market)
    bought = {party: {row["event_id"] for row in tables[party]} for party in ("grid", "rival-grid")}
    assert bought == {"grid": {"evening"}, "rival-grid": {"storm"}}
    assert sum(Decimal(row["amount"]) for table in tables.values() for row in table) == 0
