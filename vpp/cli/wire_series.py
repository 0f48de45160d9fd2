"""From the wire's columns to series. Apart from the other values, which need no pandas: it loads slowly."""

from datetime import UTC

import numpy as np
import pandas as pd

from vpp.cli.wire_values import instant_from_wire, span_from_wire
from vpp.v1 import telemetry_pb2


def series_from_wire(part: telemetry_pb2.PowerSeries) -> pd.Series:
    """Read a series, kW, UTC, labelled by interval starts. Shape (N,)."""
    values = np.array(part.net_power_kw, dtype=np.float64)
    step = pd.Timedelta(span_from_wire(part.sample_interval))
    start = instant_from_wire(part.start_time)
    return pd.Series(values, index=pd.date_range(start, periods=len(values), freq=step, tz=UTC))
