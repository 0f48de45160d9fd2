"""From a setpoint to the one signed power that storage equipment is told, or to letting it go.

    reduction > 0:             power = min(reduction, max_reduction)
    increase > 0:              power = -min(increase, max_increase)
    both 0, limit L finite:    `commanded` recharge: power = -min(L, recharge)
                               `own` recharge: let go if L >= recharge, else power = 0
    both 0, L infinite:        let go

Equipment that recharges by itself cannot be held to less than it draws, so it is kept still until there
is room for all of it.
"""

import math
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from vpp.agent.drivers.table import DriverTable
from vpp.foundation.device_terms import Setpoint

FULL_RATIO = 0.99
"""From this state of charge on there is nothing left to recharge that could be limited."""


class PowerLimits(DriverTable):
    """What the equipment can do.

    Attributes:
        max_reduction_kw: Largest discharge, kW at the point of connection.
        max_increase_kw: Largest charge on command, kW; 0 if it takes no such command.
        recharge_kw: What it draws at most while it recharges, kW; None if not known.
        recharge: Whether it recharges by itself once it is let go, or on command.
    """

    max_reduction_kw: float = Field(gt=0, allow_inf_nan=False)
    max_increase_kw: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    recharge_kw: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    recharge: Literal["own", "commanded"] = "own"

    @model_validator(mode="after")
    def _can_recharge(self) -> Self:
        if self.recharge == "commanded" and (self.max_increase_kw <= 0.0 or self.recharge_kw == 0.0):
            raise ValueError("recharge on command needs max_increase_kw, and recharge_kw if given, above 0")
        return self


@dataclass(frozen=True, slots=True)
class PowerOrder:
    """What the equipment is told.

    Attributes:
        power_kw: Discharge, kW, negative to charge; None to let it go.
        remark: Where this is not the setpoint to the letter, why; empty if it is.
        is_refused: Whether it is told nothing, because it cannot do what is asked.
    """

    power_kw: float | None
    remark: str = ""
    is_refused: bool = False


def power_order(setpoint: Setpoint, limits: PowerLimits) -> PowerOrder:
    """Return what equipment is told for a setpoint.

    Example:
        >>> limits = PowerLimits(max_reduction_kw=100.0, recharge_kw=30.0)
        >>> power_order(Setpoint(reduction_kw=120.0), limits)
        PowerOrder(power_kw=100.0, remark='limited to 100 kW', is_refused=False)
        >>> power_order(Setpoint(recovery_limit_kw=20.0), limits).power_kw
        0.0
    """
    if setpoint.reduction_kw > 0.0:
        return _limited(setpoint.reduction_kw, limits.max_reduction_kw, 1.0)
    if setpoint.increase_kw > 0.0:
        if limits.max_increase_kw <= 0.0:
            return PowerOrder(None, "takes no command to raise consumption", is_refused=True)
        return _limited(setpoint.increase_kw, limits.max_increase_kw, -1.0)
    limit_kw = setpoint.recovery_limit_kw
    if math.isinf(limit_kw):
        return PowerOrder(None)
    recharge_kw = math.inf if limits.recharge_kw is None else limits.recharge_kw
    if limits.recharge == "commanded":
        return PowerOrder(-min(limit_kw, recharge_kw, limits.max_increase_kw))
    return PowerOrder(None) if limit_kw >= recharge_kw else PowerOrder(0.0)


def _limited(wanted_kw: float, most_kw: float, sign: float) -> PowerOrder:
    if wanted_kw <= most_kw:
        return PowerOrder(sign * wanted_kw)
    return PowerOrder(sign * most_kw, f"limited to {most_kw:g} kW")
