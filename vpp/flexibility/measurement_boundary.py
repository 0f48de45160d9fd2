"""From a cut at the computers to a cut at the meter.

Facility power is a fixed part plus (1 + k) times IT power, so an IT cut is worth (1 + k) times
itself at the meter, and not PUE times: fixed overhead stays.
"""

import math

from vpp.flexibility.bounds import check_above_zero, check_within

LARGEST_SLOPE_RATIO = 2.0
"""An overhead that moves by more than twice the computers' change is taken for a faulty measurement."""


def assumed_overhead_slope_ratio(pue: float) -> float:
    """Return the overhead that follows IT power, until a test dispatch has measured it.

    Args:
        pue: Power usage effectiveness, 1 or more.

    Returns:
        k, overhead kW per IT kW: half of what the PUE would suggest.

    Raises:
        InvalidInput: The PUE is below 1.

    Source:
        Design proposal of this project: k = 0.5 (PUE - 1).

    Example:
        >>> assumed_overhead_slope_ratio(1.25)
        0.125
    """
    check_within(pue, "pue", 1.0)
    return 0.5 * (pue - 1.0)


def at_connection_kw(it_kw: float, overhead_slope_ratio: float) -> float:
    """Return what a change of IT power is worth at the point of connection, kW.

    Example:
        >>> at_connection_kw(840.0, 0.125)
        945.0
    """
    return (1.0 + overhead_slope_ratio) * it_kw


def measured_overhead_slope_ratio(it_change_kw: float, connection_change_kw: float) -> float | None:
    """Return the overhead that followed IT power in a test dispatch.

    Args:
        it_change_kw: Change at the computers, kW; above 0.
        connection_change_kw: Change at the point of connection at the same time, kW.

    Returns:
        k, overhead kW per IT kW; None where the measurement makes no sense: less at the meter than at
        the computers, or far more.

    Raises:
        InvalidInput: The change at the computers is not above 0, or the other is not finite.

    Example:
        >>> measured_overhead_slope_ratio(800.0, 920.0)
        0.15
        >>> measured_overhead_slope_ratio(800.0, 500.0) is None
        True
    """
    check_above_zero(it_change_kw, "it_change_kw")
    check_within(connection_change_kw, "connection_change_kw", -math.inf)
    ratio = connection_change_kw / it_change_kw - 1.0
    return round(ratio, 9) if 0.0 <= ratio <= LARGEST_SLOPE_RATIO else None
