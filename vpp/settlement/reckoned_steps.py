"""How a charge came about, as formulas with the numbers in them.

Nothing of this is made in a settlement run. A charge carries what it was reckoned from, and this module tells
it again, step by step, when somebody asks.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from vpp.foundation.direction import Direction
from vpp.portfolio.money_rules import MoneyRules
from vpp.settlement.charge import Charge
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.exact_text import exact_text, hours_text, kwh_text
from vpp.settlement.exact_units import WATT_US_PER_WH, MinorUnit, microseconds, watts_of, wh_of
from vpp.settlement.line_code import LineCode
from vpp.settlement.performance import BandCode, Performance
from vpp.settlement.reckoned_groups import Judged, charged_share, paid_share, shortfall_text
from vpp.settlement.reckoned_sums import before_cuts, fee_by_price, fee_by_ratio, make_whole
from vpp.settlement.response_curve import ResponseCurve
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.step import Step


def steps(charge: Charge, beside: Sequence[Charge] = ()) -> tuple[Step, ...]:
    """Tell how a charge came about.

    Args:
        charge: As `reckon` made it.
        beside: All charges of the same site in the same event; without them, what rests on other charges
            is told in words.

    Returns:
        The steps in order; the last one before any cut gives the amount.
    """
    return tuple(_steps(charge, beside))


def _steps(charge: Charge, beside: Sequence[Charge]) -> Iterator[Step]:
    delivery, performance = charge.delivery, charge.performance
    if delivery is not None and performance is not None:
        measured, rules = _measured(charge, delivery), delivery.product.money
        yield from _judged(measured, rules, performance)
        if charge.code is LineCode.PENALTY:
            yield from _penalty(charge, measured, rules, performance)
        else:
            yield from _energy(charge, measured, performance, delivery)
    elif delivery is not None and charge.code is LineCode.AVAILABILITY:
        yield from _availability(charge, _measured(charge, delivery), delivery.product.money)
    elif charge.price_unit == "ratio":
        yield from fee_by_ratio(charge, beside)
    elif delivery is not None and charge.code in {LineCode.AGG_FEE, LineCode.SITE_SHARE}:
        yield from fee_by_price(charge, delivery, beside)
    elif delivery is not None and charge.code is LineCode.MAKE_WHOLE:
        yield from make_whole(charge, delivery, beside)
    else:
        yield Step(charge.code.value, charge.note)
        yield _amount_step(charge)
    unit = MinorUnit(charge.currency)
    for cut in charge.cuts:
        before, after, available, owed = map(unit.amount, cut[1:])
        yield Step(
            "cut",
            f"{cut.limit}: {available} for {owed} owed in all; {before} * {available} / {owed}, whole minor "
            f"units by largest remainder = {after} {charge.currency}",
        )


def _measured(charge: Charge, delivery: SiteDelivery) -> MeasuredInterval:
    """Find the interval that a charge settles."""
    return next(each for each in delivery.intervals if each.interval == charge.interval)


def _judged(measured: MeasuredInterval, rules: MoneyRules, performance: Performance) -> Iterator[Step]:
    """Tell what was delivered, what was committed, and how the one was held against the other."""
    lowers = measured.direction is Direction.LOAD_DOWN
    if measured.baseline_kwh is not None:
        raw, adjustment = measured.baseline_raw_kwh, measured.adjustment_kwh
        yield Step(
            "baseline", f"{raw} kWh raw {_signed(adjustment)} adjustment = {measured.baseline_kwh} kWh"
        )
    if measured.baseline_kwh is not None and measured.metered_kwh is not None:
        levels = [f"baseline {measured.baseline_kwh}", f"metered {measured.metered_kwh}"]
        first, second = levels if lowers else reversed(levels)
        found = f"= {measured.delivered_kwh} kWh"
        if measured.delivered_kwh is None:
            found = f"is not reckoned: the reading is {measured.quality.name}"
        yield Step("delivered", f"{first} - {second} {found} ({measured.direction.value})")
    if performance.band_code is BandCode.NO_DATA:
        yield Step("not judged", performance.note)
        return
    committed_kw = measured.committed_kw(by_award=rules.commitment == "award")
    hours = hours_text(microseconds(measured.interval.duration))
    own = _own(measured, rules)
    name: str = rules.commitment
    if name == "award" and committed_kw < measured.award_kw:
        name = f"award {measured.award_kw} kW, called"
    yield Step("committed", f"{name} {committed_kw} kW * {hours} h = {kwh_text(own.committed)} kWh")
    group = performance.group
    if group is None:
        yield from _response(rules, own)
        return
    judged = Judged(group.delivered_wh * WATT_US_PER_WH, group.committed)
    yield Step(
        "judged together",
        f"{_together(rules)}: delivered {kwh_text(judged.delivered)} kWh, committed "
        f"{kwh_text(judged.committed)} kWh",
    )
    yield from _response(rules, judged)
    yield Step("share", paid_share(measured, own, group)[1])


def _own(measured: MeasuredInterval, rules: MoneyRules) -> Judged:
    """Return what an interval delivered and had promised, by itself."""
    committed_kw = measured.committed_kw(by_award=rules.commitment == "award")
    return Judged(
        wh_of(measured.delivered_kwh or Decimal(0)) * WATT_US_PER_WH,
        watts_of(committed_kw) * microseconds(measured.interval.duration),
    )


def _together(rules: MoneyRules) -> str:
    if rules.measured_as != "aggregate":
        return "the whole event"
    return (
        f"{'the whole event' if rules.judged_over == 'event' else 'this interval'}, all sites that have data"
    )


def _response(rules: MoneyRules, judged: Judged) -> Iterator[Step]:
    """Tell which part of a commitment is paid."""
    table, (delivered, committed) = rules.response_table, judged
    if not committed:
        yield Step("response", "nothing was committed: 0 kWh payable")
        return
    ratio = Fraction(delivered, committed)
    yield Step(
        "ratio", f"{kwh_text(delivered)} delivered / {kwh_text(committed)} committed = {exact_text(ratio)}"
    )
    below = [point for point in table.points if Fraction(point.delivered_ratio) <= ratio]
    above = [point for point in table.points if Fraction(point.delivered_ratio) > ratio]
    paid = Fraction(*ResponseCurve.of(table).paid(delivered, committed))
    if not below:
        where = f"below the first corner {above[0].delivered_ratio:f}: paid share 0"
    elif not above:
        where = f"from the last corner {below[-1].delivered_ratio:f} on: paid share {below[-1].paid_ratio:f}"
    else:
        (at, start), (until, end) = (
            (each.delivered_ratio, each.paid_ratio) for each in (below[-1], above[0])
        )
        where = f"between corners ({at:f}, {start:f}) and ({until:f}, {end:f}): paid share "
        if start != end:
            rise = f"({end:f} - {start:f}) / ({until:f} - {at:f})"
            where += f"{start:f} + ({exact_text(ratio)} - {at:f}) * {rise} = "
        where += exact_text(paid / committed)
    whole = int(paid / WATT_US_PER_WH) * WATT_US_PER_WH
    yield Step(
        "response", f"{where}, of {kwh_text(committed)} kWh = {kwh_text(whole)} kWh, cut down to 0.001 kWh"
    )


def _energy(
    charge: Charge, measured: MeasuredInterval, performance: Performance, delivery: SiteDelivery
) -> Iterator[Step]:
    """Tell what the payable energy is worth."""
    rules = delivery.product.money
    if performance.band_code is BandCode.NO_DATA:
        yield _amount_step(charge)
        return
    if performance.note:
        yield Step("note", performance.note)
    yield Step("payable", f"{performance.payable_kwh} kWh, band {performance.band_code.name}")
    if rules.price_factor != 1:
        award_price = delivery.price_per_mwh[delivery.intervals.index(measured)]
        yield Step(
            "price", f"award's {award_price:f} * {rules.price_factor:f} = {performance.price_per_mwh:f}"
        )
    if charge.price is None:
        yield Step("amount", f"this product pays no energy: {performance.energy_amount} {charge.currency}")
        return
    exact = Fraction(performance.payable_kwh) * Fraction(performance.price_per_mwh) / 1000
    yield Step(
        "amount",
        f"{performance.payable_kwh} kWh * {performance.price_per_mwh:f} {charge.price_unit} / 1000 = "
        f"{exact_text(exact)}, rounded half up = {performance.energy_amount} {charge.currency}",
    )


def _penalty(
    charge: Charge, measured: MeasuredInterval, rules: MoneyRules, performance: Performance
) -> Iterator[Step]:
    """Tell what a shortfall is charged at."""
    terms, own, group = rules.penalty_terms, _own(measured, rules), performance.group
    if terms is None:
        return
    judged = own if group is None else Judged(group.delivered_wh * WATT_US_PER_WH, group.committed)
    yield Step("shortfall", shortfall_text(rules, judged)[1])
    if group is not None:
        yield Step("share of it", charged_share(measured, rules, own, group)[1])
    if terms.price_ratio is not None:
        yield Step(
            "penalty price",
            f"{terms.price_ratio:f} * max(0, {performance.price_per_mwh:f}) = "
            f"{performance.penalty_price_per_mwh:f} {charge.price_unit}",
        )
    basis_kwh, price = performance.penalty_basis_kwh, performance.penalty_price_per_mwh
    exact = exact_text(Fraction(basis_kwh) * Fraction(price) / 1000)
    yield Step(
        "amount",
        f"{basis_kwh} kWh * {price:f} {charge.price_unit} / 1000 = {exact}, rounded half up = "
        f"{performance.penalty_amount} {charge.currency}, kept by the {terms.retained_by}",
    )


def _availability(charge: Charge, measured: MeasuredInterval, rules: MoneyRules) -> Iterator[Step]:
    """Tell what standing ready is paid."""
    ready, price, terms = (
        charge.availability_kw_h or Decimal(0),
        charge.price or Decimal(0),
        rules.availability_terms,
    )
    hours = Fraction(microseconds(measured.interval.duration), 1_000_000 * 3600)
    note = charge.note.partition("cut from ")[0].rstrip("; ") if charge.cuts else charge.note
    if (
        terms is not None
        and terms.by_performance
        and measured.target_kw
        and measured.delivered_kwh is not None
    ):
        own = _own(measured, rules)
        yield Step(
            "performed", f"{kwh_text(own.delivered)} kWh delivered, {kwh_text(own.committed)} kWh committed"
        )
    yield Step(
        "ready",
        f"award {measured.award_kw} kW * {hours_text(microseconds(measured.interval.duration))} h = "
        f"{exact_text(Fraction(measured.award_kw) * hours)} kW.h, of which count {ready} kW.h"
        + (f"; {note}" if note else ""),
    )
    per_mw = charge.price_unit.endswith("/MW.h")
    exact = Fraction(ready) * Fraction(price) / (1000 if per_mw else 1)
    times = f"{ready} kW.h * {price:f} {charge.price_unit}{' / 1000' if per_mw else ''}"
    yield Step(
        "amount",
        f"{times} = {exact_text(exact)}, rounded half up = {before_cuts(charge)} {charge.currency}",
    )


def _amount_step(charge: Charge) -> Step:
    return Step("amount", f"{before_cuts(charge)} {charge.currency}")


def _signed(value: Decimal | None) -> str:
    amount = value or Decimal(0)
    return f"{'-' if amount < 0 else '+'} {abs(amount)}"
