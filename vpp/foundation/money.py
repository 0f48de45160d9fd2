"""Exact amounts of money: quantised once, split without losing a cent."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
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

    def __add__(self, other: "Money") -> "Money":
        """Add an amount of the same currency."""
        if other.currency != self.currency:
            raise InvalidInput(f"cannot add {other.currency} to {self.currency}", currency=other.currency)
        return Money(self.amount + other.amount, self.currency)

    def __neg__(self) -> "Money":
        """Return the amount with the opposite sign."""
        return Money(-self.amount, self.currency)

    def rounded(self) -> "Money":
        """Round half up (away from zero) to the currency's minor unit.

        Example:
            >>> Money(Decimal("2.345"), "GBP").rounded().amount
            Decimal('2.35')
            >>> Money(Decimal("-2.345"), "GBP").rounded().amount
            Decimal('-2.35')
        """
        return Money(self.amount.quantize(minor_unit(self.currency), ROUND_HALF_UP), self.currency)


def split(total: Money, weights: Sequence[Decimal]) -> list[Money]:
    """Share an amount in proportion to weights by largest remainder, losing no minor unit.

    Args:
        total: Amount to share, a whole number of minor units.
        weights: One weight per share, not negative, not all zero. Shape (N,).

    Returns:
        The shares in the order of the weights; their sum is `total` exactly. Left-over minor
        units go to the largest remainders, earlier shares first.

    Raises:
        InvalidInput: A weight is negative, all are zero, or `total` is finer than a minor unit.

    Example:
        >>> [share.amount for share in split(Money(Decimal("1.00"), "GBP"), [Decimal(1)] * 3)]
        [Decimal('0.34'), Decimal('0.33'), Decimal('0.33')]
    """
    unit = minor_unit(total.currency)
    if total.amount % unit:
        raise InvalidInput(
            f"total {total.amount} is finer than {unit} {total.currency}", total=str(total.amount)
        )
    whole = sum(weights, Decimal(0))
    if whole <= 0 or any(weight < 0 for weight in weights):
        raise InvalidInput(
            "weights must not be negative, and one must be positive", weights=str(list(weights))
        )
    sign = -1 if total.amount < 0 else 1
    units = int(abs(total.amount) / unit)
    exact = [Fraction(units) * Fraction(weight) / Fraction(whole) for weight in weights]
    floors = [int(share) for share in exact]
    by_remainder = sorted(range(len(weights)), key=lambda n: (floors[n] - exact[n], n))
    for n in by_remainder[: units - sum(floors)]:
        floors[n] += 1
    return [Money(sign * count * unit, total.currency) for count in floors]


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
