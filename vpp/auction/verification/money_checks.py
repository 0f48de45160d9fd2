"""Promises about money: nobody loses by being accepted, and every amount adds up.

Amounts are computed anew from the book. Sums run in floating point: a book of a million amounts
adds up to far better than the micro-unit to which prices are rounded.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vpp.auction.result import PriceBranch
from vpp.auction.verification.award_arrays import AwardArrays
from vpp.auction.verification.run_checks import Runs, starts_paid
from vpp.auction.verification.telling import KW, MONEY, Floats, told
from vpp.portfolio.money_rules import PayRule

_PRICE = 2e-6  # what rounding to micro-units may leave of a price


@dataclass(frozen=True)
class Money:
    """What the awards cost and are paid, in currency.

    Attributes:
        awards: The awards.
    """

    awards: AwardArrays

    @cached_property
    def asked(self) -> Floats:
        """Least that each bid asks for its award. Shape (n,)."""
        awards, book = self.awards, self.awards.book
        terms, taken = book.book.terms, awards.is_taken
        per_kw = book.interval_h / 1000
        energy_mwh = awards.reduction_kw.sum(axis=1) * per_kw
        energy_cost = np.zeros(len(book.bids))
        steps, blocks, stores = book.steps, book.blocks, book.stores
        energy_cost[steps.bid] = steps.cost(awards.reduction_kw[steps.bid]).sum(axis=1) * per_kw
        energy_cost[blocks.bid] = blocks.price * energy_mwh[blocks.bid]
        energy_cost[stores.bid] = stores.price * energy_mwh[stores.bid]
        cost: Floats = terms.activation_ratio * energy_cost + book.availability * energy_mwh
        cost[blocks.bid] += np.where(taken[blocks.bid], blocks.fixed, 0.0)
        cost[self._runs.places] += self._runs.fewest * self._start_costs
        return cost

    @cached_property
    def _runs(self) -> Runs:
        return starts_paid(self.awards)

    @cached_property
    def idle_cost(self) -> float:
        """What starts may cost beyond the least, where an award does not tell a pause from idling."""
        return float(((self._runs.most - self._runs.fewest) * self._start_costs).sum())

    @cached_property
    def _start_costs(self) -> Floats:
        limits = (self.awards.book.bids[i].run_limits for i in self._runs.places)
        return np.array([0.0 if limit is None else float(limit.start_cost) for limit in limits], dtype=float)

    @cached_property
    def paid(self) -> Floats:
        """What each bid is paid. Shape (n,)."""
        energy = (self.awards.reduction_kw * self.awards.price).sum(axis=1)
        return np.asarray(energy * self.awards.book.interval_h / 1000 + self.awards.make_whole, dtype=float)

    @cached_property
    def unserved(self) -> float:
        """Value of unserved target and unserved local target, at the cap."""
        clearing = self.awards.clearing
        short_kw = sum(clearing.shortfall_kw) + sum(sum(row) for _, row in clearing.local_shortfall_kw)
        return short_kw * self.awards.book.interval_h / 1000 * float(self.awards.book.book.price_cap_per_mwh)

    @cached_property
    def slack(self) -> float:
        """What rounding may leave of one bid's money over the delivery."""
        return MONEY * (1 + self.awards.book.delivery)


def families(awards: AwardArrays, money: Money) -> Iterator[str]:
    """No family of linked bids is paid less than it asks; nobody pays to be made whole.

    Args:
        awards: The awards.
        money: What they cost and are paid.

    Yields:
        Every promise that is broken.
    """
    book = awards.book
    root = np.arange(len(book.bids))
    for child in book.parent:
        top = child
        while (above := book.parent.get(top)) is not None:
            top = above
        root[child] = top
    paid = np.bincount(root, weights=money.paid, minlength=len(root))
    asked = np.bincount(root, weights=money.asked, minlength=len(root))
    yield from told(
        paid < asked - money.slack - 1e-9 * np.abs(asked),
        lambda i: f"family of {book.bids[i].bid_id} is paid {paid[i]:.9g} for {asked[i]:.9g}",
    )
    yield from told(
        awards.make_whole < 0, lambda i: f"{book.bids[i].bid_id} is made whole by {awards.make_whole[i]:.9g}"
    )


def totals(awards: AwardArrays, money: Money) -> Iterator[str]:
    """The objective is the cost of awards and shortfalls; pay-as-bid pays exactly the awards' cost.

    Args:
        awards: The awards.
        money: What they cost and are paid.

    Yields:
        Every promise that is broken.
    """
    objective = float(awards.clearing.objective)
    least = float(money.asked.sum()) + money.unserved
    slack = money.slack * (1 + len(awards.book.bids)) + 1e-9 * abs(objective)
    if not least - slack <= objective <= least + money.idle_cost + slack:
        yield f"objective is {objective:.12g}, awards and shortfall cost {least:.12g}"
    if awards.clearing.pay_rule is PayRule.AS_BID:
        overpaid = float(money.paid.sum()) + money.unserved - objective
        if abs(overpaid) > slack:
            yield f"pay-as-bid differs from the objective by {overpaid:.12g}"
    lost = awards.clearing.lost_opportunity
    if lost is not None and float(lost) < -slack:
        yield f"lost opportunity is {lost}"


def prices(awards: AwardArrays, _: Money) -> Iterator[str]:
    """Prices keep to the cap and to their branch; awards are paid their zone's price by their derate.

    Args:
        awards: The awards.

    Yields:
        Every promise that is broken.
    """
    book, clearing = awards.book, awards.clearing
    cap = book.book.price_cap_per_mwh
    if clearing.pay_rule is PayRule.AS_CLEAR:
        if max(clearing.price_per_mwh) > cap:
            yield f"a price is above the cap of {cap}"
        for zone in clearing.zone_prices:
            if max(zone.price_per_mwh, default=cap) > cap:
                yield f"a price of zone {zone.zone} is above the cap of {cap}"
        yield from _paid_prices(awards)
    elif clearing.pay_rule is PayRule.FIXED:
        yield from _fixed_prices(awards)
    for t, branch in enumerate(clearing.price_rule):
        is_wanted = book.required_kw[t] > 0
        if branch is PriceBranch.SHORTAGE and clearing.shortfall_kw[t] <= 0:
            yield f"interval {t} is priced as a shortage and misses {clearing.shortfall_kw[t]:.9g} kW"
        if branch is PriceBranch.SHORTAGE and clearing.price_per_mwh[t] != cap:
            yield f"interval {t} is short and its price is {clearing.price_per_mwh[t]}, the cap is {cap}"
        if branch is PriceBranch.NO_TARGET and is_wanted:
            yield f"interval {t} is priced as without a target, which is {book.required_kw[t]:.9g} kW"


def zone_price_table(awards: AwardArrays) -> tuple[Floats, tuple[str, ...]]:
    """Return the published price of each zone, and the zones that should have one and have not.

    Args:
        awards: The awards.

    Returns:
        Prices per MWh, shape (Z, T), without zone prices those over all zones; and missing zones.
    """
    book, clearing = awards.book, awards.clearing
    table = np.zeros((len(book.zones), book.horizon))
    if not clearing.zone_prices:
        table[:, : book.delivery] = [float(price) for price in clearing.price_per_mwh]
        return table, ()
    stated = {zone.zone: zone.price_per_mwh for zone in clearing.zone_prices}
    missing = []
    for zone, place in book.zones.items():
        if len(stated.get(zone, ())) == book.horizon:
            table[place] = [float(price) for price in stated[zone]]
        else:
            missing.append(zone)
    served = {bid.zone for bid in book.bids}
    return table, tuple(zone for zone in missing if zone in served)


def _paid_prices(awards: AwardArrays) -> Iterator[str]:
    book = awards.book
    table, missing = zone_price_table(awards)
    for zone in missing:
        yield f"zone {zone} has no price for every interval of the horizon"
    if missing:
        return
    due = table[book.zone_of][:, : book.delivery] * book.counts_reduced[:, None]
    off = np.abs(awards.price - due) > _PRICE + 1e-9 * np.abs(due)
    # Where a bid is awarded nothing its price means nothing, and 0 says so as well.
    off &= (awards.price != 0) | (awards.reduction_kw > KW)
    off &= awards.is_accepted[:, None]
    yield from told(
        off,
        lambda i, t: (
            f"{book.bids[i].bid_id} is paid {awards.price[i, t]:.9g} per MWh in interval {t}, "
            f"its zone's price by its derate is {due[i, t]:.9g}"
        ),
    )


def _fixed_prices(awards: AwardArrays) -> Iterator[str]:
    bought = awards.reduction_kw > KW
    # Who moves the other way pays it.
    found = np.unique((awards.price * np.sign(awards.book.counts_reduced)[:, None])[bought])
    if len(found) > 1:
        yield f"awards are paid {found.tolist()} per MWh, the product has one fixed price"
