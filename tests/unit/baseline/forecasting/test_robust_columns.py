import numpy as np
import pytest
from support.load_panels import panel_of, weekly_load

from vpp.baseline.forecasting.class_profile import class_profiles
from vpp.baseline.forecasting.panel import Floats
from vpp.baseline.forecasting.robust_columns import FRIDAYS_TO_TELL, SLOW_NEWEST_WEIGHT, RobustColumns

M = 4
DAYS = 30
AHEAD = np.arange(M)
# In the order in which they follow the columns of the day-ahead regression.
DAY_BEFORE_YESTERDAY, FORTNIGHT_AGO, LIKE_DAY, SAME_WEEKDAY, SLOW_PROFILE, WEEK_MEAN = range(-6, 0)


@pytest.fixture
def load() -> Floats:
    return weekly_load(2, DAYS * M, M)


def own(load: Floats, day: int) -> tuple[RobustColumns, Floats, Floats]:
    """Return the columns of one civil day, each (S, K, M), and the profile it has at its midnight."""
    columns = RobustColumns(panel_of(load, M), (DAYS + 1) * M)
    origins = np.array([day * M])
    profile = columns.basic.profile(origins, AHEAD)
    return columns, columns.own(origins, AHEAD, profile)[:, :, 0], profile[:, 0]


def day_of(load: Floats, day: int) -> Floats:
    return load[:, day * M : (day + 1) * M]


# The panel begins on a Monday and day 15, a Tuesday, is a holiday.
@pytest.mark.parametrize(
    ("day", "like_day", "same_weekday"),
    [
        (21, 18, 14),  # a Monday: the last workday is Friday
        (22, 21, 8),  # a Tuesday: the holiday was not one
        (16, 14, 9),  # the day after the holiday
        (15, 13, 13),  # the holiday itself is like the Sunday before
        (27, 20, 20),  # a Sunday
    ],
)
def test_like_days_and_weekdays_skip_what_is_not_alike(
    load: Floats, day: int, like_day: int, same_weekday: int
) -> None:
    _, columns, profile = own(load, day)
    np.testing.assert_allclose(columns[:, LIKE_DAY], day_of(load, like_day) - profile)
    np.testing.assert_allclose(columns[:, SAME_WEEKDAY], day_of(load, same_weekday) - profile)


def test_deviations_are_of_the_days_that_they_say(load: Floats) -> None:
    columns, values, profile = own(load, 20)
    past = columns.basic.past
    np.testing.assert_allclose(values[:, DAY_BEFORE_YESTERDAY], day_of(past, 18))
    np.testing.assert_allclose(values[:, FORTNIGHT_AGO], day_of(load, 6) - profile)
    expected = past[:, 13 * M : 20 * M].mean(axis=1)
    np.testing.assert_allclose(values[:, WEEK_MEAN], np.tile(expected[:, None], (1, M)))


def test_the_slow_profile_remembers_longer(load: Floats) -> None:
    _, values, profile = own(load, 20)
    of_sundays = class_profiles(panel_of(load, M), SLOW_NEWEST_WEIGHT)[:, 20, 2]  # day 20 is a Sunday
    np.testing.assert_allclose(values[:, SLOW_PROFILE], of_sundays - profile)


def test_what_lies_before_the_history_says_nothing(load: Floats) -> None:
    _, values, _ = own(load, 9)
    np.testing.assert_array_equal(values[:, FORTNIGHT_AGO], 0.0)
    assert np.isfinite(values).all()


def test_labels_tell_the_time_and_the_kind_of_day(load: Floats) -> None:
    columns = RobustColumns(panel_of(load, M), (DAYS + 1) * M)
    phase, weekday, day_class, before = columns.labels(np.array([19 * M, 21 * M]), AHEAD)
    np.testing.assert_array_equal(phase, [[0.0, 0.25, 0.5, 0.75]] * 2)
    np.testing.assert_array_equal(weekday[:, 0], [5, 0])
    np.testing.assert_array_equal(day_class[:, 0], [1, 0])
    np.testing.assert_array_equal(before[:, 0], [0, 2])


def test_the_first_shared_column_is_the_constant(load: Floats) -> None:
    columns = RobustColumns(panel_of(load, M), (DAYS + 1) * M)
    shared = columns.shared(np.arange(10, 20) * M, AHEAD)
    np.testing.assert_array_equal(shared[0], 1.0)
    assert shared.shape[1:] == (10, M)


def test_fridays_have_a_shape_of_their_own_once_there_are_enough() -> None:
    origins = np.arange(10, 20) * M  # two of them Fridays

    def shared(days: int) -> Floats:
        load = weekly_load(1, days * M, M)
        return RobustColumns(panel_of(load, M), (days + 1) * M).shared(origins, AHEAD)

    few, enough = shared(FRIDAYS_TO_TELL * 7 - 1), shared(FRIDAYS_TO_TELL * 7)
    added = [column for column in enough if not any(np.array_equal(column, known) for known in few)]
    assert len(added) == len(enough) - len(few) > 1
    is_friday = (origins // M) % 7 == 4
    assert all((column[~is_friday] == 0).all() and column[is_friday].any() for column in added)
