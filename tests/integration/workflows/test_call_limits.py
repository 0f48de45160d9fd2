"""How often, how long and when a product may be called: what breaks its rules is refused, others go on."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from support.market import EVENING, GATE, NOON, OPERATOR, RULES, Market, make_enrolled_market, step_bid
from support.products import changed_product, shipped_products

from vpp.dispatch.event import Event, EventState
from vpp.dispatch.purpose import EventPurpose
from vpp.foundation.errors import InvalidInput, WrongState
from vpp.foundation.interval import Interval
from vpp.workflows.booking import barred_sites
from vpp.workflows.call_limits import spent_sites
from vpp.workflows.emergencies import create_emergency_event
from vpp.workflows.modifying import cancel_event
from vpp.workflows.ordering import OrderedCall, create_ordered_event
from vpp.workflows.records import AwardRecord, BidRecord, BidState

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SITES = ("north-1", "north-2")


def market_for(folder: Path, base: str = "example-peak-shaving", **changes: object) -> Market:
    """Make a market of two sites whose newest version of a product has other rules."""
    market = make_enrolled_market(folder)
    product = changed_product(shipped_products()[base], version=9, **changes)
    with market.units() as uow:
        uow.products.add(product)
        uow.commit()
    return market


def evening_after(days: int) -> Interval:
    return Interval(EVENING.start + days * DAY, EVENING.end + days * DAY)


def hold(market: Market, name: str, *, days: int = 0, state: EventState = EventState.OFFERED) -> None:
    """Keep an event of two hours that bought 75 kW of either site, as a clearing would leave it."""
    delivery = evening_after(days)
    with market.units() as uow:
        product = uow.products.latest("example-peak-shaving")
        assert product is not None
        quarters = (75.0,) * 8
        uow.events.add(
            name,
            Event(
                event_id=name,
                product_id=product.product_id,
                product_version=product.version,
                zone="north",
                delivery=delivery,
                target_reduction_kw=(150.0,) * 8,
                awarded_reduction_kw=(150.0,) * 8,
                price_cap_per_mwh=Decimal(2000),
                operator_party_id=OPERATOR.party_id,
                auction_id=None,
                state=state,
            ),
        )
        for site_id in SITES:
            bid = replace(step_bid(site_id, 75.0, "60"), bid_id=f"{name}-{site_id}", zone="north")
            uow.bids.add(bid.bid_id, BidRecord(bid, None, product.product_id, None, BidState.AWARDED))
            award = AwardRecord(
                award_id=f"{name}-{bid.bid_id}",
                event_id=name,
                bid_id=bid.bid_id,
                site_id=site_id,
                resource_id="battery",
                delivery=delivery,
                reduction_kw=quarters,
                rebound_kw=(),
                price_per_mwh=(Decimal(60),) * 8,
                make_whole=Decimal(0),
                reason="ACCEPTED_IN_FULL",
            )
            uow.awards.add_all({award.award_id: award})
        uow.commit()


def spent(market: Market, delivery: Interval) -> dict[str, str]:
    with market.units(write=False) as uow:
        product = uow.products.latest("example-peak-shaving")
        assert product is not None
        return spent_sites(uow, product, delivery)


def open_night(market: Market) -> datetime:
    """Open an auction for half an hour later the same evening; returns when its gate closes."""
    later = Interval(EVENING.end + 3 * HOUR, EVENING.end + 3.5 * HOUR)
    gate = later.start - 3 * HOUR
    market.open_auction(
        auction_id="night", delivery=later, target_reduction_kw=(50.0,) * 2, gate_closes_at=gate
    )
    return gate


def bid_for_the_night(market: Market) -> str:
    bid = step_bid("north-1", 50.0, "60", intervals=2)
    return market.bid("north-1", 50.0, "60", bid=bid, auction_id="night").value.bid.bid_id


def test_a_bid_of_a_site_that_has_served_the_most_events_of_the_day_is_refused(tmp_path: Path) -> None:
    market = market_for(tmp_path, call={"max_events_per_day": 1})
    open_night(market)
    hold(market, "evening")
    with pytest.raises(WrongState, match=r"sites/north-1 has served .* 1 times that day, expected at most 1"):
        bid_for_the_night(market)


def test_a_bid_that_was_entered_before_is_left_out_with_the_reason(tmp_path: Path) -> None:
    market = market_for(tmp_path, call={"max_events_per_day": 1})
    gate = open_night(market)
    bid_id = bid_for_the_night(market)
    hold(market, "evening")
    market.advance(gate + timedelta(minutes=1))
    assert market.event("night").failure_reason == "NO_AWARDS"
    with market.units(write=False) as uow:
        stored = uow.bids.get(bid_id)
    assert stored is not None
    assert stored.value.reason == "REJECTED_NOT_ELIGIBLE"
    assert "1 times that day, expected at most 1 with one more" in stored.value.reason_detail


def test_a_day_is_one_of_the_product_s_civil_time(tmp_path: Path) -> None:
    market = market_for(tmp_path, time_zone="Asia/Tokyo", call={"max_events_per_day": 1})
    hold(market, "evening")  # 17:00 to 19:00 UTC, in Tokyo two to four in the morning of the next day
    same_day = Interval(EVENING.start + 10 * HOUR, EVENING.start + 11 * HOUR)
    day_before = Interval(EVENING.start - 3 * HOUR, EVENING.start - 2 * HOUR)
    assert set(spent(market, same_day)) == set(SITES)
    assert spent(market, day_before) == {}
    assert spent(market, evening_after(1)) == {}


def test_the_hours_of_a_year_are_counted_and_the_next_year_begins_anew(tmp_path: Path) -> None:
    market = market_for(tmp_path, call={"max_hours_per_year": 5.0})
    hold(market, "evening")
    assert spent(market, evening_after(1)) == {}
    hold(market, "second", days=1)
    reasons = spent(market, evening_after(2))
    assert reasons["north-1"].endswith("4 h that year, expected at most 5 with the 2 h of one more")
    assert spent(market, Interval(EVENING.start + 2 * DAY, EVENING.start + 2 * DAY + HOUR)) == {}
    assert spent(market, evening_after(365)) == {}


def test_the_events_of_a_year_are_counted(tmp_path: Path) -> None:
    market = market_for(tmp_path, call={"max_events_per_year": 1})
    hold(market, "evening")
    assert "1 times that year, expected at most 1" in spent(market, evening_after(30))["north-2"]
    assert spent(market, evening_after(365)) == {}


def test_what_was_called_off_before_its_start_was_not_called(tmp_path: Path) -> None:
    market = market_for(tmp_path, call={"max_events_per_year": 1, "max_hours_per_year": 3.0})
    hold(market, "evening")
    cancel_event(market.units, OPERATOR, "evening", etag="", request_id="")
    assert spent(market, evening_after(1)) == {}


def test_what_was_called_off_in_its_course_counts_as_long_as_it_lasted(tmp_path: Path) -> None:
    market = market_for(tmp_path, call={"max_hours_per_year": 3.0})
    hold(market, "evening", state=EventState.ACTIVE)
    market.clock.advance_to(EVENING.start + HOUR)
    cancel_event(market.units, OPERATOR, "evening", etag="", request_id="")
    assert spent(market, evening_after(1)) == {}
    hold(market, "second", days=1)
    assert spent(market, evening_after(2))["north-1"].endswith(
        "3 h that year, expected at most 3 with the 2 h of one more"
    )


def test_events_of_other_products_and_orders_do_not_count(tmp_path: Path) -> None:
    market = market_for(tmp_path, call={"max_events_per_day": 1})
    call = OrderedCall(EventPurpose.TEST, "example-peak-shaving", "north", EVENING, (30.0,) * 8, SITES)
    create_ordered_event(market.units, OPERATOR, RULES, call, event_id="test", request_id="")
    assert spent(market, EVENING) == {}


def stand_by(market: Market, *site_ids: str) -> None:
    for site_id in site_ids:
        market.bid(
            site_id,
            100.0,
            "90",
            bid=step_bid(site_id, 100.0, "90", intervals=1),
            auction_id=None,
            product_id="example-emergency",
        )


class Overtaken:
    """While the solver runs for the first time, another hub calls an emergency of its own."""

    def __init__(self, market: Market) -> None:
        self.market, self.has_run = market, False

    def run(self, *arguments: object, **named: object) -> object:
        if not self.has_run:
            self.has_run = True
            call_emergency(self.market, "other", NOON + 6 * HOUR, target_kw=80.0)
        return self.market.pool.run(*arguments, **named)  # type: ignore[arg-type]  # passed on


def test_a_count_that_another_hub_uses_up_meanwhile_is_kept(tmp_path: Path) -> None:
    market = market_for(tmp_path, "example-emergency", call={"max_events_per_year": 1})
    stand_by(market, "north-1")
    ours = call_emergency(market, "ours", NOON + HOUR, target_kw=80.0, pool=Overtaken(market))
    assert market.event("other").state is EventState.OFFERED
    assert ours.failure_reason == "NO_AWARDS"


def test_standing_bids_of_spent_sites_are_not_called(tmp_path: Path) -> None:
    market = market_for(tmp_path, "example-emergency", call={"max_events_per_year": 1})
    stand_by(market, *SITES)
    assert call_emergency(market, "first", NOON + HOUR, target_kw=80.0).state is EventState.OFFERED
    told = {each.site_id for each in market.instructions("first")}
    assert len(told) == 1
    assert call_emergency(market, "second", NOON + 6 * HOUR, target_kw=80.0).state is EventState.OFFERED
    assert {each.site_id for each in market.instructions("second")} == set(SITES) - told
    assert call_emergency(market, "third", NOON + DAY, target_kw=80.0).failure_reason == "NO_AWARDS"
    with market.units(write=False) as uow:
        product = uow.products.latest("example-emergency")
        assert product is not None
        whole = Interval(NOON + 2 * DAY, NOON + 2 * DAY + HOUR)
        assert set(barred_sites(uow, product, whole)) == set(SITES)


def call_emergency(
    market: Market, name: str, start: datetime, *, target_kw: float, pool: Overtaken | None = None
) -> Event:
    return create_emergency_event(
        market.units,
        OPERATOR,
        pool or market.pool,  # type: ignore[arg-type]  # all of a pool that is used
        RULES,
        event_id=name,
        product_id="example-emergency",
        zone="north",
        delivery=Interval(start, start + HOUR),
        target_reduction_kw=(target_kw,) * 4,
        price_cap_per_mwh=Decimal(2000),
        currency="GBP",
        request_id="",
    ).value


def test_auctions_and_calls_keep_to_notice_gate_and_calendar(tmp_path: Path) -> None:
    market = market_for(tmp_path, call={"gate_close": "PT24H", "calendar": {"weekdays": ["thu"]}})
    with pytest.raises(InvalidInput, match=r"gate_closure_time is .* 1 day, 0:00:00 before delivery"):
        market.open_auction(gate_closes_at=EVENING.start - 23 * HOUR)
    with pytest.raises(InvalidInput, match="expected to lie on thu, Europe/London"):
        market.open_auction(delivery=evening_after(1))
    assert market.open_auction(gate_closes_at=GATE).value.gate_closes_at == GATE
    emergency = changed_product(
        shipped_products()["example-emergency"],
        version=9,
        call={"notice_max": "PT3H", "calendar": {"not_before": "12:00", "not_after": "18:00"}},
    )
    with market.units() as uow:
        uow.products.add(emergency)
        uow.commit()
    with pytest.raises(InvalidInput, match=r"the time of the call is .* notice of at most 3:00:00"):
        call_emergency(market, "early", NOON + 4 * HOUR, target_kw=80.0)
    market.advance(NOON + 3 * HOUR)
    with pytest.raises(InvalidInput, match="from 12:00 to 18:00"):
        call_emergency(market, "late", NOON + 6 * HOUR, target_kw=80.0)
    assert call_emergency(market, "right", NOON + 5 * HOUR, target_kw=80.0).failure_reason == "NO_AWARDS"


def test_a_bid_above_the_largest_is_refused(tmp_path: Path) -> None:
    market = market_for(tmp_path, bid={"max_bid_kw": 90.0})
    market.open_auction()
    with pytest.raises(
        InvalidInput, match=r"reduction_kw of bid  is 100.0, expected at most 90.0 kW per interval"
    ):
        market.bid("north-1", 100.0, "60")
    assert market.bid("north-1", 90.0, "60").value.bid.bid_id
