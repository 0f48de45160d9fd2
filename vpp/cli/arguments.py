"""What people type, turned into values: instants, targets, prices.

Every parser raises `typer.BadParameter`, so that a slip ends with exit code 2 and a line naming the
option, the value and what was expected.
"""

import math
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

import typer

from vpp.foundation.interval import Interval

_INSTANT_FORM = "an instant in UTC such as 2026-11-24T17:00Z"


def utc_instant(text: str) -> datetime:
    """Read an instant in UTC.

    Raises:
        BadParameter: It is no ISO 8601 instant, has no offset, or an offset other than UTC.

    Example:
        >>> utc_instant("2026-11-24T17:00Z").hour
        17
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not an instant, expected {_INSTANT_FORM}") from None
    if instant.utcoffset() is None:
        raise typer.BadParameter(f"{text!r} has no offset, expected {_INSTANT_FORM}")
    if instant.utcoffset() != timedelta(0):
        raise typer.BadParameter(f"{text!r} is not in UTC, expected {_INSTANT_FORM}")
    return instant


def span(start: datetime, end: datetime) -> Interval:
    """Make a half-open span.

    Raises:
        BadParameter: The end is not after the start.
    """
    if end <= start:
        raise typer.BadParameter(f"--end {end.isoformat()} is not after --start {start.isoformat()}")
    return Interval(start, end)


def targets_kw(text: str, interval_count: int) -> list[float]:
    """Read one reduction for all intervals, or one per interval, kW.

    Args:
        text: One number, or as many as there are intervals with commas between them.
        interval_count: How many settlement intervals delivery has.

    Raises:
        BadParameter: A part is no number of at least 0, or there are too few or too many.

    Example:
        >>> targets_kw("500", 3)
        [500.0, 500.0, 500.0]
        >>> targets_kw("500, 600, 550.5", 3)
        [500.0, 600.0, 550.5]
    """
    values = []
    for part in text.split(","):
        try:
            value = float(part)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or value < 0:
            raise typer.BadParameter(f"--target-kw {part.strip()!r} is not a reduction in kW of at least 0")
        values.append(value)
    if len(values) == 1:
        return values * interval_count
    if len(values) != interval_count:
        raise typer.BadParameter(
            f"--target-kw has {len(values)} values, expected 1 or one for each of {interval_count} intervals"
        )
    return values


def price(text: str) -> Decimal:
    """Read a price, exact.

    Raises:
        BadParameter: It is no finite number.

    Example:
        >>> price("249.90")
        Decimal('249.90')
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise typer.BadParameter(f"{text!r} is not a price, expected a number such as 249.90")
    return value


def interval_count(interval: Interval, step: timedelta) -> int:
    """Count the settlement intervals of a span.

    Raises:
        BadParameter: The span is not a whole number of them.
    """
    if interval.duration % step:
        raise typer.BadParameter(
            f"--start to --end lasts {interval.duration}, expected a whole number of the product's "
            f"settlement intervals of {step}"
        )
    return interval.duration // step


def full_name(collection: str, text: str) -> str:
    """Accept an id or a full name.

    Example:
        >>> full_name("events", "evening"), full_name("events", "events/evening")
        ('events/evening', 'events/evening')
    """
    return text if text.startswith(f"{collection}/") else f"{collection}/{text}"
