import dataclasses
import math
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from support.agent_site import (
    EVENING,
    MORNING,
    PRODUCT,
    QUARTER,
    RULES,
    Site,
    award_notice,
    connected,
    invitation,
    start_site,
    write_site,
)
from support.planned_units import planned_units

from vpp.agent.bidder import Bidder
from vpp.agent.bidding import Enrolled, ProductRules, Terms, Window, bid_for
from vpp.agent.commitment import Commitment
from vpp.agent.local_memory import LocalMemory
from vpp.agent.memory import PendingBid
from vpp.agent.plan import SitePlan
from vpp.agent.settings import BiddingTable
from vpp.agent.wire import amount
from vpp.flexibility.offer import Offer
from vpp.foundation.interval import Interval
from vpp.v1 import auction_pb2

WINDOW = Window("auctions/a", "", Interval(EVENING, EVENING + 2 * QUARTER), QUARTER, 4, Decimal(500), MORNING)
BIDDING = BiddingTable(tariff_per_kwh=Decimal("0.2"), currency="GBP", reserve_ratio=0.2)
TERMS = Terms("sites/s/resources/bess", Enrolled(1000.0, 1000.0), RULES, BIDDING)


def offer(**changes: object) -> Offer:
    values = {
        "resource_id": "bess",
        "reduction_kw": (100.0, 100.0),
        "price_per_mwh": Decimal("100.00"),
        "divisible": True,
        "min_acceptance_ratio": 0.0,
        "energy_limit_kwh": 50.0,
        "recovery_ratio": 1.2,
        "recovery_intervals": 3,
        "max_recovery_kw": 90.0,
        "fixed_cost": Decimal(0),
        "delivery_ratio": 0.95,
    }
    return Offer(**{**values, **changes})  # type: ignore[arg-type]  # the table above has every field


def steps_kw(bid: auction_pb2.Bid) -> list[float]:
    return [sum(step.reduction_kw for step in steps.steps) for steps in bid.step_offer.intervals]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with connected(start_site(write_site(tmp_path))) as running:
        yield running


def by_resource(site: Site) -> dict[str, auction_pb2.Bid]:
    bids = [request.bid for request in site.agent.due_bids(site.now)]
    return {bid.resource.rpartition("/")[2]: bid for bid in bids}


def test_a_bid_keeps_the_reserve_back_and_says_how_the_energy_returns() -> None:
    pending = bid_for(WINDOW, offer(), TERMS, [])
    assert pending is not None
    bid = pending.request.bid
    assert steps_kw(bid) == [80.0, 80.0]
    assert bid.energy_limit_kwh == pytest.approx(40.0)
    assert (bid.rebound.return_ratio, bid.rebound.deadline_interval_count) == (
        1.2,
        4,
    )  # three after release, and one while the other interval is delivered
    assert bid.delivery_ratio == 0.95
    assert pending.commitments == (Commitment("bess", WINDOW.delivery, (80.0, 80.0)),)


def test_no_more_energy_is_sold_than_can_be_paid_back_in_time() -> None:
    # 20 kW over four quarters of an hour pay back 20 kWh, which 20 / 1.2 kWh of reduction cause.
    pending = bid_for(WINDOW, offer(max_recovery_kw=20.0), TERMS, [])
    assert pending is not None
    assert pending.request.bid.energy_limit_kwh == pytest.approx(20.0 / 1.2)


def test_what_has_been_sold_is_not_offered_again() -> None:
    sold = [Commitment("bess", Interval(EVENING, EVENING + QUARTER), (60.0,))]
    pending = bid_for(WINDOW, offer(), TERMS, sold)
    assert pending is not None
    assert steps_kw(pending.request.bid) == [32.0, 80.0]
    assert pending.request.bid.energy_limit_kwh == pytest.approx((50.0 - 15.0) * 0.8)


def test_a_commitment_long_before_takes_nothing_away() -> None:
    sold = [Commitment("bess", Interval(MORNING, MORNING + QUARTER), (60.0,))]
    pending = bid_for(WINDOW, offer(), TERMS, sold)
    assert pending is not None
    assert steps_kw(pending.request.bid) == [80.0, 80.0]


def test_quantities_are_whole_increments_and_within_the_envelope() -> None:
    terms = Terms(
        TERMS.resource,
        Enrolled(33.0, 1000.0),
        ProductRules(5.0, 5.0, Decimal(0), Decimal(3000), "GBP", QUARTER, is_emergency=False),
        BIDDING,
    )
    pending = bid_for(WINDOW, offer(), terms, [])
    assert pending is not None
    assert steps_kw(pending.request.bid) == [30.0, 30.0]


def test_no_bid_is_larger_than_the_product_s_largest() -> None:
    small = ProductRules(
        5.0, 20.0, Decimal(0), Decimal(3000), "GBP", QUARTER, is_emergency=False, max_bid_kw=75.0
    )
    pending = bid_for(WINDOW, offer(), Terms(TERMS.resource, TERMS.enrolled, small, BIDDING), [])
    assert pending is not None
    assert steps_kw(pending.request.bid) == [60.0, 60.0]  # whole increments within it


@pytest.mark.parametrize(
    "changes",
    [
        {"price_per_mwh": Decimal(501)},
        {"reduction_kw": (9.0, 9.0)},
        {"energy_limit_kwh": 0.0},
    ],
    ids=["above the cap", "below the smallest bid", "no energy"],
)
def test_what_is_not_worth_bidding_is_not_bid(changes: dict[str, object]) -> None:
    assert bid_for(WINDOW, offer(**changes), TERMS, []) is None


def test_the_floor_price_holds() -> None:
    rules = ProductRules(10.0, 1.0, Decimal(120), Decimal(3000), "GBP", QUARTER, is_emergency=False)
    pending = bid_for(WINDOW, offer(), Terms(TERMS.resource, TERMS.enrolled, rules, BIDDING), [])
    assert pending is not None
    assert amount(pending.request.bid.step_offer.intervals[0].steps[0].price_per_mwh) == 120


def test_an_indivisible_offer_becomes_a_block_with_its_rebound() -> None:
    whole = offer(divisible=False, min_acceptance_ratio=1.0, fixed_cost=Decimal("7.50"))
    pending = bid_for(WINDOW, whole, TERMS, [])
    assert pending is not None
    block = pending.request.bid.block_offer
    assert list(block.profile_kw) == [100.0, 100.0, -80.0, -80.0, -80.0]
    assert amount(block.fixed_cost_amount) == Decimal("7.50")
    assert block.min_acceptance_ratio == 1.0


def test_of_what_runs_as_one_no_less_is_sold_than_it_gives_at_least() -> None:
    machine = offer(
        divisible=False,
        energy_limit_kwh=None,
        recovery_ratio=0.0,
        recovery_intervals=0,
        min_acceptance_ratio=0.5,
    )
    smaller = bid_for(WINDOW, machine, dataclasses.replace(TERMS, enrolled=Enrolled(80.0, 1000.0)), [])
    assert smaller is not None
    block = smaller.request.bid.block_offer
    assert list(block.profile_kw) == [80.0, 80.0]
    assert block.min_acceptance_ratio * 80.0 == pytest.approx(50.0)
    assert bid_for(WINDOW, machine, dataclasses.replace(TERMS, enrolled=Enrolled(40.0, 1000.0)), []) is None


def test_a_block_whose_rebound_does_not_fit_is_not_bid() -> None:
    whole = offer(divisible=False, min_acceptance_ratio=1.0, max_recovery_kw=40.0)
    assert bid_for(WINDOW, whole, TERMS, []) is None


def test_an_invitation_is_answered_by_every_resource_that_has_something(site: Site) -> None:
    site.deliver(invitation=invitation())
    bids = by_resource(site)
    assert {"batch", "bess"} <= set(bids)
    assert "ups" not in bids  # two hours are not its trade
    for resource_id, bid in bids.items():
        limit_kw = site.agent.units[resource_id].envelope().p_max_kw
        assert max(steps_kw(bid)) <= limit_kw


def ladder_of(site: Site, enrolled: Enrolled, **invited: object) -> list[PendingBid]:
    """Return the bids of a cluster whose groups can be cut, and one of them paused."""
    bidder = Bidder(site.settings, LocalMemory())
    bidder.rules, bidder.envelopes = {PRODUCT: RULES}, {"gpu": enrolled}
    units = planned_units(MORNING, "job_groups")
    message = invitation(count=4, recovery_count=24, **invited)  # type: ignore[arg-type]  by name
    return bidder.bids(message, units, SitePlan(), [], MORNING)


def test_a_cluster_bids_its_whole_ladder_and_names_no_group(site: Site) -> None:
    cut, pause = ladder_of(site, Enrolled(1000.0, 5000.0))
    assert (cut.request.bid.HasField("step_offer"), pause.request.bid.HasField("block_offer")) == (True, True)
    assert pause.request.bid.block_offer.min_acceptance_ratio == 1.0
    assert amount(pause.request.bid.block_offer.fixed_cost_amount) > 0
    assert cut.request.request_id != pause.request.request_id
    assert {each.resource_id for bid in (cut, pause) for each in bid.commitments} == {"gpu"}
    assert "secret" not in f"{cut.request}{pause.request}"


def test_the_rungs_of_a_ladder_stay_together_within_what_was_enrolled(site: Site) -> None:
    cut, pause = ladder_of(site, Enrolled(1000.0, 5000.0))
    both_kw = max(cut.commitments[0].reduction_kw) + max(pause.commitments[0].reduction_kw)
    bids = ladder_of(site, Enrolled(both_kw - 2.0, 5000.0))
    assert [bid.request.bid.WhichOneof("offer") for bid in bids] == ["step_offer"]
    energy_kwh = sum(each.energy_kwh for bid in (cut, pause) for each in bid.commitments)
    assert len(ladder_of(site, Enrolled(1000.0, energy_kwh - 1.0))) == 1


def test_the_same_invitation_twice_makes_the_same_request(site: Site) -> None:
    site.deliver(invitation=invitation())
    first = site.agent.due_bids(site.now)
    site.deliver(invitation=invitation())
    assert [bid.request_id for bid in site.agent.due_bids(site.now)] == [bid.request_id for bid in first]


def test_an_award_leaves_less_for_the_next_auction_at_the_same_time(site: Site) -> None:
    site.deliver(invitation=invitation())
    before = by_resource(site)["bess"]
    for request in site.agent.due_bids(site.now):
        name = "bids/" + request.bid.resource.rpartition("/")[2]
        site.agent.bid_answered(request.request_id, name, accepted=True)
    site.deliver(award_notice=award_notice({"bess": steps_kw(before)}))
    site.deliver(invitation=invitation(auction="auctions/second"))
    after = by_resource(site).get("bess")
    assert after is None or max(steps_kw(after)) < 0.5 * max(steps_kw(before))


def test_open_bids_count_as_sold_until_they_are_answered(site: Site) -> None:
    site.deliver(invitation=invitation())
    before = by_resource(site)["batch"]
    for request in site.agent.due_bids(site.now):
        site.agent.bid_answered(request.request_id, "bids/x", accepted=True)
    site.deliver(invitation=invitation(auction="auctions/second"))
    after = by_resource(site).get("batch")
    assert after is None or max(steps_kw(after)) < 0.5 * max(steps_kw(before))


def test_no_more_is_bid_than_the_site_has_load_to_shed(site: Site, tmp_path: Path) -> None:
    site.deliver(invitation=invitation())
    free = by_resource(site)
    wanted_kw = [sum(kw) for kw in zip(*map(steps_kw, free.values()), strict=True)]
    low = invitation(auction="auctions/low")
    # Half of what is wanted in the first hour, nothing at all in the second.
    low.sheddable_load_kw.extend([wanted_kw[0] / 2] * 4 + [5.0] * 4)
    with connected(start_site(write_site(tmp_path / "low"))) as fresh:
        fresh.deliver(invitation=low)
        bids = by_resource(fresh)
        sold_kw = [sum(kw) for kw in zip(*map(steps_kw, bids.values()), strict=True)]
    assert 0.4 * wanted_kw[0] <= max(sold_kw[:4]) <= wanted_kw[0] / 2
    assert sold_kw[4:] == [0.0] * 4  # 5 kW are less than the smallest bid
    price = {resource: bid.step_offer.intervals[0].steps[0].price_per_mwh for resource, bid in free.items()}
    cheapest = min(free, key=lambda resource: (amount(price[resource]), resource))
    assert steps_kw(bids[cheapest])[0] == min(steps_kw(free[cheapest])[0], math.floor(wanted_kw[0] / 2))


def test_what_is_promised_already_takes_from_the_load_that_can_be_shed(site: Site) -> None:
    roomy = invitation()
    roomy.sheddable_load_kw.extend([1000.0] * 8)
    site.deliver(invitation=roomy)
    sold_kw = sum(steps_kw(bid)[0] for bid in by_resource(site).values())
    for request in site.agent.due_bids(site.now):
        site.agent.bid_answered(request.request_id, "bids/x", accepted=True)
    second = invitation(auction="auctions/second")
    second.sheddable_load_kw.extend([sold_kw + 12.5] * 8)
    site.deliver(invitation=second)
    more_kw = [sum(kw) for kw in zip(*map(steps_kw, by_resource(site).values()), strict=True)]
    assert all(kw <= 12.5 for kw in more_kw)


def test_an_invitation_that_does_not_fit_its_intervals_is_not_answered(site: Site) -> None:
    odd = invitation()
    odd.sheddable_load_kw.extend([100.0] * 3)
    site.deliver(invitation=odd)
    assert site.agent.due_bids(site.now) == []


def test_no_bid_after_the_gate_during_planned_work_or_for_an_unknown_product(
    site: Site, tmp_path: Path
) -> None:
    site.deliver(invitation=invitation(gate=MORNING))
    unknown = invitation(auction="auctions/other")
    unknown.auction.product = "products/other"
    site.deliver(invitation=unknown)
    assert site.agent.due_bids(site.now) == []
    window = {"start": EVENING - timedelta(hours=1), "end": EVENING + QUARTER}
    away = write_site(tmp_path / "away", maintenance=[window])
    with connected(start_site(away)) as other:
        other.deliver(invitation=invitation())
        assert other.agent.due_bids(other.now) == []


def test_standing_bids_are_made_once_and_last_for_the_whole_call(tmp_path: Path) -> None:
    table = {"product": "example-emergency", "resources": ["bess"], "duration": "PT1H", "share_ratio": 0.5}
    settings = write_site(tmp_path, standing_bids=[table])
    rules = ProductRules(10.0, 1.0, Decimal(0), Decimal(6000), "GBP", QUARTER, is_emergency=True)
    with start_site(settings) as site:
        envelope = site.agent.units["bess"].envelope().for_enrolment()
        enrolled = {"bess": Enrolled(envelope.max_reduction_kw, envelope.energy_budget_kwh)}
        for _ in range(2):
            site.agent.enrolled({"products/example-emergency": rules}, enrolled, site.now)
        (request,) = site.agent.due_bids(site.now)
        site.agent.bid_answered(request.request_id, "bids/standing", accepted=True)
        site.deliver(award_notice=award_notice({"bess": [20.0]}, bids={"bess": "bids/standing"}))
        with site.restart() as reborn:  # its award does not use it up, and it is not made again
            reborn.agent.enrolled({"products/example-emergency": rules}, enrolled, reborn.now)
            assert reborn.agent.due_bids(reborn.now) == []
    bid = request.bid
    assert (bid.auction, bid.product, len(bid.step_offer.intervals)) == ("", "products/example-emergency", 1)
    (kw,) = steps_kw(bid)
    assert 0.0 < kw <= 0.5 * envelope.max_reduction_kw
    assert kw * 1.0 <= bid.energy_limit_kwh
