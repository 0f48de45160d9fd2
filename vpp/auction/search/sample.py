"""A small book that is like a large one, whose prices are near the large one's."""

from dataclasses import replace

import numpy as np

from vpp.auction.book import Book
from vpp.auction.market.canonical import CanonicalBook
from vpp.auction.market.program import MarketProgram, assemble
from vpp.solver.highs_session import HighsSession
from vpp.solver.linear_program import Floats
from vpp.solver.report import Outcome

_FEWEST_SAMPLED, _SAMPLED_SHARE = 600, 1 / 16

Kw = tuple[float, ...] | None


def sampled_prices(market: MarketProgram, time_limit_s: float) -> Floats:
    """Solve the relaxation of every k-th site against a k-th of every target and limit.

    Args:
        market: The book.
        time_limit_s: Longest time, s.

    Returns:
        Prices of each account and interval, in thousandths per kW; 0 where the sample says nothing.
        Shape (A, T).

    Source:
        Design of the auction engine, section 4, step 2.
    """
    prices = np.zeros(market.market.balance.shape)
    sample = assemble(CanonicalBook(_sampled(market.canonical)))
    solved = HighsSession(sample.program).solve(time_limit_s=time_limit_s)
    if solved.outcome is not Outcome.OPTIMAL:
        return prices
    for place, account in enumerate(market.accounts.all):
        other = sample.accounts.place.get((account.kind, account.name))
        if other is not None:
            prices[place] = solved.row_dual[sample.market.balance[other]]
    return prices


def _sampled(canonical: CanonicalBook) -> Book:
    book = canonical.book
    sites = sorted({bid.site_id for bid in canonical.bids})
    wanted = max(_FEWEST_SAMPLED, _SAMPLED_SHARE * len(canonical.bids))
    every = max(1, round(len(canonical.bids) / wanted))
    kept = set(sites[::every])
    bids = tuple(bid for bid in canonical.bids if bid.site_id in kept)
    share = len(bids) / len(canonical.bids)

    def scaled(values: Kw) -> Kw:
        return None if values is None else tuple(value * share for value in values)

    terms = book.terms
    return replace(
        book,
        bids=bids,
        target_kw=tuple(value * share for value in book.target_kw),
        rebound_headroom_kw=None if book.rebound_headroom_kw is None else book.rebound_headroom_kw * share,
        terms=replace(
            terms,
            zones=tuple(
                replace(
                    zone,
                    local_target_kw=scaled(zone.local_target_kw),
                    max_reduction_kw=scaled(zone.max_reduction_kw),
                    max_rebound_kw=scaled(zone.max_rebound_kw),
                )
                for zone in terms.zones
            ),
            feeders=tuple(
                replace(
                    feeder,
                    max_reduction_kw=scaled(feeder.max_reduction_kw),
                    max_rebound_kw=scaled(feeder.max_rebound_kw),
                )
                for feeder in terms.feeders
            ),
            paths=tuple(
                replace(path, max_moved_kw=tuple(value * share for value in path.max_moved_kw))
                for path in terms.paths
            ),
            max_start_ramp_kw=None if terms.max_start_ramp_kw is None else terms.max_start_ramp_kw * share,
            max_release_ramp_kw=None
            if terms.max_release_ramp_kw is None
            else terms.max_release_ramp_kw * share,
        ),
    )
