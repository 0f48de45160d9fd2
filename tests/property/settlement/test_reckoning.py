"""Random months with every part of the money rules: counted again, shuffled, corrected, taken apart."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.random_months import PERIOD, RandomMonth, random_month
from support.settlement_recount import Recount, Recounted

from vpp.foundation.money import minor_unit
from vpp.settlement.charge import Charge
from vpp.settlement.line_code import LineCode
from vpp.settlement.performance import BandCode
from vpp.settlement.reckoned_steps import steps
from vpp.settlement.reckoning import Reckoning, reckon
from vpp.settlement.shared_figures import SharedFigures
from vpp.settlement.site_delivery import SiteDelivery
from vpp.telemetry.quality import MeterQuality

SEEDS = st.integers(0, 2**32)
ONE_BY_ONE = {
    "judged_over": "interval",
    "measured_as": "site",
    "rounding": "line",
    "limits": {},
    "budget": None,
}
"""Every interval of every site by itself."""


def settle(month: RandomMonth, shared: SharedFigures | None = None) -> Reckoning:
    return reckon(PERIOD, month.deliveries, run=month.run, adjustments=month.adjustments, shared=shared)


def lines_of(charges: Iterable[Charge]) -> Recounted:
    found: Recounted = {}
    for charge in charges:
        key = charge.key
        span = (key.interval.start, key.interval.end)
        place = (key.event_id, key.site_id, *span, key.code.value, key.adjustment_id)
        assert place not in found
        found[place] = (charge.payer.account_id, charge.payee.account_id, charge.amount)
    return found


@given(SEEDS)
@settings(max_examples=150)
@example(48)
def test_an_independent_recount_finds_the_same_cents(seed: int) -> None:
    month = random_month(Random(seed))
    recount = Recount(
        PERIOD,
        month.deliveries,
        run_type=month.run.run_type,
        first_settled=month.run.first_settled,
        adjustments=month.adjustments,
    )
    assert lines_of(settle(month).charges) == recount.lines


@given(SEEDS)
@settings(max_examples=60)
def test_the_order_of_sites_and_adjustments_changes_nothing(seed: int) -> None:
    dice = Random(seed)
    month = random_month(dice)
    shuffled = replace(
        month,
        deliveries=tuple(dice.sample(month.deliveries, len(month.deliveries))),
        adjustments=tuple(dice.sample(month.adjustments, len(month.adjustments))),
    )
    assert settle(shuffled) == settle(month)


@given(SEEDS)
@settings(max_examples=60)
def test_the_order_of_equal_intervals_changes_no_amount(seed: int) -> None:
    """What was measured, at its price, moved to another interval of the event, is paid the same there."""
    dice = Random(seed)
    month = random_month(dice, judged_over="interval", measured_as="site", limits={}, budget=None)
    turned = []
    for delivery in month.deliveries:
        order = dice.sample(range(len(delivery.intervals)), len(delivery.intervals))
        turned.append(
            replace(
                delivery,
                intervals=tuple(
                    replace(delivery.intervals[old], interval=delivery.intervals[new].interval)
                    for new, old in enumerate(order)
                ),
                price_per_mwh=tuple(delivery.price_per_mwh[old] for old in order),
            )
        )
    before, after = settle(month), settle(replace(month, deliveries=tuple(turned)))
    assert amounts(before) == amounts(after)


def amounts(reckoning: Reckoning) -> dict[tuple[str, str, str], list[Decimal]]:
    """Amounts by event, site and code, in order of size."""
    found = defaultdict(list)
    for charge in reckoning.charges:
        if charge.code not in {LineCode.ADJ_DISPUTE, LineCode.ADJ_MANUAL}:
            found[charge.event_id, charge.site_id, charge.code.name].append(charge.amount)
    return {key: sorted(values) for key, values in found.items()}


@given(SEEDS)
@settings(max_examples=60)
def test_money_in_is_money_out(seed: int) -> None:
    """Every charge is between two accounts of one currency, in whole minor units."""
    month = random_month(Random(seed))
    for charge in settle(month).charges:
        assert charge.payer != charge.payee
        assert charge.payer.currency == charge.payee.currency
        assert charge.amount == charge.amount.quantize(minor_unit(charge.currency))
        assert not charge.amount.is_signed() or charge.amount < 0  # no negative zero


@given(SEEDS)
@settings(max_examples=60)
def test_nothing_is_paid_above_its_cap_or_without_data(seed: int) -> None:
    month = random_month(Random(seed))
    month = replace(month, deliveries=in_period(month))
    committed: dict[object, Fraction] = defaultdict(Fraction)
    paid: dict[object, Fraction] = defaultdict(Fraction)
    caps: dict[object, Fraction] = {}
    for charge in settle(month).charges:
        judged, measured, delivery = charge.performance, charge.measured, charge.delivery
        if judged is None or measured is None or delivery is None:
            continue
        rules = delivery.product.money
        power = measured.target_kw
        if rules.commitment == "award":
            power = min(power, measured.award_kw)
        hours = Fraction(measured.interval.duration.total_seconds()) / 3600
        if rules.limits.max_paid_kw is not None:
            assert judged.payable_kwh <= Fraction(rules.limits.max_paid_kw) * hours
        if measured.quality in {MeterQuality.BAD, MeterQuality.MISSING}:
            assert (judged.band_code, charge.amount, judged.penalty_amount) == (BandCode.NO_DATA, 0, 0)
        if judged.band_code is BandCode.NO_DATA:
            assert charge.amount == judged.penalty_basis_kwh == 0
            assert charge.note.startswith("no payment and no penalty: ")
            continue
        site = "" if rules.measured_as == "aggregate" else charge.site_id
        interval = None if rules.judged_over == "event" else charge.interval
        group = (charge.event_id, site, interval)
        committed[group] += Fraction(power) * hours
        paid[group] += Fraction(judged.payable_kwh)
        caps[group] = Fraction(max(point.paid_ratio for point in rules.response_table.points))
    assert all(0 <= paid[group] <= caps[group] * committed[group] for group in paid)


@given(SEEDS)
@settings(max_examples=60)
def test_a_corrected_reading_changes_exactly_its_lines(seed: int) -> None:
    dice = Random(seed)
    month = random_month(dice, **ONE_BY_ONE)
    position = dice.randrange(len(month.deliveries))
    delivery = month.deliveries[position]
    n = dice.randrange(len(delivery.intervals))
    old = delivery.intervals[n]
    metered_kwh = Decimal(dice.randint(0, 900_000)).scaleb(-3)
    corrected = replace(
        delivery,
        intervals=(
            *delivery.intervals[:n],
            replace(old, metered_kwh=metered_kwh, quality=MeterQuality.OK),
            *delivery.intervals[n + 1 :],
        ),
    )
    deliveries = (*month.deliveries[:position], corrected, *month.deliveries[position + 1 :])
    before = lines_of(settle(month).charges)
    after = lines_of(settle(replace(month, deliveries=deliveries)).charges)
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    whole = delivery.delivery
    for event_id, site_id, start, end, code, _ in changed:
        assert (event_id, site_id) == (delivery.event_id, delivery.site_id)
        span = whole if code == "make_whole" else old.interval
        assert (start, end) == (span.start, span.end)


@given(SEEDS)
@settings(max_examples=60)
def test_events_settled_apart_come_to_the_same(seed: int) -> None:
    """Events have nothing to do with each other unless a period's budget joins them."""
    dice = Random(seed)
    budget = dice.choice([None, {"amount": "333.337", "per": "event"}])
    month = random_month(dice, budget=budget)
    apart: Recounted = {}
    for event_id in {delivery.event_id for delivery in month.deliveries}:
        own = tuple(each for each in month.deliveries if each.event_id == event_id)
        apart |= lines_of(settle(replace(month, deliveries=own, adjustments=())).charges)
    assert apart == lines_of(settle(replace(month, adjustments=())).charges)


@given(SEEDS)
@settings(max_examples=60)
def test_an_owner_reckons_its_lines_from_its_own_sites_and_the_sums(seed: int) -> None:
    month = random_month(Random(seed))
    everything = settle(month)
    for owner in {delivery.party_id for delivery in month.deliveries}:
        own = tuple(each for each in month.deliveries if each.party_id == owner)
        sites, events = {each.site_id for each in own}, {each.event_id for each in own}
        shared = everything.shared.of_pairs({(each.event_id, each.site_id) for each in own})
        alone = settle(replace(month, deliveries=own, adjustments=()), shared)
        lines = [charge for charge in everything.charges if charge.delivery and charge.site_id in sites]
        assert [told(charge) for charge in alone.charges] == [told(charge) for charge in lines]
        named = {cell[0] for group in shared.groups.values() for cell in group.paid_up | group.charged_up}
        named |= {paid[1] for budget in shared.budgets.values() for paid in budget.paid_up}
        assert named <= sites
        assert {event_id for event_id, _ in shared.groups} <= events


def told(charge: Charge) -> tuple[object, ...]:
    """Everything about a charge that a reader gets to see."""
    return (charge.key, charge.payer, charge.payee, charge.amount, charge.note, charge.cuts, steps(charge))


@given(SEEDS)
@settings(max_examples=60)
def test_what_is_judged_together_is_shared_without_loss(seed: int) -> None:
    month = random_month(
        Random(seed), measured_as="aggregate", pays_energy=True, limits={}, budget=None, rounding="line"
    )
    reckoning = reckon(PERIOD, in_period(month), run=month.run)
    shared: dict[object, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
    for charge in reckoning.charges:
        if charge.code is LineCode.ENERGY and charge.performance and charge.performance.group:
            assert charge.delivery is not None
            by_event = charge.delivery.product.money.judged_over == "event"
            span = charge.delivery.delivery if by_event else charge.interval
            parts = shared[charge.event_id, span]
            parts[0] += Fraction(charge.performance.payable_kwh) * 1000
            parts[1] += Fraction(charge.performance.penalty_basis_kwh) * 1000
    assert {
        key: [group.payable_wh, group.basis_wh] for key, group in reckoning.shared.groups.items()
    } == shared


def in_period(month: RandomMonth) -> tuple[SiteDelivery, ...]:
    return tuple(each for each in month.deliveries if each.settlement_period == PERIOD)


@given(SEEDS)
@settings(max_examples=60)
def test_a_budget_is_never_passed_and_never_left_over(seed: int) -> None:
    dice = Random(seed)
    month = random_month(
        dice, budget={"amount": "333.337", "per": dice.choice(["event", "period"])}, limits={}
    )
    reckoning = settle(replace(month, deliveries=in_period(month), adjustments=()))
    for (operator, product_id, version, event_id), figures in reckoning.shared.budgets.items():
        paid, currency = Decimal(0), ""
        for charge in reckoning.charges:
            is_payment = charge.code in {LineCode.ENERGY, LineCode.AVAILABILITY, LineCode.MAKE_WHOLE}
            whose = (charge.payer_party_id, charge.product_id, charge.product_version)
            shares = whose == (operator, product_id, version) and event_id in {"", charge.event_id}
            if is_payment and shares and charge.amount > 0:
                paid, currency = paid + charge.amount, charge.currency
        if currency:
            unit = minor_unit(currency)
            there = Decimal("333.337") // unit * unit
            assert paid == min(there, figures.owed * unit)


@given(SEEDS)
@settings(max_examples=40)
def test_every_charge_can_be_told_and_ends_in_its_amount(seed: int) -> None:
    for charge in settle(random_month(Random(seed))).charges:
        *_, last = steps(charge)
        assert f" {charge.amount} {charge.currency}" in f" {last.text}"
