"""A settlement run counted again, with fractions and plain loops, from the rules' words.

Nothing here is shared with the program but the values that it is given: every formula, and what the shorthand
of a product stands for, is written once more, from `vpp/settlement/README.md` and the field descriptions of
`vpp/portfolio/pay_parts.py` and `money_rules.py`. It is slow and exact, and says what each line must come to.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from vpp.foundation.direction import Direction
from vpp.foundation.money import MINOR_DIGITS
from vpp.portfolio.money_rules import MoneyRules
from vpp.portfolio.pay_parts import AvailabilityTerms, PenaltyTerms, ShareTerms
from vpp.settlement.adjustment import Adjustment, AdjustmentState
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import SiteDelivery
from vpp.telemetry.quality import MeterQuality

NOTHING = Fraction(0)
WATT_HOUR = Fraction(1, 1000)  # of a kWh
Key = tuple[str, str, datetime, datetime, str, str]
"""Event, site, start, end, line code, adjustment."""
Recounted = dict[Key, tuple[str, str, Decimal]]
"""Payer's account, payee's account, amount."""


def floored(value: Fraction, step: Fraction = WATT_HOUR) -> Fraction:
    """Cut an amount that is not below 0 down to a step."""
    return math.floor(value / step) * step


def half_up(value: Fraction, step: Fraction) -> Fraction:
    """Round to the nearest step, halves away from 0."""
    sign = -1 if value < 0 else 1
    return sign * math.floor(abs(value) / step + Fraction(1, 2)) * step


def in_proportion(total: Fraction, weights: Sequence[Fraction], step: Fraction) -> list[Fraction]:
    """Share a whole number of steps by largest remainder, earlier ones first."""
    exact = [total * weight / sum(weights) for weight in weights]
    shares = [floored(share, step) for share in exact]
    order = sorted(range(len(weights)), key=lambda n: (shares[n] - exact[n], n))
    for n in order[: int((total - sum(shares)) / step)]:
        shares[n] += step
    return shares


def paid_share(rules: MoneyRules, ratio: Fraction) -> Fraction:
    """Read the response table, or the bands."""
    if rules.response is None:
        if ratio < Fraction(rules.band_low_ratio):
            return NOTHING
        return max(NOTHING, min(ratio, Fraction(rules.band_cap_ratio)))
    corners = [
        (Fraction(point.delivered_ratio), Fraction(point.paid_ratio)) for point in rules.response.points
    ]
    if ratio < corners[0][0]:
        return NOTHING
    if ratio >= corners[-1][0]:
        return corners[-1][1]
    for (start, paid_start), (end, paid_end) in pairwise(corners):
        if start <= ratio < end:
            return paid_start + (ratio - start) / (end - start) * (paid_end - paid_start)
    raise AssertionError(ratio)


def penalty_of(rules: MoneyRules) -> PenaltyTerms | None:
    """Say what a shortfall costs."""
    if rules.penalty_formula_id == "shortfall_at_price":
        return PenaltyTerms(threshold_ratio=rules.band_full_ratio, price_ratio=rules.penalty_ratio)
    return rules.penalty if rules.penalty_formula_id == "parts" else None


def readiness_of(rules: MoneyRules) -> AvailabilityTerms | None:
    """Say what standing ready is paid."""
    price = rules.availability_price_per_kw_h
    return rules.availability or (AvailabilityTerms(price_per_kw_h=price) if price else None)


def share_of(rules: MoneyRules) -> ShareTerms:
    """Say what the aggregator keeps."""
    return rules.share or ShareTerms(kind="ratio", ratio=rules.aggregator_fee_ratio)


@dataclass
class Cell:
    """One settlement interval of one site, in kWh and hours."""

    delivery: SiteDelivery
    n: int
    delivered: Fraction | None
    trusted: bool
    committed: Fraction
    hours: Fraction
    price: Fraction
    paid: Fraction = NOTHING
    """Of the response, before limits."""
    payable: Fraction = NOTHING
    short: Fraction = NOTHING
    energy: Fraction = NOTHING
    energy_before: Fraction = NOTHING
    availability: Fraction | None = None
    availability_exact: Fraction = NOTHING
    ready: Fraction = NOTHING
    cut: set[str] = field(default_factory=set)

    @property
    def measured(self) -> MeasuredInterval:
        """The interval as it was measured."""
        return self.delivery.intervals[self.n]

    @property
    def rules(self) -> MoneyRules:
        """The product's."""
        return self.delivery.product.money


class Recount:
    """One run, counted again."""

    def __init__(  # noqa: PLR0913  as `reckon`, and every one but two by keyword
        self,
        period: str,
        deliveries: Iterable[SiteDelivery],
        *,
        run_type: RunType = RunType.INITIAL,
        aggregator: str = "hub",
        first_settled: Iterable[tuple[str, str]] = (),
        adjustments: Iterable[Adjustment] = (),
    ) -> None:
        """Count."""
        self.period, self.aggregator = period, aggregator
        self.first_settled, self.run_type = set(first_settled), run_type
        self.sites: dict[tuple[str, str], list[Cell]] = {}
        self.make_whole: dict[tuple[str, str], list[Fraction]] = {}
        ordered = sorted(deliveries, key=lambda each: (each.delivery, each.event_id, each.site_id))
        for delivery in ordered:
            self.sites[delivery.event_id, delivery.site_id] = [
                self.cell(delivery, n) for n in range(len(delivery.intervals))
            ]
        for group in self.groups():
            judge(group, ordered)
        for cells in self.sites.values():
            limit(cells)
            self.pay(cells)
        self.budgets()
        self.lines: Recounted = {}
        for pair, cells in self.sites.items():
            if cells[0].delivery.settlement_period == period:
                self.charge(pair, cells)
        self.round_events()
        self.adjust(ordered, adjustments)

    def cell(self, delivery: SiteDelivery, n: int) -> Cell:
        """Read an interval."""
        measured, rules = delivery.intervals[n], delivery.product.money
        counts = self.run_type in {RunType.INITIAL, RunType.RECALC}
        counts = counts and (delivery.event_id, delivery.site_id) in self.first_settled
        good = {MeterQuality.OK, MeterQuality.ESTIMATED} if counts else {MeterQuality.OK}
        trusted = measured.quality in good and measured.metered_kwh is not None
        delivered = None
        if trusted and measured.baseline_kwh is not None:
            delivered = Fraction(measured.baseline_kwh) - Fraction(measured.metered_kwh or 0)
            if measured.direction is Direction.LOAD_UP:
                delivered = -delivered
        hours = Fraction((measured.interval.end - measured.interval.start) // timedelta(microseconds=1))
        hours /= 3_600_000_000
        power = measured.target_kw
        if rules.commitment == "award" and measured.award_kw < power:
            power = measured.award_kw  # more was asked than was sold; and less than was sold is no breach
        price = Fraction(delivery.price_per_mwh[n]) * Fraction(rules.price_factor)
        return Cell(
            delivery,
            n,
            delivered,
            trusted,
            Fraction(power) * hours,
            hours,
            half_up(price, Fraction(1, 10**6)),
        )

    def groups(self) -> list[list[Cell]]:
        """Find what is judged together: one interval, an event, all sites, or both."""
        groups: dict[object, list[Cell]] = {}
        for (event_id, site_id), cells in sorted(self.sites.items()):
            for each in cells:
                site = "" if each.rules.measured_as == "aggregate" else site_id
                if site and each.rules.judged_over == "event" and not each.committed:
                    continue  # nothing was asked, so nothing is paid or missed
                when = None if each.rules.judged_over == "event" else each.measured.interval
                groups.setdefault((event_id, site, when), []).append(each)
        return list(groups.values())

    def pay(self, cells: list[Cell]) -> None:
        """Turn quantities into amounts."""
        rules = cells[0].rules
        step = minor_step(rules.currency)
        for each in cells:
            each.energy_before = half_up(each.payable * each.price / 1000, step)
            each.energy = each.energy_before
            ready(each, step)
        most = rules.limits.max_amount_per_event
        positive = [each for each in cells if each.energy > 0]
        if most is not None and sum(each.energy for each in positive) > floored(Fraction(most), step):
            shares = in_proportion(floored(Fraction(most), step), [each.energy for each in positive], step)
            for each, share in zip(positive, shares, strict=True):
                each.energy = share
                each.cut.add("energy")
        owed = Fraction(cells[0].delivery.make_whole)
        if owed:
            if rules.pays_energy:
                asked = sum((Fraction(each.measured.target_kw) * each.hours for each in cells), NOTHING)
                done = sum((each.payable for each in cells), NOTHING)
            else:
                asked = sum((Fraction(each.measured.award_kw) * each.hours for each in cells), NOTHING)
                done = sum((each.ready for each in cells), NOTHING)
            exact = owed * min(Fraction(1), done / asked) if asked else NOTHING
            pair = (cells[0].delivery.event_id, cells[0].delivery.site_id)
            self.make_whole[pair] = [half_up(exact, step), exact]

    def budgets(self) -> None:
        """Cut what is more than there is."""
        pots: dict[object, list[tuple[Cell, str]]] = {}
        for pair, cells in self.sites.items():
            product, budget = cells[0].delivery.product, cells[0].rules.budget
            if budget is None:
                continue
            if budget.per == "period" and cells[0].delivery.settlement_period != self.period:
                continue
            which = pair[0] if budget.per == "event" else ""
            buyer = cells[0].delivery.operator_party_id
            pot = pots.setdefault((buyer, product.product_id, product.version, which), [])
            pot += [(each, "energy") for each in cells if each.energy > 0]
            pot += [(each, "availability") for each in cells if (each.availability or 0) > 0]
            if self.make_whole.get(pair, [NOTHING])[0] > 0:
                pot.append((cells[0], "make_whole"))
        for pot in pots.values():
            if not pot:
                continue
            rules = pot[0][0].rules
            step = minor_step(rules.currency)
            there = floored(Fraction(rules.budget.amount), step) if rules.budget else NOTHING
            owed = [self.amount(each, what) for each, what in pot]
            if sum(owed) <= there:
                continue
            for (each, what), share in zip(pot, in_proportion(there, owed, step), strict=True):
                each.cut.add(what)
                if what == "make_whole":
                    self.make_whole[each.delivery.event_id, each.delivery.site_id] = [share, share]
                else:
                    setattr(each, what, share)

    def amount(self, each: Cell, what: str) -> Fraction:
        """Look up what a budget may cut."""
        if what == "make_whole":
            return self.make_whole[each.delivery.event_id, each.delivery.site_id][0]
        return each.energy if what == "energy" else each.availability or NOTHING

    def book(self, key: Key, payer: str, payee: str, amount: Fraction, currency: str) -> None:
        """Write a line down."""
        digits = MINOR_DIGITS[currency]
        assert key not in self.lines
        self.lines[key] = (payer, payee, Decimal(int(amount * 10**digits)).scaleb(-digits))

    def charge(self, pair: tuple[str, str], cells: list[Cell]) -> None:
        """Write a site's lines down."""
        event_id, site_id = pair
        delivery, rules = cells[0].delivery, cells[0].rules
        currency, step = rules.currency, minor_step(rules.currency)
        grid = f"{delivery.operator_party_id}:operator:{currency}"
        site = f"{delivery.party_id}:site:{site_id}:{currency}"
        hub = f"{self.aggregator}:fee:{currency}"
        for each in cells:
            span = each.measured.interval
            place = (event_id, site_id, span.start, span.end)
            self.book((*place, "energy", ""), grid, site, each.energy, currency)
            if each.availability is not None:
                self.book((*place, "availability", ""), grid, site, each.availability, currency)
            fee = aggregators_fee(each, step)
            if fee < 0 and share_of(rules).kind != "ratio":
                self.book((*place, "site_share", ""), hub, site, -fee, currency)
            elif fee:
                self.book((*place, "agg_fee", ""), site, hub, fee, currency)
            if each.short:
                keeper = delivery.operator_party_id
                terms = penalty_of(rules)
                if terms and terms.retained_by == "aggregator":
                    keeper = self.aggregator
                amount = half_up(each.short * penalty_price(each) / 1000, step)
                self.book((*place, "penalty", ""), site, f"{keeper}:penalty:{currency}", amount, currency)
        if pair in self.make_whole:
            first, last = cells[0].measured.interval.start, cells[-1].measured.interval.end
            key = (event_id, site_id, first, last, "make_whole", "")
            self.book(key, grid, site, self.make_whole[pair][0], currency)

    def round_events(self) -> None:
        """Round what is owed for an event once."""
        events: dict[str, list[Cell]] = {}
        for (event_id, _), cells in self.sites.items():
            is_here = cells[0].delivery.settlement_period == self.period
            if cells[0].rules.rounding == "event" and is_here:
                events.setdefault(event_id, []).extend(cells)
        for event_id, cells in events.items():
            rules = cells[0].rules
            step = minor_step(rules.currency)
            exact = shown = NOTHING
            for each in cells:
                energy = each.payable * each.price / 1000
                exact += each.energy if "energy" in each.cut else energy
                exact += (
                    each.availability or NOTHING if "availability" in each.cut else each.availability_exact
                )
                shown += each.energy + (each.availability or NOTHING)
                terms = penalty_of(rules)
                if terms and terms.retained_by == "operator":
                    penalty = each.short * penalty_price(each) / 1000
                    exact -= penalty
                    shown -= half_up(penalty, step)
            for pair, (rounded, unrounded) in self.make_whole.items():
                is_here = self.sites[pair][0].delivery.settlement_period == self.period
                if pair[0] == event_id and is_here:
                    exact += unrounded
                    shown += rounded
            left = half_up(exact, step) - shown
            if left:
                first = min(each.measured.interval.start for each in cells)
                last = max(each.measured.interval.end for each in cells)
                self.book(
                    (event_id, "", first, last, "rounding", ""),
                    f"{cells[0].delivery.operator_party_id}:operator:{rules.currency}",
                    f"{self.aggregator}:rounding:{rules.currency}",
                    left,
                    rules.currency,
                )

    def adjust(self, ordered: Sequence[SiteDelivery], adjustments: Iterable[Adjustment]) -> None:
        """Write down what people agreed to."""
        operators = {delivery.operator_party_id for delivery in ordered}
        for each in adjustments:
            if each.period != self.period or each.state is not AdjustmentState.APPROVED:
                continue
            start = datetime.fromisoformat(f"{self.period}-01").replace(tzinfo=UTC)
            end = (start + timedelta(days=31)).replace(day=1)
            for delivery in ordered:
                if delivery.event_id == each.event_id and each.site_id in {"", delivery.site_id}:
                    start, end = delivery.delivery.start, delivery.delivery.end
                    break
            names = []
            for party in (each.payer_party_id, each.payee_party_id):
                kind = "operator" if party in operators else "fee" if party == self.aggregator else "site"
                site = f":{each.site_id}" if kind == "site" and each.site_id else ""
                names.append(f"{party}:{kind}{site}:{each.currency}")
            code = "adj_dispute" if each.dispute_id else "adj_manual"
            key = (each.event_id, each.site_id, start, end, code, each.adjustment_id)
            self.book(key, names[0], names[1], Fraction(each.amount), each.currency)


def minor_step(currency: str) -> Fraction:
    """One cent, one yen."""
    return Fraction(1, 10 ** MINOR_DIGITS[currency])


def judge(group: list[Cell], ordered: Sequence[SiteDelivery]) -> None:
    """Judge cells together, and share what comes of it."""
    known = [each for each in group if each.delivered is not None]
    if not known:
        return
    rules = known[0].rules
    delivered = sum((each.delivered or NOTHING for each in known), NOTHING) + shift(group, ordered)
    committed = sum((each.committed for each in known), NOTHING)
    response = committed * paid_share(rules, delivered / committed) if committed else NOTHING
    payable = floored(response)
    for each, share in zip(
        known,
        in_proportion(
            payable, weights(known, [max(NOTHING, each.delivered or NOTHING) for each in known]), WATT_HOUR
        ),
        strict=True,
    ):
        each.paid = share
        each.payable = share if rules.pays_energy else NOTHING
    terms = penalty_of(rules)
    if terms is None or not committed:
        return

    def wanting(promised: Fraction, done: Fraction, counted: Fraction) -> Fraction:
        if not promised:
            return NOTHING
        missing = max(NOTHING, Fraction(terms.threshold_ratio) * promised - counted)
        if terms.excess_above_ratio is not None:
            missing += max(NOTHING, done - Fraction(terms.excess_above_ratio) * promised)
        return missing

    is_paid = terms.counts == "paid"
    basis = floored(wanting(committed, delivered, response if is_paid else delivered))
    own = [
        wanting(
            each.committed, each.delivered or NOTHING, each.paid if is_paid else each.delivered or NOTHING
        )
        for each in known
    ]
    for each, share in zip(known, in_proportion(basis, weights(known, own), WATT_HOUR), strict=True):
        each.short = share


def shift(group: list[Cell], ordered: Sequence[SiteDelivery]) -> Fraction:
    """What the baseline of the sum lies above the sum of baselines, where all sites have data."""
    first = group[0].delivery
    if not first.aggregate_shift_kwh or first.product.money.measured_as != "aggregate":
        return NOTHING
    site_count = sum(each.event_id == first.event_id for each in ordered)
    total = NOTHING
    for span in {each.measured.interval for each in group}:
        here = [each for each in group if each.measured.interval == span and each.delivered is not None]
        if len(here) == site_count:
            value = here[0].delivery.aggregate_shift_kwh[here[0].n]
            moved = Fraction(value) if value is not None else NOTHING
            total += -moved if here[0].measured.direction is Direction.LOAD_UP else moved
    return total


def weights(cells: list[Cell], own: list[Fraction]) -> list[Fraction]:
    """Own, or by what was promised, or equal."""
    if any(own):
        return own
    committed = [each.committed for each in cells]
    return committed if any(committed) else [Fraction(1)] * len(cells)


def limit(cells: list[Cell]) -> None:
    """Pay nothing where the delivery as a whole fails a test; no more than a power."""
    limits = cells[0].rules.limits
    usable = [each for each in cells if each.delivered is not None]
    if not usable:
        return
    known = [each for each in usable if each.committed]
    known = known or usable
    delivered = sum((each.delivered or NOTHING for each in known), NOTHING)
    hours = sum((each.hours for each in known), NOTHING)
    fails = delivered / hours < Fraction(limits.min_paid_kw)
    fails = bool(limits.min_paid_kw) and fails
    if limits.peak_below_baseline:
        loads = [Fraction(each.measured.metered_kwh or 0) / each.hours for each in known]
        levels = [Fraction(each.measured.baseline_kwh or 0) / each.hours for each in known]
        if known[0].measured.direction is Direction.LOAD_UP:
            fails = fails or min(loads) <= min(levels)
        else:
            fails = fails or max(loads) >= max(levels)
    if limits.min_mean_reduction_ratio:
        level = abs(sum((Fraction(each.measured.baseline_kwh or 0) for each in known), NOTHING))
        fails = fails or delivered < Fraction(limits.min_mean_reduction_ratio) * level
    for each in usable:
        if fails:
            each.payable = NOTHING
        if limits.max_paid_kw is not None:
            each.payable = min(each.payable, floored(Fraction(limits.max_paid_kw) * each.hours))


def ready(each: Cell, step: Fraction) -> None:
    """Pay for standing ready."""
    terms, measured = readiness_of(each.rules), each.measured
    if terms is None:
        return
    called = measured.target_kw > 0
    if terms.paid == ("when_not_called" if called else "when_called"):
        return
    quantity = Fraction(measured.award_kw) * each.hours
    if terms.within_load and measured.direction is Direction.LOAD_DOWN:
        load = Fraction(measured.metered_kwh or 0)
        if called:
            load += max(NOTHING, each.delivered or NOTHING)
        quantity = min(quantity, max(NOTHING, load))
    if terms.by_performance and called:
        done = max(NOTHING, each.delivered or NOTHING)
        if done < each.committed:
            quantity = quantity * done / each.committed
    if not each.trusted or (terms.by_performance and called and each.delivered is None):
        quantity = NOTHING
    each.ready = half_up(quantity, WATT_HOUR)
    price = each.price / 1000
    if terms.price_per_kw_h is not None:
        price = half_up(Fraction(terms.price_per_kw_h), Fraction(1, 10**6))
    each.availability_exact = each.ready * price
    each.availability = half_up(each.availability_exact, step)


def aggregators_fee(each: Cell, step: Fraction) -> Fraction:
    """What the aggregator keeps of an interval; below 0 it adds."""
    terms = share_of(each.rules)
    if terms.ratio is not None:
        return half_up(Fraction(terms.ratio) * (each.energy + (each.availability or NOTHING)), step)
    price = Fraction(terms.site_price_per_mwh or 0)
    if terms.kind == "floor_and_share":
        price = Fraction(terms.floor_price_per_mwh or 0)
        if each.price > price:
            price += Fraction(terms.site_ratio or 0) * (each.price - price)
    price = half_up(price, Fraction(1, 10**6))
    kept = each.energy / each.energy_before if each.energy_before > 0 else Fraction(1)
    return half_up(kept * each.payable * (each.price - price) / 1000, step)


def penalty_price(each: Cell) -> Fraction:
    """Price of a missing MWh."""
    terms = penalty_of(each.rules)
    if terms is None:
        return NOTHING
    if terms.price_ratio is None:
        return half_up(Fraction(terms.price_per_mwh or 0), Fraction(1, 10**6))
    return half_up(Fraction(terms.price_ratio) * max(NOTHING, each.price), Fraction(1, 10**6))
