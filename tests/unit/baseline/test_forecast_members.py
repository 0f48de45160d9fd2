from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from vpp.baseline.autoreg_member import autoreg_forecast
from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.calendar_columns import calendar_columns
from vpp.baseline.class_profile import class_profiles, profile_forecast
from vpp.baseline.day_arx_member import day_arx_forecast
from vpp.baseline.fourier_member import fourier_forecast
from vpp.baseline.imputation import imputed
from vpp.baseline.member_mix import Member, mix_members
from vpp.baseline.slot_history import SlotHistory
from vpp.foundation.series import regular

HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
M = 24
MEMBERS = [fourier_forecast, autoreg_forecast, day_arx_forecast]


def weekly_kw(day_count: int) -> np.ndarray:
    """Load that repeats every week: a day shape, higher on workdays."""
    hour = np.arange(day_count * M) % M
    is_workday = np.arange(day_count * M) // M % 7 < 5
    return 100 + 20 * np.sin(2 * np.pi * hour / M) + 30 * is_workday * (1 + np.cos(2 * np.pi * hour / M))


def history(load_kw: np.ndarray, holidays: frozenset[date] = frozenset()) -> SlotHistory:
    calendar = SiteCalendar("Etc/UTC", holidays)
    found = SlotHistory.of(regular(load_kw, MONDAY, HOUR), calendar, timedelta(days=99))
    assert found is not None
    return found


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("begun_hours", [0, 10])
def test_a_load_that_repeats_every_week_is_forecast(member: Member, begun_hours: int) -> None:
    truth_kw = weekly_kw(32)
    noise_kw = np.random.default_rng(7).normal(0.0, 0.5, len(truth_kw))
    end = 28 * M + begun_hours
    known = history((truth_kw + noise_kw)[:end])
    found_kw = member(known, np.array([end]), 2 * M, end)
    assert found_kw.shape == (1, 2 * M)
    assert np.abs(found_kw[0] - truth_kw[end : end + 2 * M]).mean() < 3.0  # the weekly swing is 100 kW


@pytest.mark.parametrize("member", MEMBERS)
def test_a_forecast_never_looks_beyond_its_origin(member: Member) -> None:
    load_kw = weekly_kw(28) + np.random.default_rng(8).normal(0.0, 5.0, 28 * M)
    origins = np.array([21 * M, 22 * M])
    before = member(history(load_kw), origins, M, 21 * M)
    changed_kw = load_kw.copy()
    changed_kw[22 * M :] += 500.0
    np.testing.assert_allclose(member(history(changed_kw), origins, M, 21 * M), before, rtol=1e-9)


@pytest.mark.parametrize("member", MEMBERS)
def test_a_new_level_is_carried_on(member: Member) -> None:
    load_kw = weekly_kw(28) + np.random.default_rng(9).normal(0.0, 1.0, 28 * M)
    load_kw += 15 * np.repeat(np.random.default_rng(10).normal(0.0, 1.0, 28).cumsum(), M)
    last_kw, usual_kw = load_kw[-M:], weekly_kw(28)[-M:]
    found_kw = member(history(load_kw), np.array([28 * M]), M, 28 * M)[0]
    level_kw, learnt_kw = (last_kw - usual_kw).mean(), (found_kw - weekly_kw(29)[-M:]).mean()
    mean_level_kw = (load_kw - weekly_kw(28)).mean()
    assert abs(learnt_kw - level_kw) < abs(mean_level_kw - level_kw)


def test_a_kind_of_day_hardly_seen_has_no_columns() -> None:
    known = history(weekly_kw(28))
    learnt = np.arange(5 * M)  # Monday to Friday
    workdays = calendar_columns(known, 9 * M, 6, learnt).shape[1]
    assert calendar_columns(known, 9 * M, 6, np.arange(7 * M)).shape[1] == workdays + 13  # and days off
    assert calendar_columns(known, 9 * M, 6, np.arange(8 * M)).shape[1] == workdays + 13 + 7  # and Mondays


def test_the_class_profile_weighs_the_newest_day_three_tenths() -> None:
    levels_kw = [10.0, 20.0, 20.0, 20.0, 20.0, 90.0, 50.0, 20.0]  # Monday to Monday
    profiles = class_profiles(history(np.repeat(levels_kw, M)))
    assert profiles.shape == (9, 3, M)
    assert profiles[2, 0, 0] == pytest.approx(0.7 * 10 + 0.3 * 20)
    assert profiles[7, 1, 5] == 90.0  # the only Saturday
    assert profiles[6, 2, 5] == pytest.approx(profiles[6, 0, 5] * 0.7 + 90.0 * 0.3)  # no Sunday yet: all days


def test_gaps_leave_the_class_profile_as_it_was() -> None:
    load_kw = np.repeat([10.0, 20.0, 30.0], M)
    load_kw[M : 2 * M] = np.nan
    assert class_profiles(history(load_kw))[2, 0].tolist() == [10.0] * M


def test_the_profile_of_a_class_is_forecast_for_its_days() -> None:
    known = history(weekly_kw(12))  # ends on a Friday
    found_kw = profile_forecast(known, np.array([known.length]), 3 * M)[0]
    np.testing.assert_allclose(found_kw, weekly_kw(15)[-3 * M :], atol=1e-9)


def test_gaps_are_filled_with_the_usual_load_at_todays_level() -> None:
    truth_kw = weekly_kw(28) + 10.0 * (np.arange(28 * M) >= 27 * M)
    gappy_kw = truth_kw.copy()
    gappy_kw[27 * M + 8 : 27 * M + 14] = np.nan
    filled = imputed(history(gappy_kw))
    assert np.abs(filled.load_kw - truth_kw).max() < 6.0  # the level of other days would miss by 10
    untouched = ~np.isnan(gappy_kw)
    np.testing.assert_array_equal(filled.load_kw[untouched], gappy_kw[untouched])


def test_a_history_without_gaps_is_returned_as_it_is() -> None:
    known = history(weekly_kw(28))
    assert imputed(known) is known


def test_the_mix_is_the_mean_of_its_members() -> None:
    load_kw = weekly_kw(28) + np.random.default_rng(11).normal(0.0, 2.0, 28 * M)
    known = history(load_kw)
    mix = mix_members(known, known, M)
    assert mix.members == ("fourier", "autoreg", "day-arx")
    assert mix.notes == ()
    alone = [member(known, np.array([known.length]), M, known.length)[0] for member in MEMBERS]
    np.testing.assert_allclose(mix.ahead_kw, np.mean(alone, axis=0), rtol=1e-9)
    assert 7 <= len(mix.errors_kw) <= 14
    assert np.isfinite(mix.errors_kw).all()


def test_imputed_load_is_no_evidence_of_errors() -> None:
    load_kw = weekly_kw(28) + np.random.default_rng(11).normal(0.0, 2.0, 28 * M)
    hidden = replace(history(load_kw), load_kw=np.where(np.arange(28 * M) >= 27 * M, np.nan, load_kw))
    mix = mix_members(history(load_kw), hidden, M)
    assert np.isnan(mix.errors_kw[-1]).all()
    assert np.isfinite(mix.errors_kw[:-1]).all()


def test_a_member_that_fails_is_left_out_and_named() -> None:
    broken = weekly_kw(28)
    broken[5] = np.inf  # more than statsmodels accepts
    mix = mix_members(history(broken), history(weekly_kw(28)), M)
    assert mix.members == ()
    assert len([note for note in mix.notes if "failed" in note]) == 3
