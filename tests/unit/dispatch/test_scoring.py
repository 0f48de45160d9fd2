from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vpp.dispatch.instruction import Instruction, InstructionState, RefusalReason
from vpp.dispatch.purpose import EventPurpose
from vpp.dispatch.scoring import EventReadings, ScoreChoices, is_telling, score_site
from vpp.dispatch.site_score import ErrorSource, SiteScore
from vpp.foundation.interval import Interval

START = datetime(2026, 3, 2, 17, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
STEP = timedelta(minutes=15)
TOLD = Instruction(
    "drill-m0-north",
    "drill",
    "north",
    0,
    Interval(START, START + 2 * STEP),
    STEP,
    (100.0, 100.0),
    (),
    START + 2 * STEP,
    InstructionState.COMPLETED,
    purpose=EventPurpose.TEST,
)
PERFECT = EventReadings(
    step=MINUTE,
    metered_kw=np.full(30, 900.0),
    baseline_kw=np.full(30, 1000.0),
    doubtful=np.zeros(30, dtype=np.bool_),
    month_observed_ratio=1.0,
    placebo_error_ratio=0.01,
)


def scored(readings: EventReadings, told: Instruction = TOLD) -> SiteScore:
    return score_site(told, readings, ScoreChoices())


def test_a_perfect_site() -> None:
    score = scored(PERFECT)
    assert score.score_id == "drill-north"
    assert score.purpose is EventPurpose.TEST
    assert score.observability_ratio == 1.0
    assert score.error_kw == pytest.approx(10.0)  # 1 % of 1,000 kW
    assert score.error_source is ErrorSource.PLACEBO
    assert score.measurability_ratio == pytest.approx(0.9)  # 10 of 100 kW
    # Full response is seen with the first reading's end, a minute after the start.
    assert score.controllability_ratio == pytest.approx(0.6 + 0.25 * (1 - 1 / 15) + 0.15)


def test_a_site_that_joins_an_event_under_way_is_not_late_for_what_came_before() -> None:
    joined = replace(TOLD, target_reduction_kw=(0.0, 100.0))
    metered = np.where(np.arange(30) < 16, 1000.0, 900.0)  # a minute after it was to begin
    score = scored(replace(PERFECT, metered_kw=metered), joined)
    assert score.full_delay == 2 * MINUTE
    assert score.reached_ratio == pytest.approx(14 / 15)


def test_a_staggered_start_costs_nothing() -> None:
    staggered = replace(TOLD, start_offset=5 * MINUTE)
    metered = np.where(np.arange(30) < 5, 1000.0, 900.0)
    score = scored(replace(PERFECT, metered_kw=metered), staggered)
    assert score.full_delay == MINUTE
    assert score.reached_ratio == pytest.approx(1.0)
    assert score.target_kw == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("state", "reason", "purpose", "telling"),
    [
        ("REFUSED", "MAINTENANCE", "MARKET", False),
        ("ABORTED", "MAINTENANCE", "TEST", False),
        ("REFUSED", "OUTRANKED", "TEST", False),
        ("REFUSED", "LOCAL_VETO", "TEST", False),
        ("REFUSED", "LOCAL_VETO", "MARKET", True),
        ("REFUSED", "RESOURCE_UNAVAILABLE", "TEST", True),
        ("EXPIRED", "UNSPECIFIED", "MARKET", True),
        ("COMPLETED", "UNSPECIFIED", "TEST", True),
    ],
)
def test_what_a_site_was_kept_from_shows_nothing(
    state: str, reason: str, purpose: str, *, telling: bool
) -> None:
    told = replace(
        TOLD, state=InstructionState[state], reason=RefusalReason[reason], purpose=EventPurpose[purpose]
    )
    assert is_telling(told) is telling


def test_observability_is_the_lower_share() -> None:
    gaps = PERFECT.metered_kw.copy()
    gaps[:6] = np.nan
    assert scored(replace(PERFECT, metered_kw=gaps)).observability_ratio == pytest.approx(0.8)
    assert scored(replace(PERFECT, month_observed_ratio=0.7)).observability_ratio == pytest.approx(0.7)


def test_doubtful_readings_lower_measurability_alone() -> None:
    doubtful = PERFECT.doubtful.copy()
    doubtful[:15] = True
    score = scored(replace(PERFECT, doubtful=doubtful))
    assert score.doubtful_ratio == 0.5
    assert score.measurability_ratio == pytest.approx(0.45)
    assert score.observability_ratio == 1.0


def test_without_a_scored_rule_the_error_comes_from_quiet_hours() -> None:
    noise = np.random.default_rng(1).normal(0.0, 20.0, 5000)
    score = scored(replace(PERFECT, placebo_error_ratio=None, quiet_kw=1000.0 + noise))
    assert score.error_source is ErrorSource.QUIET_HOURS
    assert score.error_kw == pytest.approx(20.0, rel=0.05)
    assert score.measurability_ratio == pytest.approx(0.8, abs=0.02)


def test_an_error_above_the_target_measures_nothing() -> None:
    assert scored(replace(PERFECT, placebo_error_ratio=0.2)).measurability_ratio == 0.0


def test_where_nothing_is_known_of_the_error_the_site_is_not_measurable() -> None:
    score = scored(replace(PERFECT, placebo_error_ratio=None))
    assert score.error_source is ErrorSource.NONE
    assert score.measurability_ratio == 0.0


def test_a_silent_site_scores_nothing() -> None:
    score = scored(replace(PERFECT, metered_kw=np.full(30, np.nan)))
    assert (score.observability_ratio, score.measurability_ratio, score.controllability_ratio) == (0, 0, 0)
    assert score.reached_ratio == 0.0


def test_a_site_without_a_baseline_is_seen_and_not_measured() -> None:
    score = scored(replace(PERFECT, baseline_kw=np.full(30, np.nan), placebo_error_ratio=None))
    assert score.observability_ratio == 1.0
    assert score.reached_ratio == 0.0
    assert score.measurability_ratio == 0.0


def test_a_slow_site_is_less_controllable() -> None:
    slow = PERFECT.metered_kw.copy()
    slow[:10] = 1000.0
    score = scored(replace(PERFECT, metered_kw=slow))
    assert score.full_delay == 11 * MINUTE
    assert score.reached_ratio == pytest.approx(20 / 30)
    assert score.controllability_ratio == pytest.approx(0.6 * 20 / 30 + 0.25 * 4 / 15 + 0.15)
