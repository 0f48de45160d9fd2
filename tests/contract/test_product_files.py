"""Every product file that ships is a valid profile and honest about itself."""

import re
from pathlib import Path

import pytest
from support.products import shipped_rules

from vpp.foundation.direction import Direction
from vpp.foundation.money import minor_unit
from vpp.hub.product_files import load_product_file
from vpp.portfolio.call_rules import Trigger
from vpp.portfolio.product import ProductProfile
from vpp.portfolio.product_fields import field_names

FOLDER = Path(__file__).resolve().parents[2] / "configs" / "products"
FILES = sorted(FOLDER.glob("*.toml"))
MANUAL = (FOLDER / "README.md").read_text(encoding="utf-8")
SHIPPED = {
    "example_cn_day_ahead",
    "example_cn_guangdong_penalty",
    "example_cn_sichuan",
    "example_cn_valley_filling",
    "example_emergency",
    "example_gb_dfs",
    "example_gb_dfs_turn_up",
    "example_jp_hatsudo",
    "example_nordic_ffr",
    "example_peak_shaving",
    "example_uftp",
    "example_us_economic",
    "example_us_emergency_30min",
}


def profile_of(path: Path) -> ProductProfile:
    return load_product_file(path, shipped_rules())


def test_the_examples_ship() -> None:
    assert {path.stem for path in FILES} >= SHIPPED


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
class TestProductFile:
    def test_it_loads_under_the_id_of_its_name(self, path: Path) -> None:
        assert profile_of(path).product_id == path.stem.replace("_", "-")

    def test_its_currency_can_be_settled(self, path: Path) -> None:
        assert minor_unit(profile_of(path).money.currency) > 0

    def test_the_manual_tells_of_it(self, path: Path) -> None:
        assert f"`{path.name}`" in MANUAL

    def test_an_example_says_so(self, path: Path) -> None:
        if path.stem.startswith("example"):
            assert profile_of(path).status == "example"

    def test_unverified_fields_exist_and_are_marked_where_they_stand(self, path: Path) -> None:
        unverified = set(profile_of(path).provenance.unverified_fields)
        assert unverified - set(field_names()) == set()
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


def test_the_manual_names_every_field_and_no_other() -> None:
    rows = re.findall(r"^\| `([a-z_.]+)` \|", MANUAL.partition("## Every field")[2], re.MULTILINE)
    assert sorted(rows) == sorted(field_names())


def test_the_direction_is_all_that_the_two_halves_of_a_service_differ_in() -> None:
    down, up = (profile_of(FOLDER / f"example_gb_dfs{half}.toml") for half in ("", "_turn_up"))
    assert (down.call.direction, up.call.direction) == (Direction.LOAD_DOWN, Direction.LOAD_UP)
    same = {"product_id", "version", "display_name", "call"}
    assert down.model_dump(exclude=same) == up.model_dump(exclude=same)
    assert down.call.model_dump(exclude={"direction"}) == up.call.model_dump(exclude={"direction"})
