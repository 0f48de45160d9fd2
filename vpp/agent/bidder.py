"""Which bids the site makes when it is invited, and which stand for emergencies and as reserve."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from operator import add
from typing import TYPE_CHECKING, Any

from vpp.agent.bidding import Enrolled, ProductRules, Terms, Window, bid_for, request_id
from vpp.agent.commitment import Commitment
from vpp.agent.joint_use import JointUse
from vpp.agent.local_memory import LocalMemory
from vpp.agent.memory import PendingBid
from vpp.agent.plan import SitePlan
from vpp.agent.planned_bidding import BidTask, bid_task, planned_bids
from vpp.agent.projection import outlook
from vpp.agent.settings import AgentSettings
from vpp.agent.site_tariff import SiteTariff
from vpp.agent.unit import Unit
from vpp.agent.wire import amount, direction_of, instant, interval, span
from vpp.flexibility.offer import Offer
from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.names import resource_name
from vpp.v1 import session_pb2

if TYPE_CHECKING:
    from vpp.flexibility.planning.planned_bid import BidPlan

LEAST_RATIO = 0.01
"""The wire takes no bid of which nothing is delivered; one of this counts for next to nothing."""
log = logging.getLogger(__name__)


class Bidder:
    """Makes the site's bids.

    Attributes:
        settings: The site's configuration with the orders that stand.
        rules: What each product asks, by its name.
        envelopes: What the hub was told of each resource, by its id.
    """

    def __init__(self, settings: AgentSettings, local: LocalMemory) -> None:
        """Begin without knowing any product; `local` knows what resources have shown."""
        self.settings = settings
        self._local = local
        self._tariff = SiteTariff(settings)
        self.rules: dict[str, ProductRules] = {}
        self.envelopes: dict[str, Enrolled] = {}

    def bids(
        self,
        invitation: session_pb2.Invitation,
        units: Mapping[str, Unit[Any]],
        plan: SitePlan,
        open_bids: Sequence[PendingBid],
        now: datetime,
    ) -> list[PendingBid]:
        """Return the bids for an auction; none if the site cannot or will not take part.

        Args:
            invitation: What is bid for.
            units: The site's resources by id, observed.
            plan: What the site has promised.
            open_bids: Bids that have not been answered by an award or a rejection.
            now: Present instant, UTC.
        """
        auction = invitation.auction
        rules = self.rules.get(auction.product)
        if rules is None:
            log.info("%s: no bid, %s is not enrolled in", auction.name, auction.product)
            return []
        window = window_of(invitation)
        if not self.is_open(window, now):
            return []
        sold = self.sold(window, units, plan, open_bids)
        load = _SiteLoad(window, tuple(invitation.sheddable_load_kw), chain.from_iterable(sold.values()))
        offers = [
            (offer, number)
            for unit in self._usable(units)
            for number, offer in enumerate(self._offers(window, unit, sold[unit.resource_id], now))
        ]
        bids: list[PendingBid] = []
        joint = JointUse(self._usable(units), window, sold)
        # What the site's load and its other resources leave goes to the cheapest first.
        for offer, number in sorted(
            offers, key=lambda each: (each[0].price_per_mwh, each[0].resource_id, each[1])
        ):
            before = [
                each for bid in bids for each in bid.commitments if each.resource_id == offer.resource_id
            ]
            terms = self._terms(offer.resource_id, rules, load=load).after(before, window.direction)
            terms = replace(terms, number=number)
            same_way = [each for each in sold[offer.resource_id] if each.direction is window.direction]
            other_way = [each for each in sold[offer.resource_id] if each.direction is not window.direction]
            if any(_at_once(each, window) for each in other_way):
                continue  # a resource moves one way at a time
            bounded = joint.bounded(offer)
            bid = None if bounded is None else bid_for(window, bounded, terms, same_way)
            if bid is not None:
                bids.append(bid)
                load.promise(bid.commitments)
                joint.take(bid.commitments)
        return bids

    def task(  # noqa: PLR0913, PLR0917  as `bids`
        self,
        invitation: session_pb2.Invitation,
        units: Mapping[str, Unit[Any]],
        plan: SitePlan,
        open_bids: Sequence[PendingBid],
        load_kw: float | None,
        now: datetime,
    ) -> BidTask | None:
        """Return what the planner is to be asked about an auction; None where there is nothing to plan.

        Args:
            invitation: What is bid for.
            units: The site's resources by id, observed.
            plan: What the site has promised.
            open_bids: Bids that have not been answered.
            load_kw: The site's present load without any command, kW, where no forecast is given.
            now: Present instant, UTC.

        Raises:
            InvalidInput: The invitation makes no sense, or there is no price for it.
        """
        rules = self.rules.get(invitation.auction.product)
        window = window_of(invitation)
        if rules is None or not self.is_open(window, now):
            return None
        loads_kw = self._loads_kw(invitation, window, load_kw)
        if loads_kw is None:
            return None
        return bid_task(
            self.settings,
            self._tariff,
            self._local.learned,
            window,
            self._usable(units),
            self.sold(window, units, plan, open_bids),
            loads_kw,
            rules.min_bid_kw,
            now,
        )

    def _loads_kw(
        self, invitation: session_pb2.Invitation, window: Window, load_kw: float | None
    ) -> list[float] | None:
        """Return the load expected per delivery interval, kW; None where nobody knows."""
        movable_kw = list(invitation.sheddable_load_kw)
        site = self.settings.site
        if len(movable_kw) == window.interval_count:
            if window.direction is Direction.LOAD_UP:
                return [site.largest_import_kw - kw for kw in movable_kw]
            return [site.minimum_load_kw + kw for kw in movable_kw]
        return None if load_kw is None else [load_kw] * window.interval_count

    def written(
        self,
        answer: "BidPlan",
        invitation: session_pb2.Invitation,
        units: Mapping[str, Unit[Any]],
        plan: SitePlan,
        open_bids: Sequence[PendingBid],
    ) -> list[PendingBid]:
        """Return the planner's bids as they are sent.

        Raises:
            InvalidInput: The invitation makes no sense.
        """
        window, rules = window_of(invitation), self.rules[invitation.auction.product]
        sold = self.sold(window, units, plan, open_bids)
        load = _SiteLoad(window, tuple(invitation.sheddable_load_kw), chain.from_iterable(sold.values()))
        terms = {
            unit.resource_id: self._terms(unit.resource_id, rules, load=load) for unit in self._usable(units)
        }
        return planned_bids(answer, window, terms)

    def is_open(self, window: Window, now: datetime) -> bool:
        """Tell whether a bid for a window would still be taken, and the site could deliver it."""
        is_late = window.gate_closes_at is not None and now >= window.gate_closes_at
        return not is_late and not self._is_away(window.delivery)

    def sold(
        self,
        window: Window,
        units: Mapping[str, Unit[Any]],
        plan: SitePlan,
        open_bids: Sequence[PendingBid],
    ) -> dict[str, list[Commitment]]:
        """Return what has been sold of each resource, or is on offer elsewhere, by resource id."""
        return {
            resource_id: [
                *plan.committed(resource_id, None),
                *_on_offer(open_bids, resource_id, window.auction),
            ]
            for resource_id in units
        }

    def standing_bids(
        self, units: Mapping[str, Unit[Any]], known: set[str], now: datetime
    ) -> list[PendingBid]:
        """Return the standing bids that have not been made.

        Args:
            units: The site's resources by id, observed.
            known: Request ids of bids made before.
            now: Present instant, UTC.
        """
        bids = []
        for table in self.settings.standing_bids:
            product = f"products/{table.product}"
            rules = self.rules.get(product)
            if rules is None:
                log.warning("no standing bid: the site is not enrolled in %s", product)
                continue
            window = Window(
                auction="",
                product=product,
                delivery=Interval(now, now + max(table.duration, rules.settlement_interval)),
                step=rules.settlement_interval,
                recovery_count=0,
                cap_price_per_mwh=rules.cap_price_per_mwh,
                gate_closes_at=None,
                direction=rules.direction,
            )
            for unit in self._usable(units):
                name = resource_name(self.settings.site.site_id, unit.resource_id)
                if unit.resource_id not in table.resources or request_id(product, name) in known:
                    continue
                terms = self._terms(unit.resource_id, rules, share_ratio=table.share_ratio)
                offers = self._offers(window, unit, [], now)[:1]  # one quantity at one price
                found = (bid_for(window, offer, terms, []) for offer in offers)
                bids += [bid for bid in found if bid is not None]
        return bids

    def _usable(self, units: Mapping[str, Unit[Any]]) -> list[Unit[Any]]:
        vetoed = self.settings.limits.vetoed_resources
        return [
            unit
            for unit in units.values()
            if unit.is_available
            and unit.state is not None
            and unit.resource_id not in vetoed
            and unit.resource_id in self.envelopes
        ]

    def _is_away(self, delivery: Interval) -> bool:
        """Whether planned work or a veto keeps the site from delivering."""
        windows = [table.interval() for table in self.settings.maintenance]
        return self.settings.limits.site_vetoed or any(
            delivery.start < window.end and window.start < delivery.end for window in windows
        )

    def _offers(
        self, window: Window, unit: Unit[Any], sold: Sequence[Commitment], now: datetime
    ) -> list[Offer]:
        ahead = outlook([unit], {unit.resource_id: sold}, now, window.delivery.start, window.step)
        try:
            offers = self._tariff.offers(
                unit, ahead.states[0], window.delivery, window.step, window.direction
            )
        except InvalidInput:
            log.exception("%s: no offer", unit.resource_id)
            return []
        return [
            # What tests and events have shown outranks what the configuration says.
            replace(offer, delivery_ratio=min(1.0, max(LEAST_RATIO, learned.p10_ratio)))
            for offer in offers
            for learned in [self._local.learned.confidence(unit.resource_id, offer.delivery_ratio)]
        ]

    def _terms(
        self,
        resource_id: str,
        rules: ProductRules,
        *,
        share_ratio: float = 1.0,
        load: "_SiteLoad | None" = None,
    ) -> Terms:
        envelope = self.envelopes[resource_id]
        return Terms(
            resource=resource_name(self.settings.site.site_id, resource_id),
            enrolled=Enrolled(
                envelope.max_reduction_kw * share_ratio,
                envelope.energy_budget_kwh * share_ratio,
                envelope.max_increase_kw * share_ratio,
                envelope.increase_budget_kwh * share_ratio,
            ),
            rules=rules,
            bidding=self.settings.bidding,
            sheddable_kw=() if load is None else load.sheddable_kw,
            promised_kw=() if load is None else load.promised_kw,
        )


class _SiteLoad:
    """What there is to shed at the site, and what promises take of it.

    Attributes:
        sheddable_kw: Load that can be shed per delivery interval, kW; empty while nobody knows.
        promised_kw: What is promised of it, kW. Shape (N,).
    """

    def __init__(
        self, window: Window, sheddable_kw: tuple[float, ...], promises: Iterable[Commitment]
    ) -> None:
        """Begin with what is promised already.

        Raises:
            InvalidInput: There is not one value per delivery interval.
        """
        if len(sheddable_kw) not in {0, window.interval_count}:
            raise InvalidInput(
                f"sheddable_load_kw has {len(sheddable_kw)} values, expected {window.interval_count} or none"
            )
        self.sheddable_kw = sheddable_kw
        self.promised_kw = (0.0,) * window.interval_count
        self._direction = window.direction
        self._spans = [window.span(n) for n in range(window.interval_count)]
        self.promise(promises)

    def promise(self, more: Iterable[Commitment]) -> None:
        """Count further promises."""
        for each in more:
            if each.direction is not self._direction:
                continue
            taken_kw = (each.peak_kw(span) for span in self._spans)
            self.promised_kw = tuple(map(add, self.promised_kw, taken_kw))


def window_of(invitation: session_pb2.Invitation) -> Window:
    """Take what is bid for off the wire.

    Raises:
        InvalidInput: Its span is none.
    """
    auction = invitation.auction
    return Window(
        auction=auction.name,
        product="",
        delivery=interval(auction.delivery_interval),
        step=span(invitation.settlement_interval),
        recovery_count=invitation.recovery_interval_count,
        cap_price_per_mwh=amount(auction.cap_price_per_mwh),
        gate_closes_at=instant(auction.gate_closure_time),
        direction=direction_of(auction.direction),
    )


def _at_once(commitment: Commitment, window: Window) -> bool:
    delivery = commitment.delivery
    return delivery.start < window.delivery.end and window.delivery.start < delivery.end


def _on_offer(bids: Iterable[PendingBid], resource_id: str, auction: str) -> list[Commitment]:
    """List what other auctions may still take of a resource."""
    return [
        commitment
        for bid in bids
        if bid.auction != auction
        for commitment in bid.commitments
        if commitment.resource_id == resource_id
    ]
