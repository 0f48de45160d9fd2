"""Instants, spans and dates as analysts type them."""

from datetime import UTC, date, datetime

import typer

from vpp.foundation.interval import Interval

_FORM = "ISO 8601 with an offset, such as 2026-01-19T17:00Z or 2026-01-19T18:00+01:00"


def instant(text: str) -> datetime:
    """Read an instant; any offset will do, none will not.

    Returns:
        The instant, UTC.

    Raises:
        ValueError: It is no instant, or has no offset; the message says what was expected.

    Example:
        >>> instant("2026-01-19T18:00+01:00").isoformat()
        '2026-01-19T17:00:00+00:00'
    """
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is not an instant, expected {_FORM}") from None
    if read.utcoffset() is None:
        raise ValueError(f"{text!r} has no offset from UTC, expected {_FORM}")
    return read.astimezone(UTC)


def option_instant(option: str, text: str) -> datetime:
    """Read an option's instant.

    Raises:
        BadParameter: It is no instant, or has no offset.
    """
    try:
        return instant(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option}: {error}") from None


def option_span(option: str, text: str) -> Interval:
    """Read `START/END`.

    Raises:
        BadParameter: There are not two instants, or the end is not after the start.

    Example:
        >>> option_span("--event", "2026-01-19T17:00Z/2026-01-19T18:30Z").duration
        datetime.timedelta(seconds=5400)
    """
    start_text, slash, end_text = text.partition("/")
    if not slash:
        raise typer.BadParameter(f"{option}: {text!r} is not START/END, two instants in {_FORM}")
    start, end = option_instant(option, start_text), option_instant(option, end_text)
    if end <= start:
        raise typer.BadParameter(f"{option}: the end {end_text} is not after the start {start_text}")
    return Interval(start, end)


def option_date(option: str, text: str) -> date:
    """Read a civil date.

    Raises:
        BadParameter: It is no date.

    Example:
        >>> option_date("--exclude", "2026-01-19")
        datetime.date(2026, 1, 19)
    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{option}: {text!r} is not a date such as 2026-01-19") from None
