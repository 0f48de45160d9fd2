"""One amount that one party owes another."""

from decimal import Decimal
from typing import NamedTuple

from vpp.foundation.interval import Interval
from vpp.settlement.account import Account
from vpp.settlement.charge_subject import ChargeSubject
from vpp.settlement.cut import Cut
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.entry import EntryKey
from vpp.settlement.line_code import LineCode
from vpp.settlement.performance import Performance
from vpp.settlement.site_delivery import SiteDelivery

NO_SUBJECT = ChargeSubject()


class Charge(NamedTuple):
    """One rounded amount from a payer to a payee, and the figures that explain it.

    Both parties' statements show the same charge, the payee's with the amount as it is and the
    payer's with its opposite, so that over all parties money in is money out, to the cent. A tuple and not
    a dataclass, because a month of a thousand sites has a million of them.

    Attributes:
        code: What it is for.
        payer: Account that owes it.
        payee: Account that gets it, of the same currency.
        delivery: The delivery it settles; None for adjustments and rounding.
        interval: The settlement interval; for MAKE_WHOLE and ROUNDING the whole delivery, for adjustments
            what they are about.
        local_start: Civil time of the interval's start.
        amount: A whole number of minor units; below zero only where the price or a rounding is.
        price: What the basis is multiplied with; None where nothing is.
        price_unit: Unit of the price.
        measured: The interval's energies; on ENERGY only, so that no sum counts them twice.
        performance: The interval's judgement; on ENERGY and PENALTY.
        availability_kw_h: Awarded power times hours; on AVAILABILITY only.
        note: What a reader needs to know.
        cuts: Limits that cut the amount, in the order in which they did.
        subject: What it is about, where it has no delivery.
    """

    code: LineCode
    payer: Account
    payee: Account
    delivery: SiteDelivery | None
    interval: Interval
    local_start: str
    amount: Decimal
    price: Decimal | None
    price_unit: str
    measured: MeasuredInterval | None = None
    performance: Performance | None = None
    availability_kw_h: Decimal | None = None
    note: str = ""
    cuts: tuple[Cut, ...] = ()
    subject: ChargeSubject = NO_SUBJECT

    @property
    def payer_party_id(self) -> str:
        """Party that owes it."""
        return self.payer.party_id

    @property
    def payee_party_id(self) -> str:
        """Party that gets it."""
        return self.payee.party_id

    @property
    def currency(self) -> str:
        """ISO 4217 code of the amount."""
        return self.payer.currency

    @property
    def event_id(self) -> str:
        """The event; empty for none."""
        return self.delivery.event_id if self.delivery is not None else self.subject.event_id

    @property
    def site_id(self) -> str:
        """The site; empty for none."""
        return self.delivery.site_id if self.delivery is not None else self.subject.site_id

    @property
    def product_id(self) -> str:
        """The product; empty where the charge is about no event."""
        return self.delivery.product.product_id if self.delivery is not None else self.subject.product_id

    @property
    def product_version(self) -> int | None:
        """Version of the product's rules; None where the charge is about no event."""
        return self.delivery.product.version if self.delivery is not None else self.subject.product_version

    @property
    def time_zone(self) -> str:
        """IANA name of the civil time of `local_start`."""
        return self.delivery.time_zone if self.delivery is not None else self.subject.time_zone

    @property
    def key(self) -> EntryKey:
        """What it settles: the same in every run."""
        return EntryKey(self.event_id, self.site_id, self.interval, self.code, self.subject.adjustment_id)
