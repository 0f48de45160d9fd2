import numpy as np
import pytest
from support.hourly_panels import M, panel_of, weekly_kw

from vpp.baseline.forecasting.calendar_columns import calendar_columns, day_kinds, kinds_told
from vpp.baseline.forecasting.panel import LoadPanel

PANEL = panel_of(weekly_kw(28))


def told(last_day: int) -> np.ndarray:
    slots = np.arange(last_day * M)
    return kinds_told(day_kinds(PANEL, slots), np.ones(len(slots), dtype=np.bool_), M)


@pytest.mark.parametrize(
    ("days", "kinds"),
    [
        (5, [False, False, False, False]),  # one Monday, one Friday
        (7, [True, False, False, False]),  # and a weekend
        (8, [True, False, True, False]),  # and another Monday
        (14, [True, True, True, True]),
    ],
)
def test_a_kind_of_day_hardly_seen_is_not_told(days: int, kinds: list[bool]) -> None:
    assert told(days).tolist() == kinds


def test_each_kind_told_has_a_level_and_harmonics() -> None:
    def count(*kinds: bool) -> int:
        return calendar_columns(PANEL, np.arange(9 * M), 6, np.array(kinds)).shape[1]

    assert count(False, False, False, False) == 12
    assert count(True, False, False, False) == 12 + 13
    assert count(True, True, True, True) == 12 + 13 + 13 + 7 + 7


def test_columns_of_days_off_vanish_on_workdays() -> None:
    columns = calendar_columns(PANEL, np.arange(7 * M), 2, np.array([True, False, False, False]))
    assert (columns[: 5 * M, 4:] == 0).all()
    assert (columns[5 * M :, 4] == 1).all()


def test_no_more_harmonics_than_slots_can_tell_apart() -> None:
    every_six_hours = LoadPanel(np.zeros((1, 40)), 4, 0)
    columns = calendar_columns(every_six_hours, np.arange(40), 8, np.zeros(4, dtype=np.bool_))
    assert columns.shape == (40, 2)
    once_a_day = LoadPanel(np.zeros((1, 40)), 1, 0)
    assert calendar_columns(once_a_day, np.arange(40), 8, np.zeros(4, dtype=np.bool_)).shape == (40, 0)
