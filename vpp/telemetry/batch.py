"""A batch of readings as a site sends it, and the checks that let it in."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from vpp.foundation.errors import InvalidInput
from vpp.foundation.series import on_grid
from vpp.telemetry.quality import MeterQuality

# A connection carries short overloads; half as much again is a wrong unit or a wrong meter.
ABSURD_IMPORT_RATIO = 1.5
# Nothing behind the connection can export more than the connection carries.
ABSURD_EXPORT_RATIO = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class TelemetryBatch:
    """Consecutive readings of one site, all of one quality.

    Attributes:
        site_id: Whose readings.
        sequence: Counts the site's batches from 1; makes repeats harmless.
        start_at: Start of the first interval, UTC.
        sample_interval: Length of the interval that each value averages over.
        net_power_kw: Mean net active power, kW, consumption positive; a read-only copy. Shape (N,).
        quality: Trust in every reading of the batch.
    """

    site_id: str
    sequence: int
    start_at: datetime
    sample_interval: timedelta
    net_power_kw: npt.NDArray[np.float64]
    quality: MeterQuality

    def __post_init__(self) -> None:
        """Keep an own copy of the values that nobody can change."""
        values = np.array(self.net_power_kw, dtype=np.float64)
        values.flags.writeable = False
        object.__setattr__(self, "net_power_kw", values)

    @property
    def end_at(self) -> datetime:
        """First instant after the last interval, UTC."""
        return self.start_at + len(self.net_power_kw) * self.sample_interval


def check_batch(  # noqa: PLR0913  each limit comes from another place, by keyword
    batch: TelemetryBatch,
    *,
    import_limit_kw: float,
    now: datetime,
    metering_interval: timedelta,
    max_future: timedelta,
    max_age: timedelta,
) -> None:
    """Refuse a batch that cannot be what the site's meter showed.

    Args:
        batch: The batch as received.
        import_limit_kw: Largest net consumption of the site's connection, kW, above 0.
        now: Present instant, UTC.
        metering_interval: Length of the site's metering intervals.
        max_future: How far the batch may end after `now`: what two clocks may disagree by.
        max_age: How long before `now` the batch may begin.

    Raises:
        InvalidInput: The sequence is below 1; there are no readings; the interval is not the site's;
            the start is not UTC or off the metering grid; the batch ends too far in the future or
            begins too long ago; a value is not finite, above 1.5 times the import limit, or below
            minus the import limit. The message names field, value and what was expected.
    """
    _check_frame(batch, metering_interval)
    _check_age(batch, now, max_future, max_age)
    _check_values(batch, import_limit_kw)


def _refuse(batch: TelemetryBatch, field: str, value: object, expected: str) -> InvalidInput:
    return InvalidInput(
        f"batch {batch.sequence} of site {batch.site_id}: {field} is {value}, expected {expected}",
        field=field,
        value=str(value),
        expected=expected,
    )


def _check_frame(batch: TelemetryBatch, metering_interval: timedelta) -> None:
    if batch.sequence < 1:
        raise _refuse(batch, "sequence", batch.sequence, "at least 1")
    if batch.net_power_kw.ndim != 1 or not len(batch.net_power_kw):
        raise _refuse(
            batch, "net_power_kw", f"of shape {batch.net_power_kw.shape}", "a list of at least 1 value"
        )
    if batch.sample_interval != metering_interval:
        raise _refuse(batch, "sample_interval", batch.sample_interval, f"the site's {metering_interval}")
    if batch.start_at.utcoffset() != timedelta(0):
        raise _refuse(batch, "start_at", batch.start_at.isoformat(), "an instant in UTC")
    if not on_grid(batch.start_at, metering_interval):
        raise _refuse(
            batch,
            "start_at",
            batch.start_at.isoformat(),
            f"a multiple of {metering_interval} after midnight UTC",
        )


def _check_age(batch: TelemetryBatch, now: datetime, max_future: timedelta, max_age: timedelta) -> None:
    latest, earliest = now + max_future, now - max_age
    if batch.end_at > latest:
        raise _refuse(batch, "end_at", batch.end_at.isoformat(), f"at most {latest.isoformat()}")
    if batch.start_at < earliest:
        raise _refuse(batch, "start_at", batch.start_at.isoformat(), f"at least {earliest.isoformat()}")


def _check_values(batch: TelemetryBatch, import_limit_kw: float) -> None:
    values_kw = batch.net_power_kw
    highest_kw = ABSURD_IMPORT_RATIO * import_limit_kw
    lowest_kw = -ABSURD_EXPORT_RATIO * import_limit_kw
    # NaN fails every comparison, so this refuses it with the infinities.
    wrong = np.flatnonzero(~((values_kw >= lowest_kw) & (values_kw <= highest_kw)))
    if len(wrong):
        first = int(wrong[0])
        raise _refuse(
            batch,
            f"net_power_kw[{first}]",
            float(values_kw[first]),
            f"a finite value from {lowest_kw:g} to {highest_kw:g} kW",
        )
