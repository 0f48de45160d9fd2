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
KW = st.one_of(st.just(0.0), st.floats(0.1, 1e6), st.floats(-1e3, -0.1))
AWARDS = st.lists(
    st.builds(
        AwardedReduction,
        site_id=st.sampled_from(["a", "b", "c"]),
        resource_id=st.sampled_from(["battery", "ups"]),
        net_reduction_kw=st.tuples(*([KW] * COUNT)),
    ),
    max_size=12,
)


@given(AWARDS)
def test_a_sites_target_is_its_net_award_and_never_negative(awards: list[AwardedReduction]) -> None:
    instructions = {item.site_id: item for item in allocate(EVENT, awards, STEP)}
    for site_id in ("a", "b", "c"):
        own = [award for award in awards if award.site_id == site_id]
        for n in range(COUNT):
            net_kw = max(0.0, sum(award.net_reduction_kw[n] for award in own))
            item = instructions.get(site_id)
            assert (item.target_reduction_kw[n] if item else 0.0) == pytest.approx(net_kw, abs=1e-9)
            for part in item.resource_targets if item else ():
                assert part.reduction_kw[n] >= 0.0


@given(AWARDS, st.randoms(use_true_random=False))
def test_one_instruction_per_site_whatever_the_order(awards: list[AwardedReduction], random: object) -> None:
    names = [item.instruction_id for item in allocate(EVENT, awards, STEP)]
    shuffled = list(awards)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands over a Random
    assert [item.instruction_id for item in allocate(EVENT, shuffled, STEP)] == names
    assert len(set(names)) == len(names)
    assert all(any(item.target_reduction_kw) for item in allocate(EVENT, awards, STEP))
