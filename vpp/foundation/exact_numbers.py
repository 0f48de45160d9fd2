"""Exact numbers that somebody else wrote: finite, and of a size that arithmetic can bear."""

from decimal import Decimal

MOST_PLACES = 40
"""Digits before or after the point: more than any amount or price has, and few enough to reckon with."""


def is_sane(number: Decimal) -> bool:
    """Tell whether a number is finite and its size ordinary.

    `1E+20000000` takes ten bytes in a file and minutes as a whole number.

    Example:
        >>> is_sane(Decimal("84.25")), is_sane(Decimal("NaN")), is_sane(Decimal("1E+20000000"))
        (True, False, False)
    """
    if not number.is_finite():
        return False
    exponent = number.as_tuple().exponent
    return abs(number.adjusted()) <= MOST_PLACES and abs(int(exponent)) <= MOST_PLACES
