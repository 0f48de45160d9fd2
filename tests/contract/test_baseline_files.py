"""Every baseline rule that ships loads, is honest about itself, and is known to this list."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from vpp.cli.rule_folder import rule_folder
from vpp.hub.baseline_rule_files import load_rule_files
from vpp.portfolio.baseline_rule import BaselineRule

FOLDER = Path(__file__).resolve().parents[2] / "configs" / "baselines"
FILES = sorted(FOLDER.glob("*.toml"))
SHIPPED = {
    "aemo-wdr",
    "building-control-10-day-mean",
    "caiso-10-in-10",
    "caiso-5-in-10-residential",
    "caiso-control-group",
    "caiso-mgo",
    "caiso-weather-matching",
    "cn-beijing-2015",
    "cn-guangzhou",
    "cn-jiangsu-2015",
    "cn-jiangsu-real-time",
    "ercot-matching-day-pair",
    "ercot-max-base-load",
    "ercot-mbma",
    "ercot-middle-8-of-10",
    "ercot-nearest-20",
    "ercot-regression",
    "forecast-boosted",
    "forecast-fast",
    "forecast-mean",
    "forecast-robust",
    "forecast-robust-unadjusted",
    "gb-bl01",
    "gb-dfs",
    "high-4-of-5",
    "iso-ne-10-of-10",
    "iso-ne-90-10",
    "jp-erab-high-4-of-5",
    "jp-erab-pre-measured",
    "jp-erab-same-time-mean",
    "jp-nominated",
    "kr-mid-6-of-10",
    "nyiso-5-of-10",
    "nyiso-scr",
    "pjm-economic",
    "pjm-firm-service-level",
    "pjm-guaranteed-load-drop",
    "pjm-match-day",
    "pjm-same-day-3-plus-2",
    "ten-of-ten",
    "tw-20-day",
}


def test_the_rules_ship_where_the_command_line_looks_for_them() -> None:
    rules = load_rule_files(rule_folder())
    assert set(rules) >= SHIPPED
    assert set(rules) == {path.stem for path in FILES}


def test_a_baseline_that_reads_load_after_the_start_says_so() -> None:
    rules = load_rule_files(FOLDER)
    assert {name for name, rule in rules.items() if rule.looks_past_start} == {
        "caiso-5-in-10-residential",
        "caiso-control-group",
        "ercot-mbma",
        "pjm-match-day",
        "pjm-same-day-3-plus-2",
        "tw-20-day",
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
class TestRuleFile:
    def test_it_loads_under_the_id_of_its_name(self, path: Path) -> None:
        rule = BaselineRule.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        assert rule.baseline_id == path.stem

    def test_unverified_values_exist_and_are_marked_where_they_stand(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
        unverified = document["source"].get("unverified", [])
        if unverified == ["*"]:
            assert document["source"]["tag"] == "M"
            return
        assert len(set(unverified)) == len(unverified)
        for name in unverified:
            assert stands_in(document, name.split(".")), name
        assert marked(text) == set(unverified)

    def test_what_is_from_memory_is_not_passed_off_as_checked(self, path: Path) -> None:
        rule = load_rule_files(FOLDER)[path.stem]
        text = path.read_text(encoding="utf-8")
        if rule.is_verified:
            assert "memory" not in text
            assert "unverified" not in text
        assert rule.source.tag in {"P", "S", "D", "M"}

    def test_it_says_what_it_is_and_ends_in_one_line_break(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        assert text.startswith("# ")
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        assert tomllib.loads(text)["summary"].endswith(".")


def stands_in(document: Any, keys: list[str]) -> bool:  # noqa: ANN401  any part of a TOML document
    """Whether a dotted name leads to a value that the file states."""
    for key in keys:
        if isinstance(document, list):
            document = document[int(key)] if int(key) < len(document) else None
        else:
            document = document.get(key)
        if document is None:
            return False
    return True


def marked(text: str) -> set[str]:
    """Dotted names of the values that a comment marks as unverified; the n-th class is `days.classes.n`."""
    group, listed, place, found = "", "", 0, set()
    for line in text.splitlines():
        is_marked = "# unverified" in line
        if line.startswith("["):
            group = line.strip("[]") + "."
        elif named := re.match(r"(\w+) = (.*)", line):
            name, value = named.groups()
            is_open = value.split("#")[0].strip() == "["
            listed, place = (group + name, 0) if is_open else ("", 0)
            if is_marked:
                found.add(group + name)
        elif listed and line.startswith("  {"):
            if is_marked:
                found.add(f"{listed}.{place}")
            place += 1
    return found
