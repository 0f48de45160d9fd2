"""How much of a site's load can be reduced, whatever its resources could do."""

from collections.abc import Sequence

from vpp.flexibility.bounds import TOLERANCE_KW


def sheddable_load_kw(low_load_kw: Sequence[float], minimum_load_kw: float) -> tuple[float, ...]:
    """Return the part of the load that is there to be shed, kW.

    Nothing can be reduced that is not consumed: a promise above it would fail on the day, however
    large the resources are.

    Args:
        low_load_kw: Forecast load that is undercut in one case of ten, kW. Shape (N,).
        minimum_load_kw: Net consumption that is never shed, kW; negative where the site may export.

    Returns:
        The load above the minimum, kW, 0 or more. Shape (N,).

    Example:
        >>> sheddable_load_kw([900.0, 250.0], 300.0)
        (600.0, 0.0)
    """
    return tuple(max(0.0, load_kw - minimum_load_kw) for load_kw in low_load_kw)


def within_sheddable(
    reduction_kw: Sequence[float], sheddable_kw: Sequence[float], promised_kw: Sequence[float]
) -> tuple[float, ...]:
    """Bound what a resource offers by the load that other promises leave.

    Args:
        reduction_kw: What the resource could deliver per interval, kW. Shape (N,).
        sheddable_kw: Load of the site that can be shed, kW. Shape (N,).
        promised_kw: What the site's other offers and awards take of it, kW. Shape (N,).

    Returns:
        What may be offered, kW, 0 or more. Shape (N,).

    Example:
        >>> within_sheddable([100.0, 100.0, 100.0], [500.0, 150.0, 40.0], [80.0, 80.0, 80.0])
        (100.0, 70.0, 0.0)
    """
    left_kw = (room - taken for room, taken in zip(sheddable_kw, promised_kw, strict=True))
    bounded_kw = (min(kw, left) for kw, left in zip(reduction_kw, left_kw, strict=True))
    return tuple(kw if kw > TOLERANCE_KW else 0.0 for kw in bounded_kw)
