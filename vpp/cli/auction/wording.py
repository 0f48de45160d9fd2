"""Amounts, energies, shares and counts as people read them."""

import math
from decimal import Decimal

_KWH_PER_MWH = 1000.0
_TRIFLE = 1e-6


def amount(value: Decimal, currency: str) -> str:
    """Write an amount to the cent, with its currency if it is known.

    Example:
        >>> amount(Decimal("12345.678"), "GBP"), amount(Decimal("-0.001"), "")
        ('12,345.68 GBP', '0.00')
    """
    rounded = round(value, 2)
    return f"{rounded or abs(rounded):,.2f} {currency}".strip()  # no minus before a zero


def percent(ratio: float | None) -> str:
    """Write a ratio as people say it; a proven zero is not the same as none.

    Example:
        >>> percent(0.00042), percent(0.0), percent(None)
        ('0.042 %', '0 %', 'not proven')
    """
    return "not proven" if ratio is None else f"{ratio * 100:.3g} %"


def share(ratio: float) -> str:
    """Write how much of a whole was reached; only all of it is 100 %.

    Example:
        >>> share(1.0), share(0.99996), share(0.5)
        ('100 %', '99.99 %', '50 %')
    """
    return f"{math.floor(ratio * 1e4 + _TRIFLE) / 100:g} %"


def counted(count: int, noun: str) -> str:
    """Write a count with its noun.

    Example:
        >>> counted(1, "bid"), counted(1200, "bid")
        ('1 bid', '1,200 bids')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def energy(energy_kwh: float) -> str:
    """Write an energy with its unit.

    Example:
        >>> energy(950.0), energy(12_345.0)
        ('950 kWh', '12.35 MWh')
    """
    if abs(energy_kwh) >= _KWH_PER_MWH:
        return f"{energy_kwh / _KWH_PER_MWH:,.2f} MWh"
    return f"{energy_kwh:,.0f} kWh"
