"""Packing loses no bit of any batch."""

from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vpp.storage.packing import packed, unpacked
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality

VALUES = arrays(np.float64, st.integers(0, 200), elements=st.floats(width=64))


@given(VALUES)
def test_a_batch_comes_back_bit_by_bit(values_kw: npt.NDArray[np.float64]) -> None:
    start = datetime(2026, 3, 2, tzinfo=UTC)
    batch = TelemetryBatch("north-1", 1, start, timedelta(minutes=5), values_kw, MeterQuality.OK)
    content = packed(batch.net_power_kw)
    assert len(content) == 8 * len(values_kw)
    assert unpacked(content).tobytes() == batch.net_power_kw.tobytes()
