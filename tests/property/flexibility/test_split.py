"""A split adds up to the target or to all there is, and nobody gets more than they can do."""

import math
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vpp.flexibility.recovery import limit_rebound
from vpp.flexibility.split import split_target

IDS = st.sampled_from(["bess", "chiller", "gpu", "pool-a", "pool-b", "ups"])
POWERS = st.dictionaries(IDS, st.floats(0.0, 10_000.0), max_size=6)
PRICES = st.dictionaries(IDS, st.decimals(0, 5000, places=2), max_size=6)


@given(st.floats(0.0, 40_000.0), POWERS, PRICES, POWERS)
@example(4098.0, {"chiller": 4097.1805228703315}, {}, {"chiller": 1.1593911028371622})
def test_a_split_adds_up_within_what_is_available(
    target_kw: float, available_kw: dict[str, float], prices: dict[str, Decimal], awarded_kw: dict[str, float]
) -> None:
    shares = split_target(target_kw, available_kw, prices, awarded_kw)
    assert list(shares) == list(available_kw)
    total_kw = min(target_kw, math.fsum(available_kw.values()))
    assert math.fsum(shares.values()) == pytest.approx(total_kw, abs=1e-6)
    assert all(0.0 <= share_kw <= available_kw[key] for key, share_kw in shares.items())
    owed_kw = math.fsum(min(awarded_kw.get(key, 0.0), kw) for key, kw in available_kw.items())
    if target_kw >= owed_kw:  # then every award is honoured as far as its resource can
        for key, share_kw in shares.items():
            assert share_kw >= min(awarded_kw.get(key, 0.0), available_kw[key]) - 1e-6
    assert shares == split_target(target_kw, dict(reversed(available_kw.items())), prices, awarded_kw)


@given(POWERS, st.permutations(["bess", "chiller", "gpu", "ups"]), st.floats(0.0, 20_000.0))
def test_rebounds_stay_below_the_headroom(
    wanted_kw: dict[str, float], urgent_first: list[str], headroom_kw: float
) -> None:
    allowed = limit_rebound(wanted_kw, urgent_first, headroom_kw)
    total_kw = min(headroom_kw, math.fsum(wanted_kw.values()))
    assert math.fsum(allowed.values()) == pytest.approx(total_kw, abs=1e-6)
    assert all(0.0 <= allowed[key] <= wanted_kw[key] for key in wanted_kw)
