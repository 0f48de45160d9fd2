import numpy as np
from support.hourly_panels import M, panel_of, weekly_kw

from vpp.baseline.forecasting.site_columns import site_columns

SLOTS = np.arange(14 * M)


def test_without_temperature_and_plan_there_are_none() -> None:
    assert site_columns(panel_of(weekly_kw(14)), SLOTS, 14 * M, 4, by_workday=True).shape == (1, 0, 14 * M)


def test_hinges_bend_a_line_at_quantiles() -> None:
    temperature_c = np.linspace(0.0, 40.0, 14 * M)[None, :]
    panel = panel_of(weekly_kw(14), temperature_c=temperature_c)
    line, *hinges = site_columns(panel, SLOTS, 14 * M, 4, by_workday=False)[0]
    np.testing.assert_allclose(np.diff(line), line[1] - line[0])
    bends = [temperature_c[0, np.flatnonzero(hinge > 0)[0]] for hinge in hinges]
    np.testing.assert_allclose(bends, 40.0 * np.linspace(0.1, 0.9, 4), atol=0.2)


def test_knots_come_from_what_was_known() -> None:
    temperature_c = np.concatenate([np.linspace(0, 10, 13 * M), np.full(M, 90.0)])[None, :]
    panel = panel_of(weekly_kw(13), temperature_c=temperature_c)
    calmer = panel_of(weekly_kw(13), temperature_c=np.minimum(temperature_c, 10.0))
    columns = [site_columns(each, SLOTS[: 13 * M], 13 * M, 4, by_workday=False) for each in (panel, calmer)]
    np.testing.assert_array_equal(*columns)


def test_workdays_have_slopes_of_their_own_and_the_plan_comes_last() -> None:
    rng = np.random.default_rng(1)
    panel = panel_of(
        weekly_kw(14), temperature_c=rng.normal(10, 5, (1, 14 * M)), plan_kw=weekly_kw(14)[None, :]
    )
    columns = site_columns(panel, SLOTS, 14 * M, 3, by_workday=True)[0]
    assert len(columns) == 4 + 4 + 1
    assert (columns[4:8, 5 * M : 7 * M] == 0).all()  # a weekend
    np.testing.assert_array_equal(columns[-1], weekly_kw(14))
