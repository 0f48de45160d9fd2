"""Which bids the site makes when it is invited, and which stand for emergencies and as reserve."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from operator import add
from typing import Any

from vpp.agent.bidding import Enrolled, ProductRules, Terms, Window, bid_for, request_id
from vpp.agent.memory import PendingBid
from vpp.agent.plan import Commitment, SitePlan
from vpp.agent.projection import outlook
from vpp.agent.settings import AgentSettings
from vpp.agent.unit import Unit
from vpp.agent.wire import amount, instant, interval, span
from vpp.flexibility.offer import Offer
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.names import resource_name
from vpp.v1 import session_pb2

log = logging.getLogger(__name__)


class Bidder:
    """Makes the site's bids.

    Attributes:
        rules: What each product asks, by its name.
        envelopes: What the hub was told of each resource, by its id.
    """

    def __init__(self, settings: AgentSettings) -> None:
        """Begin without knowing any product."""
        self._settings = settings
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
        window = Window(
            auction=auction.name,
            product="",
            delivery=interval(auction.delivery_interval),
            step=span(invitation.settlement_interval),
            recovery_count=invitation.recovery_interval_count,
            cap_price_per_mwh=amount(auction.cap_price_per_mwh),
            gate_closes_at=instant(auction.gate_closure_time),
        )
        is_late = window.gate_closes_at is not None and now >= window.gate_closes_at
        if is_late or self._is_away(window.delivery):
            return []
        sold = {
            resource_id: [*plan.committed(resource_id), *_on_offer(open_bids, resource_id, auction.name)]
            for resource_id in units
        }
        load = _SiteLoad(window, tuple(invitation.sheddable_load_kw), chain.from_iterable(sold.values()))
        offers = []
        for unit in self._usable(units):
            offer = self._offer(window, unit, sold[unit.resource_id], now)
            if offer is not None:
                offers.append(offer)
        bids = []
        # What the site's load leaves goes to the cheapest resources first.
        for offer in sorted(offers, key=lambda offer: (offer.price_per_mwh, offer.resource_id)):
            terms = self._terms(offer.resource_id, rules, load=load)
            bid = bid_for(window, offer, terms, sold[offer.resource_id])
            if bid is not None:
                bids.append(bid)
                load.promise(bid.commitments)
        return bids

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
        for table in self._settings.standing_bids:
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
            )
            for unit in self._usable(units):
                name = resource_name(self._settings.site.site_id, unit.resource_id)
                if unit.resource_id not in table.resources or request_id(product, name) in known:
                    continue
                offer = self._offer(window, unit, [], now)
                terms = self._terms(unit.resource_id, rules, share_ratio=table.share_ratio)
                bid = None if offer is None else bid_for(window, offer, terms, [])
                if bid is not None:
                    bids.append(bid)
        return bids

    def _usable(self, units: Mapping[str, Unit[Any]]) -> list[Unit[Any]]:
        vetoed = self._settings.limits.vetoed_resources
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
        windows = [table.interval() for table in self._settings.maintenance]
        return self._settings.limits.site_vetoed or any(
            delivery.start < window.end and window.start < delivery.end for window in windows
        )

    def _offer(
        self, window: Window, unit: Unit[Any], sold: Sequence[Commitment], now: datetime
    ) -> Offer | None:
        ahead = outlook([unit], {unit.resource_id: sold}, now, window.delivery.start, window.step)
        tariff_per_kwh = self._settings.bidding.tariff_per_kwh
        try:
            return unit.offer(ahead.states[0], window.interval_count, window.step, tariff_per_kwh)
        except InvalidInput:
            log.exception("%s: no offer", unit.resource_id)
            return None

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
            resource=resource_name(self._settings.site.site_id, resource_id),
            enrolled=Enrolled(
                envelope.max_reduction_kw * share_ratio, envelope.energy_budget_kwh * share_ratio
            ),
            rules=rules,
            bidding=self._settings.bidding,
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
        self._spans = [window.span(n) for n in range(window.interval_count)]
        self.promise(promises)

    def promise(self, more: Iterable[Commitment]) -> None:
        """Count further promises."""
        for each in more:
            taken_kw = (each.peak_kw(span) for span in self._spans)
            self.promised_kw = tuple(map(add, self.promised_kw, taken_kw))


def _on_offer(bids: Iterable[PendingBid], resource_id: str, auction: str) -> list[Commitment]:
    """List what other auctions may still take of a resource."""
    return [
        commitment
        for bid in bids
        if bid.auction != auction
        for commitment in bid.commitments
        if commitment.resource_id == resource_id
    ]
