"""One reason per bid, in a code and in words, with the numbers that prove it."""

from decimal import Decimal
from functools import cached_property

import numpy as np

from vpp.auction.bid import Bid, Rebound, StepOffer, StoreOffer
from vpp.auction.decision import Decision
from vpp.auction.explanation import Explanation
from vpp.auction.market.canonical import MICRO, is_block
from vpp.auction.obstacles import Obstacles
from vpp.auction.payment import Payment
from vpp.auction.result import BidReason, ClearingStatus
from vpp.auction.rules import ClearingRules
from vpp.auction.worth import Worth, worth_at
from vpp.portfolio.money_rules import PayRule

_EVEN = 1e-5  # currency per MWh: closer than this to the price, an offer is at the margin
_ROOM_KW = 1e-3


def explain(decision: Decision, payments: list[Payment], rules: ClearingRules) -> list[Explanation]:
    """Say of every bid why it was accepted or not.

    Args:
        decision: What was decided.
        payments: What is paid, in canonical order.
        rules: How awards are paid.

    Returns:
        One explanation per bid, in canonical order. Shape (B,).

    Source:
        Design of the auction engine, section 7: one reason per bid, from a closed list.
    """
    return _Explainer(decision, payments, rules).all()


def above_fixed_price(bid: Bid, fixed_price: Decimal) -> Explanation:
    """Say that no part of a bid is within a product's fixed price."""
    if isinstance(bid.offer, StepOffer):
        lowest = min(step.price_per_mwh for steps in bid.offer.steps for step in steps)
    else:
        lowest = bid.offer.price_per_mwh
    return Explanation(
        BidReason.REJECTED_PRICE_ABOVE_CLEARING,
        f"asks {lowest} per MWh or more with its other costs, the product pays {fixed_price}",
        (("asked_price_per_mwh", float(lowest)), ("fixed_price_per_mwh", float(fixed_price))),
        float(fixed_price),
    )


def own_price(decision: Decision, place: int, effective: float | None) -> Decimal | None:
    """Turn an effective price into the energy price that a bid would have had to ask, rounded down."""
    if effective is None:
        return None
    bid = decision.canonical.bids[place]
    availability = 1000 * float(bid.availability_price_per_kw_h)
    price = (effective - availability) / decision.canonical.book.terms.activation_ratio
    return Decimal(repr(float(price))).quantize(MICRO, "ROUND_FLOOR") + Decimal(0)


class _Explainer:
    """Explains the bids of one decision."""

    def __init__(self, decision: Decision, payments: list[Payment], rules: ClearingRules) -> None:
        self._decision, self._payments, self._rules = decision, payments, rules
        self._canonical, self._dispatch = decision.canonical, decision.dispatch
        self._obstacles = Obstacles(decision)
        self._seen: dict[tuple[int, ...], np.ndarray] = {}

    def all(self) -> list[Explanation]:
        return [
            self._accepted(place) if self._dispatch.taken[place] else self._rejected(place)
            for place in range(len(self._canonical.bids))
        ]

    def _accepted(self, place: int) -> Explanation:
        bid, awarded = self._canonical.bids[place], self._dispatch.reduction_kw[place]
        wanted, where = self._obstacles.wanted_intervals(bid.zone), "the intervals with a target"
        if not awarded[wanted].any():
            wanted, where = np.ones(len(wanted), dtype=bool), "all intervals"
        if is_block(bid.offer):
            ratio, low = float(self._dispatch.ratio[self._block_row[place]]), bid.offer.min_acceptance_ratio
            part, figures = (
                f"ratio {ratio:.6g} of at least {low:.6g}",
                (("ratio", ratio), ("least_ratio", low)),
            )
            is_full, is_lowest = ratio >= 1, ratio <= low
        else:
            total = float(awarded[wanted].sum())
            if isinstance(bid.offer, StepOffer):
                offered_kw = self._offered_kw[place][wanted]
                offered = float(offered_kw.sum())
                is_full = bool((awarded[wanted] >= offered_kw - _ROOM_KW).all())
            else:
                most_kw = bid.offer.discharge_kw if isinstance(bid.offer, StoreOffer) else 0.0
                offered = most_kw * int(wanted.sum())
                is_full = total >= offered - _ROOM_KW
            part = f"{total:.6g} of {offered:.6g} kW over {where}"
            figures, is_lowest = (("awarded_kw", total), ("offered_kw", offered)), False
        payment = self._payments[place]
        if payment.make_whole > 0 and self._rules.pay_rule is not PayRule.AS_BID:
            return Explanation(
                BidReason.ACCEPTED_WITH_MAKE_WHOLE,
                f"{part}; the prices leave {payment.make_whole} of its family's cost uncovered",
                (*figures, ("make_whole", float(payment.make_whole))),
            )
        if is_full:
            return Explanation(BidReason.ACCEPTED_IN_FULL, part, figures)
        if is_lowest:
            return Explanation(BidReason.ACCEPTED_AT_MINIMUM_RATIO, part, figures)
        return Explanation(BidReason.ACCEPTED_IN_PART, f"marginal: {part}", figures)

    def _rejected(self, place: int) -> Explanation:
        decision, bid = self._decision, self._canonical.bids[place]
        if decision.status is ClearingStatus.FALLBACK and not self._obstacles.is_simple(place):
            return Explanation(
                BidReason.REJECTED_LEFT_OUT_OF_FALLBACK, "the merit order judges plain steps and blocks only"
            )
        if not self._canonical.is_aligned[place]:
            lowest = float(decision.seen_price(place).min())
            return Explanation(
                BidReason.REJECTED_NOT_NEEDED,
                f"moves the other way, and no award needed that room at {lowest:.6g} per MWh or more",
                (("lowest_price_per_mwh", lowest),),
            )
        if not self._obstacles.is_wanted(place):
            return Explanation(BidReason.REJECTED_NOT_NEEDED, "offers nothing in an interval with a target")
        price, receiving = decision.seen_price(place), self._obstacles.receiving(place)
        worth = worth_at(decision, place, price, receiving)
        if worth.gross < -_EVEN:
            return self._obstacles.limit(place, worth) or self._too_dear(worth)
        held_back = self._obstacles.limit(place, worth) if worth.net <= _EVEN else None
        return held_back or (
            self._obstacles.own_terms(place, worth)
            or self._blocked_by_rebound(place, worth)
            or self._at_the_margin(place, bid, worth)
        )

    def _too_dear(self, worth: Worth) -> Explanation:
        return Explanation(
            BidReason.REJECTED_PRICE_ABOVE_CLEARING,
            f"would lose {-worth.gross:.6g} at a clearing price of {worth.at_price:.6g} per MWh",
            (
                ("loss", -worth.gross),
                ("clearing_price_per_mwh", worth.at_price),
                ("interval", worth.interval),
            ),
            worth.break_even,
        )

    def _blocked_by_rebound(self, place: int, worth: Worth) -> Explanation | None:
        """Tell whether the bid gains before its rebound and not after it."""
        if worth.net > _EVEN or worth.net >= worth.gross - _EVEN:
            return None
        cost = worth.gross - worth.net
        figures = (("gain_before_rebound", worth.gross), ("rebound_cost", cost))
        price = self._decision.seen_price(place)
        rooms = np.flatnonzero(~self._canonical.has_target & (price > _EVEN))
        if len(rooms) and self._obstacles.has_room_limit(place):
            headroom_kw = self._canonical.book.rebound_headroom_kw
            room = "room for rebound" if headroom_kw is None else f"rebound headroom of {headroom_kw} kW"
            return Explanation(
                BidReason.REJECTED_REBOUND_HEADROOM,
                f"{room} is used up in interval {rooms[0]}; its rebound would cost {cost:.6g}",
                (*figures, ("interval", float(rooms[0]))),
                worth.break_even,
            )
        return Explanation(
            BidReason.REJECTED_PRICE_ABOVE_CLEARING,
            f"gains {worth.gross:.6g} at {worth.at_price:.6g} per MWh, but its rebound costs {cost:.6g}",
            figures,
            worth.break_even,
        )

    def _at_the_margin(self, place: int, bid: Bid, worth: Worth) -> Explanation:
        """Tell a lost tie from a block that does not fit and from what is simply not needed."""
        rival = self._obstacles.winner_of_tie(place)
        if rival is not None:
            winner = self._canonical.bids[rival]
            return Explanation(
                BidReason.REJECTED_TIE_LOST,
                f"{winner.bid_id} asks the same and was submitted at {winner.submitted_at.isoformat()}",
                (("clearing_price_per_mwh", worth.at_price),),
                worth.ask - float(MICRO),
            )
        is_whole = is_block(bid.offer) or bid.run_limits is not None
        if is_block(bid.offer) and worth.net > -_EVEN:
            forgone = max(worth.net, 0.0)
            return Explanation(
                BidReason.REJECTED_INDIVISIBLE,
                f"does not fit; forgoes a surplus of {forgone:.6g}",
                (("surplus_forgone", forgone), ("clearing_price_per_mwh", worth.at_price)),
                self._decision.winning_price.get(place),
            )
        if is_whole:
            limits = bid.run_limits
            least = limits.min_level_kw if limits is not None else 0.0
            shortest = limits.min_run_intervals if limits is not None else 1
            return Explanation(
                BidReason.REJECTED_BELOW_MINIMUM,
                f"gains {max(worth.gross, 0.0):.6g} per MWh at best, which does not pay for a run of "
                f"{shortest} intervals at {least:.6g} kW",
                (
                    ("gain_per_mwh", max(worth.gross, 0.0)),
                    ("min_level_kw", least),
                    ("min_run_intervals", shortest),
                ),
                self._decision.winning_price.get(place),
            )
        if isinstance(bid.offer, StoreOffer) and worth.net > _EVEN:
            return Explanation(
                BidReason.REJECTED_ENERGY_LIMIT,
                f"has no energy to spare that its end condition of {bid.offer.end_kwh:.6g} kWh allows",
                (("end_kwh", bid.offer.end_kwh), ("start_kwh", bid.offer.start_kwh)),
            )
        if abs(worth.net) <= _EVEN:
            return Explanation(
                BidReason.REJECTED_NOT_NEEDED,
                f"at the margin of {worth.at_price:.6g} per MWh, served by others",
                (("clearing_price_per_mwh", worth.at_price),),
                worth.ask - float(MICRO),
            )
        return (
            Explanation(
                BidReason.REJECTED_DEADLINE,
                f"gains {worth.net:.6g} per MWh in interval {worth.interval}, but what it defers cannot come "
                "back in time within its rate",
                (("gain_per_mwh", worth.net), ("interval", float(worth.interval))),
            )
            if isinstance(bid.rebound, Rebound)
            else Explanation(
                BidReason.REJECTED_NOT_NEEDED, "the accepted bids serve the target at no higher cost"
            )
        )

    @cached_property
    def _block_row(self) -> dict[int, int]:
        return {int(place): row for row, place in enumerate(self._canonical.block_places)}

    @cached_property
    def _offered_kw(self) -> np.ndarray:
        """What step offers offer in each interval, kW. Shape (B, N)."""
        table, width = self._canonical.steps, self._canonical.delivery_count
        cell = table.bid * width + table.interval
        size = len(self._canonical.bids) * width
        return np.bincount(cell, weights=table.quantity_kw, minlength=size).reshape(-1, width)
