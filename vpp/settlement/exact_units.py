"""The whole numbers in which settlement reckons: nothing is rounded but where a rule says so.

Energy is in Wh, of which every energy on a statement is a whole number; power times time is in watt
microseconds, so that twenty minutes of a third of a kilowatt are exact; prices are in millionths of the
currency; amounts are in its minor unit:

    1 Wh = 3 600 000 000 W us
    amount [ccy] = energy [Wh] * price [1e-6 ccy/MWh] / 1e12
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from vpp.foundation.errors import InvalidInput
from vpp.foundation.money import minor_unit

WATT_US_PER_WH = 3_600_000_000
MICROS = 1_000_000
AMOUNT_SCALE = 10**12
"""An energy in Wh times a price in millionths per MWh is an amount in 1e-12 of the currency."""
MICROSECOND = timedelta(microseconds=1)
ZERO = Decimal(0)


def wh_of(energy_kwh: Decimal) -> int:
    """Return an energy in Wh.

    Raises:
        InvalidInput: It is finer than 0.001 kWh, and so no energy of a statement.

    Example:
        >>> wh_of(Decimal("12.345"))
        12345
    """
    return _thousandths(energy_kwh, "energy", "kWh")


def watts_of(power_kw: Decimal) -> int:
    """Return a power in W.

    Raises:
        InvalidInput: It is finer than 0.001 kW.
    """
    return _thousandths(power_kw, "power", "kW")


def _thousandths(value: Decimal, what: str, unit: str) -> int:
    scaled = value * 1000
    whole = int(scaled)
    if whole != scaled:
        raise InvalidInput(f"{what} is {value} {unit}, expected whole thousandths", **{what: str(value)})
    return whole


def kwh_of(energy_wh: int) -> Decimal:
    """Return an energy in kWh with three places; nothing is 0 without places.

    Example:
        >>> kwh_of(12345), kwh_of(0)
        (Decimal('12.345'), Decimal('0'))
    """
    return Decimal(energy_wh).scaleb(-3) if energy_wh else ZERO


def microseconds(duration: timedelta) -> int:
    """Return a duration in microseconds."""
    return duration // MICROSECOND


def half_up(numerator: int, denominator: int) -> int:
    """Divide and round half up, away from zero.

    Args:
        numerator: Any whole number.
        denominator: Above 0.

    Example:
        >>> half_up(5, 2), half_up(-5, 2), half_up(7, 3)
        (3, -3, 2)
    """
    if numerator >= 0:
        return (2 * numerator + denominator) // (2 * denominator)
    return -((denominator - 2 * numerator) // (2 * denominator))


def micros_of(price: Decimal, factor: Fraction = Fraction(1)) -> int:
    """Return a price times a factor in millionths, rounded half up once.

    Example:
        >>> micros_of(Decimal("84.12345678")), micros_of(Decimal(80), Fraction(1, 2))
        (84123457, 40000000)
    """
    exact = Fraction(price) * factor * MICROS
    return half_up(exact.numerator, exact.denominator)


def price_of(price_micros: int) -> Decimal:
    """Return a price with six places."""
    return Decimal(price_micros).scaleb(-6)


class MinorUnit:
    """The minor unit of a currency, and how amounts come to it.

    Example:
        >>> yen, pound = MinorUnit("JPY"), MinorUnit("GBP")
        >>> pound.rounded(62_500, 80_080_000), pound.amount(501), yen.amount(0)
        (501, Decimal('5.01'), Decimal('0'))
    """

    __slots__ = ("_divisor", "_exponent", "_known", "currency", "per_unit")

    def __init__(self, currency: str) -> None:
        """Look a currency up.

        Args:
            currency: ISO 4217 code.

        Raises:
            InvalidInput: The project does not settle in it.
        """
        self.currency = currency
        self.per_unit = int(1 / minor_unit(currency))
        self._divisor = AMOUNT_SCALE // self.per_unit
        self._exponent = -(len(str(self.per_unit)) - 1)
        self._known: dict[int, Decimal] = {}

    def rounded(self, energy_wh: int, price_micros: int) -> int:
        """Return an energy times a price per MWh in minor units, rounded half up."""
        return half_up(energy_wh * price_micros, self._divisor)

    def of(self, exact: Fraction) -> int:
        """Return an exact amount of the currency in minor units, rounded half up."""
        scaled = exact * self.per_unit
        return half_up(scaled.numerator, scaled.denominator)

    def most(self, limit: Decimal) -> int:
        """Return a limit in minor units, cut down: it is never passed by rounding."""
        return int(limit * self.per_unit)

    def amount(self, minor: int) -> Decimal:
        """Return an amount of the currency, with the places of its minor unit."""
        known = self._known.get(minor)
        if known is None:
            known = self._known[minor] = Decimal(minor).scaleb(self._exponent)
        return known


def share_out(total: int, weights: Sequence[int]) -> tuple[list[int], list[bool]]:
    """Share a whole number in proportion to weights by largest remainder, losing nothing.

    With `W` the sum of the weights, share `k` is `floor(total * w_k / W)`, and the units that are left go
    one each to the largest remainders, earlier shares first.

    Args:
        total: What is shared, 0 or more.
        weights: Not negative, not all 0. Shape (N,).

    Returns:
        The shares, and which of them were rounded up. Shape (N,) each.

    Example:
        >>> share_out(100, [1, 1, 1])
        ([34, 33, 33], [True, False, False])
    """
    whole = sum(weights)
    shares = [total * weight // whole for weight in weights]
    ups = [False] * len(weights)
    left = total - sum(shares)
    if left:
        by_remainder = sorted(range(len(weights)), key=lambda n: (-(total * weights[n] % whole), n))
        for n in by_remainder[:left]:
            shares[n] += 1
            ups[n] = True
    return shares, ups
