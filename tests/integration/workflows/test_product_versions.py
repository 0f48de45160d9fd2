"""An event keeps the version of its product under which it was called, whatever becomes of the product."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from support.followed_evening import begin, course_from, make_cleared
from support.market import EVENING, GATE, NOON, OPERATOR, RULES, Market, step_bid
from support.products import changed_product, put_in_force, shipped_products

from vpp.dispatch.event import EventState
from vpp.foundation.errors import AlreadyExists
from vpp.foundation.interval import Interval
from vpp.workflows.delivering import site_deliveries
from vpp.workflows.emergencies import create_emergency_event
from vpp.workflows.founding_products import found_products
from vpp.workflows.modifying import update_event

SHAVING, EMERGENCY = "example-peak-shaving", "example-emergency"
OLD = shipped_products()[SHAVING].version
NEW_MONEY = {"band_low_ratio": "0", "penalty_ratio": "3", "aggregator_fee_ratio": "0.9"}


def change_product(market: Market, product_id: str = SHAVING, **changes: object) -> None:
    """Let a new version with other money rules take effect."""
    old = shipped_products()[product_id]
    put_in_force(market.units, changed_product(old, version=old.version + 1, money=NEW_MONEY, **changes))


def products_settled_by(market: Market, event_id: str) -> set[tuple[str, int, Decimal]]:
    with market.units(write=False) as uow:
        deliveries = site_deliveries(uow, market.event(event_id), RULES)
    products = [delivery.product for delivery in deliveries]
    return {(each.product_id, each.version, each.money.aggregator_fee_ratio) for each in products}


def test_a_product_that_changes_in_the_course_of_an_event_changes_later_events_alone(market: Market) -> None:
    market.open_auction()
    change_product(market)  # while bids are taken
    for site_id, price in (("north-1", "60"), ("north-2", "90")):
        market.bid(site_id, 100.0, price)
    market.advance(GATE + timedelta(minutes=1))
    change_product(market)  # again: the same content is no other
    update_event(
        market.units,
        OPERATOR,
        "evening",
        target_reduction_kw=(120.0,) * 8,
        delivery=None,
        etag="",
        request_id="",
    )
    market.advance(EVENING.start + timedelta(minutes=30))
    assert market.event().state is EventState.ACTIVE
    shorter = Interval(EVENING.start, EVENING.end - timedelta(minutes=30))
    update_event(
        market.units,
        OPERATOR,
        "evening",
        target_reduction_kw=None,
        delivery=shorter,
        etag="",
        request_id="",
    )
    market.advance(EVENING.end)
    assert market.event().product_version == OLD
    assert products_settled_by(market, "evening") == {(SHAVING, OLD, Decimal("0.1"))}
    following = Interval(EVENING.start + timedelta(days=1), EVENING.end + timedelta(days=1))
    later = market.open_auction(
        auction_id="later", delivery=following, gate_closes_at=following.start - timedelta(hours=3)
    )
    assert later.value.product_version == OLD + 1


def test_an_emergency_keeps_its_version_and_the_next_one_has_the_new(market: Market) -> None:
    for site_id in ("north-1", "north-2"):
        market.bid(
            site_id,
            100.0,
            "90",
            bid=step_bid(site_id, 100.0, "90", intervals=1),
            auction_id=None,
            product_id=EMERGENCY,
        )

    def call(name: str, hours: int) -> int:
        start = NOON + timedelta(hours=hours)
        event = create_emergency_event(
            market.units,
            OPERATOR,
            market.pool,
            RULES,
            event_id=name,
            product_id=EMERGENCY,
            zone="north",
            delivery=Interval(start, start + timedelta(hours=1)),
            target_reduction_kw=(50.0,) * 4,
            price_cap_per_mwh=Decimal(2000),
            currency="GBP",
            request_id="",
        ).value
        assert event.state is EventState.OFFERED
        return event.product_version

    old = shipped_products()[EMERGENCY].version
    assert call("first", 1) == old
    change_product(market, EMERGENCY)
    assert call("second", 6) == old + 1
    market.advance(NOON + timedelta(hours=8))
    assert products_settled_by(market, "first") == {(EMERGENCY, old, Decimal("0.1"))}
    assert products_settled_by(market, "second") == {(EMERGENCY, old + 1, Decimal("0.9"))}


def test_a_site_that_tops_an_event_up_is_settled_by_the_event_s_version(tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    course = course_from(make_cleared(tmp_path), tmp_path / "copy")
    change_product(course.market, bid={"min_bid_kw": 1.0, "increment_kw": 0.5})
    course.stand_by("north-3", 7.5, "1")  # too small for the event's own version, however cheap
    begin(course, refusing=frozenset({"north-2"}))
    assert course.market.event().modification_number == 1
    with course.market.units(write=False) as uow:
        bought = [award.reduction_kw[-1] for award in uow.claims.awards_of(["evening"])]
        assert 7.5 not in bought
    assert "north-3" in course.newest()
    course.market.advance(EVENING.end)
    assert course.market.event().product_version == OLD
    assert products_settled_by(course.market, "evening") == {(SHAVING, OLD, Decimal("0.1"))}
    course.market.units.close()


def test_a_version_whose_content_changed_is_refused_and_nothing_is_changed(market: Market) -> None:
    old = shipped_products()[SHAVING]
    other = changed_product(old, money=NEW_MONEY)
    brand_new = changed_product(old, product_id="brand-new")
    with pytest.raises(
        AlreadyExists, match=f"{SHAVING} version {OLD} has other content; count its version up"
    ):
        found_products(market.units, [brand_new, other])
    with market.units(write=False) as uow:
        assert uow.products.get(SHAVING, OLD) == old
        assert uow.products.latest(brand_new.product_id) is None
        assert not uow.product_changes.page()
