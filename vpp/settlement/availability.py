r"""What standing ready is paid.

Per settlement interval with award `A`, length `h`, metered energy `m`, delivery `d` and commitment `c`:

    ready = A * h
    ready = min(ready, max(0, m + max(0, d)))      where `within_load`, less consumption being sold;
                                                   `d` only where the site was called
    kW.h  = ready * min(1, max(0, d) / c)          where `by_performance` and the site was called
    amount = kW.h * price                          kW.h half up to 0.001, the amount to the minor unit

The price is the product's own per kW and hour, or the award's per MW and hour. A site is called where its
target is above 0. What a load could have shed is what it would have used: the meter's reading, and on top of
it what the site shed already. More consumption is not bounded by the load that there is.

Without a trusted reading nothing shows that the power was there, and nothing is paid; performance needs a
baseline as well.

Source:
    Baseline reference, sections 1.5 (capacity pay on days with and without a call) and 2 (performance factor
    `min(1, R / commit)` where capacity is paid); products reference, 4.2 (per MW and hour).
"""

from decimal import Decimal
from typing import NamedTuple

from vpp.foundation.direction import Direction
from vpp.settlement.availability_rule import AvailabilityRule
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.exact_units import WATT_US_PER_WH, half_up, kwh_of, watts_of, wh_of
from vpp.settlement.site_cells import ESTIMATED_NOTE, SiteCells, untrusted_because
from vpp.telemetry.quality import MeterQuality


class Readiness(NamedTuple):
    """What one interval's standing ready is paid.

    Attributes:
        kw_h: Power times hours that is paid.
        price: Price of it, six places.
        price_unit: Unit of the price.
        minor: The amount in minor units.
        numerator: The amount before rounding, in 1e-12 of the currency.
        note: Why it is not the whole award, or what else a reader needs to know.
    """

    kw_h: Decimal
    price: Decimal
    price_unit: str
    minor: int
    numerator: int
    note: str


def readiness(site: SiteCells, n: int, rule: AvailabilityRule, *, counts_estimates: bool) -> Readiness | None:
    """Reckon what an interval's standing ready is paid.

    Args:
        site: The site's cells.
        n: Position of the interval.
        rule: The product's availability terms.
        counts_estimates: Whether estimated readings count.

    Returns:
        What is paid; None where the product pays no availability in such an interval.
    """
    is_called = site.intervals[n].target_kw > 0
    if not (rule.in_called if is_called else rule.in_others):
        return None
    exact, per, note = _ready(site, n, rule, is_called=is_called, counts_estimates=counts_estimates)
    ready_wh = half_up(exact, per)
    price = site.prices[n]
    if rule.own_price_micros is None:
        per_mw_h, shown = price.micros, price.per_mwh
    else:
        per_mw_h, shown = rule.own_price_micros * 1000, rule.own_price
    return Readiness(
        kwh_of(ready_wh),
        shown,
        rule.price_unit,
        site.terms.unit.rounded(ready_wh, per_mw_h),
        ready_wh * per_mw_h,
        note,
    )


def _ready(
    site: SiteCells, n: int, rule: AvailabilityRule, *, is_called: bool, counts_estimates: bool
) -> tuple[int, int, str]:
    """Return how much readiness counts, as numerator and denominator of W times hours, and why."""
    measured, delivered_wh = site.intervals[n], site.delivered_wh[n]
    needs_baseline = is_called and rule.by_performance
    if delivered_wh is None:
        untrusted = needs_baseline or untrusted_because(measured, counts_estimates=counts_estimates)
        if untrusted:
            return 0, 1, site.notes[n]
    notes = [ESTIMATED_NOTE] if measured.quality is MeterQuality.ESTIMATED else []
    exact, per = watts_of(measured.award_kw) * site.microseconds[n], WATT_US_PER_WH
    if rule.within_load and measured.direction is Direction.LOAD_DOWN:
        load_wh = _shed_at_most(measured, delivered_wh, is_called=is_called)
        if load_wh * per < exact:
            exact = load_wh * per
            notes.append(f"only {kwh_of(load_wh):f} kW.h of load could have been shed")
    if needs_baseline and delivered_wh is not None:
        done, committed = max(0, delivered_wh) * WATT_US_PER_WH, site.committed[n]
        if done < committed:
            exact, per = exact * done, per * committed
            notes.append(f"times delivered / committed = {done / committed:.6f}")
    return exact, per, "; ".join(notes)


def _shed_at_most(measured: MeasuredInterval, delivered_wh: int | None, *, is_called: bool) -> int:
    """Return what a load used, and would have used without what it shed already, Wh."""
    used_wh = wh_of(measured.metered_kwh or Decimal(0))
    return max(0, used_wh + (max(0, delivered_wh or 0) if is_called else 0))
