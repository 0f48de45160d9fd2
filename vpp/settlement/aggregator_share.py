r"""What of a site's payments the aggregator keeps, or adds to them.

With the operator's price `P`, the site's own price `s`, the payable energy `q` and a cut that left the share
`k` of the energy's amount (1 without one):

    ratio:            fee = r * (energy + availability)                   of the rounded amounts
    floor_and_share:  s = floor              where P <= floor
                        = floor + a (P - floor)   otherwise
    fixed_price:      s = the site's price
                      fee = k * q * (P - s)                               half up to the minor unit

`s` is rounded half up to six places. Where the site has a price of its own, a fee below zero is what the
aggregator adds: it is booked the other way, as the site's share. Of MAKE_WHOLE nothing is kept.

Source:
    Baseline reference, section 1.5: the user's price under "floor + share" and "fixed".
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from vpp.portfolio.pay_parts import ShareTerms
from vpp.settlement.exact_units import AMOUNT_SCALE, MinorUnit, half_up, micros_of


@dataclass(frozen=True, slots=True)
class ShareRule:
    """Share terms in whole numbers.

    Attributes:
        ratio: Share that the aggregator keeps, as numerator and denominator; None where the site has a price
            of its own.
        shown_ratio: The same as the product says it; None likewise.
        floor_micros: Price that a site is sure of, millionths per MWh.
        site_ratio: The site's share of what the price lies above it.
    """

    ratio: tuple[int, int] | None
    shown_ratio: Decimal | None = None
    floor_micros: int = 0
    site_ratio: Fraction = Fraction(0)

    @classmethod
    def of(cls, terms: ShareTerms) -> "ShareRule":
        """Read share terms."""
        if terms.ratio is not None:
            return cls(Fraction(terms.ratio).as_integer_ratio(), terms.ratio)
        if terms.site_price_per_mwh is not None:
            return cls(None, floor_micros=micros_of(terms.site_price_per_mwh))
        floor_micros = micros_of(terms.floor_price_per_mwh or Decimal(0))
        return cls(None, floor_micros=floor_micros, site_ratio=Fraction(terms.site_ratio or 0))

    def site_price_micros(self, price_micros: int) -> int:
        """Return the site's own price, millionths per MWh.

        Example:
            >>> share = ShareTerms(kind="floor_and_share", floor_price_per_mwh=300, site_ratio="0.8")
            >>> ShareRule.of(share).site_price_micros(1_000_000_000)
            860000000
        """
        above = self.site_ratio * max(0, price_micros - self.floor_micros)
        return self.floor_micros + half_up(above.numerator, above.denominator)

    def of_payments(self, paid_minor: int) -> int:
        """Return the fee by ratio of an interval's payments, minor units; 0 without a ratio.

        Args:
            paid_minor: Energy and availability, minor units.
        """
        return half_up(self.ratio[0] * paid_minor, self.ratio[1]) if self.ratio is not None else 0

    def of_energy(self, payable_wh: int, price_micros: int, kept: tuple[int, int], unit: MinorUnit) -> int:
        """Return the fee where the site has a price of its own, minor units; below 0 the site gets it.

        Args:
            payable_wh: What is paid, Wh.
            price_micros: The operator's price, millionths per MWh.
            kept: What a cut left of the energy's amount, as numerator and denominator above 0.
            unit: The currency's.
        """
        margin = price_micros - self.site_price_micros(price_micros)
        return half_up(payable_wh * margin * kept[0] * unit.per_unit, AMOUNT_SCALE * kept[1])
