"""Readings on the wire. Live batches skip the schema's rules, so the same rules stand here in numpy."""

from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.foundation.errors import InvalidInput
from vpp.rpc.wire.time_fields import duration, instant, span, timestamp
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality
from vpp.v1 import telemetry_pb2 as pb

MAX_READING_COUNT = 3600
MAX_SAMPLE_INTERVAL = timedelta(hours=1)
MAX_POWER_KW = 10_000_000.0


def batch(message: pb.TelemetryBatch, site_id: str) -> TelemetryBatch:
    """Read a batch and hold it to the schema's rules, with one numpy conversion.

    The rules are those of `TelemetryBatch` and `PowerSeries` in the schema; protovalidate costs ten
    times as much on a thousand readings. A contract test compares the verdicts.

    Args:
        message: The batch on the wire.
        site_id: Whose readings they are; never taken from the message.

    Returns:
        The batch; what the site's limits say about it is checked elsewhere.

    Raises:
        InvalidInput: A rule of the schema is broken; names the field.
    """
    if message.sequence < 1:
        raise _refused("sequence", message.sequence, "at least 1")
    if not message.HasField("power_series"):
        raise _refused("power_series", "missing", "readings")
    series = message.power_series
    for field in ("start_time", "sample_interval"):
        if not series.HasField(field):
            raise _refused(f"power_series.{field}", "missing", "a value")
    sample_interval = span(series.sample_interval, "power_series.sample_interval")
    if not timedelta(0) < sample_interval <= MAX_SAMPLE_INTERVAL:
        raise _refused(
            "power_series.sample_interval", sample_interval, f"above 0 and at most {MAX_SAMPLE_INTERVAL}"
        )
    values_kw = np.array(series.net_power_kw, dtype=np.float64)
    if not 1 <= len(values_kw) <= MAX_READING_COUNT:
        raise _refused("power_series.net_power_kw", f"{len(values_kw)} values", f"1 to {MAX_READING_COUNT}")
    _check_range(values_kw)
    if int(message.quality) not in {int(quality) for quality in MeterQuality}:
        raise _refused("quality", message.quality, "one of " + ", ".join(MeterQuality.__members__))
    return TelemetryBatch(
        site_id=site_id,
        sequence=message.sequence,
        start_at=instant(series.start_time, "power_series.start_time"),
        sample_interval=sample_interval,
        net_power_kw=values_kw,
        quality=MeterQuality(message.quality),
    )


def _check_range(values_kw: npt.NDArray[np.float64]) -> None:
    # NaN fails every comparison, so this finds it with the infinities.
    wrong = np.flatnonzero(~(np.abs(values_kw) <= MAX_POWER_KW))
    if len(wrong):
        first = int(wrong[0])
        raise _refused(
            f"power_series.net_power_kw[{first}]",
            float(values_kw[first]),
            f"a finite value from {-MAX_POWER_KW:g} to {MAX_POWER_KW:g}",
        )


def _refused(field: str, value: object, expected: str) -> InvalidInput:
    return InvalidInput(f"{field} is {value}, expected {expected}", field=field, value=str(value))


def series_messages(load_kw: pd.Series, step: timedelta) -> list[pb.PowerSeries]:
    """Write a regular series as one message per stretch without gaps.

    Args:
        load_kw: Mean power, kW, UTC, regular; NaN is a gap. Shape (T,).
        step: Length of an interval.

    Returns:
        Messages in order of time; together they hold every value that is not NaN.
    """
    values_kw = load_kw.to_numpy(dtype=np.float64)
    present = np.concatenate(([False], ~np.isnan(values_kw), [False]))
    edges = np.flatnonzero(present[1:] != present[:-1])
    return [
        pb.PowerSeries(
            start_time=timestamp(load_kw.index[first].to_pydatetime()),
            sample_interval=duration(step),
            net_power_kw=values_kw[first:last].tolist(),
        )
        for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    ]


def plain_series(values_kw: tuple[float, ...], start: datetime, step: timedelta) -> pb.PowerSeries:
    """Write a series that has no gaps.

    Args:
        values_kw: Mean power, kW. Shape (N,).
        start: Start of the first interval, UTC.
        step: Length of an interval.
    """
    return pb.PowerSeries(
        start_time=timestamp(start), sample_interval=duration(step), net_power_kw=list(values_kw)
    )
