import math
from datetime import UTC, datetime, timedelta

import pytest

from vpp.agent.local_files import MeteredSpan
from vpp.agent.meter_history import MeterHistory, no_history
from vpp.foundation.errors import InvalidInput

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
STEP = timedelta(minutes=5)
HISTORY = MeterHistory(NOON, STEP, (1.0, math.nan, 3.0))


def shown(history: MeterHistory) -> list[float | None]:
    return [None if math.isnan(kw) else kw for kw in history.net_kw]


def test_a_span_is_cut_to_whole_intervals_with_gaps_where_nothing_is_known() -> None:
    cut = HISTORY.between(NOON - 2 * STEP - STEP / 2, NOON + 4 * STEP + STEP / 2)
    assert cut.start == NOON - 2 * STEP
    assert shown(cut) == [None, None, 1.0, None, 3.0, None]


def test_an_empty_span_is_refused() -> None:
    with pytest.raises(InvalidInput, match="since"):
        HISTORY.between(NOON, NOON)


def test_the_journal_fills_gaps_and_overrules_nothing() -> None:
    spans = [MeteredSpan(NOON + STEP, STEP, (20.0, 30.0, 40.0)), MeteredSpan(NOON - STEP, STEP, (9.0,))]
    filled = HISTORY.filled(spans)
    assert filled.start == NOON - STEP
    assert shown(filled) == [9.0, 1.0, 20.0, 3.0, 40.0]


def test_readings_of_another_interval_are_left_out() -> None:
    spans = [
        MeteredSpan(NOON + STEP, timedelta(minutes=1), (5.0,)),
        MeteredSpan(NOON + STEP / 2, STEP, (6.0,)),
    ]
    assert HISTORY.filled(spans) == HISTORY


def test_where_the_driver_keeps_nothing_the_journal_is_all() -> None:
    filled = no_history(NOON, STEP).filled([MeteredSpan(NOON - 4 * STEP, STEP, (7.0, 8.0))])
    assert (filled.start, filled.net_kw[:2]) == (NOON - 4 * STEP, (7.0, 8.0))
