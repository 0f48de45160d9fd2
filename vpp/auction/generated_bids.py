"""Bids for generated books: one function per kind, prices around what the resource costs."""

import enum
from dataclasses import replace
from decimal import Decimal

from vpp.auction.bid import (
    Bid,
    BlockOffer,
    Migration,
    Offer,
    PriceStep,
    Rebound,
    ReboundProfile,
    RunLimits,
    StepOffer,
)
from vpp.auction.generated_dice import Dice, on_increment
from vpp.auction.generated_frame import BidFrame, new_bid, window
from vpp.foundation.direction import Direction

# Resource, its least and highest price per MWh: cooling can wait nearly for free, compute costs what
# its users bear, a generator its fuel.
_STEP_RESOURCES = (("compute", 30, 250), ("compute", 30, 250), ("generator", 150, 400), ("cooling", 20, 120))
_DAY_SHAPE_LEVELS = 6  # few levels, so that intervals share their steps


class BidKind(enum.Enum):
    """Kinds of generated bids."""

    STEPS = "steps"
    AVAILABLE_STEPS = "available_steps"
    INCREASE = "increase"
    BLOCK = "block"
    CHILD = "child"
    GROUP_MEMBER = "group_member"
    STORE = "store"
    DEFERRABLE = "deferrable"
    CHILLER = "chiller"
    COMMITTED = "committed"
    MIGRATION = "migration"


def steps_bid(dice: Dice, frame: BidFrame, bid_id: str, site_id: str) -> Bid:
    """Offer one to three divisible steps: a standing ladder, or one that follows the day's shape."""
    resource_id, low, high = dice.pick(_STEP_RESOURCES)
    ladder = _ladder(dice, dice.pick((1, 2, 2, 3)), low, high)
    first, last = window(dice, frame, frame.delivery // 4, frame.delivery)
    if dice.chance(0.6):
        first, last = 0, frame.delivery
    make = _shaped_steps if dice.chance(0.4) else _steps
    return new_bid(dice, frame, bid_id, site_id, resource_id, make(frame, ladder, first, last))


def available_steps_bid(dice: Dice, frame: BidFrame, bid_id: str, site_id: str) -> Bid:
    """Offer divisible steps that also ask for being available, called or not."""
    price = Decimal(dice.whole(1, 20)).scaleb(-3)
    return replace(steps_bid(dice, frame, bid_id, site_id), availability_price_per_kw_h=price)


def increase_bid(dice: Dice, frame: BidFrame, bid_id: str, site_id: str) -> Bid:
    """Offer divisible steps the other way: more consumption, that another's minimum may need."""
    return replace(steps_bid(dice, frame, bid_id, site_id), direction=Direction.LOAD_UP)


def block_bid(
    dice: Dice, frame: BidFrame, bid_id: str, site_id: str, prices: tuple[int, int] = (30, 250)
) -> Bid:
    """Offer a block: every other one indivisible, three in ten with a fixed cost, some with rebound."""
    first, last = window(dice, frame, 1, 16)
    profile_kw = _block_profile(
        dice, frame, first, last - first, rebound_ratio=dice.pick((0.0, 0.0, 0.8, 1.1))
    )
    offer = _block(dice, frame, profile_kw, prices)
    bid = new_bid(dice, frame, bid_id, site_id, "batch", offer)
    if offer.min_acceptance_ratio < 1 and dice.chance(0.1):
        share = dice.share(offer.min_acceptance_ratio + 0.05, 1.0)
        bid = replace(bid, energy_limit_kwh=round(share * _energy_kwh(frame, profile_kw), 1))
    return bid


def child_bid(dice: Dice, frame: BidFrame, bid_id: str, parent: Bid) -> Bid:
    """Offer a mostly cheaper block that may only be accepted as far as its parent is."""
    child = block_bid(dice, frame, bid_id, parent.site_id, (20, 160))
    return replace(child, resource_id=parent.resource_id, parent_bid_id=parent.bid_id)


def group_bids(dice: Dice, frame: BidFrame, bid_ids: list[str], site_id: str, group: str) -> list[Bid]:
    """Offer one task at several start times, of which at most one is accepted.

    Most are blocks that carry their own rebound; one group in six is of divisible steps.
    """
    length = min(frame.delivery, dice.whole(1, 8))
    starts = [dice.whole(0, frame.delivery - length) for _ in bid_ids]
    if dice.chance(1 / 6):
        ladder = _ladder(dice, 1, 20, 160)
        offers: list[Offer] = [_steps(frame, ladder, first, first + length) for first in starts]
    else:
        power = _block_profile(dice, frame, 0, length, rebound_ratio=dice.pick((0.8, 1.0, 1.2)))
        offers = [
            _block(dice, frame, ((0.0,) * first + power)[: frame.horizon], (10, 110)) for first in starts
        ]
    return [
        replace(new_bid(dice, frame, bid_id, site_id, "job", offer), exclusive_group=group)
        for bid_id, offer in zip(bid_ids, offers, strict=True)
    ]


def deferrable_bid(dice: Dice, frame: BidFrame, bid_id: str, site_id: str) -> Bid:
    """Offer work that is done later, by a deadline and mostly with somewhat more energy."""
    size_kw = dice.size_kw(50, 2000)
    first, last = window(dice, frame, 2, frame.delivery)
    bid = new_bid(
        dice, frame, bid_id, site_id, "compute", _steps(frame, ((size_kw, dice.money(30, 200)),), first, last)
    )
    return replace(
        bid,
        rebound=_rebound(dice, size_kw),
        energy_limit_kwh=_energy_limit_kwh(dice, frame, size_kw, last - first) if dice.chance(0.4) else None,
    )


def chiller_bid(dice: Dice, frame: BidFrame, bid_id: str, site_id: str) -> Bid:
    """Offer cooling whose rebound follows by itself over the next intervals."""
    first, last = window(dice, frame, 2, frame.delivery)
    ladder = ((dice.size_kw(50, 800), dice.money(20, 120)),)
    bid = new_bid(dice, frame, bid_id, site_id, "chiller", _steps(frame, ladder, first, last))
    head = dice.whole(20, 50) / 100
    ratios = tuple(round(head / 2**lag, 4) for lag in range(dice.whole(1, 4)))
    return replace(bid, rebound=ReboundProfile(ratios=ratios))


def committed_bid(dice: Dice, frame: BidFrame, bid_id: str, site_id: str) -> Bid:
    """Offer work that stops and starts as a whole: least level, least run, rest, calls, start cost."""
    size_kw = dice.size_kw(200, 2000)
    first, last = window(dice, frame, 4, frame.delivery)
    min_run = min(dice.whole(1, 4), last - first)
    limits = RunLimits(
        min_level_kw=on_increment(size_kw * dice.share(0.3, 0.8)),
        min_run_intervals=min_run,
        max_run_intervals=min_run + dice.whole(0, 8) if dice.chance(0.8) else None,
        rest_intervals=dice.whole(0, 8),
        max_calls=dice.whole(1, 3) if dice.chance(0.8) else None,
        start_cost=dice.money(5, 100),
    )
    bid = new_bid(
        dice,
        frame,
        bid_id,
        site_id,
        "training",
        _steps(frame, ((size_kw, dice.money(30, 200)),), first, last),
    )
    return replace(bid, run_limits=limits, rebound=_rebound(dice, size_kw) if dice.chance(0.8) else None)


def migration_bid(dice: Dice, frame: BidFrame, bid_id: str, site_id: str) -> Bid:
    """Offer load that moves to another zone; with one zone only, work that is done later instead."""
    others = [zone for zone in frame.zones if zone != frame.site_zones[site_id]]
    if not others:
        return deferrable_bid(dice, frame, bid_id, site_id)
    first, last = window(dice, frame, 2, frame.delivery)
    bid = new_bid(
        dice, frame, bid_id, site_id, "serving", _steps(frame, _ladder(dice, 1, 5, 60), first, last)
    )
    return replace(bid, migration=Migration(dice.pick(others), dice.whole(80, 115) / 100))


_Ladder = tuple[tuple[float, Decimal], ...]


def _ladder(dice: Dice, count: int, low: int, high: int) -> _Ladder:
    prices = sorted(dice.money(low, high) for _ in range(count))
    return tuple((dice.size_kw(50, 2000 / count), price) for price in prices)


def _steps(frame: BidFrame, ladder: _Ladder, first: int, last: int) -> StepOffer:
    steps = tuple(PriceStep(size_kw, price) for size_kw, price in ladder)
    return StepOffer(((),) * first + (steps,) * (last - first) + ((),) * (frame.delivery - last))


def _shaped_steps(frame: BidFrame, ladder: _Ladder, first: int, last: int) -> StepOffer:
    by_level = [
        tuple(
            PriceStep(on_increment(size_kw * (1 + level) / _DAY_SHAPE_LEVELS), price)
            for size_kw, price in ladder
        )
        for level in range(_DAY_SHAPE_LEVELS)
    ]
    levels = [min(_DAY_SHAPE_LEVELS - 1, int(share * _DAY_SHAPE_LEVELS)) for share in frame.shape]
    return StepOffer(
        tuple(by_level[level] if first <= interval < last else () for interval, level in enumerate(levels))
    )


def _block_profile(
    dice: Dice, frame: BidFrame, first: int, length: int, *, rebound_ratio: float
) -> tuple[float, ...]:
    size_kw = dice.size_kw(50, 1500)
    ramp = dice.pick((1.0, 1.0, 0.8, 0.6))
    shed = tuple(on_increment(size_kw * (1 if interval else ramp)) for interval in range(length))
    rest = frame.horizon - first - length
    back_count = min(rest, dice.whole(1, 8))
    back: tuple[float, ...] = ()
    if rebound_ratio and back_count:
        back = (-on_increment(sum(shed) * rebound_ratio / back_count),) * back_count
    return (0.0,) * first + shed + back


def _block(dice: Dice, frame: BidFrame, profile_kw: tuple[float, ...], prices: tuple[int, int]) -> BlockOffer:
    price = dice.money(*prices)
    fixed_cost = Decimal(0)
    if dice.chance(0.3):
        cost = float(price) * _energy_kwh(frame, profile_kw) / 1000
        fixed_cost = Decimal(round(cost * dice.share(5, 40))).scaleb(-2)  # 5 to 40 % of it, in cents
    ratio = 1.0 if dice.chance(0.5) else dice.whole(30, 80) / 100
    return BlockOffer(profile_kw, price, fixed_cost, ratio)


def _energy_kwh(frame: BidFrame, profile_kw: tuple[float, ...]) -> float:
    return sum(change_kw for change_kw in profile_kw if change_kw > 0) * frame.hours


def _rebound(dice: Dice, size_kw: float) -> Rebound:
    return Rebound(
        ratio=dice.whole(100, 120) / 100,
        window_intervals=dice.whole(2, 16),
        max_return_kw=on_increment(size_kw * dice.share(0.5, 1.2)),
    )


def _energy_limit_kwh(dice: Dice, frame: BidFrame, size_kw: float, length: int) -> float:
    return on_increment(size_kw * frame.hours * length * dice.share(0.3, 0.8))
