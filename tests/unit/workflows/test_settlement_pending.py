"""What a settlement follows of what people decided."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from vpp.workflows.records import DisputeRecord, DisputeState
from vpp.workflows.settlement_pending import Pending

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
ONE = DisputeRecord(
    "d1", "s", "owner-a", (1,), "wrong", DisputeState.UPHELD, decided_at=NOON,
    measure_again=True, measured_pairs=(("evening", "a"),),
)  # fmt: skip
OTHER = replace(
    ONE,
    dispute_id="d2",
    decided_at=NOON + timedelta(days=1),
    measured_pairs=(("evening", "a"), ("morning", "b")),
)
BY_ADJUSTMENT = replace(ONE, dispute_id="d3", measure_again=False, measured_pairs=())


def test_pairs_of_all_upheld_disputes_are_measured_again_once() -> None:
    decided = Pending((), (ONE, OTHER, BY_ADJUSTMENT))
    assert decided.pairs_since(None) == {("evening", "a"), ("morning", "b")}


def test_what_was_decided_before_a_run_is_left_out() -> None:
    decided = Pending((), (ONE, OTHER))
    assert decided.pairs_since(NOON) == {("evening", "a"), ("morning", "b")}
    assert decided.pairs_since(NOON - timedelta(seconds=1)) == decided.pairs_since(None)
    assert not decided.pairs_since(NOON + timedelta(days=1))
    assert Pending((), (ONE,)).pairs_since(NOON) == frozenset()
