"""Every kind of deadline has one lane, and what is urgent waits for nothing long."""

from vpp.workflows.due_lanes import CLEARINGS, EMERGENCIES, MARKET_LANES, PUNCTUAL
from vpp.workflows.due_work import BACKGROUND, MARKET
from vpp.workflows.ports import DueKind


def test_every_kind_has_one_lane() -> None:
    kinds = [kind for lane in MARKET_LANES for kind in lane.kinds]
    assert len(kinds) == len(set(kinds))
    assert set(kinds) == MARKET
    assert frozenset(DueKind) == MARKET | BACKGROUND
    assert not MARKET & BACKGROUND


def test_only_moments_work_is_claimed_many_at_once() -> None:
    solves = {DueKind.CLEARING, DueKind.BASELINE_FREEZE, DueKind.EMERGENCY}
    for lane in MARKET_LANES:
        assert lane.at_once == 1 or not lane.kinds & solves


def test_an_emergency_shares_its_lane_with_nothing() -> None:
    assert EMERGENCIES.kinds == {DueKind.EMERGENCY}
    assert EMERGENCIES.is_urgent
    assert DueKind.EVENT_START in PUNCTUAL.kinds
    assert CLEARINGS.kinds == {DueKind.CLEARING}  # a month's settlement takes minutes


def test_what_is_urgent_is_not_kept_from_another_hub_for_long() -> None:
    assert CLEARINGS.lease_divisor == 1
    assert min(PUNCTUAL.lease_divisor, EMERGENCIES.lease_divisor) >= 10
