import logging
import os
import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from vpp.agent.tariff_source import TariffSource, flat_prices
from vpp.agent.tariff_table import TariffTable
from vpp.foundation.errors import InvalidInput

EXAMPLES = Path(__file__).resolve().parents[3] / "configs" / "tariffs"
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FLAT = flat_prices(Decimal("0.18"), "EUR")
# Berlin at noon UTC: 0.062 of network and 0.041 of levies
NETWORK = Decimal("0.103")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(EXAMPLES / "example_spot.toml", tmp_path / "tariff.toml")
    write_spot(tmp_path, "80")
    return tmp_path


def write_spot(folder: Path, price: str) -> None:
    path = folder / "spot.csv"
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(f"start_utc,price_per_mwh\n2026-07-01T12:00:00Z,{price}\n")
    os.utime(path, ns=(before + 10**9, before + 10**9))  # however fast the test, later than before


def table(**changes: object) -> TariffTable:
    return TariffTable.model_validate({"file": "tariff.toml", "spot_file": "spot.csv", **changes})


def test_without_a_table_one_price_holds(tmp_path: Path) -> None:
    source = TariffSource(None, tmp_path, FLAT)
    assert source.prices().prices_over(NOON, HOUR, 2) == (Decimal("0.18"),) * 2
    assert source.currency == "EUR"


def test_new_prices_are_taken_up(folder: Path) -> None:
    source = TariffSource(table(), folder, FLAT)
    assert source.prices().price_at(NOON) == NETWORK + Decimal("1.04") * Decimal("0.080")
    same = source.prices()
    assert source.prices() is same  # nothing is read that has not changed
    write_spot(folder, "-20")
    assert source.prices().price_at(NOON) == NETWORK - Decimal("1.04") * Decimal("0.020")


def test_a_broken_file_leaves_the_prices_as_they_were_and_says_so_once(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = TariffSource(table(), folder, FLAT)
    before = source.prices()
    write_spot(folder, "dear")
    with caplog.at_level(logging.WARNING):
        assert source.prices() is before
        assert source.prices() is before
    assert [record.message for record in caplog.records if "stays as it was" in record.message] != []
    assert len(caplog.records) == 1
    write_spot(folder, "90")
    assert source.prices().price_at(NOON) == NETWORK + Decimal("1.04") * Decimal("0.090")


def test_a_file_that_vanishes_leaves_the_prices_too(folder: Path) -> None:
    source = TariffSource(table(), folder, FLAT)
    before = source.prices()
    (folder / "spot.csv").unlink()
    assert source.prices() is before


def test_calls_contracts_and_carbon_come_from_the_sites_own_table(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "example_time_of_use.toml", tmp_path / "tariff.toml")
    (tmp_path / "calls.csv").write_text("start_utc,end_utc\n2026-07-01T10:00:00Z,2026-07-01T11:00:00Z\n")
    (tmp_path / "grid.csv").write_text("start_utc,kg_per_kwh\n2026-07-01T11:00:00Z,0.7\n")
    site = TariffTable.model_validate(
        {
            "file": "tariff.toml",
            "calls_file": "calls.csv",
            "contracts": [
                {"contract_id": "ppa", "kind": "as_consumed", "share_ratio": "0.5", "price_per_kwh": "0.50"}
            ],
            "carbon": {
                "price_per_tonne": "100",
                "kg_per_kwh": "0.5",
                "kind": "average",
                "source": "made up",
                "factor_file": "grid.csv",
            },
        }
    )
    prices = TariffSource(site, tmp_path, flat_prices(Decimal(1), "CNY")).prices()
    # called: (1.35 + 0.03) / 2 + 0.50 / 2 + 0.05; then the summer peak (1.07 + 0.03) and 0.07 of carbon
    assert prices.prices_over(NOON - 2 * HOUR, HOUR, 2) == (Decimal("0.99"), Decimal("0.87"))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"file": "none.toml"}, "none.toml"),
        ({"spot_file": "none.csv"}, "none.csv"),
        ({"calls_file": "spot.csv"}, "no column end_utc"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_at_the_start(
    folder: Path, changes: dict[str, str], why: str
) -> None:
    with pytest.raises(InvalidInput, match=why):
        TariffSource(table(**changes), folder, FLAT)


def test_another_currency_is_refused(folder: Path) -> None:
    with pytest.raises(InvalidInput, match="is in EUR, expected GBP"):
        TariffSource(table(), folder, flat_prices(Decimal(1), "GBP"))


def test_spot_prices_need_a_tariff_that_follows_them(folder: Path) -> None:
    shutil.copy(EXAMPLES / "example_weekday_peak.toml", folder / "tariff.toml")
    with pytest.raises(InvalidInput, match="has no"):
        TariffSource(table(), folder, flat_prices(Decimal(1), "GBP"))


def test_more_contracts_than_consumption_and_unknown_keys_are_refused() -> None:
    half = {"contract_id": "a", "kind": "take_or_pay", "share_ratio": "0.6", "price_per_kwh": "0.5"}
    with pytest.raises(ValidationError, match=r"contracts cover 1\.2"):
        table(contracts=[half, half])
    with pytest.raises(ValidationError, match="adder"):
        table(adder="0.1")
