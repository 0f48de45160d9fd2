"""Writing values as the JSON form of proto3 does."""

from datetime import UTC, datetime, timedelta
from typing import Any

_NANOS_PER_SECOND = 10**9
_GROUP = 3  # proto3 JSON writes 3, 6 or 9 decimals


def instant_text(at: datetime) -> str:
    """Write an instant.

    Example:
        >>> instant_text(datetime(2026, 3, 2, 17, tzinfo=UTC))
        '2026-03-02T17:00:00Z'
    """
    whole = at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    return f"{whole.isoformat()}{_decimals(at.microsecond * 1000)}Z"


def span_text(length: timedelta) -> str:
    """Write a span of time that is not negative.

    Example:
        >>> span_text(timedelta(milliseconds=1500))
        '1.500s'
    """
    return seconds_text(length // timedelta(microseconds=1) * 1000)


def seconds_text(nanoseconds: int) -> str:
    """Write a number of nanoseconds, 0 or more, as seconds.

    Example:
        >>> seconds_text(1_000)
        '0.000001s'
    """
    whole, rest = divmod(nanoseconds, _NANOS_PER_SECOND)
    return f"{whole}{_decimals(rest)}s"


def without_zeros(**values: float) -> dict[str, Any]:
    """Leave out the numbers that are 0, which is what an absent one means.

    Example:
        >>> without_zeros(startKwh=0.0, endKwh=5.0)
        {'endKwh': 5.0}
    """
    return {key: value for key, value in values.items() if value}


def _decimals(nanoseconds: int) -> str:
    if not nanoseconds:
        return ""
    digits = f"{nanoseconds:09d}"
    while digits.endswith("0" * _GROUP):
        digits = digits[:-_GROUP]
    return "." + digits
