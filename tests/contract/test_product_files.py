"""Every product file that ships is a valid profile and honest about itself."""

from pathlib import Path

import pytest
from pydantic import BaseModel
from support.products import shipped_rules

from vpp.foundation.money import minor_unit
from vpp.hub.product_files import load_product_file
from vpp.portfolio.product import ProductProfile, Trigger

FOLDER = Path(__file__).resolve().parents[2] / "configs" / "products"
FILES = sorted(FOLDER.glob("*.toml"))
SHIPPED = {
    "example_cn_day_ahead",
    "example_cn_valley_filling",
    "example_emergency",
    "example_gb_dfs",
    "example_jp_hatsudo",
    "example_peak_shaving",
    "example_us_emergency_30min",
}


def profile_of(path: Path) -> ProductProfile:
    return load_product_file(path, shipped_rules())


def field_names(model: type[BaseModel], prefix: str = "") -> set[str]:
    names = set()
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names |= field_names(kind, f"{prefix}{name}.")
        else:
            names.add(f"{prefix}{name}")
    return names


def test_the_examples_ship() -> None:
    assert {path.stem for path in FILES} >= SHIPPED


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
class TestProductFile:
    def test_it_loads_under_the_id_of_its_name(self, path: Path) -> None:
        assert profile_of(path).product_id == path.stem.replace("_", "-")

    def test_its_currency_can_be_settled(self, path: Path) -> None:
        assert minor_unit(profile_of(path).money.currency) > 0

    def test_an_example_says_so(self, path: Path) -> None:
        if path.stem.startswith("example"):
            assert profile_of(path).status == "example"

    def test_unverified_fields_exist_and_are_marked_where_they_stand(self, path: Path) -> None:
        unverified = set(profile_of(path).provenance.unverified_fields)
        assert unverified - field_names(ProductProfile) == set()
        group, marked = "", set()
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("["):
                group = line.strip("[]") + "."
            elif " = " in line and "# unverified" in line:
                marked.add(group + line.split(" = ", maxsplit=1)[0])
        assert marked == unverified


def test_the_emergency_example_goes_with_the_peak_shaving_one() -> None:
    emergency = profile_of(FOLDER / "example_emergency.toml")
    peak_shaving = profile_of(FOLDER / "example_peak_shaving.toml")
    assert emergency.call.trigger is Trigger.EMERGENCY
    assert emergency.baseline == peak_shaving.baseline
    assert emergency.money.currency == peak_shaving.money.currency
