from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vpp.baseline.masking import mask_intervals
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
LOAD_KW = regular([1.0, 2.0, 3.0, 4.0], NOON, QUARTER)


@pytest.mark.parametrize(
    ("begin_min", "end_min", "hidden"),
    [
        (15, 45, [1, 2]),
        (0, 60, [0, 1, 2, 3]),
        (-60, 1, [0]),  # touched, so hidden
        (44, 46, [2, 3]),
        (59, 600, [3]),
        (-60, 0, []),  # ends where the series begins
        (60, 90, []),
    ],
)
def test_touched_intervals_are_hidden(begin_min: int, end_min: int, hidden: list[int]) -> None:
    interval = Interval(NOON + timedelta(minutes=begin_min), NOON + timedelta(minutes=end_min))
    masked = mask_intervals(LOAD_KW, [interval])
    assert np.flatnonzero(np.isnan(masked)).tolist() == hidden
    assert masked.index.freq == LOAD_KW.index.freq


def test_the_series_given_is_not_changed() -> None:
    mask_intervals(LOAD_KW, [Interval(NOON, NOON + QUARTER)])
    assert LOAD_KW.tolist() == [1.0, 2.0, 3.0, 4.0]


def test_several_spans_add_up() -> None:
    spans = [Interval(NOON + n * QUARTER, NOON + (n + 1) * QUARTER) for n in (0, 3)]
    assert mask_intervals(LOAD_KW, spans).dropna().tolist() == [2.0, 3.0]
