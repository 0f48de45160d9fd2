"""What kept a bid out beside its price: limits of the grid, its own terms, an earlier equal."""

from functools import cached_property

import numpy as np

from vpp.auction.bid import Rebound, StepOffer, StoreOffer
from vpp.auction.decision import Decision
from vpp.auction.explanation import Explanation
from vpp.auction.market.canonical import is_block
from vpp.auction.result import BidReason
from vpp.auction.worth import Worth, worth_at
from vpp.solver.linear_program import Flags, Floats

_EVEN = 1e-5
_ROOM_KW = 1e-3
_LIMIT_REASON = {
    "zone": BidReason.REJECTED_ZONE_LIMIT,
    "feeder": BidReason.REJECTED_FEEDER_LIMIT,
    "site": BidReason.REJECTED_SITE_LIMIT,
    "path": BidReason.REJECTED_PATH_LIMIT,
}


class Obstacles:
    """Looks for what kept bids of one decision out."""

    def __init__(self, decision: Decision) -> None:
        """Look at a decision."""
        self._decision, self._canonical, self._dispatch = decision, decision.canonical, decision.dispatch

    def is_simple(self, place: int) -> bool:
        """Tell whether the merit order can judge a bid by itself."""
        return is_simple(self._canonical.bids[place]) and bool(self._canonical.is_aligned[place])

    def is_wanted(self, place: int) -> bool:
        """Tell whether a bid offers anything in an interval with a target of the system or its zone."""
        wanted = self.wanted_intervals(self._canonical.bids[place].zone)
        return bool(wanted[self._offered_intervals(place)].any())

    def wanted_intervals(self, zone: str) -> Flags:
        """Return the delivery intervals with a target of the system or of a zone. Shape (N,)."""
        return self._wanted_in.get(zone, self._system_wanted)

    def receiving(self, place: int) -> Floats | None:
        """Return what a migration's burden elsewhere is worth per MWh moved; None without migration."""
        bid, market = self._canonical.bids[place], self._decision.market
        if bid.migration is None or market is None:
            return None
        burden = self._canonical.counted_return[place] * bid.migration.receiving_ratio
        worth = burden * self._decision.zone_price(bid.migration.receiving_zone)
        path = market.accounts.path_of(bid)
        return np.asarray(worth if path is None else worth + self._decision.prices.account[path])

    def limit(self, place: int, worth: Worth) -> Explanation | None:
        """Tell whether a limit of the grid, and not its price, keeps a bid out.

        Each limit of the bid's accounts is taken away in thought; the one without which it would gain
        most is named. Where only several of them together keep it out, the one of the highest rent is.
        """
        market = self._decision.market
        if market is None:
            return None
        least = max(_EVEN, worth.net + _EVEN)
        ramp = self._decision.prices.ramp
        everything = (*market.accounts.of_bid(self._canonical.bids[place]), *self._burdened(place))
        limits = [account for account in everything if account in self._rented]
        if not limits and not ramp.any():
            return None
        singly = {account: self._without(place, (account,)) for account in limits}
        found = [(-without.net, account) for account, without in singly.items() if without.net > least]
        if found:
            _, account = min(found)
            return self._full(account, worth, singly[account])
        hidden = self._decision.hidden_ramp(place)
        if max(self._without(place, (), ramp).net, self._without(place, (), hidden).net) > least:
            return self._ramp(worth)
        without_any = self._without(place, tuple(limits), ramp)
        if without_any.net > least and limits:
            return self._full(
                max(limits, key=lambda one: float(np.abs(self._rent(one)).max())), worth, without_any
            )
        return None

    def _ramp(self, worth: Worth) -> Explanation:
        ramp = self._decision.prices.ramp
        t = int(np.argmax(np.abs(ramp)))
        return Explanation(
            BidReason.REJECTED_RAMP_LIMIT,
            f"the ramp of the portfolio is used up around interval {t}",
            (("ramp_price_per_mwh", float(ramp[t])), ("interval", float(t))),
            worth.break_even,
        )

    def _burdened(self, place: int) -> list[int]:
        """Return the accounts that a migration burdens beside its own: its path, and the receiving zone."""
        bid, market = self._canonical.bids[place], self._decision.market
        if bid.migration is None or market is None:
            return []
        path = market.accounts.path_of(bid)
        receiver = market.accounts.zone_account(bid.migration.receiving_zone)
        return [receiver] if path is None else [path, receiver]

    @cached_property
    def _rented(self) -> frozenset[int]:
        """The accounts whose limits add anything to a price."""
        accounts = () if self._decision.market is None else self._decision.market.accounts.all
        return frozenset(account for account in range(len(accounts)) if self._rent(account).any())

    def _rent(self, account: int) -> Floats:
        """Return what the limits of an account add to the prices seen through it. Shape (T,)."""
        market, prices = self._decision.market, self._decision.prices
        if market is None:
            return np.zeros(self._canonical.horizon_count)
        own = market.accounts.all[account]
        is_reserved = own.kind == "site" and self._canonical.book.terms.has_loss_reserve
        base = prices.system if account < market.accounts.zone_count else 0.0
        rent = prices.account[account] - base
        holds_down = (rent < 0) & (np.isfinite(own.high_kw) | is_reserved)
        return np.where(holds_down | ((rent > 0) & np.isfinite(own.low_kw)), rent, 0.0)

    def _without(self, place: int, accounts: tuple[int, ...], ramp: Floats | float = 0.0) -> Worth:
        """Value a bid as if some accounts had no limit and the portfolio no ramp of such a price."""
        bid, market = self._canonical.bids[place], self._decision.market
        seen, receiving = self._decision.seen_price(place) - ramp, self.receiving(place)
        own = [] if market is None else market.accounts.of_bid(bid)
        path = None if market is None else market.accounts.path_of(bid)
        for account in accounts:
            rent = self._rent(account)
            if account in own:
                seen = seen - rent
            elif receiving is not None and bid.migration is not None:
                burden = self._canonical.counted_return[place] * bid.migration.receiving_ratio
                receiving = receiving - rent * (1.0 if account == path else burden)
        return worth_at(self._decision, place, seen, receiving)

    def _full(self, account: int, worth: Worth, without: Worth) -> Explanation:
        market = self._decision.market
        if market is None:
            return Explanation(BidReason.REJECTED_NOT_NEEDED, "served by others")
        own, rent = market.accounts.all[account], self._rent(account)
        t = int(np.argmax(np.abs(rent)))
        limit_kw = float(own.high_kw[t] if rent[t] < 0 else -own.low_kw[t])
        if not np.isfinite(limit_kw):
            return self._largest(own.name, t, worth, without)
        what = "reduction" if rent[t] < 0 else "rebound"
        return Explanation(
            _LIMIT_REASON[own.kind],
            f"the {own.kind} {own.name} bears no more {what} than {limit_kw:.6g} kW in interval {t}; without "
            f"limit the bid would gain {without.net:.6g}, with it {worth.net:.6g}",
            (
                ("limit_kw", limit_kw),
                ("gain_without_limit", without.net),
                ("gain", worth.net),
                ("interval", float(t)),
            ),
            worth.break_even,
        )

    def _largest(self, site_id: str, t: int, worth: Worth, without: Worth) -> Explanation:
        """Tell that every further kW of a site would have to be covered against its loss."""
        return Explanation(
            BidReason.REJECTED_SITE_LIMIT,
            f"no site serves more than {site_id} in interval {t}, and the reserve against its loss would "
            f"have to grow with it; without it the bid would gain {without.net:.6g}, with it {worth.net:.6g}",
            (("gain_without_limit", without.net), ("gain", worth.net), ("interval", float(t))),
            worth.break_even,
        )

    def has_room_limit(self, place: int) -> bool:
        """Tell whether rebound has limited room in an account of a bid, or over all zones."""
        market = self._decision.market
        if self._canonical.book.rebound_headroom_kw is not None or market is None:
            return market is not None
        own = market.accounts.of_bid(self._canonical.bids[place])
        return any(bool(np.isfinite(market.accounts.all[account].low_kw).any()) for account in own)

    def own_terms(self, place: int, worth: Worth) -> Explanation | None:
        """Look for a parent, a group or a limit of the bid's own that kept it out."""
        return self._parent(place, worth) or self._group(place, worth) or self._own_limits(place)

    def _parent(self, place: int, worth: Worth) -> Explanation | None:
        bid = self._canonical.bids[place]
        if bid.parent_bid_id is None:
            return None
        parent = self._canonical.index[bid.parent_bid_id]
        if self._dispatch.taken[parent]:
            return None
        loss = -worth_at(self._decision, parent, self._decision.seen_price(parent), None).net
        missing = max(0.0, loss - worth.net)
        return Explanation(
            BidReason.REJECTED_PARENT,
            f"its parent {bid.parent_bid_id} is rejected: it would lose {max(loss, 0.0):.6g}, the bid "
            f"itself gains {max(worth.net, 0.0):.6g}",
            (("parent_loss", max(loss, 0.0)), ("gain", max(worth.net, 0.0))),
            worth.ask - missing / worth.energy_mwh if missing else None,
        )

    def _group(self, place: int, worth: Worth) -> Explanation | None:
        bid = self._canonical.bids[place]
        if bid.exclusive_group is None:
            return None
        for other in self._canonical.groups[bid.site_id, bid.exclusive_group]:
            if other != place and self._dispatch.taken[other]:
                rival = worth_at(
                    self._decision, other, self._decision.seen_price(other), self.receiving(other)
                )
                lead = rival.net * _scale(rival, worth) - worth.net
                return Explanation(
                    BidReason.REJECTED_GROUP_ALTERNATIVE,
                    f"{self._canonical.bids[other].bid_id} of its group is accepted and gains "
                    f"{max(lead, 0.0):.6g} more",
                    (("lead", max(lead, 0.0)), ("gain", worth.net)),
                    worth.ask - max(lead, 0.0) / worth.energy_mwh,
                )
        return None

    def _own_limits(self, place: int) -> Explanation | None:
        bid, canonical = self._canonical.bids[place], self._canonical
        offer = bid.offer
        needed_kw = np.zeros(canonical.delivery_count)
        if is_block(offer):
            profile = np.maximum(np.array(offer.profile_kw[: canonical.delivery_count]), 0.0)
            needed_kw[: len(profile)] = offer.min_acceptance_ratio * profile
            least_kwh = float(needed_kw.sum()) * canonical.interval_h
            if bid.energy_limit_kwh is not None and least_kwh > bid.energy_limit_kwh * (1 + 1e-12):
                return Explanation(
                    BidReason.REJECTED_ENERGY_LIMIT,
                    f"needs {least_kwh:.6g} kWh, its limit is {bid.energy_limit_kwh:.6g}",
                    (("least_kwh", least_kwh), ("energy_limit_kwh", bid.energy_limit_kwh)),
                )
        else:
            least = bid.run_limits.min_level_kw if bid.run_limits is not None else 0.0
            needed_kw[self._offered_intervals(place)] = max(_ROOM_KW, least)
        limit_kw = canonical.book.resource_limit_kw.get((bid.site_id, bid.resource_id))
        if limit_kw is None:
            return None
        used_kw = self._used_kw[bid.site_id, bid.resource_id]
        wanted = np.flatnonzero(needed_kw > 0)
        short = wanted[used_kw[wanted] + needed_kw[wanted] > limit_kw + _ROOM_KW / 2]
        is_blocked = len(short) > 0 if is_block(offer) else len(short) == len(wanted) > 0
        if not is_blocked:
            return None
        t = int(short[0])
        return Explanation(
            BidReason.REJECTED_RESOURCE_LIMIT,
            f"interval {t}: {used_kw[t]:.6g} of {limit_kw:.6g} kW of the resource are awarded to others",
            (("used_kw", float(used_kw[t])), ("limit_kw", limit_kw), ("interval", float(t))),
        )

    def winner_of_tie(self, place: int) -> int | None:
        """Return the accepted bid of the same kind, price and zone with the earlier claim, if any."""
        key = self._tie_key(place)
        winner = self._first_accepted.get(key) if key is not None else None
        is_earlier = winner is not None and self._canonical.rank[winner] < self._canonical.rank[place]
        return winner if is_earlier else None

    def _tie_key(self, place: int) -> tuple[bool, str, float] | None:
        bid, canonical = self._canonical.bids[place], self._canonical
        if isinstance(bid.offer, StoreOffer):
            return None
        if is_block(bid.offer):
            energy = sum(max(kw, 0.0) for kw in bid.offer.profile_kw) * canonical.interval_h / 1000
            price = (
                float(canonical.effective_price(bid, bid.offer.price_per_mwh))
                + float(bid.offer.fixed_cost) / energy
            )
        else:
            price = self._lowest_step[place]
        return is_block(bid.offer), bid.zone, round(price / bid.delivery_ratio, 6)

    @cached_property
    def _lowest_step(self) -> Floats:
        """Lowest effective step price of each bid; inf without steps. Shape (B,)."""
        lowest = np.full(len(self._canonical.bids), np.inf)
        np.minimum.at(lowest, self._canonical.steps.bid, self._canonical.steps.price)
        return lowest

    @cached_property
    def _first_accepted(self) -> dict[tuple[bool, str, float], int]:
        first: dict[tuple[bool, str, float], int] = {}
        rank = self._canonical.rank
        for place in np.flatnonzero(self._dispatch.taken).tolist():
            key = self._tie_key(place)
            if key is not None and (key not in first or rank[place] < rank[first[key]]):
                first[key] = place
        return first

    @cached_property
    def _used_kw(self) -> dict[tuple[str, str], Floats]:
        """Reduction awarded to all bids of each resource, kW. Shape (N,) each."""
        used: dict[tuple[str, str], Floats] = {}
        for place, bid in enumerate(self._canonical.bids):
            owner = bid.site_id, bid.resource_id
            row = self._dispatch.reduction_kw[place]
            used[owner] = used[owner] + row if owner in used else row
        return used

    @cached_property
    def _system_wanted(self) -> np.ndarray:
        return self._canonical.has_target[: self._canonical.delivery_count]

    @cached_property
    def _wanted_in(self) -> dict[str, np.ndarray]:
        """Intervals with a target of the system or the zone, by zones with a local target."""
        return {
            limit.zone: self._system_wanted | (np.array(limit.local_target_kw) > 0)
            for limit in self._canonical.book.terms.zones
            if limit.local_target_kw is not None
        }

    def _offered_intervals(self, place: int) -> np.ndarray:
        bid, canonical = self._canonical.bids[place], self._canonical
        if isinstance(bid.offer, StepOffer):
            first, last = np.searchsorted(canonical.steps.bid, (place, place + 1))
            return canonical.steps.interval[first:last]
        if is_block(bid.offer):
            return np.flatnonzero(np.array(bid.offer.profile_kw[: canonical.delivery_count]) > 0)
        return np.arange(canonical.delivery_count)


def is_simple(bid: object) -> bool:
    """Tell whether a bid is plain steps or a plain block, which a merit order can judge by itself."""
    offer = getattr(bid, "offer", None)
    bound = (getattr(bid, name, None) for name in ("rebound", "run_limits", "migration", "parent_bid_id"))
    if any(value is not None and not _is_without_return(value) for value in bound):
        return False
    return isinstance(offer, StepOffer) or (is_block(offer) and min(offer.profile_kw) >= 0)


def _is_without_return(value: object) -> bool:
    return isinstance(value, Rebound) and value.ratio == 0


def _scale(rival: Worth, worth: Worth) -> float:
    """Compare a step's gain, which is per MWh, with a block's, which is for the whole."""
    return 1.0 if (rival.energy_mwh == 1.0) == (worth.energy_mwh == 1.0) else worth.energy_mwh
