import numpy as np
import pytest
from support.baseline_sites import at, flat_site, site_of, span, x_of_y

from vpp.baseline.rule_baseline import NoBaseline
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
