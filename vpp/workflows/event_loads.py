"""What the meters of an event's sites showed, read for all of them at once.

Days that are over are one row for each site; what is not summed up yet is put together from the batches of
the window alone. Which of the two it was never shows: both say the same to the bit.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from vpp.foundation.errors import InvalidInput, VppError
from vpp.foundation.interval import Interval
from vpp.portfolio.site import Site
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.day_cuts import ONE_DAY, day_of
from vpp.telemetry.laying import lay
from vpp.telemetry.quality import MeterQuality, worst_quality
from vpp.telemetry.roll_up import RollUp, RollUpLevel
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.telemetry_ports import Heard

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int8]
ODD = (VppError, ValueError, TypeError, LookupError, ArithmeticError)
"""What odd data of one site may raise."""


@dataclass(frozen=True, slots=True, eq=False)
class EventLoad:
    """A site's readings of a window, on its metering grid.

    Attributes:
        net_power_kw: Mean net power, kW, consumption positive; NaN is a gap. Shape (T,).
        quality: `MeterQuality` codes; MISSING exactly where the power is NaN. Shape (T,).
        step: Length of an interval.
        heard: What was heard of the event's own readings; None for nothing.
        conflict_count: Readings of the event that a later one replaced by another value or quality.
        fault: Why the readings fit no grid, in words; then there are none.
    """

    net_power_kw: Floats
    quality: Codes
    step: timedelta
    heard: Heard | None = None
    conflict_count: int = 0
    fault: str = ""

    def averaged(self, step: timedelta) -> tuple[Floats, Codes]:
        """Return mean power and worst quality on a coarser grid; a missing sample makes an interval missing.

        Args:
            step: Length of the intervals wanted, a whole multiple of the own.

        Raises:
            InvalidInput: It is no whole multiple.
        """
        if step % self.step:
            raise InvalidInput(
                f"readings are of intervals of {self.step}, which do not make up {step}", step=str(self.step)
            )
        ratio = step // self.step
        if ratio == 1:
            return self.net_power_kw, self.quality
        return (
            self.net_power_kw.reshape(-1, ratio).mean(axis=1),
            worst_quality(self.quality.reshape(-1, ratio)),
        )


def event_loads(
    uow: UnitOfWork,
    sites: Mapping[str, Site],
    window: Interval,
    span: Interval,
    *,
    as_of: datetime | None = None,
) -> dict[str, EventLoad]:
    """Read what meters showed in a window.

    Args:
        uow: The transaction.
        sites: The sites, by id.
        window: What is read, UTC.
        span: The event in it: what repeats and receipt are told of.
        as_of: Only readings that were received by this instant; None for all.

    Returns:
        The readings of every site. What is wrong with one site's is in its own answer.
    """
    days = _roll_ups(uow, sites, window, as_of)
    stretches = _batches(uow, sites, days, window, as_of)
    heard = uow.telemetry.heard(sites, span, as_of=as_of)
    repeated = [site_id for site_id, one in heard.items() if one.is_repeated]
    repeats = uow.telemetry.load_many(repeated, span, as_of=as_of) if repeated else {}
    return {
        site_id: _load(
            site,
            window,
            days[site_id],
            stretches[site_id],
            heard.get(site_id),
            repeats.get(site_id, ()),
            span,
        )
        for site_id, site in sites.items()
    }


def _days_of(window: Interval) -> list[datetime]:
    """Return the midnights UTC of the days that a window touches."""
    first = day_of(window.start)
    return [first + n * ONE_DAY for n in range(-((first - window.end) // ONE_DAY))]


def _roll_ups(
    uow: UnitOfWork, site_ids: Iterable[str], window: Interval, as_of: datetime | None
) -> dict[str, dict[datetime, RollUp]]:
    days = _days_of(window)
    found = uow.roll_ups.of_sites(
        site_ids, Interval(days[0], days[-1] + ONE_DAY), RollUpLevel.METERING, as_of=as_of
    )
    return defaultdict(dict, {site_id: {one.day_at: one for one in each} for site_id, each in found.items()})


def _batches(
    uow: UnitOfWork,
    site_ids: Iterable[str],
    days: Mapping[str, Mapping[datetime, RollUp]],
    window: Interval,
    as_of: datetime | None,
) -> dict[str, list[tuple[Interval, Sequence[TelemetryBatch]]]]:
    """Read the days of the window that are not summed up, day by day for all sites that lack them."""
    found: dict[str, list[tuple[Interval, Sequence[TelemetryBatch]]]] = defaultdict(list)
    for day_at in _days_of(window):
        wanted = [site_id for site_id in site_ids if day_at not in days[site_id]]
        if not wanted:
            continue
        stretch = Interval(max(day_at, window.start), min(day_at + ONE_DAY, window.end))
        loaded = uow.telemetry.load_many(wanted, stretch, as_of=as_of)
        for site_id, batches in loaded.items():
            found[site_id].append((stretch, batches))
    return found


def _load(  # noqa: PLR0913, PLR0917  the parts that one site's readings are put together from
    site: Site,
    window: Interval,
    days: Mapping[datetime, RollUp],
    stretches: Sequence[tuple[Interval, Sequence[TelemetryBatch]]],
    heard: Heard | None,
    repeats: Sequence[TelemetryBatch],
    span: Interval,
) -> EventLoad:
    steps = {day.step for day in days.values()}
    steps |= {batch.sample_interval for _, batches in stretches for batch in batches}
    step = steps.pop() if len(steps) == 1 else site.metering_interval
    fault = f"readings are of intervals of {', '.join(map(str, sorted(steps)))}" if steps else ""
    if not fault:
        try:
            power_kw, quality = _laid(window, step, days, stretches)
            conflict_count = lay(repeats, span, step).conflict_count if repeats else 0
            return EventLoad(power_kw, quality, step, heard, conflict_count)
        except ODD as error:  # one site's readings, which hold up no other's
            fault = str(error)
    count = window.duration // site.metering_interval
    return EventLoad(*_nothing(count), site.metering_interval, heard, fault=fault)


def _laid(
    window: Interval,
    step: timedelta,
    days: Mapping[datetime, RollUp],
    stretches: Sequence[tuple[Interval, Sequence[TelemetryBatch]]],
) -> tuple[Floats, Codes]:
    """Put days and batches on one grid.

    Raises:
        InvalidInput: The window or a batch is off the grid.
    """
    if window.duration % step or (window.start - day_of(window.start)) % step:
        raise InvalidInput(
            f"{window.start.isoformat()} to {window.end.isoformat()} is off the metering grid of {step}"
        )
    power_kw, quality = _nothing(window.duration // step)
    for day_at, day in days.items():
        first = (day_at - window.start) // step
        begin, end = max(first, 0), min(first + len(day.quality), len(quality))
        power_kw[begin:end] = day.net_power_kw[begin - first : end - first]
        quality[begin:end] = day.quality[begin - first : end - first]
    for stretch, batches in stretches:
        laid = lay(batches, stretch, step)
        begin = (stretch.start - window.start) // step
        power_kw[begin : begin + len(laid.quality)] = laid.net_power_kw
        quality[begin : begin + len(laid.quality)] = laid.quality
    return power_kw, quality


def _nothing(count: int) -> tuple[Floats, Codes]:
    return np.full(count, np.nan), np.full(count, MeterQuality.MISSING, dtype=np.int8)
