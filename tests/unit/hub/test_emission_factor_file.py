from decimal import Decimal
from pathlib import Path

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.hub.emission_factor_file import load_emission_factors

NORTH = '[[factor]]\nzone = "north"\nkg_per_kwh = "0.800"\nsource = "Example, average"\nyear = 2026\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "factors.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_factor_is_exact_and_says_that_it_is_an_estimate(tmp_path: Path) -> None:
    factors = load_emission_factors(written(tmp_path, NORTH + NORTH.replace("north", "South_2")))
    assert set(factors) == {"north", "South_2"}
    assert factors["north"].kg_per_kwh == Decimal("0.800")
    assert factors["north"].source == "Example, average, 2026; estimate, not a certificate"


def test_no_factor_is_no_fault(tmp_path: Path) -> None:
    assert load_emission_factors(written(tmp_path, "")) == {}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"0.800"', '"800"', r"factor.0.kg_per_kwh\n.*less than or equal to 3"),  # grams
        ('"0.800"', '"-0.1"', "greater than or equal to 0"),
        ('"0.800"', '"NaN"', "finite"),
        ("year = 2026", "year = 26", "factor.0.year"),
        ('"north"', '"=north"', "factor.0.zone"),
        ("Example, average", "", "factor.0.source"),
        ("Example, average", "a\\tb", "factor.0.source"),
        ("zone", "zones", "factor.0.zones"),
        ("[[factor]]", "[[factors]]", "factors"),
        ("year = 2026", "year = ", "holds no emission factors"),
    ],
)
def test_what_is_no_factor_is_refused_by_field(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in NORTH
    with pytest.raises(InvalidInput, match=message):
        load_emission_factors(written(tmp_path, NORTH.replace(old, new)))


def test_a_zone_has_one_factor_and_the_file_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="has zone 'north' twice, expected one factor per zone"):
        load_emission_factors(written(tmp_path, NORTH + NORTH))
    with pytest.raises(InvalidInput, match=r"emission_factor_file .*none.toml does not exist"):
        load_emission_factors(tmp_path / "none.toml")
