"""Money on the wire: units and nanos, exact in both directions, never through a float."""

from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from google.type import money_pb2

from vpp.foundation.errors import InvalidInput

MoneyMessage: TypeAlias = money_pb2.Money

_NANO_DIGITS = 9
_NANOS_PER_UNIT = 10**_NANO_DIGITS
_LARGEST_UNITS = 2**63 - 1


def amount(message: MoneyMessage, field: str) -> Decimal:
    """Read an exact amount.

    Args:
        message: The amount on the wire.
        field: Its path in the request, for the error.

    Raises:
        InvalidInput: Nanos are a unit or more, or units and nanos differ in sign.

    Example:
        >>> paid = MoneyMessage(currency_code="GBP", units=-1, nanos=-500_000_000)
        >>> amount(paid, "price_per_mwh")
        Decimal('-1.5')
    """
    units, nanos = message.units, message.nanos
    if abs(nanos) >= _NANOS_PER_UNIT or units * nanos < 0:
        raise InvalidInput(
            f"{field} has {units} units and {nanos} nanos, expected nanos of the same sign, below one unit",
            field=field,
            units=str(units),
            nanos=str(nanos),
        )
    exact = Decimal(units) + Decimal(nanos).scaleb(-_NANO_DIGITS)
    return exact.normalize() if nanos else Decimal(units)


def amount_in(message: MoneyMessage, currency: str, field: str) -> Decimal:
    """Read an exact amount that must be in one currency.

    Raises:
        InvalidInput: The currency is another, or the amount is malformed.
    """
    if message.currency_code != currency:
        raise InvalidInput(
            f"{field} is in {message.currency_code or 'no currency'}, expected {currency}",
            field=field,
            currency=message.currency_code,
        )
    return amount(message, field)


def money(value: Decimal, currency: str) -> MoneyMessage:
    """Write an exact amount.

    Raises:
        InvalidInput: It is not finite, needs more than nine decimals, or is beyond the wire's range.

    Example:
        >>> money(Decimal("-1.5"), "GBP").nanos
        -500000000
    """
    if not value.is_finite():
        raise InvalidInput(f"amount is {value}, expected a finite amount", amount=str(value))
    nanos = Fraction(value) * _NANOS_PER_UNIT
    if nanos.denominator != 1:
        raise InvalidInput(f"amount is {value}, expected at most {_NANO_DIGITS} decimals", amount=str(value))
    units, rest = divmod(abs(nanos.numerator), _NANOS_PER_UNIT)
    if units > _LARGEST_UNITS:
        raise InvalidInput(f"amount is {value}, expected at most {_LARGEST_UNITS}", amount=str(value))
    sign = -1 if nanos < 0 else 1
    return MoneyMessage(currency_code=currency, units=sign * units, nanos=sign * rest)
