"""Product files name baseline rules; what is loaded holds them whole, or says what does not fit."""

from pathlib import Path

import pytest
from support.products import PRODUCT_FOLDER, RULE_FOLDER, shipped_rules

from vpp.foundation.errors import InvalidInput
from vpp.hub.product_files import load_product_file, load_product_files

SHIPPED = (PRODUCT_FOLDER / "example_gb_dfs.toml").read_text()
NAMED = 'rule = "gb-bl01"'


def written(folder: Path, baseline: str) -> Path:
    assert NAMED in SHIPPED
    file = folder / "example_gb_dfs.toml"
    file.write_text(SHIPPED.replace(NAMED, baseline))
    return file


def test_the_rules_themselves_are_in_the_product(tmp_path: Path) -> None:
    file = written(tmp_path, f'{NAMED}\nalternatives = ["ten-of-ten", "forecast-robust"]')
    [product] = load_product_files(tmp_path, shipped_rules())
    assert product == load_product_file(file, shipped_rules())
    assert product.baseline.rule == shipped_rules()["gb-bl01"]
    assert [rule.baseline_id for rule in product.baseline.rules] == [
        "gb-bl01",
        "ten-of-ten",
        "forecast-robust",
    ]


def test_a_rule_that_changes_makes_another_product() -> None:
    rules = shipped_rules()
    changed = rules | {"gb-bl01": rules["gb-bl01"].model_copy(update={"floor": False})}
    file = PRODUCT_FOLDER / "example_gb_dfs.toml"
    assert load_product_file(file, rules) != load_product_file(file, changed)


@pytest.mark.parametrize(
    ("baseline", "message"),
    [
        ('rule = "unheard-of"', "baseline.rule is 'unheard-of', expected one of: aemo-wdr, "),
        (f'{NAMED}\nalternatives = ["unheard-of"]', "baseline.alternatives is 'unheard-of'"),
        (f"{NAMED}\nalternatives = [3]", "baseline.alternatives is 3"),
        (f'{NAMED}\nalternatives = ["gb-bl01"]', "gb-bl01, gb-bl01: one occurs twice"),
        ('rule = "ercot-mbma"', "rule ercot-mbma reads the meter after the event's start"),
        ('rule = "caiso-mgo"', "'caiso-mgo', which needs a meter of storage and generation alone"),
        ('rule = "caiso-weather-matching"', "needs temperatures; a hub is not told that"),
        ('rule = "pjm-firm-service-level"', "needs a nominated level of each site"),
        ('rule = "nyiso-scr"', "needs the market's peak hours of each site"),
        ("", "baseline.rule"),
        ("rule = 4", "baseline.rule"),
    ],
)
def test_a_rule_that_does_not_fit_is_refused_by_name(tmp_path: Path, baseline: str, message: str) -> None:
    file = written(tmp_path, baseline)
    with pytest.raises(InvalidInput) as refusal:
        load_product_file(file, shipped_rules())
    assert message in str(refusal.value)
    assert str(file) in str(refusal.value)


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"product_directory .*none does not exist"):
        load_product_files(tmp_path / "none", shipped_rules())


def test_every_shipped_product_loads() -> None:
    assert len(load_product_files(PRODUCT_FOLDER, shipped_rules())) == len(
        list(PRODUCT_FOLDER.glob("*.toml"))
    )
    assert RULE_FOLDER.is_dir()
