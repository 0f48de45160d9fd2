r"""What an operator pays one site for one event, before fees: energy, availability, make-whole.

Make-whole is what the price left uncovered of accepted bids at full delivery, `M`. It is paid in proportion
to the payable share of the target energy:

    make_whole = M * min(1, sum payable_k / sum target_k)      0 without a target

and where a product pays no energy, in proportion to the readiness that is paid for:

    make_whole = M * min(1, sum kW.h_k / sum award_k h_k)      0 without an award

The clearing owes it for the bid's cost, and a site that delivered half bore half of that cost; paid in full
whatever was delivered, it would reward accepted bids that stay away.
"""

from fractions import Fraction

from vpp.settlement.availability import Readiness, readiness
from vpp.settlement.cut import Cut
from vpp.settlement.exact_units import AMOUNT_SCALE, WATT_US_PER_WH, half_up, kwh_of, watts_of, wh_of
from vpp.settlement.line_code import LineCode
from vpp.settlement.performance import Performance
from vpp.settlement.site_cells import SiteCells
from vpp.settlement.site_delivery import SiteDelivery

WHOLE = -1
"""Position of what is paid for the whole delivery, and not for an interval."""


class SitePayments:
    """What an operator pays one site for one event; amounts in minor units.

    Attributes:
        delivery: The delivery.
        site: Its cells, judged and limited.
        performances: What came of them.
        energy: Energy amounts. Shape (N,).
        ready: What standing ready is paid; None where it is not. Shape (N,).
        availability: Its amounts. Shape (N,).
        make_whole: Make-whole; None where none is owed.
        make_whole_exact: The same before rounding, in the currency.
        make_whole_note: How it came about.
        cuts: Limits that cut an amount, by position and code.
    """

    __slots__ = (
        "availability",
        "cuts",
        "delivery",
        "energy",
        "make_whole",
        "make_whole_exact",
        "make_whole_note",
        "performances",
        "ready",
        "site",
    )

    def __init__(self, delivery: SiteDelivery, site: SiteCells, *, counts_estimates: bool) -> None:
        """Pay what was judged.

        Args:
            delivery: The delivery.
            site: Its cells, judged and limited.
            counts_estimates: Whether estimated readings count.
        """
        self.delivery = delivery
        self.site = site
        self.performances: list[Performance] = site.performances()
        unit, prices = site.terms.unit, site.prices
        self.energy = [
            unit.rounded(payable_wh, prices[n].micros) if payable_wh else 0
            for n, payable_wh in enumerate(site.payable_wh)
        ]
        self.ready: list[Readiness | None] = []
        if (rule := site.terms.availability) is not None:
            self.ready = [
                readiness(site, n, rule, counts_estimates=counts_estimates) for n in range(len(prices))
            ]
        self.availability = [each.minor if each is not None else 0 for each in self.ready]
        self.make_whole: int | None = None
        self.make_whole_exact = Fraction(0)
        self.make_whole_note = ""
        self.cuts: dict[tuple[int, LineCode], tuple[Cut, ...]] = {}
        if delivery.make_whole:
            self._owe_make_whole()

    def _owe_make_whole(self) -> None:
        """Pay what the price left uncovered, in proportion to what was done of what was asked."""
        site, whole = self.site, self.delivery.make_whole
        pays_energy = site.terms.pays_energy
        asked = sum(
            watts_of(measured.target_kw if pays_energy else measured.award_kw) * length
            for measured, length in zip(site.intervals, site.microseconds, strict=True)
        )
        done_wh = sum(site.payable_wh)
        if not pays_energy:
            done_wh = sum(wh_of(each.kw_h) for each in self.ready if each is not None)
        share = Fraction(min(done_wh * WATT_US_PER_WH, asked), asked) if asked else Fraction(0)
        self.make_whole_exact = Fraction(whole) * share
        self.make_whole = site.terms.unit.of(self.make_whole_exact)
        asked_kwh = kwh_of(half_up(asked, WATT_US_PER_WH))
        self.make_whole_note = f"{whole:f} at full delivery; " + (
            f"payable {kwh_of(done_wh):f} kWh of {asked_kwh:f} kWh target"
            if pays_energy
            else f"ready {kwh_of(done_wh):f} kW.h of {asked_kwh:f} kW.h awarded"
        )

    def amount(self, n: int, code: LineCode) -> int:
        """Return an amount, minor units."""
        if code is LineCode.ENERGY:
            return self.energy[n]
        return self.availability[n] if code is LineCode.AVAILABILITY else self.make_whole or 0

    def cut(self, n: int, code: LineCode, cut: Cut) -> None:
        """Cut an amount."""
        if code is LineCode.ENERGY:
            self.energy[n] = cut.after
        elif code is LineCode.AVAILABILITY:
            self.availability[n] = cut.after
        else:
            self.make_whole = cut.after
        self.cuts[n, code] = (*self.cuts.get((n, code), ()), cut)

    def exactly_owed(self) -> Fraction:
        """Return what the operator owes in all, before rounding, in the currency.

        A cut amount is what was agreed to be paid, and so exact itself. Penalties that the operator is paid
        are taken off.
        """
        site, per_unit = self.site, self.site.terms.unit.per_unit
        scaled, cut = 0, 0
        for n, payable_wh in enumerate(site.payable_wh):
            if (n, LineCode.ENERGY) in self.cuts:
                cut += self.energy[n]
            else:
                scaled += payable_wh * site.prices[n].micros
        for n, each in enumerate(self.ready):
            if (n, LineCode.AVAILABILITY) in self.cuts:
                cut += self.availability[n]
            elif each is not None:
                scaled += each.numerator
        if site.terms.shortfall is not None and not site.terms.shortfall.is_kept_by_aggregator:
            for n, basis_wh in enumerate(site.basis_wh):
                scaled -= basis_wh * site.prices[n].penalty_micros
        owed = Fraction(scaled, AMOUNT_SCALE) + Fraction(cut, per_unit)
        if (WHOLE, LineCode.MAKE_WHOLE) in self.cuts:
            return owed + Fraction(self.make_whole or 0, per_unit)
        return owed + self.make_whole_exact
