import pytest

from vpp.foundation.errors import InvalidInput
from vpp.telemetry.units import meter_unit


@pytest.mark.parametrize(
    ("text", "factor", "is_energy"),
    [
        ("W", 0.001, False),
        ("kW", 1.0, False),
        ("KW", 1.0, False),
        ("kw", 1.0, False),
        ("MW", 1000.0, False),
        ("GW", 1e6, False),
        ("watts", 0.001, False),
        ("kilowatt", 1.0, False),
        ("Wh", 0.001, True),
        ("kWh", 1.0, True),
        ("kW h", 1.0, True),
        ("kW·h", 1.0, True),
        ("kilowatt-hours", 1.0, True),
        ("MWh", 1000.0, True),
        ("GWh", 1e6, True),
        ("瓦", 0.001, False),
        ("千瓦", 1.0, False),
        ("兆瓦", 1000.0, False),
        ("万千瓦", 10_000.0, False),
        ("亿千瓦", 1e8, False),
        ("万kW", 10_000.0, False),
        ("千瓦时", 1.0, True),
        ("千瓦小时", 1.0, True),
        ("兆瓦时", 1000.0, True),
        ("万千瓦时", 10_000.0, True),
        ("萬千瓦時", 10_000.0, True),
        ("万kWh", 10_000.0, True),
        ("亿千瓦时", 1e8, True),
        ("度", 1.0, True),
        ("万度", 10_000.0, True),
        (" MW.h ", 1000.0, True),
    ],
)
def test_units_that_people_write(text: str, factor: float, is_energy: bool) -> None:  # noqa: FBT001  a case
    unit = meter_unit(text)
    assert unit.factor == pytest.approx(factor, rel=1e-15)
    assert unit.is_energy is is_energy


@pytest.mark.parametrize("text", ["", "kVA", "kvar", "h", "万", "千", "kWhh", "J", "%", "千万", "kWmin"])
def test_other_units_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="expected one of power or energy"):
        meter_unit(text)
