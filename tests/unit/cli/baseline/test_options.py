import pytest
import typer

from vpp.cli.baseline.options import meter_format
from vpp.telemetry.meter_format import MeterFormat, StampSide


def test_nothing_said_leaves_the_usual_columns() -> None:
    assert meter_format(None, None, None) is None


def test_a_known_column_has_its_unit_and_any_other_needs_one() -> None:
    expected = MeterFormat("energy_kwh", "kWh", stamp=StampSide.END)
    assert meter_format("energy_kwh", None, StampSide.END) == expected
    with pytest.raises(typer.BadParameter, match="--column load has no unit of its own"):
        meter_format("load", None, None)


def test_unit_and_stamp_go_with_a_column() -> None:
    for unit, stamp in (("MW", None), (None, StampSide.END)):
        with pytest.raises(typer.BadParameter, match="go with --column"):
            meter_format(None, unit, stamp)
