"""How charges that rest on other charges came about: fees of payments, make-whole of a whole delivery."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from vpp.settlement.aggregator_share import ShareRule
from vpp.settlement.charge import Charge
from vpp.settlement.exact_text import exact_text, kwh_text
from vpp.settlement.exact_units import MinorUnit, micros_of, microseconds, price_of, watts_of
from vpp.settlement.line_code import LineCode
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.step import Step


def before_cuts(charge: Charge) -> Decimal:
    """Return a charge's amount before limits cut it."""
    return MinorUnit(charge.currency).amount(charge.cuts[0].before) if charge.cuts else charge.amount


def fee_by_ratio(charge: Charge, beside: Sequence[Charge]) -> Iterator[Step]:
    """Tell a fee that is a share of an interval's payments.

    Args:
        charge: The fee.
        beside: The other charges of the site in the event.
    """
    ratio, parts, paid = charge.price or Decimal(0), [], Decimal(0)
    for each in beside:
        if each.interval == charge.interval and each.code in {LineCode.ENERGY, LineCode.AVAILABILITY}:
            parts.append(f"{each.code.value} {each.amount}")
            paid += each.amount
    if not parts:
        yield Step("fee", f"{ratio:f} of the interval's energy and availability amounts")
        yield Step("amount", f"{charge.amount} {charge.currency}")
        return
    exact = exact_text(Fraction(ratio) * Fraction(paid))
    yield Step("payments", f"{' + '.join(parts)} = {paid} {charge.currency}")
    yield Step("amount", f"{ratio:f} * {paid} = {exact}, rounded half up = {charge.amount} {charge.currency}")


def fee_by_price(charge: Charge, delivery: SiteDelivery, beside: Sequence[Charge]) -> Iterator[Step]:
    """Tell a fee, or an addition, of a site that has a price of its own."""
    paid = next(
        (each for each in beside if each.interval == charge.interval and each.code is LineCode.ENERGY), None
    )
    if paid is None or paid.performance is None:
        yield Step(charge.code.value, charge.note)
        yield Step("amount", f"{charge.amount} {charge.currency}")
        return
    terms, price, per_mwh = (
        delivery.product.money.share_terms,
        paid.performance.price_per_mwh,
        charge.price_unit,
    )
    own = price_of(ShareRule.of(terms).site_price_micros(micros_of(price)))
    if terms.kind == "floor_and_share":
        yield Step(
            "site's price",
            f"floor {terms.floor_price_per_mwh:f} + {terms.site_ratio:f} * max(0, {price:f} - "
            f"{terms.floor_price_per_mwh:f}) = {own:f} {per_mwh}",
        )
    else:
        yield Step("site's price", f"{own:f} {per_mwh}, fixed")
    high, low = (own, price) if charge.code is LineCode.SITE_SHARE else (price, own)
    payable_kwh = paid.performance.payable_kwh
    exact, cut = Fraction(payable_kwh) * Fraction(high - low) / 1000, ""
    if paid.cuts and paid.cuts[0].before > 0:
        first, last = paid.cuts[0], paid.cuts[-1]
        unit = MinorUnit(charge.currency)
        exact = exact * last.after / first.before
        cut = f" * {unit.amount(last.after)} / {unit.amount(first.before)}, as the energy was cut,"
    yield Step(
        "amount",
        f"{payable_kwh} kWh * ({high:f} - {low:f}) {per_mwh} / 1000{cut} = {exact_text(exact)}, rounded half "
        f"up = {charge.amount} {charge.currency}",
    )


def make_whole(charge: Charge, delivery: SiteDelivery, beside: Sequence[Charge]) -> Iterator[Step]:
    """Tell what was paid of what the price left uncovered."""
    pays_energy = delivery.product.money.pays_energy
    before = before_cuts(charge)
    if not beside:
        yield Step(charge.code.value, charge.note)
        yield Step("amount", f"{before} {charge.currency}")
        return
    asked = sum(
        watts_of(each.target_kw if pays_energy else each.award_kw) * microseconds(each.interval.duration)
        for each in delivery.intervals
    )
    done = Decimal(0)
    for each in beside:
        if pays_energy and each.performance is not None and each.code is LineCode.ENERGY:
            done += each.performance.payable_kwh
        elif not pays_energy and each.code is LineCode.AVAILABILITY:
            done += each.availability_kw_h or 0
    asked_kwh = Fraction(asked, 3_600_000_000_000)
    share = min(Fraction(1), Fraction(done) / asked_kwh) if asked else Fraction(0)
    did, of = ("kWh payable", "kWh target") if pays_energy else ("kW.h ready", "kW.h awarded")
    yield Step("uncovered", f"{delivery.make_whole:f} {charge.currency} at full delivery of the whole event")
    if asked:
        yield Step("share", f"min(1, {done:f} {did} / {kwh_text(asked)} {of}) = {exact_text(share)}")
    else:
        yield Step("share", f"0, as nothing was asked: 0 {of}")
    yield Step(
        "amount",
        f"{delivery.make_whole:f} * {exact_text(share)} = "
        f"{exact_text(Fraction(delivery.make_whole) * share)}, rounded half up = {before} {charge.currency}",
    )
