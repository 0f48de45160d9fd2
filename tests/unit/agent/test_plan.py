from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from vpp.agent.announced_baseline import Baseline
from vpp.agent.commitment import Commitment
from vpp.agent.held_instruction import HeldInstruction
from vpp.agent.plan import Phase, SitePlan
from vpp.agent.purpose import Purpose
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def held(
    name: str, event: str = "events/a", modification: int = 0, targets: tuple[float, ...] = (10.0, 20.0)
) -> HeldInstruction:
    end = NOON + QUARTER * len(targets)
    return HeldInstruction(name, event, modification, Interval(NOON, end), QUARTER, targets, (), end)


def agreed(plan: SitePlan, instruction: HeldInstruction) -> None:
    plan.hold(instruction)
    item = plan.items[instruction.name]
    item.phase, item.was_agreed = Phase.AGREED, True


def test_a_newer_modification_replaces_and_continues() -> None:
    plan = SitePlan()
    agreed(plan, held("i/0"))
    plan.hold(held("i/1", modification=1))
    assert plan.items["i/0"].phase is Phase.OVER
    assert plan.items["i/1"].continues


def test_a_modification_of_what_was_refused_continues_nothing() -> None:
    plan = SitePlan()
    plan.hold(held("i/0"))
    plan.items["i/0"].phase = Phase.OVER
    plan.hold(held("i/1", modification=1))
    assert not plan.items["i/1"].continues


def test_a_cancelled_then_modified_event_still_continues() -> None:
    plan = SitePlan(awards={"events/a": (Commitment("bess", Interval(NOON, NOON + QUARTER), (5.0,)),)})
    agreed(plan, held("i/0"))
    plan.cancel("events/a", "i/0", 1)
    assert plan.committed("bess") == []
    plan.hold(held("i/1", modification=1))
    assert plan.items["i/1"].continues
    assert len(plan.committed("bess")) == 1


def test_a_cancellation_that_comes_first_ends_its_instruction_and_older_ones_and_no_newer_one() -> None:
    plan = SitePlan()
    plan.cancel("events/a", "i/1", 2)
    plan.cancel("events/a", "i/1", 1)  # older, and overtaken
    for name, number in (("i/0", 0), ("i/1", 1), ("i/2", 2)):
        plan.hold(held(name, modification=number))
    assert [item.phase for item in plan.items.values()] == [Phase.OVER, Phase.OVER, Phase.NEW]


def test_a_cancellation_ends_what_is_older_and_not_what_is_newer() -> None:
    plan = SitePlan()
    agreed(plan, held("i/2", modification=2))
    plan.cancel("events/a", "i/0", 1)
    assert plan.items["i/2"].phase is Phase.AGREED
    plan.cancel("events/a", "i/other", 3)
    assert plan.items["i/2"].phase is Phase.OVER


def test_partial_acceptance_caps_every_interval() -> None:
    plan = SitePlan()
    agreed(plan, held("i/0"))
    plan.items["i/0"].limit_kw = 15.0
    assert [plan.promised_kw(NOON), plan.promised_kw(NOON + QUARTER)] == [10.0, 15.0]
    assert plan.promised_kw(NOON + 2 * QUARTER) == 0.0


def test_different_events_add_up() -> None:
    plan = SitePlan()
    agreed(plan, held("i/0"))
    agreed(plan, held("j/0", event="events/b", targets=(1.0, 2.0)))
    assert plan.promised_kw(NOON) == 11.0
    assert plan.promised_kw(NOON, without="events/a") == 1.0


def test_the_announced_baseline_goes_before_the_instructions_own() -> None:
    plan = SitePlan()
    own = HeldInstruction(
        "i/0", "events/a", 0, Interval(NOON, NOON + QUARTER), QUARTER, (1.0,), (90.0,), NOON + QUARTER
    )
    agreed(plan, own)
    assert plan.baseline_kw(NOON) == 90.0
    plan.baselines["events/a"] = Baseline(Interval(NOON, NOON + QUARTER), (100.0,))
    assert plan.baseline_kw(NOON) == 100.0
    assert plan.baseline_kw(NOON + QUARTER) is None


def test_a_commitment_peaks_over_what_it_touches() -> None:
    commitment = Commitment("bess", Interval(NOON, NOON + 2 * QUARTER), (5.0, 9.0))
    minute = timedelta(minutes=1)
    assert commitment.peak_kw(Interval(NOON, NOON + QUARTER)) == 5.0
    assert commitment.peak_kw(Interval(NOON + QUARTER - minute, NOON + QUARTER + minute)) == 9.0
    assert commitment.peak_kw(Interval(NOON + 2 * QUARTER, NOON + 3 * QUARTER)) == 0.0
    assert commitment.energy_kwh == pytest.approx(3.5)


def test_what_ended_long_ago_is_forgotten() -> None:
    plan = SitePlan(awards={"events/a": (Commitment("bess", Interval(NOON, NOON + QUARTER), (5.0,)),)})
    agreed(plan, held("i/0"))
    plan.forget(NOON)
    assert plan.items
    assert plan.awards
    plan.forget(NOON + 2 * QUARTER)
    assert not plan.items
    assert not plan.awards


@pytest.mark.parametrize("targets", [(float("nan"),), (-1.0,), (float("inf"),)])
def test_targets_that_are_no_quantities_are_refused(targets: tuple[float, ...]) -> None:
    with pytest.raises(InvalidInput, match="negative or not finite"):
        held("i/0", targets=targets)


@pytest.mark.parametrize("offset", [timedelta(seconds=-1), timedelta(days=1, seconds=1)])
def test_offsets_that_are_none_are_refused(offset: timedelta) -> None:
    with pytest.raises(InvalidInput, match="release_offset of i/0"):
        replace(held("i/0"), release_offset=offset)


def test_offsets_are_rounded_down_to_the_control_step() -> None:
    plan = SitePlan()
    agreed(
        plan, replace(held("i/0"), start_offset=timedelta(seconds=59), release_offset=timedelta(minutes=4))
    )
    item = plan.items["i/0"]
    assert plan.begins_at(item) == NOON + timedelta(seconds=59)
    plan.control_step = timedelta(minutes=3)
    assert plan.begins_at(item) == NOON
    assert plan.lets_go_at(item) == NOON + 2 * QUARTER + timedelta(minutes=3)


def test_a_dry_run_promises_nothing() -> None:
    plan = SitePlan()
    agreed(plan, replace(held("i/0"), purpose=Purpose.DRY_RUN))
    assert plan.promised_kw(NOON) == 0.0
    assert plan.settlement_interval(NOON) is None


def test_the_highest_ranks_baseline_counts() -> None:
    plan = SitePlan()
    agreed(plan, replace(held("i/0"), baseline_kw=(90.0, 90.0)))
    order = replace(held("j/0", event="events/b"), purpose=Purpose.MANDATORY, baseline_kw=(95.0, 95.0))
    agreed(plan, order)
    assert plan.baseline_kw(NOON) == 95.0


def test_targets_must_fill_the_span() -> None:
    with pytest.raises(InvalidInput, match="fill"):
        HeldInstruction("i", "e", 0, Interval(NOON, NOON + QUARTER), QUARTER, (1.0, 2.0), (), NOON)
