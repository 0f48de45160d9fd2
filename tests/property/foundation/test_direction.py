"""A direction is a sign and nothing else: level undoes delivered, and mirrored they are the same."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from vpp.foundation.direction import Direction

ENERGIES = st.decimals(Decimal(-(10**6)), Decimal(10**6), places=3, allow_nan=False, allow_infinity=False)
POWERS = st.floats(-1e7, 1e7, allow_nan=False)


@given(st.sampled_from(Direction), ENERGIES, ENERGIES)
def test_level_undoes_delivered(direction: Direction, baseline_kwh: Decimal, moved_kwh: Decimal) -> None:
    metered_kwh = direction.level(baseline_kwh, moved_kwh)
    assert direction.delivered(baseline_kwh, metered_kwh) == moved_kwh
    assert direction.other.delivered(baseline_kwh, metered_kwh) == -moved_kwh


@given(st.sampled_from(Direction), POWERS, POWERS)
def test_a_mirrored_meter_delivers_the_same_to_the_last_bit(
    direction: Direction, baseline_kw: float, metered_kw: float
) -> None:
    mirrored = direction.other.delivered(-baseline_kw, -metered_kw)
    assert mirrored == direction.delivered(baseline_kw, metered_kw)
    assert direction.other.level(-baseline_kw, metered_kw) == -direction.level(baseline_kw, metered_kw)
