from datetime import timedelta

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.telemetry.meter_format import MeterFormat


def test_export_positive_turns_the_sign() -> None:
    assert MeterFormat(unit="MW").factor == 1000.0
    assert MeterFormat(unit="MW", is_export_positive=True).factor == -1000.0


def test_a_register_counts_energy() -> None:
    with pytest.raises(InvalidInput, match="unit is 'kW', expected a unit of energy"):
        MeterFormat(unit="kW", is_register=True)


@pytest.mark.parametrize("digits", [0, -1])
def test_register_digits_are_at_least_one(digits: int) -> None:
    with pytest.raises(InvalidInput, match="register_digits"):
        MeterFormat(unit="kWh", is_register=True, register_digits=digits)


def test_only_registers_have_digits() -> None:
    with pytest.raises(InvalidInput, match="register_digits is 5"):
        MeterFormat(unit="kWh", register_digits=5)


def test_steps_are_above_zero() -> None:
    with pytest.raises(InvalidInput, match="step is 0:00:00"):
        MeterFormat(step=timedelta(0))
    with pytest.raises(InvalidInput, match="mean_step"):
        MeterFormat(mean_step=-timedelta(hours=1))
