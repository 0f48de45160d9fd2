"""One amount that one party owes another."""

from dataclasses import dataclass
from decimal import Decimal

from vpp.foundation.interval import Interval
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.line_code import LineCode
from vpp.settlement.performance import Performance
from vpp.settlement.site_delivery import SiteDelivery


@dataclass(frozen=True, slots=True)
class Charge:
    """One rounded amount from a payer to a payee, and the figures that explain it.

    Both parties' statements show the same charge, the payee's with the amount as it is and the
    payer's with its opposite, so that over all parties money in is money out, to the cent.

    Attributes:
        code: What it is for.
        payer_party_id: Who owes it.
        payee_party_id: Who gets it.
        delivery: The delivery it settles.
        interval: The settlement interval; for MAKE_WHOLE the whole delivery.
        local_start: Civil time of the interval's start.
        amount: In the product's currency, a whole number of minor units; below zero only where
            the price is.
        price: What the basis is multiplied with; None for MAKE_WHOLE.
        price_unit: Unit of the price.
        measured: The interval's energies; on ENERGY only, so that no sum counts them twice.
        performance: The interval's judgement; on ENERGY and PENALTY.
        availability_kw_h: Awarded power times hours; on AVAILABILITY only.
        note: What a reader needs to know.
    """

    code: LineCode
    payer_party_id: str
    payee_party_id: str
    delivery: SiteDelivery
    interval: Interval
    local_start: str
    amount: Decimal
    price: Decimal | None
    price_unit: str
    measured: MeasuredInterval | None = None
    performance: Performance | None = None
    availability_kw_h: Decimal | None = None
    note: str = ""
