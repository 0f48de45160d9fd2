r"""Generation behind the meter: netted out of what the meter shows, and never relied upon.

With the site's own consumption c_t and generation g_t, kW:

    net_t = c_t - g_t            what the meter at the point of connection shows and a baseline is made of
    firm net_t = c_t - f g_t     what limits are checked against: f is the share that clouds leave

Generation is no resource: its changes are the weather's, not the site's, so that none of it is sold as
a reduction, and what it saves is in the baseline already.

Source:
    Capacity factor = energy / (rated power x hours): 12 GWh a year of 10.54 MW are 13.0 %.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vpp.flexibility.bounds import check_above_zero, check_within
from vpp.foundation.errors import InvalidInput

HOURS_PER_YEAR = 8760.0


@dataclass(frozen=True, slots=True)
class PhotovoltaicParameters:
    """What the site knows about its panels.

    Attributes:
        rated_kw: Largest power at the point of connection, kW.
        firm_ratio: Share of the forecast generation that limits may count on, 0..1; none unless the
            site says so.
    """

    rated_kw: float
    firm_ratio: float = 0.0

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        check_above_zero(self.rated_kw, "rated_kw")
        check_within(self.firm_ratio, "firm_ratio", 0.0, 1.0)


def capacity_factor_ratio(energy_kwh: float, rated_kw: float, hours: float = HOURS_PER_YEAR) -> float:
    """Return the energy made over what the rated power would have made.

    Raises:
        InvalidInput: A quantity is negative, or more was made than the rated power could.

    Example:
        >>> round(capacity_factor_ratio(12e6, 10_540.0), 3)
        0.13
    """
    check_above_zero(rated_kw, "rated_kw")
    check_above_zero(hours, "hours")
    check_within(energy_kwh, "energy_kwh", 0.0, rated_kw * hours)
    return energy_kwh / (rated_kw * hours)


def net_load_kw(consumption_kw: Sequence[float], generation_kw: Sequence[float]) -> tuple[float, ...]:
    """Return what the meter at the point of connection shows, kW; negative while it feeds in. Shape (N,).

    A gap in either is a gap in the net load.

    Raises:
        InvalidInput: The series differ in length.
    """
    _check_lengths(consumption_kw, generation_kw)
    return tuple(used - made for used, made in zip(consumption_kw, generation_kw, strict=True))


def consumption_kw(net_kw: Sequence[float], generation_kw: Sequence[float]) -> tuple[float, ...]:
    """Return what the site consumes behind its meter, kW. Shape (N,).

    Raises:
        InvalidInput: The series differ in length.
    """
    _check_lengths(net_kw, generation_kw)
    return tuple(net + made for net, made in zip(net_kw, generation_kw, strict=True))


def firm_net_load_kw(
    params: PhotovoltaicParameters, net_kw: Sequence[float], generation_kw: Sequence[float]
) -> tuple[float, ...]:
    """Return the net load that import and transformer limits are checked against, kW. Shape (N,).

    Args:
        params: The panels.
        net_kw: Forecast net load, kW. Shape (N,).
        generation_kw: The generation it counts on, kW. Shape (N,).

    Example:
        >>> firm_net_load_kw(PhotovoltaicParameters(500.0), [600.0], [300.0])
        (900.0,)
    """
    lost = 1.0 - params.firm_ratio
    _check_lengths(net_kw, generation_kw)
    return tuple(net + lost * made for net, made in zip(net_kw, generation_kw, strict=True))


def _check_lengths(first: Sequence[float], second: Sequence[float]) -> None:
    if len(first) != len(second):
        raise InvalidInput(f"series have {len(first)} and {len(second)} values, expected the same number")
