"""What a site delivered in each settlement interval, as exact energy."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.money import energy_kwh
from vpp.foundation.series import hours
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
        if self.award_kw < 0:
            raise InvalidInput(
                f"award_kw is {self.award_kw}, must not be negative", award_kw=str(self.award_kw)
            )
        if self.target_kw < 0:
            raise InvalidInput(
                f"target_kw is {self.target_kw}, must not be negative", target_kw=str(self.target_kw)
            )
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
        """Delivered in its direction, kWh, signed: how far the meter moved; None without either.

        A bad reading moves nothing: what it would show is not summed, reported or turned into CO2.
        """
        return self._moved_kwh(self.direction)

    @property
    def avoided_kwh(self) -> Decimal | None:
        """Consumption avoided, kWh, negative where it was raised; None where `delivered_kwh` is."""
        return self._moved_kwh(Direction.LOAD_DOWN)

    def committed_kw(self, *, by_award: bool) -> Decimal:
        """Return what delivery is held against, kW: the target, or the award as far as it was called.

        Who was told to do less than it sold did so on the hub's word, and falls short of nothing.
        """
        return min(self.award_kw, self.target_kw) if by_award else self.target_kw

    def _moved_kwh(self, direction: Direction) -> Decimal | None:
        if self.baseline_kwh is None or self.metered_kwh is None or self.quality is MeterQuality.BAD:
            return None
        return direction.delivered(self.baseline_kwh, self.metered_kwh)


def measured_intervals(  # noqa: PLR0913  one series per column of the statement, by keyword
    site_id: str,
    grid: Sequence[Interval],
    *,
    award_kw: Sequence[float],
    target_kw: Sequence[float],
    baseline_raw_kw: Sequence[float],
    baseline_kw: Sequence[float],
    metered_kw: Sequence[float],
    quality: Sequence[MeterQuality],
    direction: Direction = Direction.LOAD_DOWN,
) -> tuple[MeasuredInterval, ...]:
    """Turn powers into exact energy, the only time floats become Decimals.

    Args:
        site_id: Site that was measured.
        grid: The settlement intervals, all of one length. Shape (N,).
        award_kw: Sold per interval in the event's direction, kW. Shape (N,).
        target_kw: Instructed per interval in the event's direction, kW. Shape (N,).
        baseline_raw_kw: Mean baseline before adjustment, kW, consumption positive; NaN where no rule gave
            one. Shape (N,).
        baseline_kw: The same after adjustment; the very same values if there is none. Shape (N,).
        metered_kw: Mean metered power, kW, consumption positive; NaN is a gap. Shape (N,).
        quality: Meter quality per interval; a gap becomes MISSING unless it is BAD. Shape (N,).
        direction: Which way consumption was asked to move.

    Returns:
        One measured interval per settlement interval, in order, energies half up to 0.001 kWh.

    Raises:
        InvalidInput: There is no interval, a length does not match the grid, or a power is infinite.

    Example:
        >>> from datetime import UTC, datetime, timedelta
        >>> noon, hour = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(hours=1)
        >>> [first] = measured_intervals(
        ...     "north-1", [Interval(noon, noon + hour)], award_kw=[30], target_kw=[30],
        ...     baseline_raw_kw=[110.0], baseline_kw=[110.0], metered_kw=[80.5], quality=[MeterQuality.OK],
        ... )
        >>> first.delivered_kwh
        Decimal('29.500')
    """
    for field, values in (
        ("award_kw", award_kw),
        ("target_kw", target_kw),
        ("baseline_raw_kw", baseline_raw_kw),
        ("baseline_kw", baseline_kw),
        ("metered_kw", metered_kw),
        ("quality", quality),
    ):
        if not grid or len(values) != len(grid):
            raise InvalidInput(
                f"{field} of {site_id} has {len(values)} values, expected {len(grid)}, at least one",
                site_id=site_id,
                field=field,
            )
    step_hours = hours(grid[0].duration)
    measured = []
    for n, interval in enumerate(grid):
        metered_kwh, flag = _energy(metered_kw[n], step_hours), MeterQuality(quality[n])
        if flag is MeterQuality.MISSING:
            metered_kwh = None  # whatever stands in for a missing reading is not a reading
        elif metered_kwh is None and flag is not MeterQuality.BAD:
            flag = MeterQuality.MISSING
        measured.append(
            MeasuredInterval(
                site_id=site_id,
                interval=interval,
                award_kw=_power(award_kw[n]),
                target_kw=_power(target_kw[n]),
                baseline_raw_kwh=_energy(baseline_raw_kw[n], step_hours),
                baseline_kwh=_energy(baseline_kw[n], step_hours),
                metered_kwh=metered_kwh,
                quality=flag,
                direction=direction,
            )
        )
    return tuple(measured)


def _energy(power_kw: float, step_hours: float) -> Decimal | None:
    """Energy of an interval; None for a gap."""
    return None if math.isnan(power_kw) else energy_kwh(power_kw * step_hours)


@lru_cache(maxsize=4096)
def _power(power_kw: float) -> Decimal:
    """Exact kW of an award or a target; the same few stand in every interval of an event."""
    exact = Decimal(repr(float(power_kw)))
    if not exact.is_finite():
        raise InvalidInput(f"power is {power_kw!r}, expected a finite number of kW", power_kw=repr(power_kw))
    return exact.quantize(POWER_STEP_KW, ROUND_HALF_UP)
