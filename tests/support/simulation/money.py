"""What a simulated day must pay: reckoned again from readings, baselines, targets and prices."""

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from support.simulation.faults import AnySite
from support.simulation.real_site import RealSite

from vpp.auction.bid import Offer, StepOffer, StoreOffer
from vpp.dispatch.event import Event, EventState
from vpp.dispatch.instruction import Instruction
from vpp.foundation.interval import Interval
from vpp.portfolio.money_rules import MoneyRules
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.records import AwardRecord

EVERYTHING = 1_000_000
BY_INTERVAL = frozenset({"ENERGY", "AGG_FEE", "PENALTY"})
CENT = 0.01
NEAR_KWH = 0.002
"""So near the share from which a delivery is paid, the last digit of a sum decides."""
WATT_PLACES = 3
"""Targets are settled in whole watts, kW to this many places."""
Complain = Callable[[str], None]
Row = Mapping[str, str]


def check_money(uow: UnitOfWork, sites: Sequence[AnySite], complain: Complain) -> tuple[int, int]:
    """Statements: what is paid is received, only for market events, and what was delivered is worth.

    Returns:
        How many lines there are, and how many sites' pay for an event was reckoned again.
    """
    rows = _newest_rows(uow)
    events = {one.value.event_id: one.value for one in uow.events.page(limit=EVERYTHING)}
    for row in rows:
        if not events[row["event_id"]].purpose.is_paid:
            complain(f"a statement pays for {row['event_id']}, which was ordered")
    total = sum((Decimal(row["amount"]) for row in rows), Decimal(0))
    if total != 0:
        complain(f"statements sum to {total}")
    return len(rows), _check_pay(uow, sites, events, rows, complain)


def _newest_rows(uow: UnitOfWork) -> list[Row]:
    """Return the lines of every party's newest statement."""
    newest: dict[tuple[str, str], tuple[int, bytes]] = {}
    for stored in uow.statements.page(limit=EVERYTHING):
        statement = stored.value
        key = (statement.party_id, statement.period)
        name = f"statement_{statement.party_id}_{statement.period}_v{statement.version}.csv"
        if key not in newest or newest[key][0] < statement.version:
            newest[key] = (statement.version, statement.files[name])
    return [
        row
        for _, content in newest.values()
        for row in csv.DictReader(io.StringIO(content.decode(), newline=""))
    ]


def _check_pay(
    uow: UnitOfWork,
    sites: Sequence[AnySite],
    events: Mapping[str, Event],
    rows: Sequence[Row],
    complain: Complain,
) -> int:
    """Compare what owners are paid with what their sites' deliveries are worth."""
    paid: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row["party_id"] == f"owner-{row['site_id']}" and row["line_code"] in BY_INTERVAL:
            paid.setdefault((row["event_id"], row["site_id"]), []).append(row)
    instructions = [one.value for one in uow.instructions.page(limit=EVERYTHING)]
    by_site: dict[str, list[Instruction]] = {}
    for one in instructions:
        by_site.setdefault(one.site_id, []).append(one)
    awards: dict[tuple[str, str], list[AwardRecord]] = {}
    for stored in uow.awards.page(limit=EVERYTHING):
        awards.setdefault((stored.value.event_id, stored.value.site_id), []).append(stored.value)
    count = 0
    for site in sites:
        if isinstance(site, RealSite) and site.lies:
            continue
        told = by_site.get(site.site_id, [])
        for event_id in sorted({one.event_id for one in told}):
            event = events[event_id]
            lines = paid.get((event_id, site.site_id), [])
            if event.state is not EventState.SETTLED or not event.purpose.is_paid:
                continue
            if any(_meets(one, event) for one in told):
                continue  # a shared kW: attribution has tests of its own
            newest = max(
                (one for one in told if one.event_id == event_id), key=lambda one: one.modification_number
            )
            pay = _Pay(uow, site, event, newest, awards.get((event_id, site.site_id), []))
            count += pay.compare(lines, complain)
    return count


def _meets(instruction: Instruction, event: Event) -> bool:
    """Whether another event's instruction may share the site's delivery."""
    is_apart = (
        instruction.delivery.end <= event.delivery.start or event.delivery.end <= instruction.delivery.start
    )
    return instruction.event_id != event.event_id and not is_apart


@dataclass(frozen=True)
class _Pay:
    uow: UnitOfWork
    site: AnySite
    event: Event
    told: Instruction
    awards: Sequence[AwardRecord]

    def compare(self, lines: Sequence[Row], complain: Complain) -> int:
        """Reckon a site's pay for an event; returns 1 if it could be compared."""
        product = self.uow.products.get(self.event.product_id, self.event.product_version)
        stored = self.uow.baselines.get(f"{self.event.event_id}-{self.site.site_id}")
        if product is None or stored is None:
            return 0
        who = f"{self.site.site_id} in {self.event.event_id}"
        step = product.settlement_interval
        count = self.event.delivery.duration // step
        energy = [row for row in lines if row["line_code"] == "ENERGY"]
        if len(energy) != count:
            complain(f"{who} has {len(energy)} lines of energy, expected {count}")
            return 0
        if any(row["quality"] != "OK" for row in energy):
            return 0  # readings came after the statement
        readings = self._readings()
        expected = 0.0
        for n in range(count):
            start = self.event.delivery.start + n * step
            values = [
                readings.get(start + k * self.site.step, math.nan) for k in range(step // self.site.step)
            ]
            hours = step / timedelta(hours=1)
            delivered_kwh = (stored.value.adjusted_kw[n] - sum(values) / len(values)) * hours
            target_kwh = self.told.target_reduction_kw[n] * hours
            if not round(self.told.target_reduction_kw[n], WATT_PLACES):
                continue  # nothing was asked: a load above its baseline falls short of nothing
            if abs(delivered_kwh - float(product.money.band_low_ratio) * target_kwh) < NEAR_KWH:
                return 0
            expected += _worth(target_kwh, delivered_kwh, self._price(n), product.money)
        amount = float(sum((Decimal(row["amount"]) for row in lines), Decimal(0)))
        # Three amounts per interval are rounded to the cent, energies to the watt-hour.
        if not abs(amount - expected) <= 3 * CENT * count:
            complain(f"{who} is paid {amount:.2f}, its delivery is worth {expected:.4f}")
        return 1

    def _readings(self) -> dict[datetime, float]:
        return {
            batch.start_at + n * batch.sample_interval: float(value)
            for batch in self.uow.telemetry.load(self.site.site_id, self.event.delivery)
            for n, value in enumerate(batch.net_power_kw)
        }

    def _price(self, n: int) -> float:
        """Return what the site's awards get per MWh, by their power."""
        weights = [award.reduction_kw[n] for award in self.awards if n < len(award.reduction_kw)]
        prices = [float(award.price_per_mwh[n]) for award in self.awards if n < len(award.price_per_mwh)]
        whole = sum(weights)
        return (
            sum(kw * price for kw, price in zip(weights, prices, strict=True)) / whole if whole > 0 else 0.0
        )


def _worth(target_kwh: float, delivered_kwh: float, price: float, rules: MoneyRules) -> float:
    """Pay from the lowest share on, up to the cap; less the fee, less the penalty for what is missing."""
    low, full = float(rules.band_low_ratio) * target_kwh, float(rules.band_full_ratio) * target_kwh
    payable_kwh = max(0.0, min(delivered_kwh, float(rules.band_cap_ratio) * target_kwh))
    energy = payable_kwh * price / 1000.0 if delivered_kwh >= low else 0.0
    missing_kwh = max(0.0, full - delivered_kwh)
    is_charged = rules.penalty_formula_id != "none"
    penalty = missing_kwh * float(rules.penalty_ratio) * price / 1000.0 if is_charged else 0.0
    return energy * (1.0 - float(rules.aggregator_fee_ratio)) - penalty


def check_awards(uow: UnitOfWork, complain: Complain) -> int:
    """Awards: none without a bid, none of another resource, and together not more than was offered."""
    awards = [one.value for one in uow.awards.page(limit=EVERYTHING)]
    bids = uow.bids.get_all({award.bid_id for award in awards})
    sold: dict[tuple[str, str, datetime], float] = {}
    for award in awards:
        stored = bids.get(award.bid_id)
        if stored is None:
            complain(f"award {award.award_id} has no bid")
            continue
        bid = stored.value.bid
        if (bid.site_id, bid.resource_id) != (award.site_id, award.resource_id):
            complain(f"award {award.award_id} is another resource's than its bid")
        step = _step(award)
        for n, kw in enumerate(award.reduction_kw):
            if kw < 0:
                complain(f"award {award.award_id} is below zero")
            key = (award.event_id, award.bid_id, award.delivery.start + n * step)
            sold[key] = sold.get(key, 0.0) + kw
            most_kw = _offered_kw(bid.offer, n, is_standing=stored.value.auction_id is None)
            if sold[key] > most_kw + 1e-6:
                complain(f"awards of {award.bid_id} add up to {sold[key]:.3f} kW, it offers {most_kw:.3f}")
    return len(awards)


def _step(award: AwardRecord) -> timedelta:
    span: Interval = award.delivery
    return span.duration / max(1, len(award.reduction_kw))


def _offered_kw(offer: Offer, n: int, *, is_standing: bool) -> float:
    """Return the most that an offer gives in an interval; a standing one gives the same in each."""
    if isinstance(offer, StepOffer):
        steps = offer.steps[0 if is_standing else n]
        return sum(step.reduction_kw for step in steps)
    if isinstance(offer, StoreOffer):
        return offer.discharge_kw
    return max(0.0, offer.profile_kw[n]) if n < len(offer.profile_kw) else 0.0
