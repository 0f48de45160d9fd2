import pickle
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vpp.baseline.accuracy import coverage_ratio, mean_absolute_error_kw
from vpp.baseline.forecast import forecast_day_ahead
from vpp.baseline.forecast_request import PastErrors
from vpp.baseline.insufficient_history import InsufficientHistory
from vpp.baseline.load_forecast import LoadForecast
from vpp.baseline.masking import mask_intervals
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular

HOUR, DAY, QUARTER = timedelta(hours=1), timedelta(days=1), timedelta(minutes=15)
START = datetime(2026, 5, 4, tzinfo=UTC)  # a Monday


def forecast(load_kw: pd.Series, horizon: Interval, **changes: Any) -> Any:  # noqa: ANN401  either outcome
    fields: dict[str, Any] = {"time_zone": "Europe/London", "holidays": frozenset(), "masked": ()}
    found = forecast_day_ahead(load_kw, horizon, **(fields | changes))
    if isinstance(found, LoadForecast):
        check_promises(found, load_kw, horizon)
    return found


def check_promises(found: LoadForecast, load_kw: pd.Series, horizon: Interval) -> None:
    low, middle, high = (series.to_numpy() for series in (found.p10_kw, found.p50_kw, found.p90_kw))
    assert np.isfinite([low, middle, high]).all()
    assert (low >= 0).all()
    assert (low <= middle).all()
    assert (middle <= high).all()
    assert (high <= max(0.0, 1.2 * load_kw.max()) + 1e-9).all()
    assert found.p50_kw.index[0] == horizon.start
    assert found.p50_kw.index[-1] + load_kw.index.freq == horizon.end


def site_kw(days: float, step: timedelta = QUARTER, seed: int = 1, start: datetime = START) -> pd.Series:
    """Load with a civil day shape, quieter weekends, a level that wanders, and noise."""
    count = int(days * DAY / step)
    rng = np.random.default_rng(seed)
    index = pd.date_range(start, periods=count, freq=pd.Timedelta(step)).tz_convert("Europe/London")
    hour = (index.hour + index.minute / 60).to_numpy()
    level = np.repeat(rng.normal(0, 6, count // int(DAY / step) + 1).cumsum() * 0.5, int(DAY / step))[:count]
    shape = 300 + 60 * np.sin(2 * np.pi * (hour - 9) / 24) - 50 * (index.day_of_week >= 5)
    return regular(shape + level + rng.normal(0, 4, count), start, step)


def next_day(load_kw: pd.Series, lead: timedelta = timedelta(0)) -> Interval:
    begin = (load_kw.index[-1] + load_kw.index.freq).to_pydatetime() + lead
    return Interval(begin, begin + DAY)


def test_four_weeks_take_the_mean_of_the_members() -> None:
    whole = site_kw(29)
    found = forecast(whole[:-96], next_day(whole[:-96]))
    assert found.method == "mean-of-members"
    assert found.members == ("fourier", "autoreg", "day-arx", "robust-arx")
    assert found.notes == ()
    assert mean_absolute_error_kw(found.p50_kw, whole[-96:]) < 0.05 * whole.mean()
    assert coverage_ratio(found.p10_kw, found.p90_kw, whole[-96:]) > 0.5


def test_the_day_after_tomorrow_is_forecast_from_the_morning_before() -> None:
    whole = site_kw(30.5)
    known = whole[: -int(1.5 * 96)]
    found = forecast(known, next_day(known, lead=timedelta(hours=12)))
    assert found.method == "mean-of-members"
    assert mean_absolute_error_kw(found.p50_kw, whole[-96:]) < 0.06 * whole.mean()


@pytest.mark.parametrize(
    ("days", "method"),
    [
        (28, "mean-of-members"),
        (27, "fewer-members"),
        (17, "fewer-members"),
        (16, "class-profile"),
        (2, "class-profile"),
        (0.5, "mean-load"),
    ],
)
def test_shorter_history_takes_a_named_step_down(days: float, method: str) -> None:
    load_kw = site_kw(days, start=START - HOUR)  # civil midnight in summer
    assert forecast(load_kw, next_day(load_kw)).method == method


def test_one_reading_is_enough_for_a_constant() -> None:
    load_kw = regular([80.0], START, QUARTER)
    found = forecast(load_kw, next_day(load_kw))
    assert found.method == "constant"
    assert set(found.p10_kw) == set(found.p90_kw) == {80.0}


@pytest.mark.parametrize("level_kw", [0.0, 250.0])
def test_a_load_that_never_changes_goes_on(level_kw: float) -> None:
    load_kw = site_kw(28) * 0 + level_kw
    found = forecast(load_kw, next_day(load_kw))
    assert found.method == "constant"
    assert set(found.p50_kw) == {level_kw}


@pytest.mark.parametrize("load_kw", [site_kw(5) * np.nan, site_kw(5)[:0]], ids=["gaps", "empty"])
def test_nothing_known_is_a_value_or_bad_input(load_kw: pd.Series) -> None:
    horizon = Interval(START + 5 * DAY, START + 6 * DAY)
    if load_kw.empty:
        with pytest.raises(InvalidInput, match="no intervals"):
            forecast(load_kw, horizon)
    else:
        assert forecast(load_kw, horizon) == InsufficientHistory(0, 1)


def test_a_horizon_before_the_history_knows_nothing() -> None:
    assert forecast(site_kw(5), Interval(START - DAY, START)) == InsufficientHistory(0, 1)


def test_a_square_wave_and_a_jump_stay_in_range() -> None:
    load_kw = site_kw(28) * 0 + 100.0
    load_kw.iloc[::7] = 400.0
    load_kw.iloc[-200:] = 20.0
    forecast(load_kw, next_day(load_kw))


def test_a_fifth_of_the_readings_missing_changes_little() -> None:
    whole = site_kw(29)
    known = whole[:-96].copy()
    known[np.random.default_rng(3).random(len(known)) < 0.2] = np.nan
    known.iloc[-400:-300] = np.nan
    found = forecast(known, next_day(whole[:-96]))
    assert found.method == "mean-of-members"
    assert mean_absolute_error_kw(found.p50_kw, whole[-96:]) < 0.05 * whole.mean()


def test_mostly_gaps_fall_to_the_class_profile() -> None:
    load_kw = site_kw(28)
    load_kw[np.random.default_rng(3).random(len(load_kw)) < 0.95] = np.nan
    assert forecast(load_kw, next_day(load_kw)).method == "class-profile"


def test_a_horizon_long_after_the_history_falls_to_the_class_profile() -> None:
    load_kw = site_kw(28)
    found = forecast(load_kw, next_day(load_kw, lead=8 * DAY))
    assert found.method == "class-profile"


def test_readings_from_the_horizon_on_are_never_looked_at() -> None:
    load_kw = site_kw(29)
    horizon = Interval(START + 28 * DAY, START + 29 * DAY)
    changed = load_kw.copy()
    changed[horizon.start :] = 7.0
    pd.testing.assert_series_equal(forecast(load_kw, horizon).p50_kw, forecast(changed, horizon).p50_kw)


def test_masked_events_do_not_lower_the_forecast() -> None:
    truth = site_kw(28)
    curtailed = truth.copy()
    events = []
    for day in range(28):
        begin = START + day * DAY + 16 * HOUR
        if (begin.weekday() < 5) and day % 3:
            events.append(Interval(begin, begin + 3 * HOUR))
            curtailed[begin : begin + 3 * HOUR - QUARTER] -= 100.0
    horizon = next_day(truth)
    evening = slice(horizon.start + 16 * HOUR, horizon.start + 19 * HOUR - QUARTER)
    without = forecast(truth, horizon).p50_kw[evening].mean()
    masked = forecast(curtailed, horizon, masked=events).p50_kw[evening].mean()
    taken_in = forecast(curtailed, horizon).p50_kw[evening].mean()
    assert abs(masked - without) < 8.0
    assert taken_in < without - 25.0
    same = forecast(mask_intervals(truth, events), horizon).p50_kw[evening].mean()
    assert masked == pytest.approx(same)


def test_a_holiday_is_forecast_like_a_sunday() -> None:
    load_kw = site_kw(28)
    horizon = next_day(load_kw)  # a Monday
    usual, holiday = (forecast(load_kw, horizon, holidays=days) for days in (frozenset(), {date(2026, 6, 1)}))
    assert holiday.p50_kw.mean() < usual.p50_kw.mean() - 20.0


@pytest.mark.parametrize(
    ("day", "intervals"), [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100)], ids=["23 hours", "25 hours"]
)
def test_days_of_a_clock_change(day: date, intervals: int) -> None:
    midnight = pd.Timestamp(day, tz="Europe/London")
    begin = midnight.tz_convert("UTC").to_pydatetime().astimezone(UTC)
    end = (midnight + pd.DateOffset(days=1)).tz_convert("UTC").to_pydatetime().astimezone(UTC)
    load_kw = site_kw(29, start=begin - 28 * DAY)
    found = forecast(load_kw[: begin - QUARTER], Interval(begin, end))
    assert found.method == "mean-of-members"
    assert len(found.p50_kw) == intervals
    evening = found.p50_kw.tz_convert("Europe/London").between_time("14:45", "15:15")
    assert evening.mean() > found.p50_kw.mean() + 30.0  # the civil peak stays at 15:00


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Asia/Tokyo", "Australia/Lord_Howe"])
@pytest.mark.parametrize("step_min", [5, 20, 30, 60])
def test_other_zones_and_steps(zone: str, step_min: int) -> None:
    load_kw = site_kw(22, timedelta(minutes=step_min))
    found = forecast(load_kw, next_day(load_kw), time_zone=zone)
    assert found.method == "fewer-members"


def test_the_same_input_gives_the_same_forecast_in_another_process() -> None:
    load_kw = site_kw(28)
    call = pickle.loads(pickle.dumps(forecast_day_ahead))  # noqa: S301  our own bytes
    again = call(load_kw, next_day(load_kw), time_zone="Europe/London", holidays=frozenset(), masked=())
    copy = pickle.loads(pickle.dumps(again))  # noqa: S301  our own bytes
    pd.testing.assert_series_equal(copy.p90_kw, forecast(load_kw, next_day(load_kw)).p90_kw)


def test_a_horizon_off_the_grid_is_refused() -> None:
    with pytest.raises(InvalidInput, match="whole number"):
        forecast(site_kw(3), Interval(START + 3 * DAY, START + 4 * DAY + timedelta(minutes=1)))


def test_infinite_readings_are_refused() -> None:
    load_kw = site_kw(3)
    load_kw.iloc[5] = np.inf
    with pytest.raises(InvalidInput, match="infinite"):
        forecast(load_kw, Interval(START + 3 * DAY, START + 4 * DAY))


def test_a_site_that_exports_may_be_forecast_to_export() -> None:
    load_kw = site_kw(29) - 400.0
    found = forecast_day_ahead(
        load_kw[:-96],
        next_day(load_kw[:-96]),
        time_zone="Europe/London",
        holidays=frozenset(),
        masked=(),
    )
    assert isinstance(found, LoadForecast)
    assert mean_absolute_error_kw(found.p50_kw, load_kw[-96:]) < 15.0
    assert found.p10_kw.min() >= 1.2 * load_kw.min()


def test_temperature_that_ends_before_the_horizon_is_not_used_and_said() -> None:
    load_kw = site_kw(30)
    horizon = next_day(load_kw)
    plain = forecast(load_kw, horizon)
    hours = pd.date_range(load_kw.index[0], horizon.start, freq="h", inclusive="left")
    ended = forecast(load_kw, horizon, temperature_c=pd.Series(10.0, index=hours))
    pd.testing.assert_series_equal(ended.p50_kw, plain.p50_kw)
    assert (plain.notes, len(ended.notes)) == ((), 1)
    assert "temperature not used" in ended.notes[0]


def test_without_a_reading_a_plan_is_nominated() -> None:
    load_kw = site_kw(3) * np.nan
    horizon = next_day(load_kw)
    plan_kw = regular(np.arange(24.0), horizon.start, HOUR)
    found = forecast_day_ahead(
        load_kw, horizon, time_zone="Etc/UTC", holidays=frozenset(), masked=(), plan_kw=plan_kw
    )
    assert isinstance(found, LoadForecast)
    assert found.method == "nominated-plan"
    assert found.p50_kw.tolist()[:8] == [0.0] * 4 + [1.0] * 4
    assert forecast(load_kw, horizon, plan_kw=plan_kw[:-1]) == InsufficientHistory(0, 1)


def test_days_of_history_leave_a_plan_standing_and_weeks_overrule_it() -> None:
    for days, method in ((4, "nominated-plan"), (6, "class-profile"), (30, "mean-of-members")):
        load_kw = site_kw(days, start=START - HOUR)
        horizon = next_day(load_kw)
        plan_kw = regular(np.full((days + 1) * 24, 280.0), load_kw.index[0].to_pydatetime(), HOUR)
        assert forecast(load_kw, horizon, plan_kw=plan_kw).method == method


def test_given_errors_make_the_band_and_are_kept() -> None:
    load_kw = site_kw(30)
    horizon = next_day(load_kw)
    days = tuple((horizon.start - n * DAY).date() for n in range(28, 0, -1))
    wide, narrow = (
        PastErrors(days, scale * np.random.default_rng(1).normal(0, 10, (28, 96))) for scale in (2.0, 0.5)
    )
    bands = [forecast(load_kw, horizon, past_errors=past) for past in (wide, narrow)]
    widths = [(found.p90_kw - found.p10_kw).mean() for found in bands]
    assert widths[0] == pytest.approx(4 * widths[1], rel=0.01)
    assert bands[0].past_errors is wide
    replayed = forecast(load_kw, horizon).past_errors
    assert replayed.error_kw.shape == (len(replayed.days), 96)
    assert replayed.days[-1] == (horizon.start - DAY + HOUR).date()


def test_given_errors_of_another_shape_are_refused() -> None:
    load_kw = site_kw(30)
    past = PastErrors((date(2026, 5, 1),), np.zeros((1, 24)))
    with pytest.raises(InvalidInput, match=r"past_errors of site .* has shape \(1, 24\), expected \(1, 96\)"):
        forecast(load_kw, next_day(load_kw), past_errors=past)
