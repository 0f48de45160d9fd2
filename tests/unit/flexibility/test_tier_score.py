import pytest

from vpp.flexibility.job_class import Tier
from vpp.flexibility.tier_score import breaches, floor_ratio, weighted_performance_ratio
from vpp.foundation.errors import InvalidInput


@pytest.mark.parametrize(
    ("tier", "floor"), [(Tier.FLEX0, 1.0), (Tier.FLEX1, 0.9), (Tier.FLEX2, 0.75), (Tier.FLEX3, 0.5)]
)
def test_floors(tier: Tier, floor: float) -> None:
    assert floor_ratio(tier) == floor


def test_who_may_be_slowed_down_more_weighs_less() -> None:
    stiff = weighted_performance_ratio([(Tier.FLEX1, 0.8), (Tier.FLEX3, 1.0)])
    soft = weighted_performance_ratio([(Tier.FLEX1, 1.0), (Tier.FLEX3, 0.8)])
    assert stiff == pytest.approx((0.9 * 0.8 + 0.5) / 1.4)
    assert stiff < soft


def test_jobs_below_their_floor_are_named() -> None:
    assert breaches([(Tier.FLEX2, 0.75), (Tier.FLEX1, 0.89), (Tier.FLEX3, 0.5)]) == (1,)


def test_no_jobs_have_no_score() -> None:
    with pytest.raises(InvalidInput, match="jobs is empty"):
        weighted_performance_ratio([])
    with pytest.raises(InvalidInput, match=r"performance is -0\.1"):
        weighted_performance_ratio([(Tier.FLEX1, -0.1)])
