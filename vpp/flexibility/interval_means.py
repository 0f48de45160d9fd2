"""Mean over each interval of a horizon of what changes at any instant."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from vpp.flexibility.bounds import check_within, hours_of
from vpp.foundation.interval import Interval

ONE_MICROSECOND = timedelta(microseconds=1)


def interval_means(
    start: datetime,
    step: timedelta,
    count: int,
    edges: Callable[[Interval], Iterable[datetime]],
    value_at: Callable[[datetime], Decimal],
) -> tuple[Decimal, ...]:
    """Average a step function of time over the intervals of a horizon.

    Args:
        start: Start of the first interval, UTC.
        step: Length of an interval.
        count: Number of intervals, N; at least 1.
        edges: Lists the instants inside a span at which the value may change, in any order.
        value_at: The value that holds from an instant to the next edge.

    Returns:
        Means by time; an interval in which nothing changes has exactly its value. Shape (N,).

    Raises:
        InvalidInput: No interval, or a step of no length.

    Example:
        >>> from datetime import UTC
        >>> noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
        >>> quarter_past = noon + timedelta(minutes=15)
        >>> interval_means(noon, timedelta(hours=1), 2, lambda _: [quarter_past],
        ...     lambda at: Decimal(1) if at < quarter_past else Decimal(3))
        (Decimal('2.5'), Decimal('3'))
    """
    check_within(count, "count", 1)
    hours_of(step)
    horizon = Interval(start, start + count * step)
    cuts = sorted(set(edges(horizon)))
    means: list[Decimal] = []
    at = 0
    for n in range(count):
        begin, end = start + n * step, start + (n + 1) * step
        bounds = [begin]
        while at < len(cuts) and cuts[at] < end:
            if cuts[at] > begin:
                bounds.append(cuts[at])
            at += 1
        values = [value_at(bound) for bound in bounds]
        if len(set(values)) == 1:
            means.append(values[0])
            continue
        lengths = [
            (after - before) // ONE_MICROSECOND
            for before, after in zip(bounds, [*bounds[1:], end], strict=True)
        ]
        total = sum((value * length for value, length in zip(values, lengths, strict=True)), Decimal(0))
        means.append(total / (step // ONE_MICROSECOND))
    return tuple(means)
