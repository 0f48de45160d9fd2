r"""What a shortfall costs: how much of it is charged for, and at which price.

With `C` the commitment, `D` the delivery, `Q` what the response table made of it, `theta` the threshold and
`kappa` the share above which an excess is charged for:

    missing = max(0, theta * C - D)      where `counts` is `delivered`
            = max(0, theta * C - Q)      where `counts` is `paid`
    excess  = max(0, D - kappa * C)      0 without a `kappa`
    basis   = missing + excess           cut down to 0.001 kWh: never more than is missing
    price   = m * max(0, P)              a multiple of the award's price; a penalty never pays
            = P_pen                      or a price of its own
    penalty = basis * price              rounded half up to the minor unit

What was moved the other way adds to what is missing. Where nothing was committed, nothing is missing and
nothing is too much: the basis is 0. `Q` is taken before the limits on what is paid: a cap on payments makes
no shortfall.

Source:
    Baseline reference, section 1.6: `penalty = P_pen * max(0, rho_min * commit - R)`; Sichuan's assessment on
    the paid quantity and its excess of livelihood users, section 1.5.
"""

from dataclasses import dataclass
from fractions import Fraction

from vpp.portfolio.pay_parts import PenaltyTerms
from vpp.settlement.exact_units import half_up, micros_of


@dataclass(frozen=True, slots=True)
class ShortfallRule:
    """Penalty terms in whole numbers.

    Attributes:
        threshold: Share of the commitment from which nothing is missing, as numerator and denominator.
        excess_above: Share above which an excess is charged for; None where it is not.
        counts_paid: Whether the paid quantity is compared, and not the delivery.
        price_ratio: Multiple of the award's price; None with a price of its own.
        own_price_micros: That price, millionths per MWh; None with a multiple.
        is_kept_by_aggregator: Whether the aggregator keeps the money.
    """

    threshold: tuple[int, int]
    excess_above: tuple[int, int] | None
    counts_paid: bool
    price_ratio: Fraction | None
    own_price_micros: int | None
    is_kept_by_aggregator: bool

    @classmethod
    def of(cls, terms: PenaltyTerms) -> "ShortfallRule":
        """Read penalty terms."""
        excess = terms.excess_above_ratio
        return cls(
            threshold=Fraction(terms.threshold_ratio).as_integer_ratio(),
            excess_above=None if excess is None else Fraction(excess).as_integer_ratio(),
            counts_paid=terms.counts == "paid",
            price_ratio=None if terms.price_ratio is None else Fraction(terms.price_ratio),
            own_price_micros=None if terms.price_per_mwh is None else micros_of(terms.price_per_mwh),
            is_kept_by_aggregator=terms.retained_by == "aggregator",
        )

    @property
    def unit(self) -> int:
        """What every denominator of `basis` divides, where what was paid is whole."""
        return self.threshold[1] * (self.excess_above[1] if self.excess_above is not None else 1)

    def basis(self, delivered: int, committed: int, paid: tuple[int, int]) -> tuple[int, int]:
        """Return what is charged for, unrounded.

        Args:
            delivered: Delivery, in any unit, signed.
            committed: Commitment in the same unit, 0 or more.
            paid: What the response table made of it, numerator and denominator.

        Returns:
            Numerator and denominator, in the same unit; 0 or more.

        Example:
            >>> terms = PenaltyTerms(threshold_ratio="0.9", price_ratio="1.1")
            >>> Fraction(*ShortfallRule.of(terms).basis(8, 10, (8, 1)))
            Fraction(1, 1)
        """
        if not committed:
            return 0, 1
        share, per = self.threshold
        counted, counted_per = paid if self.counts_paid else (delivered, 1)
        numerator, denominator = share * committed * counted_per - counted * per, per * counted_per
        numerator = max(numerator, 0)
        if self.excess_above is not None:
            most, most_per = self.excess_above
            above = delivered * most_per - most * committed
            if above > 0:
                return numerator * most_per + above * denominator, denominator * most_per
        return numerator, denominator

    def price_micros(self, award_price_micros: int) -> int:
        """Return the price of a missing MWh in millionths, 0 or more.

        Args:
            award_price_micros: Settled price of the award, millionths per MWh.
        """
        if self.price_ratio is None:
            return self.own_price_micros or 0
        exact = self.price_ratio * max(0, award_price_micros)
        return half_up(exact.numerator, exact.denominator)
