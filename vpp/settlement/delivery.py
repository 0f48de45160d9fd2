"""What a site delivered in each settlement interval, as exact energy."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

import pandas as pd

from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.money import energy_kwh
from vpp.foundation.series import hours, starts
from vpp.telemetry.quality import MeterQuality

POWER_STEP_KW = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class MeasuredInterval:
    """One settlement interval of one site: asked for, expected, metered.

    The adjustment and the delivery are differences of the stored energies, so that they add up to
    the last digit wherever they are shown.

    Attributes:
        site_id: Site that was measured.
        interval: The settlement interval, UTC.
        award_kw: Reduction sold, kW, not negative; with LOAD_UP increase, as in all of these.
        target_kw: Reduction instructed, kW, not negative.
        baseline_raw_kwh: Baseline before the same-day adjustment, kWh; None where no rule gave one.
        baseline_kwh: Baseline that is paid against, kWh; None where no rule gave one.
        metered_kwh: Consumption, kWh; None where there is no reading.
        quality: How far the reading can be trusted.
        direction: Which way consumption was asked to move.
    """

    site_id: str
    interval: Interval
    award_kw: Decimal
    target_kw: Decimal
    baseline_raw_kwh: Decimal | None
    baseline_kwh: Decimal | None
    metered_kwh: Decimal | None
    quality: MeterQuality
    direction: Direction = Direction.LOAD_DOWN

    def __post_init__(self) -> None:
        """Refuse negative awards and targets, and half a baseline."""
        for field, value in (("award_kw", self.award_kw), ("target_kw", self.target_kw)):
            if value < 0:
                raise InvalidInput(f"{field} is {value}, must not be negative", **{field: str(value)})
        if (self.baseline_raw_kwh is None) != (self.baseline_kwh is None):
            raise InvalidInput(
                f"baseline of {self.site_id} at {self.interval.start} has only one of raw and adjusted",
                site_id=self.site_id,
            )

    @property
    def adjustment_kwh(self) -> Decimal | None:
        """Same-day adjustment, kWh, signed: adjusted less raw baseline."""
        if self.baseline_kwh is None or self.baseline_raw_kwh is None:
            return None
        return self.baseline_kwh - self.baseline_raw_kwh

    @property
    def delivered_kwh(self) -> Decimal | None:
        """Delivered in its direction, kWh, signed: how far the meter moved; None without either."""
        return self._moved_kwh(self.direction)

    @property
    def avoided_kwh(self) -> Decimal | None:
        """Consumption avoided, kWh, negative where it was raised; None without either."""
        return self._moved_kwh(Direction.LOAD_DOWN)

    def _moved_kwh(self, direction: Direction) -> Decimal | None:
        if self.baseline_kwh is None or self.metered_kwh is None:
            return None
        return direction.delivered(self.baseline_kwh, self.metered_kwh)


def measure(  # noqa: PLR0913  one series per column of the statement, by keyword
    site_id: str,
    event: Interval,
    step: timedelta,
    *,
    award_kw: Sequence[float],
    target_kw: Sequence[float],
    baseline_raw_kw: pd.Series,
    baseline_kw: pd.Series,
    metered_kw: pd.Series,
    quality: Sequence[MeterQuality],
    direction: Direction = Direction.LOAD_DOWN,
) -> tuple[MeasuredInterval, ...]:
    """Turn power series into exact energy, the only time floats become Decimals.

    Args:
        site_id: Site that was measured.
        event: Delivery period, a whole number of settlement intervals.
        step: Length of a settlement interval.
        award_kw: Sold per interval in the event's direction, kW. Shape (N,).
        target_kw: Instructed per interval in the event's direction, kW. Shape (N,).
        baseline_raw_kw: Mean baseline before adjustment, kW, consumption positive, indexed by the
            interval starts; NaN where no rule gave one. Shape (N,).
        baseline_kw: The same after adjustment; the very same series if there is none. Shape (N,).
        metered_kw: Mean metered power, kW, consumption positive, same index; NaN is a gap. Shape (N,).
        quality: Meter quality per interval; a gap becomes MISSING unless it is BAD. Shape (N,).
        direction: Which way consumption was asked to move.

    Returns:
        One measured interval per settlement interval, in order, energies half up to 0.001 kWh.

    Raises:
        InvalidInput: A length or an index does not match the event, or a power is infinite.

    Example:
        >>> from datetime import UTC, datetime
        >>> from vpp.foundation.series import regular
        >>> noon, hour = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(hours=1)
        >>> base, load = regular([110.0], noon, hour), regular([80.5], noon, hour)
        >>> [first] = measure(
        ...     "north-1", Interval(noon, noon + hour), hour, award_kw=[30], target_kw=[30],
        ...     baseline_raw_kw=base, baseline_kw=base, metered_kw=load, quality=[MeterQuality.OK],
        ... )
        >>> first.delivered_kwh
        Decimal('29.500')
    """
    grid = starts(event, step)
    for field, series in (
        ("baseline_raw_kw", baseline_raw_kw),
        ("baseline_kw", baseline_kw),
        ("metered_kw", metered_kw),
    ):
        if list(series.index) != grid:
            raise InvalidInput(
                f"{field} of {site_id} is not indexed by the {len(grid)} interval starts of the event",
                site_id=site_id,
                field=field,
            )
    for field, count in (
        ("award_kw", len(award_kw)),
        ("target_kw", len(target_kw)),
        ("quality", len(quality)),
    ):
        if count != len(grid):
            raise InvalidInput(
                f"{field} of {site_id} has {count} values, expected {len(grid)}", site_id=site_id, field=field
            )
    step_hours = hours(step)
    measured = []
    for n, start in enumerate(grid):
        raw_kwh, baseline_kwh = (
            _energy(float(series.iloc[n]), step_hours) for series in (baseline_raw_kw, baseline_kw)
        )
        metered_kwh = _energy(float(metered_kw.iloc[n]), step_hours)
        flag = MeterQuality(quality[n])
        if flag is MeterQuality.MISSING:
            metered_kwh = None  # whatever stands in for a missing reading is not a reading
        elif metered_kwh is None and flag is not MeterQuality.BAD:
            flag = MeterQuality.MISSING
        measured.append(
            MeasuredInterval(
                site_id=site_id,
                interval=Interval(start, start + step),
                award_kw=_power(award_kw[n]),
                target_kw=_power(target_kw[n]),
                baseline_raw_kwh=raw_kwh,
                baseline_kwh=baseline_kwh,
                metered_kwh=metered_kwh,
                quality=flag,
                direction=direction,
            )
        )
    return tuple(measured)


def _energy(power_kw: float, step_hours: float) -> Decimal | None:
    """Energy of an interval; None for a gap."""
    return None if math.isnan(power_kw) else energy_kwh(power_kw * step_hours)


def _power(power_kw: float) -> Decimal:
    """Exact kW of an award or a target."""
    exact = Decimal(repr(float(power_kw)))
    if not exact.is_finite():
        raise InvalidInput(f"power is {power_kw!r}, expected a finite number of kW", power_kw=repr(power_kw))
    return exact.quantize(POWER_STEP_KW, ROUND_HALF_UP)
