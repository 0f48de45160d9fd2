import pytest

from vpp.flexibility.site_grade import (
    Attendance,
    GradeChoices,
    GradeLetter,
    Known,
    NotKnownYet,
    Score,
    controllability,
    grade,
    lower,
    measurability,
    observability,
)
from vpp.foundation.errors import InvalidInput

CHOICES = GradeChoices()


def known(ratio: float, count: int = 10) -> Known:
    return Known(ratio, count, "tests")


@pytest.mark.parametrize(
    ("ratio", "letter"),
    [
        (1.0, GradeLetter.A),
        (0.9, GradeLetter.A),
        (0.89, GradeLetter.B),
        (0.75, GradeLetter.B),
        (0.5, GradeLetter.C),
        (0.49, GradeLetter.D),
        (0.0, GradeLetter.D),
    ],
)
def test_the_lowest_score_decides(ratio: float, letter: GradeLetter) -> None:
    assert grade({"observability": known(1.0), "controllability": known(ratio)}, CHOICES) is letter


def test_what_is_not_known_is_no_grade() -> None:
    scores: dict[str, Score] = {"observability": known(1.0), "controllability": NotKnownYet("nothing yet")}
    found = grade(scores, CHOICES)
    assert isinstance(found, NotKnownYet)
    assert "controllability" in found.why
    assert isinstance(grade({}, CHOICES), NotKnownYet)


def test_two_answers_are_too_few_for_a_grade() -> None:
    scores: dict[str, Score] = {"observability": known(1.0, 2000), "controllability": known(1.0, 2)}
    assert grade(scores, CHOICES) == NotKnownYet("a score stands on 2 observations, expected 3", 2)


def test_thresholds_out_of_order_are_refused() -> None:
    with pytest.raises(InvalidInput, match="least_for_b"):
        GradeChoices(least_for_a=0.6, least_for_b=0.7)


def test_what_is_seen_least_decides_what_can_be_seen() -> None:
    devices = {"bess": Attendance(100, 99), "cooling": Attendance(100, 60)}
    seen = observability(Attendance(1000, 990), Attendance(100, 100), devices)
    assert seen == Known(0.6, 100, "cooling answered in good health")


def test_what_was_never_looked_for_says_nothing() -> None:
    assert observability(Attendance(10, 9), Attendance(0, 0), {}) == Known(0.9, 10, "readings there are")
    assert isinstance(observability(Attendance(50, 0), Attendance(0, 0), {}), NotKnownYet)


def test_a_meter_that_was_looked_for_in_vain_is_known_to_be_blind() -> None:
    assert observability(Attendance(50, 0), Attendance(5, 0), {}) == Known(0.0, 50, "readings there are")


def test_more_cannot_be_there_than_was_looked_for() -> None:
    with pytest.raises(InvalidInput, match="present_count"):
        Attendance(3, 4)


def measured(**changes: object) -> Score:
    fields: dict[str, object] = {
        "error_kw": 30.0,
        "error_source": "quiet hours",
        "observation_count": 400,
        "target_kw": 300.0,
        "doubtful_ratio": 0.0,
        "choices": CHOICES,
    }
    return measurability(**(fields | changes))  # type: ignore[arg-type]


def test_error_over_target_with_the_meters_class() -> None:
    score = measured()
    assert isinstance(score, Known)
    # sqrt(30^2 + (1 % of 300)^2) = 30.15 of 300 kW.
    assert score.ratio == pytest.approx(0.8995, abs=1e-4)
    half = measured(doubtful_ratio=0.5)
    assert isinstance(half, Known)
    assert half.ratio == pytest.approx(score.ratio / 2)


@pytest.mark.parametrize("changes", [{"error_kw": None}, {"observation_count": 0}, {"target_kw": 0.0}])
def test_without_an_error_or_a_target_nothing_is_known(changes: dict[str, object]) -> None:
    assert isinstance(measured(**changes), NotKnownYet)


def test_a_load_that_moves_more_than_the_target_cannot_be_measured() -> None:
    assert measured(error_kw=500.0) == Known(0.0, 400, "quiet hours")


def test_what_comes_above_a_command_makes_up_for_nothing() -> None:
    score = controllability({"a": [2.0, 0.0], "b": [1.0]}, {"a": 100.0, "b": 300.0}, "tests")
    assert score == Known(0.875, 3, "tests")  # (0.5 x 100 + 1 x 300) / 400


def test_the_wrong_way_counts_as_nothing() -> None:
    assert controllability({"a": [-1.0]}, {"a": 5.0}, "tests") == Known(0.0, 1, "tests")


def test_an_untried_site_has_no_controllability() -> None:
    assert isinstance(controllability({"a": []}, {}, "tests"), NotKnownYet)


def test_the_lower_of_two_scores() -> None:
    unknown = NotKnownYet("nothing")
    assert lower(unknown, known(0.4)) == known(0.4)
    assert lower(known(0.4), unknown) == known(0.4)
    assert lower(known(0.4, 2), known(0.6, 3)) == Known(0.4, 5, "tests")
