"""Where batches are cut at midnight UTC, so that storage finds and forgets readings by the day."""

from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval

ONE_DAY = timedelta(days=1)


def day_of(instant: datetime) -> datetime:
    """Return the midnight UTC that an instant's day begins with.

    Example:
        >>> from datetime import UTC
        >>> day_of(datetime(2026, 3, 2, 23, 59, tzinfo=UTC)).isoformat()
        '2026-03-02T00:00:00+00:00'
    """
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)


def whole_days(span: Interval) -> list[datetime]:
    """Return the starts of the days UTC that lie in a span from end to end.

    Example:
        >>> from datetime import UTC
        >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
        >>> [f"{day:%d}" for day in whole_days(Interval(noon, noon + 3 * ONE_DAY))]
        ['03', '04']
    """
    first = day_of(span.start)
    if first < span.start:
        first += ONE_DAY
    return [first + n * ONE_DAY for n in range((span.end - first) // ONE_DAY)]


@lru_cache(maxsize=8192)  # sites on one grid send the same spans at the same time
def day_cuts(
    start_at: datetime, step: timedelta, count: int
) -> tuple[tuple[int, int, datetime, datetime], ...]:
    """Tell where to cut a batch at midnight UTC.

    Args:
        start_at: Start of the batch's first interval, UTC.
        step: Length of its intervals, which divide a day.
        count: How many there are.

    Returns:
        For each day that it touches: the position of the first interval, that after the last one, and
        the instants at which the first one starts and the last one ends.

    Raises:
        InvalidInput: An interval may lie across midnight.

    Example:
        >>> from datetime import UTC
        >>> late = datetime(2026, 3, 2, 23, tzinfo=UTC)
        >>> [(first, end, f"{at:%d}") for first, end, at, _ in day_cuts(late, timedelta(hours=1), 3)]
        [(0, 1, '02'), (1, 3, '03')]
    """
    day_at = day_of(start_at)
    since_midnight = start_at - day_at
    if start_at.utcoffset() or ONE_DAY % step or since_midnight % step:
        raise InvalidInput(
            f"start_at is {start_at.isoformat()} with intervals of {step}, expected intervals that divide a "
            "day, on their grid in UTC",
            start_at=start_at.isoformat(),
            sample_interval=str(step),
        )
    positions = [0, min((ONE_DAY - since_midnight) // step, count)]
    while positions[-1] < count:
        positions.append(min(positions[-1] + ONE_DAY // step, count))
    return tuple(
        (first, end, start_at + first * step, start_at + end * step) for first, end in pairwise(positions)
    )
