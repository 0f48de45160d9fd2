r"""Least and most that is paid: tests of a whole delivery, a cap on power, a cap on an event's amount.

Over the intervals of one site in one event that have data and in which it was asked for something, with
energies `d` delivered, `b` baseline, `m` metered, lengths `h`, and `s = 1` for less consumption, `s = -1` for
more:

    mean test:  sum d / sum h >= min_paid_kw
    peak test:  max s m_k / h_k < max s b_k / h_k
    share test: sum d >= min_mean_reduction_ratio * |sum b|          not made with a ratio of 0
    power cap:  payable_k <= floor(max_paid_kw * h_k)

Where a test fails, no energy of the event is paid to the site; what is charged for a shortfall stays as it
is. With more consumption asked for, the peak test so says that the lowest load lies above the baseline's.

An event's energy amounts above zero that come to more than `max_amount_per_event` are cut to it in one
proportion, by largest remainder, so that the cut amounts add up to the limit exactly.

Source:
    Baseline reference, sections 1.5 (peak test and mean test, tops) and 1.6 (caps, minimum and maximum kW).
"""

from decimal import Decimal
from fractions import Fraction

from vpp.foundation.direction import Direction
from vpp.settlement.exact_units import WATT_US_PER_WH, kwh_of, wh_of
from vpp.settlement.site_cells import SiteCells

MICROSECONDS_PER_HOUR = 3_600_000_000


def limit_payments(site: SiteCells) -> None:
    """Apply the tests and the power cap to what was judged.

    Args:
        site: Judged cells; their payable energies may fall, and notes say why.
    """
    known = [n for n, delivered_wh in enumerate(site.delivered_wh) if delivered_wh is not None]
    if not known or not site.terms.pays_energy:
        return
    asked = [n for n in known if site.committed[n]] or known
    reason = _mean_test(site, asked) or _peak_test(site, asked) or _share_test(site, asked)
    if reason:
        for n in known:
            site.payable_wh[n] = 0
            site.add_note(n, f"no payment: {reason}")
        return
    most_kw = site.terms.limits.max_paid_kw
    if most_kw is None:
        return
    most_w = Fraction(most_kw) * 1000
    for n in known:
        most_wh = int(most_w * site.microseconds[n] / WATT_US_PER_WH)
        if site.payable_wh[n] > most_wh:
            site.payable_wh[n] = most_wh
            site.add_note(n, f"no more than {most_kw:f} kW is paid")


def _mean_test(site: SiteCells, known: list[int]) -> str:
    least_kw = site.terms.limits.min_paid_kw
    if not least_kw:
        return ""
    delivered_wh = _delivered_wh(site, known)
    hours = Fraction(sum(site.microseconds[n] for n in known), MICROSECONDS_PER_HOUR)
    mean_kw = Fraction(delivered_wh, 1000) / hours
    if mean_kw >= Fraction(least_kw):
        return ""
    return f"mean delivery {shown(mean_kw)} kW is below {least_kw:f} kW"


def _peak_test(site: SiteCells, known: list[int]) -> str:
    if not site.terms.limits.peak_below_baseline:
        return ""
    sign = 1 if site.intervals[0].direction is Direction.LOAD_DOWN else -1
    loads, levels = [], []
    for n in known:
        measured = site.intervals[n]
        if measured.baseline_kwh is not None and measured.metered_kwh is not None:
            per_kw = Fraction(MICROSECONDS_PER_HOUR, 1000 * site.microseconds[n])
            loads.append(sign * wh_of(measured.metered_kwh) * per_kw)
            levels.append(sign * wh_of(measured.baseline_kwh) * per_kw)
    if max(loads) < max(levels):
        return ""
    load_kw, level_kw = shown(sign * max(loads)), shown(sign * max(levels))
    if sign > 0:
        return f"highest load {load_kw} kW is not below the baseline's {level_kw} kW"
    return f"lowest load {load_kw} kW is not above the baseline's {level_kw} kW"


def _share_test(site: SiteCells, known: list[int]) -> str:
    least = site.terms.limits.min_mean_reduction_ratio
    if not least:
        return ""
    baseline_wh = abs(sum(wh_of(site.intervals[n].baseline_kwh or Decimal(0)) for n in known))
    delivered_wh = _delivered_wh(site, known)
    if delivered_wh >= Fraction(least) * baseline_wh:
        return ""
    delivered, baseline = kwh_of(delivered_wh), kwh_of(baseline_wh)
    return f"delivery {delivered:f} kWh is below {least:f} of the baseline {baseline:f} kWh"


def _delivered_wh(site: SiteCells, known: list[int]) -> int:
    return sum(site.delivered_wh[n] or 0 for n in known)


def shown(value: Fraction) -> str:
    """Write an exact value for people, with three places."""
    return f"{float(value):.3f}"
