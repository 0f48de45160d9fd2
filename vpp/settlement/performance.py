"""How much of a delivery is payable, and what a shortfall costs: the bands of a product profile."""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.money import Money, truncated_kwh
from vpp.portfolio.money_rules import MoneyRules
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.run_type import RunType
from vpp.telemetry.quality import MeterQuality

ZERO = Decimal(0)
KWH_PER_MWH = Decimal(1000)
SECONDS_PER_HOUR = Decimal(3600)
PRICE_STEP = Decimal("0.000001")


class BandCode(enum.Enum):
    """Where a delivery lies against its target.

    Attributes:
        BELOW_LOW: Below the lowest paid share: earns nothing.
        PARTIAL: Paid, but below the share from which there is no penalty.
        FULL: Paid in full.
        CAPPED: Above the cap; what lies above earns nothing.
        NO_DATA: Not judged: neither payment nor penalty.
    """

    BELOW_LOW = "below_low"
    PARTIAL = "partial"
    FULL = "full"
    CAPPED = "capped"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True)
class Performance:
    """What one settlement interval earned, before any fee.

    Attributes:
        payable_kwh: Paid energy, kWh, 0 or more, at most the cap.
        band_code: Where the delivery lies against its target.
        price_per_mwh: Its price, to six places.
        energy: Payment for it, rounded to the minor unit.
        penalty_basis_kwh: Shortfall that is charged for, kWh, 0 or more.
        penalty_price_per_mwh: Price of the shortfall, 0 or more, to six places.
        penalty: Charge for it, 0 or more, rounded to the minor unit.
        note: Why nothing is paid or charged, where meter data are the reason.
    """

    payable_kwh: Decimal
    band_code: BandCode
    price_per_mwh: Decimal
    energy: Money
    penalty_basis_kwh: Decimal
    penalty_price_per_mwh: Decimal
    penalty: Money
    note: str = ""


def withheld_because(measured: MeasuredInterval, run_type: RunType) -> str:
    """Say why an interval cannot be judged; empty if it can.

    No payment is made on bad or missing data. The penalty is suspended with it: a meter's silence
    is no proof of a shortfall, and a later version settles both once readings arrive. Estimates
    count in the INITIAL run only.

    Source:
        Settlement design, section 2, rule 6: no payment on BAD, estimates only in INITIAL. That
        the penalty rests as well is ours.
    """
    if measured.quality in (MeterQuality.BAD, MeterQuality.MISSING):
        return f"no payment and no penalty: meter data {measured.quality.name.lower()}"
    if measured.quality is MeterQuality.ESTIMATED and run_type is not RunType.INITIAL:
        return f"no payment and no penalty: estimated meter data do not count in run {run_type.name}"
    if measured.delivered_kwh is None:
        return "no payment and no penalty: no baseline or no reading"
    return ""


def assess(
    measured: MeasuredInterval, rules: MoneyRules, price_per_mwh: Decimal, run_type: RunType
) -> Performance:
    """Judge one settlement interval by the bands of its product.

    Delivery below `band_low_ratio` of the target earns nothing; from there on every kWh earns the
    price, up to `band_cap_ratio` of the target. The cap is cut down to 0.001 kWh, so that rounding
    never passes it. A target of zero caps at zero.

    Args:
        measured: The interval.
        rules: Money rules of the product.
        price_per_mwh: Price of the award in the product's currency.
        run_type: Estimates count in INITIAL only.

    Returns:
        Payable energy, payment and penalty; NO_DATA with a note where meter data do not allow it.

    Raises:
        InvalidInput: The penalty formula is not one the project knows.

    Source:
        Settlement design, sections 2 and 3; generic payment engine of the baseline reference, 1.6.
    """
    price_per_mwh = settled_price(price_per_mwh)
    nothing = amount_of(ZERO, rules.currency)
    delivered_kwh = measured.delivered_kwh
    note = withheld_because(measured, run_type)
    if note or delivered_kwh is None:
        return Performance(ZERO, BandCode.NO_DATA, price_per_mwh, nothing, ZERO, ZERO, nothing, note)
    band_code = _band(measured, delivered_kwh, rules)
    if band_code is BandCode.BELOW_LOW:
        payable_kwh = ZERO
    else:
        cap_kwh = truncated_kwh(target_share_kwh(measured, rules.band_cap_ratio))
        payable_kwh = max(ZERO, min(delivered_kwh, cap_kwh))
    formula = PENALTY_FORMULAS.get(rules.penalty_formula_id)
    if formula is None:
        expected = ", ".join(sorted(PENALTY_FORMULAS))
        raise InvalidInput(
            f"penalty_formula_id is {rules.penalty_formula_id!r}, expected one of {expected}",
            penalty_formula_id=rules.penalty_formula_id,
        )
    basis_kwh, penalty_price = formula(measured, delivered_kwh, rules, price_per_mwh)
    return Performance(
        payable_kwh=payable_kwh,
        band_code=band_code,
        price_per_mwh=price_per_mwh,
        energy=amount_of(payable_kwh * price_per_mwh / KWH_PER_MWH, rules.currency),
        penalty_basis_kwh=basis_kwh,
        penalty_price_per_mwh=penalty_price,
        penalty=amount_of(basis_kwh * penalty_price / KWH_PER_MWH, rules.currency),
    )


def target_share_kwh(measured: MeasuredInterval, ratio: Decimal) -> Decimal:
    """Return a share of an interval's target energy, kWh, unrounded."""
    return energy_of(ratio * measured.target_kw, measured.interval)


def energy_of(power_kw: Decimal, interval: Interval) -> Decimal:
    """Return the energy of a constant power, kWh, unrounded.

    Example:
        >>> from datetime import UTC, datetime, timedelta
        >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
        >>> energy_of(Decimal(30), Interval(noon, noon + timedelta(minutes=20))) == 10
        True
    """
    # Multiplied before divided: twenty minutes are no exact Decimal of an hour.
    return power_kw * Decimal(str(interval.duration.total_seconds())) / SECONDS_PER_HOUR


def settled_price(price: Decimal) -> Decimal:
    """Round a price half up to six places, so that a line can be recomputed from what it shows.

    Example:
        >>> settled_price(Decimal("84.12345678"))
        Decimal('84.123457')
    """
    return price.quantize(PRICE_STEP, ROUND_HALF_UP) + ZERO


def amount_of(exact: Decimal, currency: str) -> Money:
    """Round an exact amount half up to the minor unit, without a negative zero."""
    rounded = Money(exact, currency).rounded()
    return Money(rounded.amount + ZERO, currency)


def _band(measured: MeasuredInterval, delivered_kwh: Decimal, rules: MoneyRules) -> BandCode:
    """Place a delivery in its band."""
    if delivered_kwh < target_share_kwh(measured, rules.band_low_ratio):
        return BandCode.BELOW_LOW
    if delivered_kwh < target_share_kwh(measured, rules.band_full_ratio):
        return BandCode.PARTIAL
    if delivered_kwh <= target_share_kwh(measured, rules.band_cap_ratio):
        return BandCode.FULL
    return BandCode.CAPPED


PenaltyFormula = Callable[[MeasuredInterval, Decimal, MoneyRules, Decimal], tuple[Decimal, Decimal]]
"""From interval, delivered kWh, rules and price per MWh to basis in kWh and its price per MWh."""


def _none(
    _measured: MeasuredInterval, _delivered_kwh: Decimal, _rules: MoneyRules, _price_per_mwh: Decimal
) -> tuple[Decimal, Decimal]:
    """No penalty."""
    return ZERO, ZERO


def _shortfall_at_price(
    measured: MeasuredInterval, delivered_kwh: Decimal, rules: MoneyRules, price_per_mwh: Decimal
) -> tuple[Decimal, Decimal]:
    """Charge the shortfall below `band_full_ratio` of the target at a multiple of the price.

    The basis is cut down to 0.001 kWh, never more than the shortfall. What was moved the other way
    adds to it. A price below zero charges nothing: a penalty never pays.
    """
    missing_kwh = target_share_kwh(measured, rules.band_full_ratio) - delivered_kwh
    basis_kwh = truncated_kwh(max(ZERO, missing_kwh))
    return basis_kwh, settled_price(rules.penalty_ratio * max(ZERO, price_per_mwh))


PENALTY_FORMULAS: Mapping[str, PenaltyFormula] = MappingProxyType(
    {"none": _none, "shortfall_at_price": _shortfall_at_price}
)
