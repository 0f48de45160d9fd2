"""What was awarded is what is instructed, to the last kilowatt and in any order."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp.dispatch.allocation import AwardedReduction, allocate
from vpp.dispatch.event import Event, EventState
from vpp.foundation.interval import Interval

START = datetime(2026, 3, 2, 17, tzinfo=UTC)
STEP = timedelta(minutes=15)
COUNT = 3
EVENT = Event(
    event_id="evening",
    product_id="peak",
    product_version=1,
    zone="north",
    delivery=Interval(START, START + COUNT * STEP),
    target_reduction_kw=(100.0,) * COUNT,
    awarded_reduction_kw=(100.0,) * COUNT,
    price_cap_per_mwh=Decimal(3000),
    operator_party_id="grid",
    auction_id="evening",
    state=EventState.CLEARED,
)
KW = st.one_of(st.just(0.0), st.floats(0.1, 1e6))
AWARDS = st.lists(
    st.builds(
        AwardedReduction,
        site_id=st.sampled_from(["a", "b", "c"]),
        resource_id=st.sampled_from(["battery", "ups"]),
        reduction_kw=st.tuples(*([KW] * COUNT)),
    ),
    max_size=12,
)


@given(AWARDS)
def test_targets_sum_to_the_awards(awards: list[AwardedReduction]) -> None:
    instructions = allocate(EVENT, awards, STEP)
    for n in range(COUNT):
        instructed = sum(item.target_reduction_kw[n] for item in instructions)
        assert instructed == pytest.approx(sum(award.reduction_kw[n] for award in awards))
        for item in instructions:
            assert item.target_reduction_kw[n] == sum(part.reduction_kw[n] for part in item.resource_targets)


@given(AWARDS, st.randoms(use_true_random=False))
def test_one_instruction_per_site_whatever_the_order(awards: list[AwardedReduction], random: object) -> None:
    names = [item.instruction_id for item in allocate(EVENT, awards, STEP)]
    shuffled = list(awards)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands over a Random
    assert [item.instruction_id for item in allocate(EVENT, shuffled, STEP)] == names
    assert len(set(names)) == len(names)
    assert all(any(item.target_reduction_kw) for item in allocate(EVENT, awards, STEP))
