"""What a bidder gains by asking for more or less than its cost, or by offering less than it has.

Each bidder in turn changes its one bid, everybody else tells the truth, the book is cleared again.
Its profit is what it is paid less what its award really costs it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from statistics import mean

from vpp.auction.bid import Bid, BlockOffer, PriceStep, StepOffer
from vpp.auction.book import Book
from vpp.auction.clearing import clear
from vpp.auction.result import Award, Clearing
from vpp.auction.rules import ClearingRules, UniformPrice
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName

PRICE_FACTORS = ("0.8", "0.9", "1.1", "1.25", "1.5")
WITHHELD = ("0.10", "0.25", "0.50")
RULES = ("as bid", "uniform", "convex hull", "fixed price")
_START = datetime(2026, 1, 15, 17, tzinfo=UTC)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Gain:
    """What one misreport of one bidder changed, in currency."""

    rule: str
    bidder: tuple[int, str]
    misreport: str
    gain: float
    truthful_pay: float


def random_book(seed: int, *, bid_count: int = 30, interval_count: int = 4) -> Book:
    """Steps and blocks in one zone without limits, one bid a bidder, half of what is offered wanted."""
    random = Random(seed)
    bids = [_random_bid(random, number, interval_count) for number in range(bid_count)]
    offered_kw = [sum(_largest_kw(bid, t) for bid in bids) for t in range(interval_count)]
    target_kw = tuple(round(offered * random.uniform(0.4, 0.6), -1) for offered in offered_kw)
    return Book(f"incentives-{seed}", _START, _HOUR, target_kw, 0, Decimal(1000), None, tuple(bids))


def _random_bid(random: Random, number: int, interval_count: int) -> Bid:
    size_kw = float(random.randrange(100, 1001, 10))
    price = Decimal(random.randrange(2000, 15000)).scaleb(-2)
    offer: StepOffer | BlockOffer
    if random.random() < 0.6:
        dearer = price + Decimal(random.randrange(200, 4000)).scaleb(-2)
        ladder = (PriceStep(size_kw / 2, price), PriceStep(size_kw / 2, dearer))
        offer = StepOffer((ladder,) * interval_count)
    else:
        length = random.randint(1, interval_count)
        before = random.randint(0, interval_count - length)
        energy_cost = float(price) * size_kw * length / 1000
        fixed = Decimal(str(round(energy_cost * random.choice((0.0, 0.2)), 2)))
        ratio = random.choice((1.0, 1.0, 0.5))
        offer = BlockOffer((0.0,) * before + (size_kw,) * length, price, fixed, ratio)
    entered = _START - timedelta(days=1, seconds=random.randrange(3600))
    return Bid(f"bid-{number:02d}", f"site-{number:02d}", "load", "zone", entered, 1.0, offer)


def _largest_kw(bid: Bid, t: int) -> float:
    if isinstance(bid.offer, StepOffer):
        return sum(step.reduction_kw for step in bid.offer.steps[t])
    assert isinstance(bid.offer, BlockOffer)
    return bid.offer.profile_kw[t] if t < len(bid.offer.profile_kw) else 0.0


def misreports(bid: Bid) -> Iterator[tuple[str, Bid]]:
    """Every way in which a bid is misreported here."""
    for factor in PRICE_FACTORS:
        yield f"price x {factor}", _scaled(bid, price=Decimal(factor), size=1.0)
    for share in WITHHELD:
        yield f"{100 * float(share):.0f} % withheld", _scaled(bid, price=Decimal(1), size=1 - float(share))


def _scaled(bid: Bid, *, price: Decimal, size: float) -> Bid:
    offer = bid.offer
    if isinstance(offer, StepOffer):
        ladders = tuple(
            tuple(PriceStep(step.reduction_kw * size, step.price_per_mwh * price) for step in steps)
            for steps in offer.steps
        )
        return replace(bid, offer=StepOffer(ladders))
    assert isinstance(offer, BlockOffer)
    profile_kw = tuple(kw * size for kw in offer.profile_kw)
    # Asking more means asking more for all of it; what is withheld does not make the rest start cheaper.
    scaled = replace(
        offer,
        profile_kw=profile_kw,
        price_per_mwh=offer.price_per_mwh * price,
        fixed_cost=offer.fixed_cost * price,
    )
    return replace(bid, offer=scaled)


def gains(seed: int) -> list[Gain]:
    """Let every bidder of a random book misreport in every way under every rule.

    The fixed price is the mean of the truthful uniform prices: a product whose price was set well.
    """
    book = random_book(seed)
    rules = {
        "as bid": _rules(PayRule.AS_BID),
        "uniform": _rules(PayRule.AS_CLEAR),
        "convex hull": replace(_rules(PayRule.AS_CLEAR), uniform_price=UniformPrice.CONVEX_HULL),
    }
    uniform = clear(book, rules["uniform"])
    fixed = Decimal(str(round(mean(float(price) for price in uniform.price_per_mwh), 2)))
    rules["fixed price"] = replace(_rules(PayRule.AS_BID), pay_rule=PayRule.FIXED, fixed_price_per_mwh=fixed)
    found = []
    for name, by in rules.items():
        truthful = _awards(clear(book, by))
        for place, bid in enumerate(book.bids):
            honest = truthful[bid.bid_id]
            for told, lie in misreports(bid):
                bids = (*book.bids[:place], lie, *book.bids[place + 1 :])
                award = _awards(clear(replace(book, bids=bids), by))[bid.bid_id]
                gain = _paid(award) - _cost(bid, award) - _paid(honest) + _cost(bid, honest)
                found.append(Gain(name, (seed, bid.bid_id), told, gain, _paid(honest)))
    return found


def _rules(pay_rule: PayRule) -> ClearingRules:
    return ClearingRules(pay_rule, solver=SolverName.HIGHS, relative_gap=1e-7)


def _awards(clearing: Clearing) -> dict[str, Award]:
    return {award.bid_id: award for award in clearing.awards}


def _paid(award: Award) -> float:
    by_price = sum(
        kw / 1000 * float(price) for kw, price in zip(award.reduction_kw, award.price_per_mwh, strict=True)
    )
    return by_price + float(award.make_whole)


def _cost(true: Bid, award: Award) -> float:
    """What an award really costs its bidder."""
    if isinstance(true.offer, BlockOffer):
        energy_mwh = sum(award.reduction_kw) / 1000
        fixed = float(true.offer.fixed_cost) if energy_mwh > 0 else 0.0
        return energy_mwh * float(true.offer.price_per_mwh) + fixed
    assert isinstance(true.offer, StepOffer)
    total = 0.0
    for kw, steps in zip(award.reduction_kw, true.offer.steps, strict=True):
        left_kw = kw
        for step in steps:
            part_kw = min(left_kw, step.reduction_kw)
            total += part_kw / 1000 * float(step.price_per_mwh)
            left_kw -= part_kw
    return total
