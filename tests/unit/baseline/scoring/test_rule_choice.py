from datetime import date

import pytest
from support.baseline_sites import x_of_y
from support.scores import a_score

from vpp.baseline.scoring.rule_choice import ChoicePolicy, RuleChoice, choose_rule
from vpp.baseline.scoring.rule_score import ScoredRule, Unscored
from vpp.baseline.scoring.season import season_of
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.baseline_rule import BaselineRule

OWN, APPLE, PEAR = x_of_y("own"), x_of_y("apple"), x_of_y("pear")
DAY = date(2026, 7, 1)
RULES = (OWN, APPLE, PEAR)


def choose(own: float, apple: float, pear: float, policy: ChoicePolicy | None = None) -> RuleChoice:
    scores: dict[str, ScoredRule] = {
        rule.baseline_id: a_score(rule, rrmse=rrmse)
        for rule, rrmse in zip(RULES, (own, apple, pear), strict=True)
    }
    return choose_rule(
        "site-1",
        season_of(DAY),
        OWN,
        [PEAR, APPLE],
        scores,
        data_version="d",
        engine_version="e",
        policy=policy or ChoicePolicy(),
    )


@pytest.mark.parametrize(
    ("own", "apple", "pear", "chosen", "word"),
    [
        (0.05, 0.06, 0.07, "own", "none is better"),
        (0.05, 0.05, 0.05, "own", "none is better"),  # equal: the own rule
        (0.05, 0.046, 0.06, "own", "not better by more than 10%"),
        (0.05, 0.044, 0.06, "apple", "own rule own: RRMSE 5.0%"),
        (0.25, 0.19, 0.18, "pear", "own rule own fails: RRMSE 25.0% is above 20.0%"),
        (0.25, 0.18, 0.18, "apple", "fails"),  # equal: the first id
        (0.25, 0.3, 0.21, "own", "no rule passes its gate"),
    ],
)
def test_who_is_chosen_and_why(own: float, apple: float, pear: float, chosen: str, word: str) -> None:
    choice = choose(own, apple, pear)
    assert choice.baseline_id == chosen
    assert word in choice.reason
    assert choice.passed is (min(own, apple, pear) <= 0.2)
    assert choice.rule_digest == next(rule.digest for rule in RULES if rule.baseline_id == chosen)


def test_a_choice_keeps_every_score_and_holds_for_its_season() -> None:
    choice = choose(0.05, 0.06, 0.07)
    assert [one.score.baseline_id for one in choice.judged] == ["own", "apple", "pear"]
    assert (choice.own_baseline_id, choice.data_version, choice.engine_version) == ("own", "d", "e")
    assert DAY in choice.season
    assert date(2026, 10, 1) not in choice.season


def test_the_policy_says_what_is_a_gain() -> None:
    assert choose(0.05, 0.049, 0.06, ChoicePolicy(gain_ratio=0.0)).baseline_id == "apple"
    assert choose(0.05, 0.01, 0.06, ChoicePolicy(fewest_events=61)).passed is False


def test_a_rule_without_a_score_cannot_win() -> None:
    scores: dict[str, ScoredRule] = {
        "own": a_score(OWN, rrmse=0.3),
        "apple": Unscored("apple", 1, APPLE.digest, 5, "no temperature"),
    }
    choice = choose_rule("site-1", season_of(DAY), OWN, [APPLE], scores, data_version="d", engine_version="e")
    assert (choice.baseline_id, choice.passed) == ("own", False)


@pytest.mark.parametrize(
    ("alternatives", "scores", "word"),
    [
        ([APPLE], {"own": a_score(OWN)}, "rule apple has no score"),
        ([APPLE, APPLE], {"own": a_score(OWN), "apple": a_score(APPLE)}, "twice"),
        ([APPLE], {"own": a_score(OWN), "apple": a_score(PEAR)}, "a score of content"),
    ],
)
def test_scores_must_be_of_these_rules(
    alternatives: list[BaselineRule], scores: dict[str, ScoredRule], word: str
) -> None:
    with pytest.raises(InvalidInput, match=word):
        choose_rule(
            "s",
            season_of(DAY),
            OWN,
            alternatives,
            scores,
            data_version="d",
            engine_version="e",
        )


@pytest.mark.parametrize(("tag", "word"), [("M", True), ("S", False)])
def test_a_chosen_rule_that_nobody_checked_is_said_so(tag: str, *, word: bool) -> None:
    own = x_of_y("own", source={"tag": tag, "title": "test", "read_on": "2026-01-01"})
    choice = choose_rule(
        "site-1", season_of(DAY), own, [], {"own": a_score(own)}, data_version="d", engine_version="e"
    )
    assert ("unverified values" in choice.reason) is word
