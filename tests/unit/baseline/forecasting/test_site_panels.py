from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.forecast_request import ForecastRequest
from vpp.baseline.forecasting.site_panels import site_panels
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular

HOUR, DAY, QUARTER = timedelta(hours=1), timedelta(days=1), timedelta(minutes=15)
START = datetime(2026, 3, 2, tzinfo=UTC)
UTC_CALENDAR = SiteCalendar("Etc/UTC")


def request(values: np.ndarray, step: timedelta = HOUR, days_later: int = 0) -> ForecastRequest:
    begin = START + len(values) * step + days_later * DAY
    return ForecastRequest("site", regular(values, START, step), Interval(begin, begin + DAY), UTC_CALENDAR)


COUNTED = np.arange(10 * 24.0)


def test_sites_of_one_grid_share_a_panel_and_others_have_their_own() -> None:
    late = np.where(np.arange(240) < 30, np.nan, COUNTED)  # its first reading is a day later
    sites = [request(COUNTED), request(late), request(COUNTED + 1), request(np.repeat(COUNTED, 2), HOUR / 2)]
    found = {tuple(panel.rows.tolist()): panel for panel in site_panels(sites, 56)}
    assert set(found) == {(0, 2), (1,), (3,)}
    assert found[0, 2].panel.load_kw[:, 5].tolist() == [5.0, 6.0]
    assert found[1,].panel.first_day == found[0, 2].panel.first_day + 1
    assert np.isnan(found[1,].panel.load_kw[0, :7]).tolist() == [True] * 6 + [False]


def test_a_history_ends_with_its_last_reading() -> None:
    values = COUNTED.copy()
    values[-5:] = np.nan
    (found,) = site_panels([request(values, days_later=1)], 56)
    assert found.panel.length == 235
    assert found.lead == 5 + 24 + 24
    assert found.middles[[0, -1]].tolist() == [264.5, 287.5]


@pytest.mark.parametrize(
    ("missing", "days_later", "note"),
    [
        (0, 2, ()),
        (1, 2, ("the last reading ends 2.0 days before the forecast begins",)),
        (5, 50, ("the last reading ends 50.2 days before the forecast begins",)),
    ],
)
def test_an_old_last_reading_is_noted(missing: int, days_later: int, note: tuple[str, ...]) -> None:
    values = COUNTED.copy()
    values[len(values) - missing :] = np.nan
    (found,) = site_panels([request(values, days_later=days_later)], 56)
    assert found.notes == (note,)


def test_each_site_has_its_own_age() -> None:
    gone = np.where(np.arange(240) < 24 * 7 + 12, COUNTED, np.nan)
    panels = site_panels([request(COUNTED), request(gone), request(np.repeat(gone, 4), QUARTER)], 56)
    notes = {
        row: note for found in panels for row, note in zip(found.rows.tolist(), found.notes, strict=True)
    }
    said = ("the last reading ends 2.5 days before the forecast begins",)
    assert notes == {0: (), 1: said, 2: said}


def test_only_so_many_days_are_kept() -> None:
    (found,) = site_panels([request(COUNTED)], 4)
    assert found.panel.load_kw[0].tolist() == COUNTED[-96:].tolist()


def test_masked_spans_are_gaps_and_the_series_stays_as_it_was() -> None:
    site = request(COUNTED)
    event = Interval(START + 30 * HOUR + QUARTER, START + 32 * HOUR)
    (found,) = site_panels([replace(site, masked=[event]), site], 56)
    assert np.flatnonzero(np.isnan(found.panel.load_kw[0])).tolist() == [30, 31]
    assert not np.isnan(found.panel.load_kw[1]).any()
    assert not site.metered_kw.isna().any()


def test_what_lies_after_the_horizons_start_is_not_laid_out() -> None:
    site = replace(request(COUNTED), horizon=Interval(START + 9 * DAY, START + 10 * DAY))
    (found,) = site_panels([site], 56)
    assert found.panel.length == 9 * 24


def test_nothing_known_has_no_panel() -> None:
    assert site_panels([request(COUNTED * np.nan)], 56) == []
    before = replace(request(COUNTED), horizon=Interval(START - DAY, START))
    assert site_panels([before], 56) == []


def test_finer_intervals_are_kept_beside_the_slots() -> None:
    (found,) = site_panels([request(np.arange(4 * 96.0), QUARTER)], 56)
    assert found.panel.load_kw[0, :2].tolist() == [0.5, 2.5]
    assert found.interval_kw[0, :4].tolist() == [0.0, 1.0, 2.0, 3.0]


def test_a_long_dark_time_ends_the_history_if_enough_follows() -> None:
    values = np.arange(80 * 24.0)
    values[5 * 24 : 20 * 24] = np.nan
    (found,) = site_panels([request(values)], 365)
    assert found.panel.load_kw[0, 0] == 20 * 24.0
    (found,) = site_panels([request(values[: 70 * 24])], 365)
    assert found.panel.load_kw[0, 0] == 0.0


@pytest.mark.parametrize("covered", ["all", "not the horizon", "half the past"])
def test_temperature_is_used_where_it_covers_enough(covered: str) -> None:
    temperature_c = regular(np.full(11 * 24, 10.0), START, HOUR)
    if covered == "not the horizon":
        temperature_c = temperature_c[:-12]
    elif covered == "half the past":
        temperature_c = temperature_c[5 * 24 :]
    (found,) = site_panels([replace(request(COUNTED), temperature_c=temperature_c)], 56)
    if covered == "all":
        assert found.panel.temperature_c is not None
        assert found.panel.temperature_c.shape == (1, 11 * 24)
        assert found.notes == ((),)
    else:
        assert found.panel.temperature_c is None
        assert found.notes[0][0].startswith("temperature not used")


def test_a_plan_is_laid_on_the_same_slots() -> None:
    plan_kw = regular(np.arange(11 * 24.0), START, HOUR)
    plan_kw.iloc[7] = np.nan  # one missing hour is bridged
    (found,) = site_panels([replace(request(COUNTED), plan_kw=plan_kw)], 56)
    assert found.panel.plan_kw is not None
    np.testing.assert_allclose(found.panel.plan_kw[0], np.arange(11 * 24.0))


def test_a_clock_change_leaves_no_hole_in_the_temperature() -> None:
    london = SiteCalendar("Europe/London")
    horizon = london.day(date(2026, 3, 29))  # 23 hours
    load_kw = regular(np.ones(10 * 24), horizon.start - 10 * DAY, HOUR)
    temperature_c = regular(np.full(10 * 24 + 23, 10.0), horizon.start - 10 * DAY, HOUR)
    site = ForecastRequest("site", load_kw, horizon, london, (), temperature_c)
    (found,) = site_panels([site], 56)
    assert found.panel.temperature_c is not None
    assert np.isfinite(found.panel.temperature_c).all()
    assert len(found.middles) == 23


def test_bad_series_are_refused() -> None:
    off_grid = Interval(START + 10 * DAY, START + 11 * DAY + QUARTER)
    minutes = timedelta(minutes=7)
    odd = Interval(START + 720 * minutes, START + 721 * minutes)
    bad = {
        "infinite": request(np.append(COUNTED, np.inf)),
        "whole number": replace(request(COUNTED), horizon=off_grid),
        "divides a day": replace(request(np.ones(720), minutes), horizon=odd),
    }
    for reason, site in bad.items():
        with pytest.raises(InvalidInput, match=reason):
            site_panels([site], 56)
