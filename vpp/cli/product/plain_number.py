"""Exact numbers as people write them."""

from decimal import Decimal
from fractions import Fraction


def plain(value: Decimal) -> str:
    """Write a number without idle zeros or an exponent.

    Example:
        >>> plain(Decimal("1150.00")), plain(Decimal("0.010")), plain(Decimal("1E+3"))
        ('1,150', '0.01', '1,000')
    """
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def share(ratio: Decimal | Fraction) -> str:
    """Write a share in percent.

    Example:
        >>> share(Decimal("0.8")), share(Fraction(233, 200))
        ('80 %', '116.5 %')
    """
    return f"{round(float(ratio) * 100, 3):g} %"
