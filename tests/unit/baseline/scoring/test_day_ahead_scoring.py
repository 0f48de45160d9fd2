import numpy as np
import pytest
from support.baseline_sites import day_of, site_of, span

from vpp.baseline.scoring.civil_days import number_of
from vpp.baseline.scoring.day_ahead_row import DayAheadRow, UnscoredSeries
from vpp.baseline.scoring.day_ahead_scoring import intervals_of, row_of
from vpp.baseline.scoring.day_forecast import DayForecast, SeriesForecasts
from vpp.baseline.scoring.site_days import SiteDays

FIRST = number_of(day_of(0))
# Three weeks: 100 kW, then 110 kW, then 90 kW.
SITE = site_of(np.repeat([100.0, 110.0, 90.0], 24 * 7))


def scored(
    by_day: dict[int, DayForecast | None], days: SiteDays | None = None
) -> DayAheadRow | UnscoredSeries:
    days = SiteDays.of(SITE) if days is None else days
    forecasts = SeriesForecasts({FIRST + day: found for day, found in by_day.items()}, 3.0)
    frame = intervals_of("a", "method", days, forecasts)
    return row_of("a", "method", days, forecasts, frame, verified=False)


def level(
    p50: float, p10: float | None = None, p90: float | None = None, step: str = "method"
) -> DayForecast:
    low, high = (None if value is None else np.full(24, value) for value in (p10, p90))
    return DayForecast(np.full(24, p50), low, high, step)


def test_figures_by_hand() -> None:
    # The third week's load is 90: errors +5 and -1 on two days, the week before is off by 20.
    row = scored({14: level(95.0, 85.0, 99.0), 15: level(89.0, 91.0, 95.0, "fallback"), 16: None})
    assert isinstance(row, DayAheadRow)
    assert (row.series, row.method, row.verified, row.cpu_s) == ("a", "method", False, 3.0)
    assert (row.day_count, row.missing_day_count) == (2, 1)
    assert row.mae_kw == pytest.approx(3.0)
    assert row.rmae_ratio == pytest.approx(3 / 20)
    # In the two weeks before, load changed by 10 from one to the other.
    assert row.mase_ratio == pytest.approx(3 / 10)
    assert row.cvrmse_ratio == pytest.approx(np.sqrt(13) / 90)
    assert row.bias_ratio == pytest.approx(2 / 90)
    # q10: 85 costs 0.5, 91 costs 0.9; q50: 2.5 and 0.5; q90: 99 costs 0.9, 95 costs 0.5.
    assert row.pinball_ratio == pytest.approx((0.7 + 1.5 + 0.7) / 3 / 90)
    assert row.coverage_ratio == 0.5
    assert row.width_ratio == pytest.approx(9 / 90)
    assert row.notes == ("fallback on 1 days",)


def test_a_method_without_quantiles_has_no_band_figures() -> None:
    row = scored({14: level(95.0)})
    assert isinstance(row, DayAheadRow)
    assert (row.pinball_ratio, row.coverage_ratio, row.width_ratio) == (None, None, None)


def test_without_a_week_before_there_is_nothing_to_hold_against() -> None:
    row = scored({3: level(95.0)})
    assert isinstance(row, DayAheadRow)
    assert (row.rmae_ratio, row.mase_ratio) == (None, None)
    assert row.mae_kw == pytest.approx(5.0)


def test_events_are_not_scored() -> None:
    load = np.repeat([100.0, 110.0, 90.0], 24 * 7)
    load[24 * 14 + 17 : 24 * 14 + 21] = 10.0
    days = SiteDays.of(site_of(load, events=[span(14, 17, 21)]))
    row = scored({14: level(95.0)}, days)
    assert isinstance(row, DayAheadRow)
    assert row.mae_kw == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("load", "by_day", "word"),
    [
        (100.0, {}, "no day with enough metering"),
        (100.0, {14: None, 15: None}, "no forecast on any of 2 days"),
        (float("nan"), {14: level(95.0)}, "no forecast on any of 1 days"),
        (-100.0, {14: level(95.0)}, "mean load is -100 kW, expected above 0"),
    ],
)
def test_what_cannot_be_scored_says_why(
    load: float, by_day: dict[int, DayForecast | None], word: str
) -> None:
    days = SiteDays.of(site_of(np.full(24 * 21, load)))
    row = scored(by_day, days)
    assert isinstance(row, UnscoredSeries)
    assert word in row.detail


def test_intervals_carry_local_day_and_hour() -> None:
    days = SiteDays.of(site_of(np.full(24 * 3, 100.0), zone="Asia/Tokyo"))
    frame = intervals_of("a", "method", days, SeriesForecasts({FIRST + 1: level(95.0, 90.0, 99.0)}, 0.0))
    assert frame["start_time"].iloc[0] == span(0, 15, 16).start
    assert set(frame["day"]) == {day_of(1)}
    assert frame["hour"].tolist() == list(range(24))
    assert frame[["actual_kw", "p10_kw", "p50_kw", "p90_kw"]].iloc[0].tolist() == [100.0, 90.0, 95.0, 99.0]
