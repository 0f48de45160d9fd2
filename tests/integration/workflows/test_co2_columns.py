"""The CO2 columns of a settled evening: from the factors file to the statement's cells."""

import csv
import io
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from support.market import EVENING, Market
from support.settled_evening import clear_evening, deliver

from vpp.hub.emission_factor_file import load_emission_factors
from vpp.settlement.site_delivery import EmissionFactor

FACTORS = '[[factor]]\nzone = "{zone}"\nkg_per_kwh = "0.800"\nsource = "Example"\nyear = 2026\n'


def cells(market: Market, factors: dict[str, EmissionFactor]) -> list[dict[str, str]]:
    """Settle an evening under factors and return the lines of north-1's owner."""
    market.rules = replace(market.rules, emission_factors=factors)
    clear_evening(market)
    market.advance(EVENING.end)
    deliver(market, {"north-1": 100.0, "north-2": 50.0})
    market.advance(EVENING.end + timedelta(hours=4))
    with market.units(write=False) as uow:
        stored = uow.statements.get(f"owner-north-1-{EVENING.start:%Y-%m}-v1")
    assert stored is not None
    (content,) = [
        text
        for name, text in stored.value.files.items()
        if name.endswith("_v1.csv") and "summary" not in name
    ]
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def loaded(folder: Path, zone: str) -> dict[str, EmissionFactor]:
    path = folder / "factors.toml"
    path.write_text(FACTORS.format(zone=zone), encoding="utf-8")
    return load_emission_factors(path)


def test_lines_with_an_energy_show_the_zones_factor_and_that_it_is_an_estimate(
    market: Market, tmp_path: Path
) -> None:
    lines = cells(market, loaded(tmp_path, "north"))
    energies = [line for line in lines if line["line_code"] == "ENERGY"]
    assert len(energies) == 8
    assert {line["ef_source"] for line in energies} == {"Example, 2026; estimate, not a certificate"}
    assert sum(Decimal(line["co2_kg"]) for line in energies) == 160  # 100 kW for two hours
    others = [line for line in lines if line["line_code"] != "ENERGY"]
    assert others
    assert {line["co2_kg"] for line in others} == {""}


def test_a_zone_without_a_factor_leaves_them_empty(market: Market, tmp_path: Path) -> None:
    lines = cells(market, loaded(tmp_path, "elsewhere"))
    columns = ("emission_factor_kg_per_kwh", "co2_kg", "ef_source")
    assert {line[column] for line in lines for column in columns} == {""}
