"""The reason given is what kept a bid out, also where the published price alone would not have."""

from decimal import Decimal

import pytest
from support.exact_clearing import EXACT
from support.hand_cleared import bid, book, steps
from support.programs import block

from vpp.auction.bid import Bid, Rebound, ReboundProfile, RunLimits, StoreOffer
from vpp.auction.book import Book
from vpp.auction.buyer import BuyerTerms, FeederLimit, ZoneLimit
from vpp.auction.clearing import clear
from vpp.auction.result import Award, BidReason
from vpp.auction.rules import ClearingRules
from vpp.portfolio.money_rules import PayRule

STEADY = BuyerTerms(max_release_ramp_kw=50.0)


def award_of(one: Book, bid_id: str, rules: ClearingRules = EXACT) -> Award:
    return next(award for award in clear(one, rules).awards if award.bid_id == bid_id)


def test_a_shortage_that_a_ramp_makes_is_the_ramp_s_fault() -> None:
    """The price is the cap, as 50 kW of the target are missing, and yet the dearer bid was not taken."""
    one = book((100.0,), steps("a", (100.0, 10.0)), steps("b", (100.0, 20.0)), terms=STEADY)
    clearing = clear(one, EXACT)
    assert clearing.price_per_mwh == (Decimal(5000),)
    assert award_of(one, "b").reason is BidReason.REJECTED_RAMP_LIMIT


def test_a_rebound_profile_has_no_deadline_to_miss() -> None:
    bids = steps("a", (100.0, 10.0)), steps("b", (100.0, 20.0), rebound=ReboundProfile((0.5,)))
    award = award_of(book((100.0,), *bids, terms=STEADY, recovery=1), "b")
    assert award.reason is BidReason.REJECTED_RAMP_LIMIT


def test_a_single_site_only_adds_to_the_reserve_against_its_loss() -> None:
    one = book((100.0,), steps("a", (100.0, 10.0)), terms=BuyerTerms(has_loss_reserve=True))
    award = award_of(one, "a")
    assert award.reason is BidReason.REJECTED_SITE_LIMIT
    assert "reserve against its loss" in award.detail


def test_two_limits_that_only_together_keep_a_bid_out_are_named_by_the_dearer() -> None:
    """Without the zone's limit the feeder's stands, and without the feeder's the zone's."""
    full = (0.0,)
    terms = BuyerTerms(
        zones=(ZoneLimit("Z1", max_reduction_kw=full),),
        feeders=(FeederLimit("f", ("site-a",), max_reduction_kw=full),),
    )
    award = award_of(book((100.0,), steps("a", (100.0, 10.0)), terms=terms), "a")
    assert award.reason in {BidReason.REJECTED_ZONE_LIMIT, BidReason.REJECTED_FEEDER_LIMIT}


def test_rebound_that_is_dear_without_a_limit_of_room_is_a_matter_of_price() -> None:
    """What comes back falls into the zone's own target, where it is bought again at the cap."""
    returning = steps("a", (100.0, 10.0), None, rebound=Rebound(1.5, 1, 200.0))
    terms = BuyerTerms(zones=(ZoneLimit("Z1", local_target_kw=(100.0, 300.0)),))
    award = award_of(book((0.0, 0.0), returning, terms=terms), "a")
    assert award.reason is BidReason.REJECTED_PRICE_ABOVE_CLEARING
    assert "its rebound costs" in award.detail


def test_rebound_without_room_is_a_matter_of_headroom() -> None:
    returning = steps("a", (100.0, 10.0), rebound=Rebound(1.0, 1, 200.0))
    one = book((100.0,), returning, steps("s", (200.0, 50.0)), recovery=1, rebound_headroom_kw=0.0)
    assert award_of(one, "a").reason is BidReason.REJECTED_REBOUND_HEADROOM


@pytest.mark.parametrize(
    "one",
    [
        steps("a", (100.0, -5.0)),
        block("a", (100.0,), -5),
        bid("a", StoreOffer(100.0, 0.0, 100.0, 0.0, 100.0, 0.0, Decimal(-5))),
        steps("a", (100.0, -5.0), run_limits=RunLimits(min_level_kw=50.0)),
    ],
    ids=["steps", "block", "store", "run"],
)
def test_who_pays_to_be_called_is_called_though_nothing_is_asked_for(one: Bid) -> None:
    clearing = clear(book((0.0,), one), EXACT)
    assert clearing.objective < 0
    (award,) = clearing.awards
    assert award.reason is BidReason.ACCEPTED_IN_FULL
    assert "kW over all intervals" in award.detail or "ratio" in award.detail


def test_who_asks_nothing_is_not_called_for_nothing() -> None:
    award = award_of(book((0.0,), steps("a", (100.0, 0.0))), "a")
    assert award.reason is BidReason.REJECTED_NOT_NEEDED


def test_a_step_beyond_the_fixed_price_leaves_its_bid_in_part() -> None:
    rules = ClearingRules(PayRule.FIXED, Decimal(50))
    award = award_of(book((200.0, 200.0), steps("a", (100.0, 10.0), (100.0, 60.0))), "a", rules)
    assert award.reduction_kw == (100.0, 0.0)
    assert award.reason is BidReason.ACCEPTED_IN_PART
