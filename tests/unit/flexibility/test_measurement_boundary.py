import pytest

from vpp.flexibility.measurement_boundary import (
    assumed_overhead_slope_ratio,
    at_connection_kw,
    measured_overhead_slope_ratio,
)
from vpp.foundation.errors import InvalidInput


def test_a_cut_is_worth_one_plus_k_and_not_the_pue() -> None:
    slope = assumed_overhead_slope_ratio(1.25)
    assert at_connection_kw(1000.0, slope) == 1125.0  # not 1250
    with pytest.raises(InvalidInput, match="pue is 0"):
        assumed_overhead_slope_ratio(0.9)


def test_a_test_dispatch_measures_k_or_nothing() -> None:
    assert measured_overhead_slope_ratio(100.0, 100.0) == 0.0
    assert measured_overhead_slope_ratio(100.0, 118.0) == pytest.approx(0.18)
    assert measured_overhead_slope_ratio(100.0, 99.0) is None
    assert measured_overhead_slope_ratio(100.0, 400.0) is None
    with pytest.raises(InvalidInput, match="it_change_kw is 0"):
        measured_overhead_slope_ratio(0.0, 10.0)
