import pytest

from vpp.settlement.run_terms import RunTerms
from vpp.settlement.run_type import RunType


@pytest.mark.parametrize(
    ("run_type", "counts"),
    [
        (RunType.INITIAL, True),
        (RunType.RECALC, True),
        (RunType.FINAL, False),
        (RunType.ADJUSTMENT, False),
    ],
)
def test_estimates_count_the_first_time_but_never_as_the_last_word(
    run_type: RunType, *, counts: bool
) -> None:
    run = RunTerms(run_type, "hub", frozenset({("evening", "north-1")}))
    assert run.counts_estimates("evening", "north-1") == counts
    assert not run.counts_estimates("evening", "south-1")
