"""One site's settlement intervals in whole numbers, as they are judged and limited."""

from collections.abc import Sequence
from decimal import Decimal

from vpp.foundation.direction import Direction
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.exact_units import MICROSECOND, kwh_of, watts_of, wh_of
from vpp.settlement.pay_terms import PayTerms, SettledPrice
from vpp.settlement.performance import BandCode, Performance
from vpp.settlement.shared_figures import GroupFigures
from vpp.telemetry.quality import MeterQuality

ESTIMATED_NOTE = "estimated meter data: they count in this first settlement only"


def withheld_because(measured: MeasuredInterval, *, counts_estimates: bool) -> str:
    """Say why an interval cannot be judged; empty if it can.

    No payment is made on bad or missing data. The penalty is suspended with it: a meter's silence
    is no proof of a shortfall, and a later version settles both once readings arrive. Estimates
    count only when a site's delivery is settled for the first time.

    Source:
        Settlement design, section 2, rule 6: no payment on BAD, estimates only in INITIAL. That
        the penalty rests as well is ours.
    """
    if untrusted := untrusted_because(measured, counts_estimates=counts_estimates):
        return f"no payment and no penalty: {untrusted}"
    if measured.baseline_kwh is None:
        return "no payment and no penalty: no baseline"
    return ""


def untrusted_because(measured: MeasuredInterval, *, counts_estimates: bool) -> str:
    """Say why an interval's reading does not count; empty if it does."""
    if measured.quality is MeterQuality.BAD or measured.quality is MeterQuality.MISSING:
        return f"meter data {measured.quality.name.lower()}"
    if measured.quality is MeterQuality.ESTIMATED and not counts_estimates:
        return "estimated meter data count in the first settlement only"
    if measured.metered_kwh is None:
        return "no reading"
    return ""


class SiteCells:
    """One site's settlement intervals in whole numbers, as they are judged and limited.

    Every list has one entry per interval. Shape (N,) each.

    Attributes:
        site_id: The site.
        intervals: The measured intervals.
        terms: The product's money rules.
        prices: Settled prices.
        microseconds: Lengths.
        delivered_wh: Delivery, Wh, signed; None where it is not judged.
        committed: Commitment, W times microseconds.
        payable_wh: What is paid, Wh.
        basis_wh: Shortfall that is charged for, Wh.
        bands: Where the delivery lies.
        notes: What a reader needs to know.
        groups: What was judged, where it was more than the interval.
    """

    __slots__ = (
        "bands",
        "basis_wh",
        "committed",
        "delivered_wh",
        "groups",
        "intervals",
        "microseconds",
        "notes",
        "payable_wh",
        "prices",
        "site_id",
        "terms",
    )

    def __init__(
        self,
        intervals: Sequence[MeasuredInterval],
        prices_per_mwh: Sequence[Decimal],
        terms: PayTerms,
        *,
        counts_estimates: bool,
    ) -> None:
        """Read intervals into whole numbers; nothing is judged yet.

        Args:
            intervals: One site's measured intervals, at least one. Shape (N,).
            prices_per_mwh: Prices of the awards, in the product's currency. Shape (N,).
            terms: The product's money rules.
            counts_estimates: Whether estimated readings count.

        Raises:
            InvalidInput: An energy or a power is finer than a thousandth.
        """
        count = len(intervals)
        self.site_id = intervals[0].site_id
        self.intervals = intervals
        self.terms = terms
        self.prices: list[SettledPrice] = [terms.price(price) for price in prices_per_mwh]
        self.microseconds: list[int] = []
        self.delivered_wh: list[int | None] = []
        self.committed: list[int] = []
        self.notes: list[str] = []
        self.payable_wh = [0] * count
        self.basis_wh = [0] * count
        self.bands = [BandCode.NO_DATA] * count
        self.groups: list[GroupFigures | None] = [None] * count
        length, length_us, power, power_w = None, 0, None, 0
        lowers, by_award = intervals[0].direction is Direction.LOAD_DOWN, terms.by_award
        for measured in intervals:
            span = measured.interval
            if (duration := span.end - span.start) != length:
                length, length_us = duration, duration // MICROSECOND
            if (kept := measured.committed_kw(by_award=by_award)) is not power:
                power, power_w = kept, watts_of(kept)
            note = ""
            if measured.quality is not MeterQuality.OK:
                note = withheld_because(measured, counts_estimates=counts_estimates)
                note, withheld = note or ESTIMATED_NOTE, bool(note)
            elif withheld := measured.metered_kwh is None or measured.baseline_kwh is None:
                note = withheld_because(measured, counts_estimates=counts_estimates)
            baseline_kwh, metered_kwh = measured.baseline_kwh, measured.metered_kwh
            if withheld or baseline_kwh is None or metered_kwh is None:
                self.delivered_wh.append(None)
            else:
                moved_kwh = baseline_kwh - metered_kwh if lowers else metered_kwh - baseline_kwh
                self.delivered_wh.append(wh_of(moved_kwh))
            self.microseconds.append(length_us)
            self.committed.append(power_w * length_us)
            self.notes.append(note)

    def add_note(self, n: int, note: str) -> None:
        """Say something more about an interval."""
        self.notes[n] = f"{self.notes[n]}; {note}" if self.notes[n] else note

    def performances(self) -> list[Performance]:
        """Return what came of it, in the order of the intervals."""
        unit, made = self.terms.unit, []
        for n, payable_wh in enumerate(self.payable_wh):
            price, basis_wh = self.prices[n], self.basis_wh[n]
            made.append(
                Performance(
                    kwh_of(payable_wh),
                    self.bands[n],
                    price.per_mwh,
                    unit.amount(unit.rounded(payable_wh, price.micros)),
                    kwh_of(basis_wh),
                    price.penalty_per_mwh,
                    unit.amount(unit.rounded(basis_wh, price.penalty_micros)),
                    self.notes[n],
                    self.groups[n],
                )
            )
        return made
