"""Small books of every kind of bid and every term of the buyer, in round numbers, for hypothesis.

Every book passes `check_book`. Powers are multiples of 10 kW, prices of 5 per MWh, intervals 15 or
60 minutes, so that a counterexample can be worked through by hand.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import strategies as st

from vpp.auction.bid import (
    Bid,
    BlockOffer,
    Migration,
    PriceStep,
    Rebound,
    ReboundProfile,
    RunLimits,
    StepOffer,
    StoreOffer,
)
from vpp.auction.book import Book
from vpp.auction.buyer import ANY_TERMS, BuyerTerms, FeederLimit, PathLimit, SiteLimit, ZoneLimit
from vpp.foundation.direction import Direction

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CAP = Decimal(3000)
ZONE_OF = {"north": "Z1", "south": "Z1", "east": "Z2"}
KINDS = ("steps", "block", "deferrable", "profile", "committed", "store", "migration")

reductions_kw = st.integers(1, 40).map(lambda tens: 10.0 * tens)
prices = st.integers(-4, 60).map(lambda fives: Decimal(5 * fives))
costs = st.sampled_from([Decimal(0), Decimal(0), Decimal(5), Decimal(20)])
ratios = st.sampled_from([1.0, 1.0, 0.9, 0.8, 0.5])
minutes = st.integers(0, 3).map(lambda count: NOON - timedelta(minutes=count))
sites = st.sampled_from(["north", "north", "south", "east"])


@st.composite
def step_offers(draw: st.DrawFn, interval_count: int, *, most_steps: int = 2) -> StepOffer:
    intervals = []
    for _ in range(interval_count):
        asked = sorted(draw(st.lists(prices, max_size=most_steps)))
        intervals.append(tuple(PriceStep(draw(reductions_kw), price) for price in asked))
    if not any(intervals):
        intervals[0] = (PriceStep(draw(reductions_kw), draw(prices)),)
    return StepOffer(tuple(intervals))


@st.composite
def block_offers(draw: st.DrawFn, interval_count: int, horizon: int) -> BlockOffer:
    changes = st.one_of(
        reductions_kw, reductions_kw, st.just(0.0), st.integers(1, 20).map(lambda n: -10.0 * n)
    )
    profile = draw(st.lists(changes, min_size=1, max_size=interval_count))
    if max(profile) <= 0:
        profile[0] = draw(reductions_kw)
    if len(profile) < horizon and draw(st.booleans()):
        profile.append(-0.5 * max(profile))
    return BlockOffer(
        profile_kw=tuple(profile),
        price_per_mwh=draw(prices),
        fixed_cost=draw(costs),
        min_acceptance_ratio=draw(st.sampled_from([1.0, 1.0, 0.75, 0.25])),
    )


@st.composite
def store_offers(draw: st.DrawFn, horizon: int) -> StoreOffer:
    is_thermal = draw(st.booleans())
    hold = draw(st.sampled_from([1.0, 1.0, 0.9]))
    if is_thermal:
        reserve, start, capacity, end = -draw(reductions_kw), 0.0, draw(st.sampled_from([0.0, 50.0])), 0.0
    else:
        reserve = draw(st.sampled_from([0.0, 0.0, 20.0]))
        capacity = reserve + draw(reductions_kw)
        start = reserve + (capacity - reserve) * draw(st.sampled_from([0.0, 0.5, 1.0]))
        hold = 1.0 if reserve else hold
        end = draw(st.sampled_from([0.0, 1.0])) * start * hold**horizon
    return StoreOffer(
        discharge_kw=draw(reductions_kw),
        charge_kw=draw(st.sampled_from([0.0, 50.0, 200.0])),
        capacity_kwh=capacity,
        reserve_kwh=reserve,
        start_kwh=start,
        end_kwh=end,
        price_per_mwh=draw(prices),
        charge_efficiency=draw(st.sampled_from([1.0, 0.8])),
        discharge_efficiency=draw(st.sampled_from([1.0, 0.8])),
        hold_ratio=hold,
        cycle_limit_kwh=draw(st.sampled_from([None, None, 100.0])),
    )


rebounds = st.builds(
    Rebound,
    ratio=st.sampled_from([0.0, 0.5, 1.0, 1.5]),
    window_intervals=st.integers(1, 3),
    max_return_kw=st.sampled_from([50.0, 150.0, 400.0]),
)
profiles = st.builds(
    ReboundProfile, st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=3).map(tuple)
)


@st.composite
def run_limits(draw: st.DrawFn, offer: StepOffer) -> RunLimits:
    least_run = draw(st.sampled_from([1, 1, min(2, len(offer.steps))]))
    most_kw = max(sum(step.reduction_kw for step in steps) for steps in offer.steps)
    return RunLimits(
        min_level_kw=draw(st.sampled_from([0.0, 0.5, 1.0])) * most_kw,
        min_run_intervals=least_run,
        max_run_intervals=draw(st.sampled_from([None, least_run, least_run, least_run + 1])),
        rest_intervals=draw(st.sampled_from([0, 1, 2, 3])),
        max_calls=draw(st.sampled_from([None, 1, 2])),
        start_cost=draw(costs),
    )


@st.composite
def bids(draw: st.DrawFn, name: str, interval_count: int, recovery: int, kind: str) -> Bid:
    """A bid of a kind, in no group and without parent."""
    site = draw(sites)
    horizon = interval_count + recovery
    bid = Bid(
        bid_id=name,
        site_id=site,
        resource_id=draw(st.sampled_from(["load", "load", "ups"])),
        zone=ZONE_OF[site],
        submitted_at=draw(minutes),
        delivery_ratio=draw(ratios),
        offer=StepOffer(()),
        availability_price_per_kw_h=draw(st.sampled_from([Decimal(0), Decimal(0), Decimal("0.02")])),
    )
    if kind == "store":
        return replace(bid, offer=draw(store_offers(horizon)))
    limit_kwh = draw(st.sampled_from([None, None, None, 50.0]))
    if kind == "block":
        return replace(bid, offer=draw(block_offers(interval_count, horizon)), energy_limit_kwh=limit_kwh)
    offer = draw(step_offers(interval_count, most_steps=1 if kind == "committed" else 2))
    bid = replace(bid, offer=offer, energy_limit_kwh=limit_kwh)
    if kind == "committed":
        bid = replace(bid, run_limits=draw(run_limits(offer)))
    if kind == "migration":
        other = "Z2" if bid.zone == "Z1" else "Z1"
        bid = replace(bid, migration=Migration(other, draw(st.sampled_from([0.0, 0.8, 1.25]))))
    coming_back: dict[str, st.SearchStrategy[Rebound | ReboundProfile | None]] = {
        "deferrable": rebounds,
        "profile": profiles,
        "committed": st.one_of(st.none(), st.none(), rebounds, profiles),
    }
    return replace(bid, rebound=draw(coming_back.get(kind, st.none())))


def rows(strategy: st.SearchStrategy[float], length: int) -> st.SearchStrategy[tuple[float, ...] | None]:
    """A limit in every interval, or none at all."""
    some = st.lists(strategy, min_size=length, max_size=length).map(tuple)
    return st.sampled_from([False, False, True]).flatmap(lambda is_limited: some if is_limited else st.none())


@st.composite
def buyer_terms(draw: st.DrawFn, interval_count: int, horizon: int) -> BuyerTerms:
    limits_kw = st.sampled_from([0.0, 50.0, 100.0, 300.0])
    zones = tuple(
        ZoneLimit(
            zone,
            draw(rows(limits_kw, interval_count)),
            draw(rows(limits_kw, horizon)),
            draw(rows(limits_kw, horizon)),
        )
        for zone in draw(st.sampled_from([(), ("Z1",), ("Z1", "Z2")]))
    )
    feeders = tuple(
        FeederLimit("feeder", behind, draw(rows(limits_kw, horizon)), draw(rows(limits_kw, horizon)))
        for behind in draw(st.sampled_from([(), (), (("north",),), (("south", "east"),)]))
    )
    owners = tuple(
        SiteLimit(site, "", draw(st.lists(limits_kw, min_size=horizon, max_size=horizon).map(tuple)))
        for site in draw(st.sampled_from([(), (), ("north",), ("north", "south")]))
    )
    paths = tuple(
        PathLimit(
            *pair, draw(st.lists(limits_kw, min_size=interval_count, max_size=interval_count).map(tuple))
        )
        for pair in draw(st.sampled_from([(), (), (("Z1", "Z2"),)]))
    )
    may_exceed = draw(st.sampled_from([True, True, False]))
    return BuyerTerms(
        allows_over_delivery=may_exceed,
        margin_ratio=draw(st.sampled_from([0.0, 0.0, 0.1])),
        has_loss_reserve=may_exceed and draw(st.sampled_from([False, False, True])),
        min_site_count=draw(st.sampled_from([0, 0, 1, 2])),
        max_start_ramp_kw=draw(st.sampled_from([None, None, 50.0, 200.0])),
        max_release_ramp_kw=draw(st.sampled_from([None, None, 50.0, 200.0])),
        activation_ratio=draw(st.sampled_from([1.0, 1.0, 0.5])),
        zones=zones,
        feeders=feeders,
        sites=owners,
        paths=paths,
    )


@st.composite
def books(
    draw: st.DrawFn,
    *,
    kinds: tuple[str, ...] = KINDS,
    most: int = 6,
    has_terms: bool = True,
    both_directions: bool = True,
) -> Book:
    """A book of at most so many bids of some kinds; blocks may be linked, steps and blocks grouped."""
    interval_count = draw(st.sampled_from([1, 2, 3, 4, 4]))
    recovery = draw(st.integers(0, 2))
    least = draw(st.sampled_from([most, most - 2, 1, 0]))  # hypothesis alone prefers small books
    wanted = draw(st.lists(st.sampled_from(kinds), min_size=max(least, 0), max_size=most))
    entered = [draw(bids(f"bid-{n}", interval_count, recovery, kind)) for n, kind in enumerate(wanted)]
    if both_directions and entered and draw(st.sampled_from([False, False, True])):
        place = draw(st.integers(0, len(entered) - 1))
        if entered[place].migration is None:
            entered[place] = replace(entered[place], direction=Direction.LOAD_UP)
    entered = _linked(draw, _grouped(draw, entered))
    flip = both_directions and draw(st.sampled_from([False, False, False, True]))
    book = Book(
        auction_id="any",
        start=NOON,
        step=timedelta(minutes=draw(st.sampled_from([15, 60]))),
        target_kw=tuple(
            10.0 * draw(st.one_of(st.just(0), st.integers(1, 80))) for _ in range(interval_count)
        ),
        recovery_interval_count=recovery,
        price_cap_per_mwh=CAP,
        rebound_headroom_kw=draw(st.sampled_from([None, 0.0, 50.0, 200.0])),
        bids=tuple(entered),
        resource_limit_kw=draw(st.sampled_from([{}, {}, {("north", "load"): 200.0}])),
        terms=ANY_TERMS if not has_terms else draw(buyer_terms(interval_count, interval_count + recovery)),
    )
    return mirrored(book) if flip else book


def mirrored(book: Book) -> Book:
    """The same book for a buyer who wants the other direction: costs and awards are the same."""
    other = {Direction.LOAD_DOWN: Direction.LOAD_UP, Direction.LOAD_UP: Direction.LOAD_DOWN}
    entered = tuple(replace(bid, direction=other[bid.direction]) for bid in book.bids)
    return replace(book, direction=other[book.direction], bids=entered)


def _grouped(draw: st.DrawFn, entered: list[Bid]) -> list[Bid]:
    """Make two or more bids of one site an exclusive group, if there are such."""
    for site in dict.fromkeys(bid.site_id for bid in entered):
        able = [
            bid for bid in entered
            if bid.site_id == site and bid.run_limits is None and bid.migration is None
            and not isinstance(bid.offer, StoreOffer)
        ]  # fmt: skip
        if len(able) > 1 and draw(st.sampled_from([False, True])):
            members = {bid.bid_id for bid in able[: draw(st.integers(2, len(able)))]}
            return [replace(bid, exclusive_group="one") if bid.bid_id in members else bid for bid in entered]
    return entered


def _linked(draw: st.DrawFn, entered: list[Bid]) -> list[Bid]:
    """Make a chain of the blocks of one site, if there are two."""
    for site in dict.fromkeys(bid.site_id for bid in entered):
        blocks = [bid for bid in entered if bid.site_id == site and isinstance(bid.offer, BlockOffer)]
        if len(blocks) > 1 and draw(st.sampled_from([False, True])):
            parents = {child.bid_id: parent.bid_id for parent, child in pairwise(blocks)}
            return [replace(bid, parent_bid_id=parents.get(bid.bid_id)) for bid in entered]
    return entered
