from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from vpp.agent.tariff_file import load_tariff
from vpp.flexibility.site_prices import SitePrices
from vpp.foundation.errors import InvalidInput

EXAMPLES = Path(__file__).resolve().parents[3] / "configs" / "tariffs"


def test_the_examples_say_that_they_are_examples() -> None:
    tariffs = [load_tariff(path) for path in sorted(EXAMPLES.glob("*.toml"))]
    assert {tariff.status for tariff in tariffs} == {"example"}
    assert len({tariff.tariff_id for tariff in tariffs}) == len(tariffs) == 3


@pytest.mark.parametrize(
    ("name", "instant", "price"),
    [
        # 18:00 in Shanghai: 0.87 and 0.03 of levies; in July 1.07
        ("example_time_of_use", datetime(2026, 6, 1, 10, tzinfo=UTC), "0.90"),
        ("example_time_of_use", datetime(2026, 7, 1, 10, tzinfo=UTC), "1.10"),
        ("example_time_of_use", datetime(2026, 7, 1, 17, tzinfo=UTC), "0.30"),
        # 17:00 in London on a working day, a Saturday, and Boxing Day's substitute, a Monday
        ("example_weekday_peak", datetime(2026, 7, 1, 16, tzinfo=UTC), "0.34"),
        ("example_weekday_peak", datetime(2026, 7, 4, 16, tzinfo=UTC), "0.17"),
        ("example_weekday_peak", datetime(2026, 12, 28, 17, tzinfo=UTC), "0.11"),
        # no spot price known: 0.062 of network, 1.04 x 0.030, 0.041
        ("example_spot", datetime(2026, 7, 1, 10, tzinfo=UTC), "0.13420"),
    ],
)
def test_what_the_examples_ask(name: str, instant: datetime, price: str) -> None:
    calendar = load_tariff(EXAMPLES / f"{name}.toml").calendar()
    assert SitePrices(calendar).price_at(instant) == Decimal(price)


def test_the_demand_charge_is_information() -> None:
    tariff = load_tariff(EXAMPLES / "example_time_of_use.toml")
    charge = tariff.charge()
    assert charge is not None
    assert charge.price_per_kw_month == 38
    assert load_tariff(EXAMPLES / "example_spot.toml").charge() is None


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("end = 12:00:00 },", "end = 13:00:00 },", "peak|flat"),
        ("end = 10:00:00 },", "end = 09:30:00 },", "no period holds at 09:30"),
        ("months = [7, 8]", "months = [7, 13]", "months of summer peak"),
        ('price_per_kwh = "0.27"', 'price_per_kwh = "cheap"', "price_per_kwh"),
        ('time_zone = "Asia/Shanghai"', 'time_zone = "Asia/Peking"', "expected an IANA name"),
        ("[[periods]]", "[[period]]", "period"),
        ("valid_until = 2028-01-01", "", "valid_from and valid_until"),
        ("[demand_charge]", "[demand_charge", "cannot be used"),
    ],
)
def test_what_is_wrong_is_refused_by_name(tmp_path: Path, old: str, new: str, why: str) -> None:
    text = (EXAMPLES / "example_time_of_use.toml").read_text(encoding="utf-8")
    text = text.replace("adder_per_kwh", 'public_holidays = "CN"\nadder_per_kwh', 1)
    assert old in text
    path = tmp_path / "tariff.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InvalidInput, match=why) as refusal:
        load_tariff(path)
    assert str(path) in str(refusal.value)
