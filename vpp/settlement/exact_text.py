"""Exact values as text for people: a few places, and a sign where they go on."""

from decimal import Decimal
from fractions import Fraction

from vpp.settlement.exact_units import WATT_US_PER_WH

PLACES = 6


def exact_text(value: Fraction, places: int = PLACES) -> str:
    """Write an exact value with a few places, and say where it goes on.

    Example:
        >>> exact_text(Fraction(1, 4)), exact_text(Fraction(1, 3)), exact_text(Fraction(-1, 3000), 3)
        ('0.25', '0.333333...', '-0.000...')
    """
    scaled = value * 10**places
    if scaled.denominator == 1:
        text = f"{Decimal(int(scaled)).scaleb(-places):f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    whole = int(abs(scaled)) * (-1 if value < 0 else 1)
    return f"{'-' if value < 0 and not whole else ''}{Decimal(whole).scaleb(-places):f}..."


def kwh_text(watt_us: int | Fraction) -> str:
    """Write an energy in W times microseconds as kWh."""
    return exact_text(Fraction(watt_us) / (WATT_US_PER_WH * 1000))


def hours_text(duration_us: int) -> str:
    """Write a length in microseconds as hours that can be multiplied with by hand.

    Example:
        >>> hours_text(900_000_000), hours_text(300_000_000)
        ('0.25', '5 / 60')
    """
    text = exact_text(Fraction(duration_us, 3_600_000_000))
    return f"{exact_text(Fraction(duration_us, 60_000_000))} / 60" if text.endswith("...") else text
