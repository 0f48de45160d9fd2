from decimal import Decimal

import pytest

from vpp.flexibility.quantity_text import (
    Dimension,
    Quantity,
    parse_energy_kwh,
    parse_power_kw,
    parse_quantity,
)
from vpp.foundation.errors import InvalidInput

FULL_WIDTH = "".join(chr(ord(sign) + 0xFEE0) for sign in "1.5MW")


@pytest.mark.parametrize(
    ("text", "kw"),
    [
        ("1500 W", "1.5"),
        ("250kW", "250"),
        ("250 KW", "250"),
        ("1.5 MW", "1500"),
        ("0.2GW", "200000"),
        ("2 TW", "2e9"),
        ("300瓦", "0.3"),
        ("5千瓦", "5"),
        ("5 萬千瓦", "50000"),
        ("百万千瓦", "1e6"),
        ("千万千瓦", "1e7"),
        ("5千万瓦", "50000"),
        ("3亿千瓦", "3e8"),
        ("3億キロワット", "3e8"),
        ("200兆瓦", "200000"),
        ("2 吉瓦", "2e6"),
        ("1太瓦", "1e9"),
        ("12瓩", "12"),
        ("5メガワット", "5000"),
        ("20万キロワット", "200000"),
        ("5万 kW", "50000"),
        ("1,234.5 kW", "1234.5"),
        ("1,234,567 kW", "1234567"),
        ("1 234 kW", "1234"),
        ("1_234 kW", "1234"),
        ("-5 kW", "-5"),
        ("\N{MINUS SIGN}5 kW", "-5"),
        ("+5 kW", "5"),
        (FULL_WIDTH, "1500"),
        ("\N{SQUARE MW MEGA}", "1000"),
        ("5 \N{SQUARE KW}", "5"),
        ("5キロ\N{SQUARE WATTO}", "5"),
    ],
)
def test_powers(text: str, kw: str) -> None:
    assert parse_quantity(text) == Quantity(Dimension.POWER, Decimal(kw))
    assert parse_power_kw(text) == float(Decimal(kw))


@pytest.mark.parametrize(
    ("text", "kwh"),
    [
        ("90 MWh", "90000"),
        ("750 Wh", "0.75"),
        ("1 GWh", "1e6"),
        ("5 kWH", "5"),
        ("3度", "3"),
        ("3万度", "30000"),
        ("62.4吉瓦时", "62.4e6"),
        ("7千瓦小时", "7"),
        ("4 兆瓦時", "4000"),
        ("10万千瓦时", "1e5"),
        ("2キロワット時", "2"),
        ("2メガワットアワー", "2000"),
    ],
)
def test_energies(text: str, kwh: str) -> None:
    assert parse_quantity(text) == Quantity(Dimension.ENERGY, Decimal(kwh))
    assert parse_energy_kwh(text) == float(Decimal(kwh))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("200兆ワット", "two ways.*10\\^12.*10\\^6"),
        ("200兆W", "two ways"),
        ("10³ kW", "the sign ³"),  # a normalised text would say 103 kW
        ("①MW", "the sign ①"),
        ("½ MW", "the sign ½"),
        ("200兆キロワット", "two ways"),
        ("200兆千瓦", "two ways"),
        ("200万兆瓦", "two ways"),
        ("2兆", "two ways"),
        ("1,234 kW", "two ways.*1234 or 1.234"),
        ("1,5 MW", "two ways"),
        ("1.234.567 kW", "at most one decimal point"),
        ("1.234,5 kW", "at most one decimal point"),
        ("12 34 kW", "at most one decimal point"),
        ("200 mW", "milli.*expected MW"),
        ("200 mw", "milli.*expected MW"),
        ("3 mWh", "milli.*expected MWh"),
        ("200", "no unit"),
        ("万", "has the unit '万'"),
        ("", "has 0 characters"),
        ("kilowatts", "has the unit 'kilowatts'"),
        ("500 kVA", "apparent"),
        ("500 gw", "has the unit 'gw'"),
        ("二百千瓦", "has the unit"),
        ("1e3 kW", "has the unit 'e3kW'"),
        ("nan kW", "has the unit"),
        ("3亿5000万千瓦", "has the unit"),
        ("- kW", "a sign and no number"),
        ("5" * 70 + " kW", "characters"),
    ],
)
def test_what_could_be_meant_otherwise_is_refused_with_both_readings(text: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as refusal:
        parse_quantity(text)
    assert text in str(refusal.value)


def test_a_power_is_no_energy() -> None:
    with pytest.raises(InvalidInput, match="is an energy, expected a power"):
        parse_power_kw("3 MWh")
    with pytest.raises(InvalidInput, match="is a power, expected an energy"):
        parse_energy_kwh("3 MW")
