import math
from datetime import timedelta

import pytest

from vpp.flexibility.import_cap import breached_intervals, lowest_import_cap
from vpp.foundation.errors import InvalidInput

QUARTER = timedelta(minutes=15)


def test_power_binds_where_energy_is_plenty() -> None:
    cap = lowest_import_cap([900.0, 1000.0], [50.0, 200.0], math.inf, QUARTER)
    assert (cap.cap_kw, cap.reduction_kw, cap.lowered_by_kw) == (850.0, (50.0, 150.0), 150.0)


def test_energy_binds_where_power_is_plenty() -> None:
    cap = lowest_import_cap([900.0, 1000.0], [900.0, 900.0], 75.0, QUARTER)
    assert cap.cap_kw == 800.0  # 100 kW and 200 kW for a quarter each are 75 kWh
    assert math.fsum(cap.reduction_kw) * 0.25 == 75.0


def test_without_resources_the_cap_is_the_highest_load() -> None:
    cap = lowest_import_cap([900.0, 1000.0], [0.0, 0.0], 0.0, QUARTER)
    assert (cap.cap_kw, cap.lowered_by_kw) == (1000.0, 0.0)


def test_a_gap_in_the_meter_breaches_nothing() -> None:
    assert breached_intervals(100.0, [100.0, 100.1, math.nan]) == (1,)


def test_impossible_quantities_are_refused() -> None:
    with pytest.raises(InvalidInput, match="has 1 and promised_kw 2"):
        lowest_import_cap([1.0], [1.0, 1.0], 0.0, QUARTER)
    with pytest.raises(InvalidInput, match="promised_kw is -1"):
        lowest_import_cap([1.0], [-1.0], 0.0, QUARTER)
    with pytest.raises(InvalidInput, match="high_load_kw is nan"):
        lowest_import_cap([math.nan], [1.0], 0.0, QUARTER)
