from datetime import timedelta

import pytest

from vpp.flexibility.recovery import (
    RecoveryLimits,
    limit_rebound,
    rebound_headroom_kw,
)
from vpp.foundation.errors import InvalidInput

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("limits", "expected_kw"),
    [
        (RecoveryLimits(1000.0), 100.0),  # 1000 - 900
        (RecoveryLimits(1000.0, max_ramp_kw_per_min=50.0), 20.0),  # 870 + 50 - 900
        (RecoveryLimits(1000.0, max_rebound_kw=15.0), 15.0),
        (RecoveryLimits(900.0), 0.0),
        (RecoveryLimits(800.0), 0.0),  # over the limit already: no rebound, but no error
        (RecoveryLimits(1000.0, max_ramp_kw_per_min=10.0), 0.0),
    ],
)
def test_the_tightest_limit_holds(limits: RecoveryLimits, expected_kw: float) -> None:
    headroom = rebound_headroom_kw(limits, course_kw=900.0, previous_net_kw=870.0, step=MINUTE)
    assert headroom == expected_kw


def test_the_urgent_recover_first() -> None:
    wanted = {"bess": 50.0, "chiller": 40.0, "gpu": 60.0, "ups": 30.0}
    allowed = limit_rebound(wanted, ["ups", "gpu", "chiller", "bess"], 100.0)
    assert allowed == {"bess": 0.0, "chiller": 10.0, "gpu": 60.0, "ups": 30.0}


def test_who_is_not_ranked_comes_last_by_name() -> None:
    assert limit_rebound({"b": 10.0, "a": 10.0, "ups": 10.0}, ["ups"], 15.0) == {
        "b": 0.0,
        "a": 5.0,
        "ups": 10.0,
    }


def test_the_net_load_of_a_whole_recovery_stays_below_both_limits() -> None:
    limits = RecoveryLimits(import_limit_kw=1050.0, max_ramp_kw_per_min=40.0)
    held_kw, owed_kwh, net_kw = 200.0, 20.0, 800.0
    peak_kw = largest_rise_kw = 0.0
    for _ in range(60):
        held_kw = max(0.0, held_kw - limits.max_ramp_kw_per_min)
        course_kw = 1000.0 - held_kw
        headroom_kw = rebound_headroom_kw(limits, course_kw, net_kw, MINUTE)
        wanted = {"bess": min(500.0, owed_kwh * 60.0)}
        rebound_kw = limit_rebound(wanted, [], headroom_kw)["bess"]
        owed_kwh -= rebound_kw / 60.0
        largest_rise_kw = max(largest_rise_kw, course_kw + rebound_kw - net_kw)
        net_kw = course_kw + rebound_kw
        peak_kw = max(peak_kw, net_kw)
    assert peak_kw == 1050.0
    assert largest_rise_kw <= 40.0 + 1e-9
    assert owed_kwh == pytest.approx(0.0, abs=1e-9)


def test_negative_limits_are_refused() -> None:
    with pytest.raises(InvalidInput, match="max_ramp_kw_per_min is -1"):
        RecoveryLimits(1000.0, max_ramp_kw_per_min=-1.0)
    with pytest.raises(InvalidInput, match="headroom_kw"):
        limit_rebound({"a": 1.0}, [], -1.0)


def test_the_transformer_bounds_the_rebound_like_the_contract() -> None:
    limits = RecoveryLimits(import_limit_kw=1000.0, transformer_limit_kw=950.0)
    assert rebound_headroom_kw(limits, 900.0, 900.0, timedelta(minutes=5)) == 50.0
    with pytest.raises(InvalidInput, match="transformer_limit_kw is -1"):
        RecoveryLimits(import_limit_kw=1000.0, transformer_limit_kw=-1.0)
