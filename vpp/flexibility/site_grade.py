"""A site's grade: whether it can be seen, measured and steered, from what it has shown itself.

Three scores, each 0..1 or not known yet:

- observability: whether readings are there and on time, and devices answer;
- measurability: whether a change of its consumption can be told from what its load does by itself;
- controllability: how much of what was commanded came, in time.

The grade is that of the lowest of the three: a site that is steered well and cannot be measured proves
nothing. No published thresholds are known; those here are choices of this project.

Source:
    Observable, measurable, controllable as a measurable acceptance, and a site's grade from test
    dispatches: requirements F10 and F28 of this project's reference. Thresholds and weights: choices.
"""

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass

from vpp.flexibility.bounds import check_above_zero, check_within
from vpp.foundation.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Known:
    """A score.

    Attributes:
        ratio: The score, 0..1.
        observation_count: How many observations it stands on, 1 or more.
        source: What it was taken from, in words.
    """

    ratio: float
    observation_count: int
    source: str

    def __post_init__(self) -> None:
        """Refuse a score outside 0..1, and one that stands on nothing."""
        check_within(self.ratio, "ratio", 0.0, 1.0)
        if self.observation_count < 1:
            raise InvalidInput(f"observation_count is {self.observation_count}, expected 1 or more")


@dataclass(frozen=True, slots=True)
class NotKnownYet:
    """A score that cannot be given yet: neither good nor bad.

    Attributes:
        why: What is missing, in words.
        observation_count: How many observations there are.
    """

    why: str
    observation_count: int = 0


Score = Known | NotKnownYet


class GradeLetter(enum.Enum):
    """A grade, the best first."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


@dataclass(frozen=True, slots=True)
class GradeChoices:
    """What grades need and scores weigh: choices of this project, taken from no source.

    Attributes:
        least_for_a: Lowest score of a site of grade A.
        least_for_b: Of grade B.
        least_for_c: Of grade C; below it the grade is D.
        meter_class_ratio: How far the meter's scale may be off; it is not known at the site, so class 1 of
            IEC 62053-21 is taken.
        fewest_responses: A site that has answered fewer commands has no grade yet.
        least_tried_ratio: Share of what its resources can hold that must have been tried, before their
            responses say anything of the site.
    """

    least_for_a: float = 0.9
    least_for_b: float = 0.75
    least_for_c: float = 0.5
    meter_class_ratio: float = 0.01
    fewest_responses: int = 3
    least_tried_ratio: float = 0.5

    def __post_init__(self) -> None:
        """Refuse thresholds out of order."""
        check_within(self.least_for_c, "least_for_c", 0.0, self.least_for_b)
        check_within(self.least_for_b, "least_for_b", self.least_for_c, self.least_for_a)
        check_within(self.least_for_a, "least_for_a", self.least_for_b, 1.0)
        check_within(self.meter_class_ratio, "meter_class_ratio", 0.0, 1.0)
        check_within(self.least_tried_ratio, "least_tried_ratio", 0.0, 1.0)


def grade(scores: Mapping[str, Score], choices: GradeChoices) -> GradeLetter | NotKnownYet:
    """Return the grade of a site.

    Args:
        scores: Its scores by name.
        choices: What grades need.

    Example:
        >>> scores = {"observability": Known(0.99, 2016, "meter"), "controllability": Known(0.8, 12, "tests")}
        >>> grade(scores, GradeChoices())
        <GradeLetter.B: 'B'>
    """
    unknown = [name for name, score in scores.items() if isinstance(score, NotKnownYet)]
    if unknown or not scores:
        return NotKnownYet(f"not known yet: {', '.join(unknown) or 'all scores'}")
    fewest = min(score.observation_count for score in scores.values())
    if fewest < choices.fewest_responses:
        return NotKnownYet(
            f"a score stands on {fewest} observations, expected {choices.fewest_responses}", fewest
        )
    lowest = min(score.ratio for score in scores.values() if isinstance(score, Known))
    bounds = {
        GradeLetter.A: choices.least_for_a,
        GradeLetter.B: choices.least_for_b,
        GradeLetter.C: choices.least_for_c,
    }
    return next((letter for letter, least in bounds.items() if lowest >= least), GradeLetter.D)


@dataclass(frozen=True, slots=True)
class Attendance:
    """How often something was looked for, and how often it was there.

    Attributes:
        expected_count: How often it was looked for, 0 or more.
        present_count: How often it was there.
    """

    expected_count: int
    present_count: int

    def __post_init__(self) -> None:
        """Refuse more than was looked for."""
        if not 0 <= self.present_count <= self.expected_count:
            raise InvalidInput(
                f"present_count is {self.present_count}, expected 0 to {self.expected_count} (expected_count)"
            )

    @property
    def ratio(self) -> float:
        """Share that was there; 0 if nothing was looked for."""
        return self.present_count / self.expected_count if self.expected_count else 0.0


def observability(history: Attendance, on_time: Attendance, devices: Mapping[str, Attendance]) -> Score:
    """Return whether a site can be seen: the lowest of what is known of meter and devices.

    Args:
        history: Metering intervals of the span, and those with a reading.
        on_time: Control steps, and those at which the reading of the step that had just ended was there.
        devices: Control steps, and those at which a device was in good health, by resource id.

    Example:
        >>> seen = observability(Attendance(100, 99), Attendance(0, 0), {"bess": Attendance(10, 9)})
        >>> seen.ratio, seen.source
        (0.9, 'bess answered in good health')
    """
    if not history.present_count and not on_time.expected_count:
        return NotKnownYet("there is no reading, and the agent has not looked for one")
    shares = {
        "readings there are": history,
        "readings that came on time": on_time,
        **{f"{name} answered in good health": each for name, each in devices.items()},
    }
    known = {name: each for name, each in shares.items() if each.expected_count}
    lowest = min(known, key=lambda name: known[name].ratio)
    return Known(known[lowest].ratio, known[lowest].expected_count, lowest)


def measurability(  # noqa: PLR0913  by keyword, one per thing that is known
    *,
    error_kw: float | None,
    error_source: str,
    observation_count: int,
    target_kw: float,
    doubtful_ratio: float,
    choices: GradeChoices,
) -> Score:
    """Return whether a delivery of a site can be told from noise: 1 less error over target.

    The error is that of one interval. To what the load does by itself comes what the meter's own scale may
    be off, of the target alone: the same factor is in the load before, and cancels.

    Args:
        error_kw: Standard error of what is taken for the load without a delivery, kW; None if not known.
        error_source: What that was taken from.
        observation_count: From how many intervals.
        target_kw: What the site may promise, kW.
        doubtful_ratio: Share of the readings that could not be believed.
        choices: The meter's class.

    Example:
        >>> score = measurability(error_kw=30.0, error_source="quiet hours", observation_count=500,
        ...     target_kw=300.0, doubtful_ratio=0.0, choices=GradeChoices(meter_class_ratio=0.0))
        >>> round(score.ratio, 3)
        0.9
    """
    if error_kw is None or observation_count < 1:
        return NotKnownYet("too few readings to say how the load varies by itself", max(0, observation_count))
    if target_kw <= 0.0:
        return NotKnownYet("the site can promise nothing that could be measured", observation_count)
    check_within(error_kw, "error_kw")
    check_within(doubtful_ratio, "doubtful_ratio", 0.0, 1.0)
    whole_kw = math.hypot(error_kw, choices.meter_class_ratio * target_kw)
    return Known(
        max(0.0, 1.0 - whole_kw / target_kw) * (1.0 - doubtful_ratio), observation_count, error_source
    )


def lower(one: Score, other: Score) -> Score:
    """Return the lower of two scores of the same thing; one that is not known yet says nothing.

    Example:
        >>> lower(Known(0.9, 2, "events"), Known(0.7, 9, "tests"))
        Known(ratio=0.7, observation_count=11, source='tests')
    """
    if isinstance(one, NotKnownYet):
        return other
    if isinstance(other, NotKnownYet):
        return one
    low = min(one, other, key=lambda score: score.ratio)
    return Known(low.ratio, one.observation_count + other.observation_count, low.source)


def controllability(ratios: Mapping[str, list[float]], weight_kw: Mapping[str, float], source: str) -> Score:
    """Return how much of what was commanded came, weighted by what each can do.

    What comes above a command makes up for no other one.

    Args:
        ratios: Delivered over commanded power of past responses, after the response time, by resource id.
        weight_kw: What each can do, kW, above 0; one without responses counts for nothing.
        source: What the ratios were taken from.

    Example:
        >>> score = controllability({"bess": [1.1, 0.9], "cooling": []}, {"bess": 100.0}, "tests")
        >>> score.ratio, score.observation_count
        (0.95, 2)
    """
    known = {key: values for key, values in ratios.items() if values}
    if not known:
        return NotKnownYet("nothing has been commanded yet: try vpp agent test-dispatch")
    total_kw = 0.0
    for key in known:
        check_above_zero(weight_kw[key], f"weight_kw of {key}")
        total_kw += weight_kw[key]
    means = {
        key: math.fsum(min(1.0, max(0.0, ratio)) for ratio in values) / len(values)
        for key, values in known.items()
    }
    ratio = math.fsum(weight_kw[key] * mean for key, mean in means.items()) / total_kw
    return Known(min(1.0, ratio), sum(len(values) for values in known.values()), source)
