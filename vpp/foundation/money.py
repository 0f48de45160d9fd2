"""Exact amounts of money, and energies that are quantised once."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType

from vpp.foundation.errors import InvalidInput

MINOR_DIGITS = MappingProxyType(
    {
        "JPY": 0,
        "KRW": 0,
        "CNY": 2,
        "DKK": 2,
        "EUR": 2,
        "GBP": 2,
        "NOK": 2,
        "SEK": 2,
        "USD": 2,
    }
)
ENERGY_STEP_KWH = Decimal("0.001")
"""Energies on statements are whole multiples of this."""


def minor_unit(currency: str) -> Decimal:
    """Return the smallest amount a statement line may hold in a currency.

    Args:
        currency: ISO 4217 code.

    Returns:
        The minor unit, for example 0.01 for GBP and 1 for JPY.

    Raises:
        InvalidInput: The currency is not one the project settles in.

    Source:
        ISO 4217 minor units; the rounding to them is section 2 of the settlement design.

    Example:
        >>> minor_unit("GBP"), minor_unit("JPY")
        (Decimal('0.01'), Decimal('1'))
    """
    digits = MINOR_DIGITS.get(currency)
    if digits is None:
        expected = ", ".join(sorted(MINOR_DIGITS))
        raise InvalidInput(f"currency is {currency!r}, expected one of {expected}", currency=currency)
    return Decimal(1).scaleb(-digits)


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in one currency.

    Attributes:
        amount: Exact decimal amount, finite; positive is paid to the participant.
        currency: ISO 4217 code.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        """Refuse floats, non-finite amounts and unknown currencies."""
        amount: object = self.amount  # a caller without a type checker may hand over a float
        if not isinstance(amount, Decimal) or not amount.is_finite():
            raise InvalidInput(
                f"amount is {self.amount!r}, expected a finite Decimal", amount=repr(self.amount)
            )
        minor_unit(self.currency)


def energy_kwh(value: float) -> Decimal:
    """Turn a float energy into settlement's exact kWh, half up to 0.001 kWh.

    Example:
        >>> energy_kwh(1.2345)
        Decimal('1.235')
    """
    exact = Decimal(repr(float(value)))
    if not exact.is_finite():
        raise InvalidInput(f"energy is {value!r}, expected a finite number of kWh", energy_kwh=repr(value))
    return exact.quantize(ENERGY_STEP_KWH, ROUND_HALF_UP)
