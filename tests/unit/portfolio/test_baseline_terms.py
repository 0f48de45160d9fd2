"""A product's baseline rules are whole, each once, and can be told before delivery."""

import pytest
from pydantic import ValidationError
from support.products import shipped_rules

from vpp.portfolio.baseline_rule import BaselineRule
from vpp.portfolio.baseline_terms import BaselineTerms


def rule(name: str) -> BaselineRule:
    return shipped_rules()[name]


def test_the_own_rule_comes_first() -> None:
    terms = BaselineTerms(rule=rule("high-4-of-5"), alternatives=(rule("ten-of-ten"), rule("gb-bl01")))
    assert [each.baseline_id for each in terms.rules] == ["high-4-of-5", "ten-of-ten", "gb-bl01"]
    assert terms.baseline_id == "high-4-of-5"
    assert set(terms.library) == {"high-4-of-5", "ten-of-ten", "gb-bl01"}
    assert terms.unverified == ("gb-bl01",)


def test_a_rule_occurs_once() -> None:
    with pytest.raises(ValidationError, match="high-4-of-5, high-4-of-5: one occurs twice"):
        BaselineTerms(rule=rule("high-4-of-5"), alternatives=(rule("high-4-of-5"),))


@pytest.mark.parametrize(
    "name", sorted(name for name, each in shipped_rules().items() if each.looks_past_start)
)
def test_a_rule_that_looks_past_the_start_cannot_be_told_before_it(name: str) -> None:
    with pytest.raises(ValidationError, match=f"rule {name} reads the meter after the event's start"):
        BaselineTerms(rule=rule(name))
    with pytest.raises(ValidationError, match=f"rule {name} reads the meter after the event's start"):
        BaselineTerms(rule=rule("high-4-of-5"), alternatives=(rule(name),))


def test_there_are_rules_that_look_past_the_start() -> None:
    assert any(each.looks_past_start for each in shipped_rules().values())


def test_a_rule_brings_the_ones_that_it_refers_to() -> None:
    drop = rule("pjm-guaranteed-load-drop")
    with pytest.raises(ValidationError, match="refers to pjm-economic, expected it among named"):
        BaselineTerms(rule=drop)
    terms = BaselineTerms(rule=drop, named=(rule("pjm-economic"),))
    assert terms.library["pjm-economic"] == rule("pjm-economic")
    assert terms.rules == (drop,)


def test_it_comes_back_from_its_document() -> None:
    terms = BaselineTerms(rule=rule("high-4-of-5"), alternatives=(rule("forecast-robust"),))
    again = BaselineTerms.model_validate(terms.model_dump(mode="json"))
    assert again == terms
    assert [each.digest for each in again.rules] == [each.digest for each in terms.rules]
