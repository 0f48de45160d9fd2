import json
from collections.abc import Callable
from pathlib import Path

import pytest

from vpp.cli.baseline.rule_library import read_rules, rule_named
from vpp.cli.baseline.rule_words import adjustment_words, days_words, method_words, unverified_words
from vpp.cli.baseline.show_rule import rule_rows
from vpp.foundation.errors import NotFound

Run = Callable[..., str]
RULES = read_rules(None)


def test_every_rule_is_listed_with_its_mark(run: Run) -> None:
    listed = json.loads(run("list", "--json"))["rules"]
    assert [rule["baseline_id"] for rule in listed] == sorted(RULES)
    marks = {rule["baseline_id"]: rule["verified"] for rule in listed}
    assert marks["pjm-economic"] is False
    assert marks["high-4-of-5"] is True
    text = run("list")
    assert "pjm-economic*" in text
    assert "high-4-of-5*" not in text.replace("jp-erab-high-4-of-5*", "").replace("example-high-4-of-5*", "")


@pytest.mark.parametrize("name", sorted(RULES))
def test_every_rule_can_be_said_in_words(name: str) -> None:
    rule = RULES[name]
    rows = dict(rule_rows(rule))
    assert rows["rule"] == f"{name}, version {rule.version}"
    assert rows["baseline"] == method_words(rule) != ""
    assert (rows["known before the event"] == "yes") != rule.looks_past_start


def test_the_words_of_a_rule_say_its_values() -> None:
    rule = RULES["pjm-economic"]
    assert method_words(rule) == (
        "workdays high 4 of 5; Saturdays high 2 of 3; Sundays and holidays high 2 of 3"
    )
    assert adjustment_words(rule.adjustment) == "additive, 4 h to 1 h before the start"
    assert days_words(rule.days) == "within 45 days, up to 1 day before, without days below 25 % of usual"


def test_unverified_values_are_named_and_a_rule_without_any_is_silent() -> None:
    warning = unverified_words(RULES["pjm-economic"])
    assert warning is not None
    assert all(name in warning for name in RULES["pjm-economic"].source.unverified)
    assert unverified_words(RULES["high-4-of-5"]) is None


def test_a_rule_is_shown_whole(run: Run) -> None:
    shown = json.loads(run("show", "high-4-of-5", "--json"))
    assert shown["digest"] == RULES["high-4-of-5"].digest
    assert shown["method"]["kind"] == "x_of_y"
    text = run("show", "pjm-economic")
    assert "Sundays and holidays" in text
    assert "unverified: " in text


def test_an_unknown_name_is_answered_with_those_like_it(run: Run) -> None:
    assert "did you mean high-4-of-5" in run("show", "high-4-of-6", code=3)
    with pytest.raises(NotFound, match="see `vpp baseline list`"):
        rule_named(RULES, "zzzzzzzz")


def test_a_folder_without_rules_is_refused(run: Run, tmp_path: Path) -> None:
    assert "holds no rule, expected files ending in .toml" in run("list", "--rules", tmp_path, code=3)
