"""From a cut at the computers to a cut at the meter.

Facility power is a fixed part plus (1 + k) times IT power, so an IT cut is worth (1 + k) times
itself at the meter, and not PUE times: fixed overhead stays.
"""

from vpp.flexibility.bounds import check_within


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


def at_it_kw(connection_kw: float, overhead_slope_ratio: float) -> float:
    """Return the change of IT power behind a change at the point of connection, kW.

    Example:
        >>> at_it_kw(945.0, 0.125)
        840.0
    """
    return connection_kw / (1.0 + overhead_slope_ratio)
