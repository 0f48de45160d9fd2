from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest
from support.baseline_sites import additive, at, flat_site, noisy_site, site_of, span, x_of_y

from vpp.baseline.fleet_forecast import forecast_fleet
from vpp.baseline.forecast_request import ForecastRequest
from vpp.baseline.forecasting.mix import ForecastMix
from vpp.baseline.rule_baseline import NoBaseline, RuleBaseline
from vpp.baseline.rules.engine import compute_baseline
from vpp.baseline.scoring.placebo_result import PlaceboResult
from vpp.baseline.scoring.placebo_run import PlaceboTask, run_placebos
from vpp.baseline.scoring.site_days import SiteDays
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.interval import Interval


def task(name: str, site: SiteMeter, event: Interval, truth: SiteMeter | None = None) -> PlaceboTask:
    days = SiteDays.of(truth or site)
    return PlaceboTask(name, site, event, days, days.week_before())


def test_outcomes_keep_the_order_of_the_tasks_whatever_their_batches() -> None:
    one, two = flat_site(20, 100.0), flat_site(20, 200.0)
    early, late = span(14, 17, 19), span(15, 17, 19)
    tasks = [task("a", one, late), task("b", two, early), task("b", two, late), task("a", one, early)]
    outcomes = run_placebos(x_of_y(), tasks, notice=None, library={})
    assert [outcome.task for outcome in outcomes] == tasks
    for outcome, level in zip(outcomes, (100.0, 200.0, 200.0, 100.0), strict=True):
        assert isinstance(outcome.result, PlaceboResult)
        assert outcome.result.adjusted_kw == pytest.approx([level, level])
        assert outcome.result.naive_kw == pytest.approx([level, level])


def test_the_load_held_against_may_be_another_than_the_meters() -> None:
    cut = np.full(24 * 20, 100.0)
    cut[24 * 14 + 17 : 24 * 14 + 19] = 60.0
    (outcome,) = run_placebos(
        x_of_y(), [task("a", site_of(cut), span(14, 17, 19), flat_site(20))], notice=None, library={}
    )
    assert isinstance(outcome.result, PlaceboResult)
    assert outcome.result.actual_kw.tolist() == [100.0, 100.0]


def test_a_site_without_like_days_has_no_baseline() -> None:
    (outcome,) = run_placebos(x_of_y(), [task("a", flat_site(1), span(0, 17, 19))], notice=None, library={})
    assert isinstance(outcome.result, NoBaseline)
    assert at(0, 17) == outcome.task.event.start


@pytest.mark.parametrize("notice", [None, timedelta(hours=20)])
def test_forecasts_are_shared_by_the_events_of_a_day_and_stay_those_of_each(
    notice: timedelta | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def counted(requests: Sequence[ForecastRequest], *, mix: ForecastMix) -> Sequence[object]:
        made.append(len(requests))
        return forecast_fleet(requests, mix=mix)

    monkeypatch.setattr("vpp.baseline.rules.forecast_batch.forecast_fleet", counted)
    adjustment = additive(4, 1, cap_ratio=0.2, before_notice=True)
    rule = x_of_y(method={"kind": "forecast", "mix": "fast"}, days=None, adjustment=adjustment)
    one, two = noisy_site(40, 1), noisy_site(40, 2)
    tasks = [
        task(name, site, span(day, first, first + 4))
        for day in (35, 36)
        for first in (14, 17)
        for name, site in (("a", one), ("b", two))
    ]
    outcomes = run_placebos(rule, tasks, notice=notice, library={})
    # Notice at 18:00 and 21:00 of the day before comes before midnight: each event has its own forecast.
    assert made == ([2, 2] if notice is None else [4, 4])
    assert [outcome.task for outcome in outcomes] == tasks
    for outcome in outcomes:
        event = outcome.task.event
        notice_at = None if notice is None else event.start - notice
        alone = compute_baseline(rule, outcome.task.site, event, notice_at=notice_at)
        assert isinstance(alone, RuleBaseline)
        assert isinstance(outcome.result, PlaceboResult)
        np.testing.assert_allclose(outcome.result.raw_kw, alone.raw_kw, rtol=1e-9)
        np.testing.assert_allclose(outcome.result.adjusted_kw, alone.adjusted_kw, rtol=1e-9)
