from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from vpp.dispatch.event import Event, EventState
from vpp.dispatch.instruction import Instruction, InstructionState, ResourceTarget
from vpp.dispatch.modification import modified_instruction, share_kept
from vpp.foundation.interval import Interval

START = datetime(2026, 3, 2, 17, tzinfo=UTC)
STEP = timedelta(minutes=15)


def event(interval_count: int) -> Event:
    return Event(
        event_id="evening",
        product_id="peak",
        product_version=1,
        zone="north",
        delivery=Interval(START, START + interval_count * STEP),
        target_reduction_kw=(100.0,) * interval_count,
        awarded_reduction_kw=(100.0,) * interval_count,
        price_cap_per_mwh=Decimal(3000),
        operator_party_id="grid",
        auction_id="evening",
        state=EventState.ACTIVE,
        modification_number=1,
    )


def instruction() -> Instruction:
    return Instruction(
        instruction_id="evening-m0-north-1",
        event_id="evening",
        site_id="north-1",
        modification_number=0,
        delivery=Interval(START, START + 4 * STEP),
        interval=STEP,
        target_reduction_kw=(30.0, 30.0, 30.0, 30.0),
        resource_targets=(
            ResourceTarget("battery", (20.0, 20.0, 20.0, 20.0)),
            ResourceTarget("ups", (10.0, 10.0, 10.0, 10.0)),
        ),
        expires_at=START + 4 * STEP,
        state=InstructionState.STARTED,
        accepted_reduction_kw=25.0,
    )


def test_a_shorter_event_shortens_the_instruction_and_its_expiry() -> None:
    shorter = replace(event(2), delivery=Interval(START, START + 2 * STEP))
    fresh = modified_instruction(instruction(), shorter, (1.0, 0.5))
    assert fresh.instruction_id == "evening-m1-north-1"
    assert fresh.target_reduction_kw == (30.0, 15.0)
    assert [part.reduction_kw for part in fresh.resource_targets] == [(20.0, 10.0), (10.0, 5.0)]
    assert fresh.expires_at == START + 2 * STEP
    assert fresh.state is InstructionState.CREATED
    assert fresh.accepted_reduction_kw is None


def test_an_unchanged_share_keeps_every_bit() -> None:
    awarded = (1 / 3, 0.1 + 0.2)
    assert share_kept(awarded, awarded, awarded) == (1.0, 1.0)
    fresh = modified_instruction(instruction(), event(4), (1.0,) * 4)
    assert fresh.target_reduction_kw == instruction().target_reduction_kw


def test_an_interval_without_an_award_keeps_its_nothing() -> None:
    assert share_kept((0.0, 50.0), (0.0, 50.0), (0.0, 25.0)) == (1.0, 0.5)
