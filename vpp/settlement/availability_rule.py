"""Availability terms in whole numbers."""

from dataclasses import dataclass
from decimal import Decimal

from vpp.portfolio.pay_parts import AvailabilityTerms
from vpp.settlement.exact_units import micros_of, price_of


@dataclass(frozen=True, slots=True)
class AvailabilityRule:
    """Availability terms in whole numbers.

    Attributes:
        own_price_micros: Price per kW and hour, millionths; None where the award's own price per MW and hour
            is paid.
        own_price: The same with six places.
        price_unit: Unit of the price.
        in_called: Whether it is paid in intervals with a target.
        in_others: Whether it is paid in intervals without.
        by_performance: Whether performance counts where the site was called.
        within_load: Whether the award counts only as far as there was load to shed.
    """

    own_price_micros: int | None
    own_price: Decimal
    price_unit: str
    in_called: bool
    in_others: bool
    by_performance: bool
    within_load: bool

    @classmethod
    def of(cls, terms: AvailabilityTerms, currency: str) -> "AvailabilityRule":
        """Read availability terms."""
        own = terms.price_per_kw_h
        micros = None if own is None else micros_of(own)
        return cls(
            own_price_micros=micros,
            own_price=price_of(micros or 0),
            price_unit=f"{currency}/MW.h" if micros is None else f"{currency}/kW.h",
            in_called=terms.paid != "when_not_called",
            in_others=terms.paid != "when_called",
            by_performance=terms.by_performance,
            within_load=terms.within_load,
        )
