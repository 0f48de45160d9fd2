"""Physics that batteries and UPS share: energy in, energy out, a floor that holds.

Stored energy is counted as what it delivers at the point of connection, so that all conversion
losses fall on the way in: a discharge of 1 kWh takes 1 kWh, a charge of 1 kWh adds
`charge_ratio` kWh.
"""

from vpp.flexibility.bounds import TOLERANCE_KW


def sustained_kw(stored_kwh: float, floor_kwh: float, limit_kw: float, step_hours: float) -> float:
    """Return the largest power that a store holds for a whole step above its floor.

    Args:
        stored_kwh: Deliverable energy held, kWh.
        floor_kwh: Energy that must stay, kWh.
        limit_kw: Largest power, kW.
        step_hours: Length of the step, h; above 0.

    Returns:
        Power, kW, 0 or more; 0 once the floor is reached.

    Example:
        >>> sustained_kw(4.0, 1.0, 10.0, 0.5)
        6.0
    """
    return max(0.0, min(limit_kw, (stored_kwh - floor_kwh) / step_hours))


def after_discharge_kwh(stored_kwh: float, floor_kwh: float, power_kw: float, step_hours: float) -> float:
    """Return what is stored after a discharge that `sustained_kw` allows.

    Returns:
        Stored energy, kWh. Never below `floor_kwh` if it was not below it before: the last
        rounding error of a binary fraction falls on this side of the floor.

    Example:
        >>> after_discharge_kwh(4.0, 1.0, 6.0, 0.5)
        1.0
    """
    if power_kw <= 0.0:
        return stored_kwh
    return max(min(stored_kwh, floor_kwh), stored_kwh - power_kw * step_hours)


def recharge_kw(missing_kwh: float, charge_ratio: float, limit_kw: float, step_hours: float) -> float:
    """Return the power that refills a store within a step, as far as its limit lets it.

    Args:
        missing_kwh: Deliverable energy to add, kWh; a negative amount counts as none.
        charge_ratio: Deliverable energy per energy drawn from the grid, in (0, 1].
        limit_kw: Largest charging power drawn from the grid, kW.
        step_hours: Length of the step, h; above 0.

    Returns:
        Power drawn from the grid, kW, 0 or more.

    Example:
        >>> recharge_kw(3.0, 0.75, 10.0, 0.5)
        8.0
    """
    power_kw = max(0.0, min(limit_kw, missing_kwh / (charge_ratio * step_hours)))
    return power_kw if power_kw > TOLERANCE_KW else 0.0
