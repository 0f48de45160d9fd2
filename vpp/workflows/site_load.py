"""A site's load in a span, read from days that have been summed up wherever there are any.

A day that is over is one row instead of a row per message, so that a year is read in the time of a week.
Days that are not summed up, and those that readings came to since, are put together from the batches.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

import numpy as np

from vpp.foundation.interval import Interval
from vpp.foundation.series import on_grid, regular
from vpp.portfolio.site import Site
from vpp.telemetry.assemble import assemble
from vpp.telemetry.day_cuts import ONE_DAY, whole_days
from vpp.telemetry.metered_series import MeteredSeries
from vpp.telemetry.metering_energy import metering_energy
from vpp.telemetry.quality import MeterQuality, worst_quality
from vpp.telemetry.roll_up import RollUp, RollUpLevel
from vpp.workflows.ports import UnitOfWork


def site_load(uow: UnitOfWork, site: Site, span: Interval, *, up_to: int | None = None) -> MeteredSeries:
    """Return a site's readings on its metering grid: to the bit what its batches say.

    Args:
        uow: The transaction.
        site: The site.
        span: Whole number of the site's metering intervals.
        up_to: Only batches received under this number or before: what was known then.

    Raises:
        InvalidInput: The span is off the metering grid, or a batch is of other intervals.
    """
    step = site.metering_interval

    def of_batches(stretch: Interval) -> MeteredSeries:
        return assemble(uow.telemetry.load(site.site_id, stretch, up_to=up_to), stretch, step)

    days = _days(uow, site, span, step, RollUpLevel.METERING, up_to=up_to)
    return _composed(span, step, days, of_batches)


def averaged_load(uow: UnitOfWork, site: Site, span: Interval, step: timedelta) -> MeteredSeries:
    """Return a site's load on a coarser grid, also where only its means have been kept.

    Args:
        uow: The transaction.
        site: The site.
        span: Whole number of `step`s, on the grid of `step`.
        step: Length of the intervals wanted, a whole multiple of the metering interval.

    Returns:
        Mean kW and the worst quality per interval; a missing sample makes its interval missing.
    """

    def of_readings(stretch: Interval) -> MeteredSeries:
        raw = site_load(uow, site, stretch)
        return raw if step == site.metering_interval else metering_energy(raw, step)

    return _composed(span, step, _days(uow, site, span, step, RollUpLevel.SETTLEMENT), of_readings)


def _days(  # noqa: PLR0913  whose days, which, on which grid, known when
    uow: UnitOfWork,
    site: Site,
    span: Interval,
    step: timedelta,
    level: RollUpLevel,
    *,
    up_to: int | None = None,
) -> dict[datetime, RollUp]:
    days = whole_days(span)
    if not days or ONE_DAY % step or not on_grid(span.start, step):
        return {}
    found = uow.roll_ups.of_site(site.site_id, Interval(days[0], days[-1] + ONE_DAY), level, up_to=up_to)
    # Of a site that had other intervals then, the batches are asked, which say what does not fit.
    is_exact = level is RollUpLevel.METERING
    return {one.day_at: one for one in found if (one.step == step if is_exact else not step % one.step)}


def _composed(
    span: Interval,
    step: timedelta,
    days: Mapping[datetime, RollUp],
    of_stretch: Callable[[Interval], MeteredSeries],
) -> MeteredSeries:
    if not days:
        return of_stretch(span)
    count = span.duration // step
    power_kw = np.full(count, np.nan)
    quality = np.full(count, MeterQuality.MISSING, dtype=np.int8)
    conflict_count = 0
    for day_at, day in days.items():
        first, ratio = (day_at - span.start) // step, step // day.step
        place = slice(first, first + ONE_DAY // step)
        if ratio == 1:
            power_kw[place], quality[place] = day.net_power_kw, day.quality
        else:
            power_kw[place] = day.net_power_kw.reshape(-1, ratio).mean(axis=1)
            quality[place] = worst_quality(day.quality.reshape(-1, ratio))
        conflict_count += day.conflict_count
    for stretch in _between(span, days):
        series = of_stretch(stretch)
        first = (stretch.start - span.start) // step
        place = slice(first, first + len(series.quality))
        power_kw[place] = series.net_power_kw.to_numpy(dtype=np.float64)
        quality[place] = series.quality
        conflict_count += series.conflict_count
    return MeteredSeries(regular(power_kw, span.start, step), quality, conflict_count)


def _between(span: Interval, days: Iterable[datetime]) -> list[Interval]:
    """Return the stretches of a span that no day covers."""
    stretches, begin = [], span.start
    for day_at in sorted(days):
        if begin < day_at:
            stretches.append(Interval(begin, day_at))
        begin = day_at + ONE_DAY
    return [*stretches, Interval(begin, span.end)] if begin < span.end else stretches
