"""An order's target, shared over sites by what they can shed."""

from collections.abc import Mapping, Sequence


def share_target(
    target_kw: Sequence[float], capacity_kw: Mapping[str, Sequence[float]]
) -> dict[str, tuple[float, ...]]:
    """Share a target in proportion to capacity, interval by interval.

    Args:
        target_kw: Reduction asked for per interval, kW. Shape (N,).
        capacity_kw: What each can shed at most per interval, kW, 0 or more. Shape (N,) each.

    Returns:
        Share of each per interval, kW, never above its capacity. Shape (N,) each. The shares add up
        to the target, or to all capacity where that is less.

    Example:
        >>> share_target([90.0, 500.0], {"north-1": (100.0, 100.0), "north-2": (50.0, 200.0)})
        {'north-1': (60.0, 100.0), 'north-2': (30.0, 200.0)}
    """
    total_kw = [sum(values[n] for values in capacity_kw.values()) for n in range(len(target_kw))]
    ratios = [
        min(1.0, wanted / total) if total > 0.0 else 0.0
        for wanted, total in zip(target_kw, total_kw, strict=True)
    ]
    return {
        key: tuple(ratio * kw for ratio, kw in zip(ratios, values, strict=True))
        for key, values in capacity_kw.items()
    }
