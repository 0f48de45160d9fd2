"""A product's money rules, read once per run and brought to whole numbers.

A run has hundreds of thousands of intervals and a handful of products. Reading a profile's parts for every
interval would cost more than the reckoning.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from vpp.portfolio.money_rules import MoneyRules
from vpp.portfolio.pay_parts import BudgetTerms, LimitTerms
from vpp.portfolio.product import ProductProfile
from vpp.settlement.aggregator_share import ShareRule
from vpp.settlement.availability_rule import AvailabilityRule
from vpp.settlement.exact_units import MinorUnit, micros_of, price_of
from vpp.settlement.response_curve import ResponseCurve
from vpp.settlement.shortfall import ShortfallRule


@dataclass(frozen=True, slots=True)
class SettledPrice:
    """A price as it is settled.

    Attributes:
        micros: Award's price times the product's factor, millionths per MWh.
        per_mwh: The same with six places.
        penalty_micros: Price of a missing MWh, millionths; 0 without a penalty.
        penalty_per_mwh: The same with six places.
    """

    micros: int
    per_mwh: Decimal
    penalty_micros: int
    penalty_per_mwh: Decimal


@dataclass(frozen=True, slots=True)
class BandEdges:
    """Where the bands of a response begin, as shares of the commitment: numerator and denominator.

    Attributes:
        low: Below it nothing is paid.
        full: From it on there is no penalty.
        cap: Above it nothing more is paid.
    """

    low: tuple[int, int]
    full: tuple[int, int]
    cap: tuple[int, int]


@dataclass(slots=True)
class PayTerms:
    """Money rules in whole numbers.

    Attributes:
        currency: ISO 4217 code.
        unit: Its minor unit.
        curve: Which part of a commitment is paid.
        edges: Where its bands begin.
        shortfall: What a shortfall costs; None where it costs nothing.
        availability: What standing ready is paid; None where it is not.
        share: What the aggregator keeps.
        limits: Least and most that is paid.
        is_limited: Whether the limits ask for anything.
        budget: What there is to pay out; None for no limit.
        by_award: Whether delivery is held against the award, and not the target.
        by_event: Whether the event is judged as a whole.
        by_aggregate: Whether an event's sites are judged together.
        pays_energy: Whether delivered energy is paid.
        rounds_events: Whether events are rounded as a whole too.
        factor: On the award's price.
    """

    currency: str
    unit: MinorUnit
    curve: ResponseCurve
    edges: BandEdges
    shortfall: ShortfallRule | None
    availability: AvailabilityRule | None
    share: ShareRule
    limits: LimitTerms
    is_limited: bool
    budget: BudgetTerms | None
    by_award: bool
    by_event: bool
    by_aggregate: bool
    pays_energy: bool
    rounds_events: bool
    factor: Fraction
    _prices: dict[Decimal, SettledPrice] = field(default_factory=dict)

    @classmethod
    def of(cls, rules: MoneyRules) -> "PayTerms":
        """Read money rules.

        Raises:
            InvalidInput: The project does not settle in the currency.
        """
        curve = ResponseCurve.of(rules.response_table)
        penalty, availability = rules.penalty_terms, rules.availability_terms
        return cls(
            currency=rules.currency,
            unit=MinorUnit(rules.currency),
            curve=curve,
            edges=BandEdges(*(Fraction(ratio).as_integer_ratio() for ratio in rules.band)),
            shortfall=None if penalty is None else ShortfallRule.of(penalty),
            availability=None if availability is None else AvailabilityRule.of(availability, rules.currency),
            share=ShareRule.of(rules.share_terms),
            limits=rules.limits,
            is_limited=rules.limits != LimitTerms(),
            budget=rules.budget,
            by_award=rules.commitment == "award",
            by_event=rules.judged_over == "event",
            by_aggregate=rules.measured_as == "aggregate",
            pays_energy=rules.pays_energy,
            rounds_events=rules.rounding == "event",
            factor=Fraction(rules.price_factor),
        )

    def price(self, award_price_per_mwh: Decimal) -> SettledPrice:
        """Return an award's price as it is settled: times the factor, half up to six places."""
        known = self._prices.get(award_price_per_mwh)
        if known is None:
            micros = micros_of(award_price_per_mwh, self.factor)
            penalty_micros = 0 if self.shortfall is None else self.shortfall.price_micros(micros)
            known = SettledPrice(micros, price_of(micros), penalty_micros, price_of(penalty_micros))
            self._prices[award_price_per_mwh] = known
        return known


class PayTermsOf:
    """Reads every product's money rules once."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        """Begin with nothing read."""
        # By identity, as hashing a profile would cost as much as reading it; the profile is kept with its
        # terms, so that no other object takes its place.
        self._known: dict[int, tuple[ProductProfile, PayTerms]] = {}

    def __call__(self, product: ProductProfile) -> PayTerms:
        """Return a product's money rules in whole numbers."""
        known = self._known.get(id(product))
        if known is None:
            known = self._known[id(product)] = (product, PayTerms.of(product.money))
        return known[1]
