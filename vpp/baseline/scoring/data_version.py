"""A fingerprint of everything known of a site, so that a stored baseline names its data."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.civil_clock import ONE_DAY
from vpp.baseline.forecasting.outside_series import LONGEST_BRIDGE
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.telemetry.grid import metering_step

# Changes with every change of what is counted in, or how.
FORM = "2"
MICROSECOND = timedelta(microseconds=1)


def data_version(
    site: SiteMeter, *, quality: npt.ArrayLike | None = None, until: datetime | None = None
) -> str:
    """Return the SHA-256 of everything known of a site: values, their quality, grid, calendar and events.

    What lies before the meter's first reading, or at or after `until`, is not counted in: it does not
    matter which later readings, holidays or events are known when the fingerprint is taken again. Of
    temperature and plans, which rules read by whole civil days, all of the last day counts, and of the
    former as much after it as is interpolated to; and likewise the day before the first reading, for events
    past midnight have times that began then.

    Args:
        site: What a baseline is made from.
        quality: Name of the quality of each interval of the meter, if known. Shape (T,).
        until: Where what counts ends, UTC; None for the meter's end.

    Returns:
        64 hexadecimal digits; equal for equal content on any machine.

    Raises:
        InvalidInput: The meter's series is empty or not regular in UTC, or quality has another length.
    """
    step = metering_step(site.net_power_kw)
    index = pd.DatetimeIndex(site.net_power_kw.index)
    begin = index[0].to_pydatetime()
    end = index[-1].to_pydatetime() + step if until is None else until
    names = None if quality is None else np.asarray(quality, dtype=np.str_)
    if names is not None and len(names) != len(index):
        raise InvalidInput(
            f"quality has {len(names)} values, expected {len(index)} like the meter's series",
            quality=str(len(names)),
        )
    digest = hashlib.sha256()
    for name, content in _parts(site, names, Interval(begin, max(end, begin + step))):
        digest.update(f"{name}:{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()


def _parts(
    site: SiteMeter, quality: npt.NDArray[np.str_] | None, span: Interval
) -> Iterator[tuple[str, bytes]]:
    """Yield the parts in a fixed order, each by name: an absent one differs from an empty one."""
    yield "form", FORM.encode()
    yield "net_power_kw", _series(site.net_power_kw, span)
    if quality is not None:
        kept = _inside(pd.DatetimeIndex(site.net_power_kw.index), span)
        yield "quality", "\n".join(quality[kept]).encode()
    yield "time_zone", site.calendar.time_zone.encode()
    around = _outside(span, site.calendar)
    days = (site.calendar.civil_date(span.start) - ONE_DAY, site.calendar.civil_date(span.end))
    yield "holidays", _dates(site.calendar.holidays, *days)
    yield "excluded_dates", _dates(site.excluded_dates, *days)
    yield "events", _spans(site.events, span)
    yield "masked", _spans(site.masked, span)
    bridged = Interval(around.start - LONGEST_BRIDGE, around.end + LONGEST_BRIDGE)
    for name, within in (("device_kw", span), ("temperature_c", bridged), ("plan_kw", around)):
        series = getattr(site, name)
        if series is not None:
            yield name, _series(series, within)
    if site.control_kw is not None:
        for column in sorted(site.control_kw.columns, key=str):
            yield f"control_kw/{column}", _series(site.control_kw[column], span)
    for name in ("contract_kw", "export_limit_kw", "nominated_kw"):
        value = getattr(site, name)
        if value is not None:
            yield name, _floats(np.array([value]))
    if site.peak_intervals:  # their order is their rank
        yield "peak_intervals", "\n".join(_iso(peak) for peak in site.peak_intervals).encode()


def _outside(span: Interval, calendar: SiteCalendar) -> Interval:
    """Return a span's whole civil days and the one before: what is read of series other than meters."""
    first, last = (calendar.civil_date(at) for at in (span.start, span.end - MICROSECOND))
    return Interval(calendar.day(first - ONE_DAY).start, calendar.day(last).end)


def _inside(index: pd.DatetimeIndex, span: Interval) -> slice:
    """Return the positions of the labels that lie in a span."""
    bounds = [int(index.searchsorted(pd.Timestamp(at))) for at in (span.start, span.end)]
    return slice(*bounds)


def _series(series: pd.Series, span: Interval) -> bytes:
    """Return a series' part in a span: its stamps in microseconds, then its values."""
    index = pd.DatetimeIndex(series.index)
    kept = _inside(index, span)
    stamps = index[kept].as_unit("us").asi8.astype("<i8").tobytes()
    return stamps + _floats(series.to_numpy(dtype=np.float64)[kept])


def _floats(values: npt.NDArray[np.float64]) -> bytes:
    """Return values as little-endian doubles, with one kind of NaN and one kind of zero."""
    return np.where(np.isnan(values), np.nan, values + 0.0).astype("<f8").tobytes()


def _dates(dates: Iterable[date], first: date, last: date) -> bytes:
    return "\n".join(day.isoformat() for day in sorted(dates) if first <= day <= last).encode()


def _spans(spans: Iterable[Interval], within: Interval) -> bytes:
    kept = sorted(span for span in spans if span.start < within.end and span.end > within.start)
    return "\n".join(_iso(span) for span in kept).encode()


def _iso(span: Interval) -> str:
    return f"{span.start.isoformat()}/{span.end.isoformat()}"
