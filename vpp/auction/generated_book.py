"""Books of realistic bids, drawn from a seed: for trials, benchmarks and demonstrations."""

import enum
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from vpp.auction.bid import Bid
from vpp.auction.book import Book, EntryRules
from vpp.auction.buyer import ANY_TERMS
from vpp.auction.generated_bids import (
    BidKind,
    available_steps_bid,
    block_bid,
    child_bid,
    chiller_bid,
    committed_bid,
    deferrable_bid,
    group_bids,
    increase_bid,
    migration_bid,
    steps_bid,
)
from vpp.auction.generated_dice import INCREMENT_KW, Dice, on_increment
from vpp.auction.generated_frame import BidFrame
from vpp.auction.generated_limits import firm_kw, resource_limits, terms
from vpp.auction.generated_stores import store_bid
from vpp.foundation.errors import InvalidInput

_START = datetime(2026, 1, 15, tzinfo=UTC)
_QUARTER_HOUR = timedelta(minutes=15)
_PRICE_CAP = Decimal(5000)
_PEAK_AT = 0.72  # of the delivery: early evening where the delivery is a day
_SHORT_DELIVERY = 16  # intervals; a shorter one lies within the peak
_NEEDS_TARGET = 0.15  # of the peak; below it nothing is asked for
_BIDS_PER_SITE = 3
_BIDS_PER_ZONE = 50
_MOST_ZONES = 20
_LONGEST_RECOVERY = 16
_GROUP_SIZES = (2, 3, 4)


class BookMix(enum.Enum):
    """Which kinds of bids a generated book holds.

    Attributes:
        SIMPLE: Divisible steps only.
        BLOCKS: Steps, blocks, linked children and exclusive groups.
        STORAGE: Steps, batteries, UPSs and chilled masses.
        DEFERRABLE: Steps, deferrable work, chillers with rebound and committed work.
        EVERYTHING: All of these, load that moves between zones, availability prices and increases.
    """

    SIMPLE = "simple"
    BLOCKS = "blocks"
    STORAGE = "storage"
    DEFERRABLE = "deferrable"
    EVERYTHING = "everything"


# Bids of each kind, in percent.
_SHARES: Mapping[BookMix, Mapping[BidKind, int]] = {
    BookMix.SIMPLE: {BidKind.STEPS: 100},
    BookMix.BLOCKS: {BidKind.STEPS: 45, BidKind.BLOCK: 30, BidKind.CHILD: 10, BidKind.GROUP_MEMBER: 15},
    BookMix.STORAGE: {BidKind.STEPS: 60, BidKind.STORE: 40},
    BookMix.DEFERRABLE: {
        BidKind.STEPS: 50,
        BidKind.DEFERRABLE: 30,
        BidKind.CHILLER: 12,
        BidKind.COMMITTED: 8,
    },
    BookMix.EVERYTHING: {
        BidKind.STEPS: 30,
        BidKind.AVAILABLE_STEPS: 4,
        BidKind.INCREASE: 1,
        BidKind.BLOCK: 22,
        BidKind.CHILD: 8,
        BidKind.GROUP_MEMBER: 11,
        BidKind.STORE: 8,
        BidKind.DEFERRABLE: 7,
        BidKind.CHILLER: 4,
        BidKind.COMMITTED: 3,
        BidKind.MIGRATION: 2,
    },
}

_ALONE: Mapping[BidKind, Callable[[Dice, BidFrame, str, str], Bid]] = {
    BidKind.STEPS: steps_bid,
    BidKind.AVAILABLE_STEPS: available_steps_bid,
    BidKind.INCREASE: increase_bid,
    BidKind.STORE: store_bid,
    BidKind.DEFERRABLE: deferrable_bid,
    BidKind.CHILLER: chiller_bid,
    BidKind.COMMITTED: committed_bid,
    BidKind.MIGRATION: migration_bid,
}


def generate_book(  # noqa: PLR0913  all by keyword
    *,
    bid_count: int,
    interval_count: int,
    mix: BookMix,
    seed: int,
    zone_count: int | None = None,
    step: timedelta = _QUARTER_HOUR,
    with_limits: bool = True,
) -> Book:
    """Draw a book; the same arguments give the same book on any machine.

    The target follows a day with an evening peak that needs about half of what is offered, so
    that the margin lies among the bids.

    Args:
        bid_count: Number of bids, 1 or more.
        interval_count: Number of delivery intervals N, 1 or more.
        mix: Kinds of bids.
        seed: What the draws start from.
        zone_count: Number of zones; None for one per 50 bids, at most 20.
        step: Length of an interval.
        with_limits: Whether zones, feeders, sites, paths and resources have limits and zones have
            local targets.

    Returns:
        The book; bids in the order of their ids.

    Raises:
        InvalidInput: A count is below 1, or the step is not above 0.
    """
    zones_wanted = min(_MOST_ZONES, max(1, bid_count // _BIDS_PER_ZONE)) if zone_count is None else zone_count
    counts = {"bid_count": bid_count, "interval_count": interval_count, "zone_count": zones_wanted}
    for field, count in counts.items():
        if count < 1:
            raise InvalidInput(f"{field} is {count}, expected 1 or more", **{field: str(count)})
    if step <= timedelta(0):
        raise InvalidInput(f"step is {step}, expected above zero", step=str(step))
    dice = Dice(seed)
    recovery = 0 if mix is BookMix.SIMPLE else max(2, min(_LONGEST_RECOVERY, interval_count // 4))
    zones = tuple(f"zone-{number:02d}" for number in range(1, zones_wanted + 1))
    frame = BidFrame(
        start=_START,
        hours=step / timedelta(hours=1),
        delivery=interval_count,
        horizon=interval_count + recovery,
        shape=_shape(interval_count),
        zones=zones,
        site_zones={
            f"site-{number:05d}": dice.pick(zones) for number in range(1, bid_count // _BIDS_PER_SITE + 2)
        },
        submission_minutes=max(1, min(1200, bid_count // 2)),
    )
    bids = tuple(sorted(_bids(dice, frame, _SHARES[mix], bid_count), key=lambda bid: bid.bid_id))
    target_kw = _target_kw(dice, frame, bids)
    headroom_kw = on_increment(max(target_kw) * dice.share(0.1, 0.2)) if recovery else None
    return Book(
        auction_id=f"generated-{mix.value}-{bid_count}x{interval_count}-{seed}",
        start=frame.start,
        step=step,
        target_kw=target_kw,
        recovery_interval_count=recovery,
        price_cap_per_mwh=_PRICE_CAP,
        rebound_headroom_kw=headroom_kw,
        bids=bids,
        resource_limit_kw=resource_limits(dice, bids) if with_limits else {},
        terms=terms(dice, frame, bids) if with_limits else ANY_TERMS,
        entry=EntryRules(min_bid_kw=INCREMENT_KW, increment_kw=INCREMENT_KW),
        currency="EUR",
    )


def _bids(dice: Dice, frame: BidFrame, shares: Mapping[BidKind, int], bid_count: int) -> list[Bid]:
    sites = tuple(frame.site_zones)
    ids = dice.shuffled([f"bid-{number:06d}" for number in range(1, bid_count + 1)])  # kinds mix by id
    ids_of_kind: dict[BidKind, list[str]] = {}
    for kind, count in _counts(shares, bid_count).items():
        ids_of_kind[kind], ids = ids[:count], ids[count:]
    parents = [
        block_bid(dice, frame, bid_id, dice.pick(sites)) for bid_id in ids_of_kind.pop(BidKind.BLOCK, [])
    ]
    for bid_id in ids_of_kind.pop(BidKind.CHILD, []):
        parents.append(
            child_bid(dice, frame, bid_id, dice.pick(parents))
            if parents
            else block_bid(dice, frame, bid_id, dice.pick(sites))
        )
    bids = [*parents]
    for number, members in enumerate(_groups(dice, ids_of_kind.pop(BidKind.GROUP_MEMBER, []))):
        bids += group_bids(dice, frame, members, dice.pick(sites), f"group-{number:05d}")
    for kind, kind_ids in ids_of_kind.items():
        bids += [_ALONE[kind](dice, frame, bid_id, dice.pick(sites)) for bid_id in kind_ids]
    return bids


def _counts(shares: Mapping[BidKind, int], bid_count: int) -> dict[BidKind, int]:
    """Return how many bids of each kind: shares rounded down, the rest to the largest remainders."""
    counts = {kind: share * bid_count // 100 for kind, share in shares.items()}
    by_remainder = sorted(shares, key=lambda kind: -(shares[kind] * bid_count % 100))
    for kind in by_remainder[: bid_count - sum(counts.values())]:
        counts[kind] += 1
    if counts.get(BidKind.GROUP_MEMBER) == 1:  # no group of one
        counts[BidKind.GROUP_MEMBER] = 0
        counts[BidKind.STEPS] += 1
    return counts


def _groups(dice: Dice, ids: list[str]) -> list[list[str]]:
    groups = []
    while ids:
        size = dice.pick(_GROUP_SIZES)
        if len(ids) - size == 1:  # no group of one
            size = len(ids) if len(ids) <= max(_GROUP_SIZES) else 2
        groups.append(ids[:size])
        ids = ids[size:]
    return groups


def _shape(interval_count: int) -> tuple[float, ...]:
    """Return what each interval needs as a share of the peak: an evening peak, a lower morning one."""
    places = [(interval + 0.5) / interval_count for interval in range(interval_count)]
    width = 1.0 if interval_count < _SHORT_DELIVERY else 0.2
    raw = [_bell((place - _PEAK_AT) / width) + 0.25 * _bell((place - 0.35) / 0.1) for place in places]
    return tuple(value / max(raw) for value in raw)


def _bell(distance: float) -> float:
    """Return 1 at no distance and ever less beyond, without functions that machines round unlike."""
    square = 1 + distance * distance
    return 1 / (square * square)


def _target_kw(dice: Dice, frame: BidFrame, bids: tuple[Bid, ...]) -> tuple[float, ...]:
    offered_kw = [0.0] * frame.delivery
    group_sizes: dict[tuple[str, str | None], int] = defaultdict(int)
    for bid in bids:
        group_sizes[bid.site_id, bid.exclusive_group] += 1
    for bid in bids:
        share = 1 / group_sizes[bid.site_id, bid.exclusive_group] if bid.exclusive_group else 1.0
        for interval, firm in enumerate(firm_kw(frame, bid)):
            offered_kw[interval] += share * firm
    peak = [offered for offered, share in zip(offered_kw, frame.shape, strict=True) if share > 0.9]  # noqa: PLR2004  near the peak
    peak_kw = sum(peak) / len(peak) * dice.share(0.45, 0.6)
    needed_kw = [
        min(peak_kw * share, 0.7 * offered) if share >= _NEEDS_TARGET else 0.0
        for share, offered in zip(frame.shape, offered_kw, strict=True)
    ]
    return tuple(on_increment(kw) if kw >= INCREMENT_KW else 0.0 for kw in needed_kw)
