"""Books that other programs can express too: steps and blocks, one zone, nothing else."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from vpp.auction.bid import Bid, BlockOffer, StepOffer
from vpp.auction.book import Book
from vpp.auction.buyer import BuyerTerms
from vpp.auction.generated_book import BookMix, generate_book
from vpp.foundation.series import hours

_LEAST_SHARE = 0.1  # of the peak: what is asked for where a generated book asks for nothing


def plain_book(bid_count: int, interval_count: int, seed: int) -> Book:
    """A book of steps and blocks without fixed cost, links and groups.

    Something is asked for in every interval, and exactly that is bought: programs differ in what
    they make of an interval without a target.
    """
    book = generate_book(
        bid_count=bid_count,
        interval_count=interval_count,
        mix=BookMix.BLOCKS,
        seed=seed,
        zone_count=1,
        with_limits=False,
    )
    bids = tuple(_plain(bid) for bid in book.bids)
    terms = BuyerTerms(allows_over_delivery=False)
    target_kw = tuple(max(kw, _LEAST_SHARE * max(book.target_kw)) for kw in book.target_kw)
    book = replace(book, bids=bids, terms=terms, target_kw=target_kw)
    return replace(book, recovery_interval_count=0, rebound_headroom_kw=None)


def _plain(bid: Bid) -> Bid:
    """Take away what only this engine knows."""
    bid = replace(bid, parent_bid_id=None, exclusive_group=None, energy_limit_kwh=None)
    if isinstance(bid.offer, BlockOffer):
        shed_kw = tuple(max(0.0, kw) for kw in bid.offer.profile_kw)
        shed_kw = shed_kw[: max(t for t, kw in enumerate(shed_kw) if kw) + 1]
        bid = replace(bid, offer=replace(bid.offer, profile_kw=shed_kw, fixed_cost=Decimal(0)))
    return bid


def write_neutral(book: Book, path: Path) -> None:
    """Write a book as plain numbers: counted MW, price per counted MWh."""
    steps, blocks = [], []
    for bid in book.bids:
        share = bid.delivery_ratio
        if isinstance(bid.offer, StepOffer):
            steps += [
                [t, step.reduction_kw * share / 1000, float(step.price_per_mwh) / share]
                for t, interval in enumerate(bid.offer.steps)
                for step in interval
            ]
        elif isinstance(bid.offer, BlockOffer):
            profile = [kw * share / 1000 for kw in bid.offer.profile_kw]
            blocks.append(
                {
                    "profile": profile + [0.0] * (book.delivery_interval_count - len(profile)),
                    "price": float(bid.offer.price_per_mwh) / share,
                    "low": bid.offer.min_acceptance_ratio,
                }
            )
    document = {
        "hours": hours(book.step),
        "cap": float(book.price_cap_per_mwh),
        "target": [kw / 1000 for kw in book.target_kw],
        "steps": steps,
        "blocks": blocks,
    }
    path.write_text(json.dumps(document), encoding="utf-8")
