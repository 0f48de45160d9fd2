"""How warm the air at a server's inlet may become, and how fast."""

import enum

RATE_LIMIT_K_PER_HOUR = 20.0
"""Fastest change of inlet temperature without tape drives."""
RATE_LIMIT_WITH_TAPE_K_PER_HOUR = 5.0
"""Fastest change of inlet temperature with tape drives."""
POLICY_LIMIT_CELSIUS = 27.0
"""Warmest inlet a paid event may cause: the upper end of the recommended range of A1 to A4."""
RECOMMENDED_MIN_CELSIUS = 18.0
"""Coldest inlet that cooling ahead may cause: the lower end of the recommended range of A1 to A4."""
CLASS_MARGIN_KELVIN = 2.0
"""Distance that is always kept to the allowable limit of the class; a choice of this project."""


class EquipmentClass(enum.Enum):
    """Equipment class; its value is the upper end of the allowable inlet range, Celsius.

    Source:
        ASHRAE TC 9.9, 2021 Equipment Thermal Guidelines for Data Processing Environments,
        reference card: allowable dry-bulb range and maximum rate of change.
    """

    A1 = 32.0
    A2 = 35.0
    A3 = 40.0
    A4 = 45.0


def inlet_limit_celsius(equipment_class: EquipmentClass, policy_celsius: float) -> float:
    """Return the warmest inlet that an event may cause.

    Args:
        equipment_class: Class of the most sensitive equipment in the hall.
        policy_celsius: Warmest inlet the site accepts for a paid event.

    Returns:
        The policy's limit, but never above the class limit less 2 K.

    Example:
        >>> inlet_limit_celsius(EquipmentClass.A1, 27.0), inlet_limit_celsius(EquipmentClass.A1, 40.0)
        (27.0, 30.0)
    """
    return min(policy_celsius, equipment_class.value - CLASS_MARGIN_KELVIN)
