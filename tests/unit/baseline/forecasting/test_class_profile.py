import numpy as np
import pytest
from support.hourly_panels import M, panel_of, weekly_kw

from vpp.baseline.forecasting.class_profile import class_profiles, profile_forecast


def test_the_class_profile_weighs_the_newest_day_three_tenths() -> None:
    levels_kw = [10.0, 20.0, 20.0, 20.0, 20.0, 90.0, 50.0, 20.0]  # Monday to Monday
    profiles = class_profiles(panel_of(np.repeat(levels_kw, M)))
    assert profiles.shape == (1, 9, 3, M)
    assert profiles[0, 2, 0, 0] == pytest.approx(0.7 * 10 + 0.3 * 20)
    assert profiles[0, 7, 1, 5] == 90.0  # the only Saturday
    # No Sunday yet: all days.
    assert profiles[0, 6, 2, 5] == pytest.approx(profiles[0, 6, 0, 5] * 0.7 + 90.0 * 0.3)


def test_gaps_leave_the_class_profile_as_it_was() -> None:
    load_kw = np.repeat([10.0, 20.0, 30.0], M)
    load_kw[M : 2 * M] = np.nan
    assert class_profiles(panel_of(load_kw))[0, 2, 0].tolist() == [10.0] * M


def test_a_site_with_gaps_changes_no_other() -> None:
    whole = np.tile(weekly_kw(14), (2, 1))
    gappy = whole.copy()
    gappy[0, 30:60] = np.nan
    np.testing.assert_array_equal(class_profiles(panel_of(gappy))[1], class_profiles(panel_of(whole))[1])


def test_the_profile_of_a_class_is_forecast_for_its_days() -> None:
    known = panel_of(weekly_kw(12))  # ends on a Friday
    found_kw = profile_forecast(known, np.array([known.length]), 3 * M)[0, 0]
    np.testing.assert_allclose(found_kw, weekly_kw(15)[-3 * M :], atol=1e-9)
