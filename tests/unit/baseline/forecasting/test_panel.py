from datetime import date

import numpy as np
from support.hourly_panels import M, panel_of, weekly_kw

from vpp.baseline.forecasting.panel import EPOCH, LoadPanel, classes_of

# From Thursday 2 April 2026: Thursday, Good Friday, Saturday, Sunday, Easter Monday, Tuesday.
EASTER = frozenset({date(2026, 4, 3), date(2026, 4, 6)})
THURSDAY = (date(2026, 4, 2) - EPOCH).days


def test_kinds_of_days() -> None:
    panel = LoadPanel(np.zeros((1, M)), M, THURSDAY, EASTER)
    assert panel.weekdays(6).tolist() == [3, 4, 5, 6, 0, 1]
    assert panel.day_classes(6).tolist() == [0, 2, 1, 2, 2, 0]
    assert classes_of(np.array([[THURSDAY], [THURSDAY + 1]]), frozenset()).tolist() == [[0], [0]]


def test_some_sites_are_taken_with_all_that_is_theirs() -> None:
    load_kw = np.arange(6.0).reshape(3, 2)
    panel = panel_of(load_kw, temperature_c=load_kw + 10, plan_kw=load_kw + 20)
    taken = panel.take(np.array([2, 0]))
    assert taken.load_kw.tolist() == [[4.0, 5.0], [0.0, 1.0]]
    assert taken.temperature_c is not None
    assert taken.temperature_c[0].tolist() == [14.0, 15.0]
    assert taken.plan_kw is not None
    assert taken.plan_kw[0].tolist() == [24.0, 25.0]


def test_a_begun_day_is_unknown_after_the_history() -> None:
    by_day = panel_of(weekly_kw(2)[:30]).by_day()
    assert by_day.shape == (1, 2, M)
    assert np.isnan(by_day[0, 1, 6:]).all()
    assert not np.isnan(by_day[0, 1, :6]).any()
