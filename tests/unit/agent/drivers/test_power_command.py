"""From a setpoint to the one signed power that storage equipment is told."""

import math

import pytest

from vpp.agent.drivers.power_command import PowerLimits, power_order
from vpp.foundation.device_terms import Setpoint

OWN = PowerLimits(max_reduction_kw=100.0, max_increase_kw=40.0, recharge_kw=30.0)
COMMANDED = PowerLimits(max_reduction_kw=100.0, max_increase_kw=40.0, recharge_kw=30.0, recharge="commanded")
UNKNOWN = PowerLimits(max_reduction_kw=100.0)


@pytest.mark.parametrize(
    ("limits", "setpoint", "power_kw"),
    [
        (OWN, Setpoint(reduction_kw=60.0), 60.0),
        (OWN, Setpoint(reduction_kw=160.0), 100.0),
        (OWN, Setpoint(increase_kw=20.0), -20.0),
        (OWN, Setpoint(increase_kw=50.0), -40.0),
        (OWN, Setpoint(), None),
        (OWN, Setpoint(recovery_limit_kw=30.0), None),
        (OWN, Setpoint(recovery_limit_kw=29.0), 0.0),
        (COMMANDED, Setpoint(recovery_limit_kw=29.0), -29.0),
        (COMMANDED, Setpoint(recovery_limit_kw=50.0), -30.0),
        (COMMANDED, Setpoint(recovery_limit_kw=0.0), 0.0),
        (UNKNOWN, Setpoint(recovery_limit_kw=1e6), 0.0),
    ],
)
def test_the_power_is_the_most_that_setpoint_and_equipment_allow(
    limits: PowerLimits, setpoint: Setpoint, power_kw: float | None
) -> None:
    order = power_order(setpoint, limits)
    assert not order.is_refused
    assert order.power_kw == power_kw


def test_what_is_limited_is_said() -> None:
    assert power_order(Setpoint(reduction_kw=160.0), OWN).remark == "limited to 100 kW"
    assert power_order(Setpoint(reduction_kw=100.0), OWN).remark == ""


def test_equipment_that_cannot_raise_consumption_refuses_to() -> None:
    assert power_order(Setpoint(increase_kw=1.0), UNKNOWN).is_refused


def test_a_recharge_never_exceeds_what_the_setpoint_allows() -> None:
    for limits in (OWN, COMMANDED, UNKNOWN):
        for limit_kw in (0.0, 10.0, 29.9):
            order = power_order(Setpoint(recovery_limit_kw=limit_kw), limits)
            assert order.power_kw is not None, "left alone it would draw more"
            assert 0.0 <= -order.power_kw <= limit_kw or math.isclose(order.power_kw, 0.0)
