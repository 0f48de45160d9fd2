import math

import pytest

from vpp.flexibility.photovoltaics import (
    PhotovoltaicParameters,
    capacity_factor_ratio,
    consumption_kw,
    firm_net_load_kw,
    net_load_kw,
)
from vpp.foundation.errors import InvalidInput


def test_generation_is_netted_and_can_be_added_back() -> None:
    net = net_load_kw([900.0, 500.0, math.nan], [300.0, 700.0, 10.0])
    assert net[:2] == (600.0, -200.0)
    assert math.isnan(net[2])  # a gap stays one
    assert consumption_kw(net, [300.0, 700.0, 10.0])[:2] == (900.0, 500.0)


def test_limits_count_on_no_sun_unless_the_site_says_so() -> None:
    assert firm_net_load_kw(PhotovoltaicParameters(500.0), [600.0], [300.0]) == (900.0,)
    assert firm_net_load_kw(PhotovoltaicParameters(500.0, firm_ratio=0.5), [600.0], [300.0]) == (750.0,)


def test_impossible_quantities_are_refused() -> None:
    with pytest.raises(InvalidInput, match="rated_kw is 0"):
        PhotovoltaicParameters(0.0)
    with pytest.raises(InvalidInput, match="energy_kwh"):
        capacity_factor_ratio(1e9, 10.0)
    with pytest.raises(InvalidInput, match="2 and 1 values"):
        net_load_kw([1.0, 2.0], [1.0])
