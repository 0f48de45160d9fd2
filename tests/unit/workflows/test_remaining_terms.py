from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.auction.buyer import ANY_TERMS, BuyerTerms, FeederLimit, SiteLimit, ZoneLimit
from vpp.auction.tender import Tender, TenderState
from vpp.foundation.interval import Interval
from vpp.workflows.records import AwardRecord
from vpp.workflows.remaining_terms import remaining_terms

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
DELIVERY = Interval(NOON, NOON + 2 * QUARTER)
AWARDS = (
    AwardRecord(
        award_id="evening-b1",
        event_id="evening",
        bid_id="b1",
        site_id="a",
        resource_id="battery",
        delivery=DELIVERY,
        reduction_kw=(100.0, 100.0),
        rebound_kw=(0.0, 0.0, 60.0, 20.0),
        price_per_mwh=(Decimal(50),) * 2,
        make_whole=Decimal(0),
        reason="ACCEPTED_IN_FULL",
    ),
)


def tender(terms: BuyerTerms, headroom_kw: float | None = None) -> Tender:
    return Tender(
        auction_id="evening",
        product_id="example-peak-shaving",
        product_version=1,
        zone="north",
        delivery=DELIVERY,
        target_reduction_kw=(100.0, 100.0),
        price_cap_per_mwh=Decimal(2000),
        gate_closes_at=NOON - QUARTER,
        rebound_headroom_kw=headroom_kw,
        operator_party_id="grid",
        state=TenderState.CLEARED,
        terms=terms,
    )


def test_without_an_auction_there_are_no_limits() -> None:
    assert remaining_terms(None, AWARDS, 1, 3) == (ANY_TERMS, None)


def test_the_headroom_shrinks_by_the_rebound_that_is_bought_already() -> None:
    assert remaining_terms(tender(ANY_TERMS, 100.0), AWARDS, 1, 3) == (BuyerTerms(), pytest.approx(40.0))


def test_limits_begin_where_the_clearing_does_and_hold_for_all_that_is_bought() -> None:
    limit = FeederLimit("feeder", ("a", "b"), (150.0, 140.0, 150.0, 150.0), (90.0,) * 4)
    other = FeederLimit("other", ("c",), None, (50.0,) * 4)
    terms = BuyerTerms(
        zones=(
            ZoneLimit("north", (80.0, 80.0), None, (70.0,) * 4),
            ZoneLimit("south", None, (1.0,) * 4, None),
        ),
        feeders=(limit, other),
        sites=(SiteLimit("a", "owner", (60.0,) * 4), SiteLimit("c", "owner", (60.0,) * 4)),
        margin_ratio=0.1,
        min_site_count=2,
    )
    left, _ = remaining_terms(tender(terms), AWARDS, 1, 3)
    assert left.feeders == (
        replace(limit, max_reduction_kw=(40.0, 150.0, 150.0), max_rebound_kw=(90.0, 30.0, 70.0)),
        replace(other, max_rebound_kw=(50.0,) * 3),
    )
    assert left.zones == (ZoneLimit("north", None, None, (70.0, 10.0, 50.0)),)
    assert left.sites == (
        SiteLimit("a", "owner", (60.0, 0.0, 40.0)),
        SiteLimit("c", "owner", (60.0, 60.0, 60.0)),
    )
    assert left.margin_ratio == 0.0
    assert left.min_site_count == 0
