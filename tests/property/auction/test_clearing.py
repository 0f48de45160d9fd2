"""What must hold for every book, whatever is in it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vpp.auction.bid import Bid, BlockOffer, PriceStep, Rebound, StepOffer
from vpp.auction.book import Book
from vpp.auction.clearing import clear
from vpp.auction.result import BidReason, Clearing, ClearingStatus
from vpp.auction.rules import ClearingRules
from vpp.portfolio.product import PayRule
from vpp.solver.report import SolverName

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CAP = Decimal(3000)
EXACT = ClearingRules(PayRule.AS_CLEAR, relative_gap=1e-9)
CENT = Decimal("0.0001")

fast = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)

reductions_kw = st.integers(1, 40).map(lambda tens: 10.0 * tens)
prices = st.integers(0, 40).map(lambda tens: Decimal(10 * tens))
ratios = st.sampled_from([1.0, 1.0, 0.9, 0.8, 0.5])
minutes = st.integers(0, 3).map(lambda count: NOON - timedelta(minutes=count))


@st.composite
def step_offers(draw: st.DrawFn, interval_count: int) -> StepOffer:
    intervals = []
    for _ in range(interval_count):
        asked = sorted(draw(st.lists(prices, max_size=2)))
        intervals.append(tuple(PriceStep(draw(reductions_kw), price) for price in asked))
    if not any(intervals):
        intervals[0] = (PriceStep(draw(reductions_kw), draw(prices)),)
    return StepOffer(tuple(intervals))


@st.composite
def block_offers(draw: st.DrawFn, interval_count: int, horizon: int) -> BlockOffer:
    shed = draw(st.lists(st.one_of(st.just(0.0), reductions_kw), min_size=1, max_size=interval_count))
    if not any(shed):
        shed[0] = draw(reductions_kw)
    back = [-0.5 * max(shed)] if draw(st.booleans()) and len(shed) < horizon else []
    return BlockOffer(
        profile_kw=(*shed, *back),
        price_per_mwh=draw(prices),
        fixed_cost=draw(st.sampled_from([Decimal(0), Decimal(0), Decimal(5)])),
        min_acceptance_ratio=draw(st.sampled_from([1.0, 1.0, 0.75, 0.25])),
    )


@st.composite
def bids(draw: st.DrawFn, name: str, interval_count: int, recovery: int, *, divisible: bool) -> Bid:
    is_block = not divisible and draw(st.booleans())
    offer = (
        draw(block_offers(interval_count, interval_count + recovery))
        if is_block
        else draw(step_offers(interval_count))
    )
    returns = not is_block and draw(st.integers(0, 3)) == 0
    return Bid(
        bid_id=name,
        site_id=draw(st.sampled_from(["north", "south"])),
        resource_id=draw(st.sampled_from(["load", "ups"])),
        zone="Z1",
        submitted_at=draw(minutes),
        delivery_ratio=draw(ratios),
        offer=offer,
        energy_limit_kwh=draw(st.sampled_from([None, None, None, 100.0])),
        rebound=Rebound(draw(st.sampled_from([0.5, 1.0, 1.5])), 2, 150.0) if returns else None,
        exclusive_group=draw(st.sampled_from([None, None, "one"])) if not divisible else None,
    )


@st.composite
def books(draw: st.DrawFn, *, divisible: bool = False, most: int = 6) -> Book:
    interval_count = draw(st.integers(1, 3))
    recovery = draw(st.integers(1, 2))
    count = draw(st.integers(0, most))
    entered = [draw(bids(f"bid-{n}", interval_count, recovery, divisible=divisible)) for n in range(count)]
    blocks = [n for n, bid in enumerate(entered) if isinstance(bid.offer, BlockOffer)]
    if len(blocks) > 1 and draw(st.booleans()):
        parent, child = entered[blocks[0]], entered[blocks[1]]
        entered[blocks[1]] = replace(child, parent_bid_id=parent.bid_id, site_id=parent.site_id)
    return Book(
        auction_id="any",
        start=NOON,
        step=timedelta(minutes=draw(st.sampled_from([15, 60]))),
        target_kw=tuple(10.0 * draw(st.integers(0, 80)) for _ in range(interval_count)),
        recovery_interval_count=recovery,
        price_cap_per_mwh=CAP,
        rebound_headroom_kw=draw(st.sampled_from([None, 0.0, 50.0, 200.0])),
        bids=tuple(entered),
        resource_limit_kw=draw(st.sampled_from([{}, {("north", "load"): 200.0}])),
    )


def what_counts(clearing: Clearing) -> tuple[object, ...]:
    return (
        clearing.awards,
        clearing.price_per_mwh,
        clearing.price_rule,
        clearing.shortfall_kw,
        clearing.objective,
        clearing.input_hash,
    )


@fast
@given(books(), st.integers(0, 2**32))
def test_the_order_of_the_bids_means_nothing(book: Book, seed: int) -> None:
    shuffled = list(book.bids)
    Random(seed).shuffle(shuffled)
    assert what_counts(clear(replace(book, bids=tuple(shuffled)), EXACT)) == what_counts(clear(book, EXACT))


@fast
@given(books())
def test_both_solvers_find_the_same_cost(book: Book) -> None:
    glpk = clear(book, EXACT)
    highs = clear(book, replace(EXACT, solver=SolverName.HIGHS))
    assert glpk.status is highs.status is ClearingStatus.OPTIMAL
    assert abs(glpk.objective - highs.objective) <= CENT + abs(glpk.objective) * Decimal("1e-6")


@fast
@given(books(divisible=True))
def test_on_divisible_books_both_solvers_give_the_same_awards_and_prices(book: Book) -> None:
    glpk, highs = clear(book, EXACT), clear(book, replace(EXACT, solver=SolverName.HIGHS))
    assert glpk.price_per_mwh == highs.price_per_mwh
    for one, other in zip(glpk.awards, highs.awards, strict=True):
        assert all(abs(a - b) < 1e-3 for a, b in zip(one.reduction_kw, other.reduction_kw, strict=True))


@fast
@given(books(), st.sampled_from([PayRule.AS_CLEAR, PayRule.AS_BID]))
def test_awards_keep_to_bids_and_no_site_is_paid_below_its_price(book: Book, rule: PayRule) -> None:
    clearing = clear(book, replace(EXACT, pay_rule=rule))
    hours = Decimal(int(book.step.total_seconds())) / 3600
    by_id = {bid.bid_id: bid for bid in book.bids}
    paid: dict[str, Decimal] = {}
    asked: dict[str, Decimal] = {}
    for award in clearing.awards:
        bid = by_id[award.bid_id]
        family = bid.parent_bid_id or bid.bid_id
        energy = [Decimal(str(kw)) / 1000 * hours for kw in award.reduction_kw]
        earned = sum(
            (mwh * price for mwh, price in zip(energy, award.price_per_mwh, strict=True)), award.make_whole
        )
        if isinstance(bid.offer, BlockOffer):
            size = max(bid.offer.profile_kw)
            ratio = max(award.reduction_kw) / size
            assert ratio == 0 or bid.offer.min_acceptance_ratio - 1e-6 <= ratio <= 1 + 1e-6
            cost = sum(energy) * bid.offer.price_per_mwh + (bid.offer.fixed_cost if ratio else 0)
        else:
            cost = Decimal(0)
            for kw, steps in zip(award.reduction_kw, bid.offer.steps, strict=True):
                assert 0 <= kw <= sum(step.reduction_kw for step in steps) + 1e-6
                left = kw
                for step in steps:
                    cost += step.price_per_mwh * Decimal(str(min(left, step.reduction_kw))) / 1000 * hours
                    left = max(0.0, left - step.reduction_kw)
        paid[family] = paid.get(family, Decimal(0)) + earned
        asked[family] = asked.get(family, Decimal(0)) + cost
    assert all(paid[family] >= asked[family] - CENT for family in asked)


@fast
@given(books(divisible=True))
def test_a_rejected_simple_offer_is_never_cheaper_than_the_price(book: Book) -> None:
    simple = tuple(replace(bid, rebound=None, energy_limit_kwh=None) for bid in book.bids)
    clearing = clear(replace(book, bids=simple, resource_limit_kw={}), EXACT)
    by_id = {bid.bid_id: bid for bid in simple}
    for award in clearing.awards:
        bid = by_id[award.bid_id]
        assert isinstance(bid.offer, StepOffer)
        for kw, steps, price, target_kw in zip(
            award.reduction_kw, bid.offer.steps, clearing.price_per_mwh, book.target_kw, strict=True
        ):
            cheaper_kw = sum(
                step.reduction_kw
                for step in steps
                if target_kw and step.price_per_mwh < (price - CENT) * Decimal(str(bid.delivery_ratio))
            )
            assert kw >= cheaper_kw - 1e-3
        if not award.reason.is_accepted:
            assert award.reason in {
                BidReason.REJECTED_PRICE_ABOVE_CLEARING,
                BidReason.REJECTED_TIE_LOST,
                BidReason.REJECTED_NOT_NEEDED,
            }


@fast
@given(books(divisible=True))
def test_a_bid_dearer_than_every_price_changes_nothing(book: Book) -> None:
    before = clear(book, EXACT)
    offer = StepOffer(((PriceStep(100.0, CAP + 1),),) * book.delivery_interval_count)
    dearer = Bid("dearer", "east", "load", "Z1", NOON, 1.0, offer)
    after = clear(replace(book, bids=(*book.bids, dearer)), EXACT)
    kept = {award.bid_id: award.reduction_kw for award in after.awards if award.bid_id != "dearer"}
    assert kept == {award.bid_id: award.reduction_kw for award in before.awards}
    assert after.price_per_mwh == before.price_per_mwh
    assert after.objective == before.objective
    assert not next(award for award in after.awards if award.bid_id == "dearer").reason.is_accepted


@fast
@given(books(), st.data())
def test_one_more_bid_never_costs_more(book: Book, data: st.DataObject) -> None:
    bid = data.draw(bids("more", book.delivery_interval_count, book.recovery_interval_count, divisible=False))
    before, after = clear(book, EXACT), clear(replace(book, bids=(*book.bids, bid)), EXACT)
    assert after.objective <= before.objective + CENT


@fast
@given(books())
def test_more_target_never_costs_less(book: Book) -> None:
    more = tuple(target + 10.0 if target else 0.0 for target in book.target_kw)
    assert clear(replace(book, target_kw=more), EXACT).objective >= clear(book, EXACT).objective - CENT


@fast
@given(books(divisible=True), st.sampled_from([2, 10]))
def test_prices_scale_with_prices(book: Book, factor: int) -> None:
    def dearer(bid: Bid) -> Bid:
        assert isinstance(bid.offer, StepOffer)
        steps = tuple(
            tuple(replace(step, price_per_mwh=step.price_per_mwh * factor) for step in steps)
            for steps in bid.offer.steps
        )
        return replace(bid, offer=StepOffer(steps))

    scaled = replace(book, price_cap_per_mwh=CAP * factor, bids=tuple(dearer(bid) for bid in book.bids))
    before, after = clear(book, EXACT), clear(scaled, EXACT)
    assert [award.reduction_kw for award in after.awards] == [award.reduction_kw for award in before.awards]
    for high, low in zip(after.price_per_mwh, before.price_per_mwh, strict=True):
        assert abs(high - low * factor) <= factor * Decimal("0.000001")
