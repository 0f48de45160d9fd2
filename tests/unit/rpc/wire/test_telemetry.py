from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from vpp.foundation.series import regular
from vpp.rpc.wire.telemetry import series_messages

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
GAP = np.nan


@pytest.mark.parametrize(
    ("values_kw", "expected"),
    [
        ([], []),
        ([GAP, GAP], []),
        ([1.0, 2.0], [(0, [1.0, 2.0])]),
        ([GAP, 1.0, GAP, GAP, 2.0, 3.0], [(1, [1.0]), (4, [2.0, 3.0])]),
        ([0.0, GAP, 0.0], [(0, [0.0]), (2, [0.0])]),
    ],
    ids=["nothing", "gaps alone", "no gap", "gaps", "zeros"],
)
def test_a_gap_ends_one_series_and_the_next_begins_after_it(
    values_kw: list[float], expected: list[tuple[int, list[float]]]
) -> None:
    load_kw = regular(values_kw, NOON, QUARTER) if values_kw else pd.Series(dtype=np.float64)
    messages = series_messages(load_kw, QUARTER)
    starts = [(message.start_time.ToDatetime(tzinfo=UTC) - NOON) // QUARTER for message in messages]
    assert list(zip(starts, [list(message.net_power_kw) for message in messages], strict=True)) == expected
    assert all(message.sample_interval.seconds == 900 for message in messages)
