"""What a bid would gain at the published prices, and what holds it back."""

from dataclasses import dataclass

import numpy as np

from vpp.auction.bid import Rebound, ReboundProfile, StepOffer, StoreOffer
from vpp.auction.decision import Decision
from vpp.auction.market.canonical import MILLI, is_block
from vpp.solver.linear_program import Floats


@dataclass(frozen=True, slots=True)
class Worth:
    """What a bid would gain at prices: a block or store as a whole, in currency; a step by the MWh.

    Attributes:
        net: With the cost of its rebound.
        gross: Without it.
        at_price: The price it meets where it gains most, per MWh.
        interval: That interval.
        energy_mwh: Reduced energy that the gain belongs to: 1 for a step.
        ask: Its effective price per MWh of reduction.
    """

    net: float
    gross: float
    at_price: float
    interval: int
    energy_mwh: float
    ask: float

    @property
    def break_even(self) -> float:
        """The effective price at which it would gain nothing and lose nothing, per MWh."""
        return self.ask + self.net / self.energy_mwh


def worth_at(decision: Decision, place: int, price: Floats, receiving: Floats | None) -> Worth:
    """Value a bid at prices.

    Args:
        decision: The book.
        place: The bid.
        price: Price of a kW counted for the bid, per MWh. Shape (T,).
        receiving: Price of the zone that a migration burdens, with its path's rent; None without
            migration. Shape (T,).

    Returns:
        What it would gain: steps in their best interval, a store between its best two.
    """
    bid = decision.canonical.bids[place]
    if isinstance(bid.offer, StepOffer):
        return _steps_worth(decision, place, price, receiving)
    if is_block(bid.offer):
        return _block_worth(decision, place, price)
    return _store_worth(decision, place, price)


def _steps_worth(decision: Decision, place: int, price: Floats, receiving: Floats | None) -> Worth:
    canonical = decision.canonical
    bid, table = canonical.bids[place], canonical.steps
    own = slice(*np.searchsorted(table.bid, (place, place + 1)))
    first = table.position[own] == 0
    interval, ask = table.interval[own][first], table.price[own][first]
    value = canonical.counted_shed[place] * price
    if receiving is not None:
        value = value + receiving
    back = canonical.counted_return[place] * _returned(bid.rebound, price)
    start = 0.0
    if bid.run_limits is not None and bid.run_limits.start_cost:
        hours = bid.run_limits.min_run_intervals * canonical.interval_h
        size = table.quantity_kw[own].max() / MILLI
        start = float(bid.run_limits.start_cost) / (hours * size)
    gross = value[interval] - ask - start
    net = gross + back[interval]
    best = int(np.lexsort((interval, -gross, -net))[0])
    return Worth(
        net=float(net[best]),
        gross=float(gross[best]),
        at_price=float(price[interval[best]]),
        interval=int(interval[best]),
        energy_mwh=1.0,
        ask=float(ask[best]),
    )


def _returned(rebound: Rebound | ReboundProfile | None, price: Floats) -> Floats:
    """Return what paying back a reduced MWh costs, by the interval of the reduction. Shape (T,)."""
    count = len(price)
    cost = np.zeros(count)
    if isinstance(rebound, Rebound) and rebound.ratio > 0:
        window = rebound.window_intervals
        cost = rebound.ratio * np.array([price[t : t + window + 1].min() for t in range(count)])
    elif isinstance(rebound, ReboundProfile):
        for k, ratio in enumerate(rebound.ratios):
            if k + 1 < count:
                cost[: count - k - 1] += ratio * price[k + 1 :]
    return cost


def _block_worth(decision: Decision, place: int, price: Floats) -> Worth:
    canonical = decision.canonical
    bid, offer = canonical.bids[place], canonical.bids[place].offer
    if not is_block(offer):
        return Worth(0.0, 0.0, 0.0, 0, 1.0, 0.0)
    profile = np.zeros(canonical.horizon_count)
    profile[: len(offer.profile_kw)] = offer.profile_kw
    shed, back = np.maximum(profile, 0.0), np.maximum(-profile, 0.0)
    hours = canonical.interval_h / MILLI
    energy = float(shed.sum() * hours)
    ask = float(canonical.effective_price(bid, offer.price_per_mwh))
    earned = canonical.counted_shed[place] * float(price @ shed) * hours
    owed = -canonical.counted_return[place] * float(price @ back) * hours
    gross = earned - ask * energy - float(offer.fixed_cost)
    offered = np.flatnonzero(shed)
    best = int(offered[np.argmax(price[offered])])
    return Worth(gross - owed, gross, float(price[best]), best, energy, ask)


def _store_worth(decision: Decision, place: int, price: Floats) -> Worth:
    """Gain per discharged MWh: at the best price, recharged at the cheapest unless energy is to spare."""
    canonical = decision.canonical
    bid, offer = canonical.bids[place], canonical.bids[place].offer
    if not isinstance(offer, StoreOffer):
        return Worth(0.0, 0.0, 0.0, 0, 1.0, 0.0)
    delivery = price[: canonical.delivery_count]
    best = int(np.argmax(delivery))
    ask = float(canonical.effective_price(bid, offer.price_per_mwh))
    gross = float(canonical.counted_shed[place] * delivery[best]) - ask
    spare = offer.start_kwh - max(offer.reserve_kwh, offer.end_kwh)
    losses = offer.charge_efficiency * offer.discharge_efficiency
    recharged = 0.0 if spare > 0 else float(price.min()) / losses
    return Worth(
        gross + canonical.counted_return[place] * recharged, gross, float(delivery[best]), best, 1.0, ask
    )
