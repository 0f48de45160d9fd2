"""What an auction's drawings share: colours with one meaning, units and words."""

from collections.abc import Mapping
from types import MappingProxyType

PRICE = "#B0124A"
SHORT = "#C1272D"
PAPER: Mapping[str, object] = MappingProxyType(
    {"facecolor": "white", "edgecolor": "none", "alpha": 0.78, "pad": 1.0}
)
"""Box behind a text that lies over a drawing."""

_MW_FROM_KW = 1500.0
_KW_PER_MW = 1000.0


def unit_for(largest_kw: float) -> str:
    """Choose the unit in which a drawing's largest power reads best.

    Example:
        >>> unit_for(900.0), unit_for(12_000.0)
        ('kW', 'MW')
    """
    return "MW" if largest_kw >= _MW_FROM_KW else "kW"


def kw_per(unit: str) -> float:
    """Return how many kW the unit is."""
    return _KW_PER_MW if unit == "MW" else 1.0


def size(power_kw: float, unit: str) -> str:
    """Write a power in a given unit.

    Example:
        >>> size(1234.5, "MW"), size(1234.5, "kW")
        ('1.23 MW', '1,234 kW')
    """
    return f"{power_kw / _KW_PER_MW:,.2f} MW" if unit == "MW" else f"{power_kw:,.0f} kW"


def per_mwh(currency: str) -> str:
    """Write the unit of a price; a book may leave its currency open.

    Example:
        >>> per_mwh("GBP"), per_mwh("")
        ('GBP/MWh', 'per MWh')
    """
    return f"{currency}/MWh" if currency else "per MWh"
