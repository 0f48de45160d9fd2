import numpy as np
import pandas as pd
import pytest
from support.rule_cases import DAY, HOUR, MONDAY, daily_load, event_on, found, high, site_of

from vpp.baseline.rules.delivery import delivered_reduction_kw

EVENT = event_on(MONDAY + 3 * DAY)


def test_it_is_signed_and_a_gap_stays_one() -> None:
    load = daily_load(MONDAY, 100, 100, 100, 100)
    load.loc[EVENT.start : EVENT.start] = 130.0
    load.loc[EVENT.start + HOUR : EVENT.start + HOUR] = np.nan
    rule, site = high(3, 3), site_of(load)
    reduction_kw = delivered_reduction_kw(rule, found(rule, site, EVENT), site)
    np.testing.assert_array_equal(reduction_kw, [-30.0, np.nan])
    assert reduction_kw.name == "reduction_kw"
    assert reduction_kw.index[0] == EVENT.start


@pytest.mark.parametrize(
    ("load_kw", "output_kw", "reduction_kw"),
    [
        (100.0, 0.0, -10.0),  # nothing of what is typical: 0 - 10
        (100.0, 30.0, 20.0),  # 30 - 10
        (80.0, 30.0, 40.0),  # and 20 kW less load
        (80.0, 95.0, 90.0),  # 15 kW exported do not count: 100 - 80 + 80 - 10
        (100.0, -25.0, -10.0),  # charging counts neither way
    ],
)
def test_only_output_that_serves_load_counts(load_kw: float, output_kw: float, reduction_kw: float) -> None:
    load = daily_load(MONDAY, 100, 100, 100, 100)
    device = pd.Series(10.0, index=load.index)
    load.loc[EVENT.start :], device.loc[EVENT.start :] = load_kw, output_kw
    device.index = load.index
    rule, site = high(3, 3, device={"like_hours": 3}), site_of(load - device, device_kw=device)
    found_kw = delivered_reduction_kw(rule, found(rule, site, EVENT), site)
    assert found_kw.tolist() == pytest.approx([reduction_kw] * 2)


def test_losses_multiply_last() -> None:
    rule = high(3, 3).model_copy(update={"loss_ratio": 1.05})
    site = site_of(daily_load(MONDAY, 100, 100, 100, 80))
    assert delivered_reduction_kw(rule, found(rule, site, EVENT), site).tolist() == pytest.approx([21.0] * 2)
