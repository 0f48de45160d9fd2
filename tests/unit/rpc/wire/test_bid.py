"""Bids of every kind go both ways over the wire; what the hub cannot settle is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from support.offers import BLOCK, EVERY_KIND, ONLY_IN_BOOKS, STEPS, UPS, bid

from vpp.auction.bid import Bid, Offer
from vpp.foundation.errors import InvalidInput
from vpp.rpc.wire.bid import NOT_SETTLED, bid_message, offered_bid
from vpp.v1 import auction_pb2 as pb
from vpp.workflows.ports import Stored
from vpp.workflows.records import BidRecord, BidState

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def stored(bid: Bid, *, auction_id: str | None, expires_at: datetime | None = None) -> Stored[BidRecord]:
    record = BidRecord(bid, auction_id, "evening", expires_at, BidState.SUBMITTED)
    return Stored(record, 3, NOON, NOON)


def message_of(bid: Bid) -> pb.Bid:
    return bid_message(stored(bid, auction_id="evening"), "GBP", QUARTER)


@pytest.mark.parametrize("value", [*EVERY_KIND.values(), ONLY_IN_BOOKS["upward"]], ids=lambda bid: bid.bid_id)
def test_a_bid_comes_back_as_it_was_written(value: Bid) -> None:
    message = message_of(value)
    assert message.zone == "Z1"
    offered = offered_bid(message, value.bid_id, QUARTER)
    assert offered.bid == replace(value, zone="", submitted_at=EPOCH)  # the hub sets these
    assert (offered.auction_id, offered.product_id, offered.currency) == ("evening", None, "GBP")


def test_a_standing_bid_names_its_product_and_its_end() -> None:
    message = bid_message(stored(bid("b", STEPS), auction_id=None, expires_at=NOON), "GBP")
    offered = offered_bid(message, "b", None)
    assert (offered.auction_id, offered.product_id, offered.expires_at) == (None, "evening", NOON)


@pytest.mark.parametrize("field", NOT_SETTLED)
def test_what_is_not_settled_is_refused(field: str) -> None:
    message = message_of(bid("b", STEPS))
    getattr(message, field).SetInParent()
    with pytest.raises(InvalidInput, match=rf"bid\.{field} is given"):
        offered_bid(message, "b", QUARTER)


def test_a_span_that_is_no_whole_number_of_intervals_is_refused() -> None:
    message = message_of(EVERY_KIND["committed"])
    with pytest.raises(InvalidInput) as refusal:
        offered_bid(message, "b", timedelta(minutes=20))
    assert (
        str(refusal.value)
        == "bid.run_limits.min_run_duration is 0:30:00, expected a whole multiple of 0:20:00"
    )


def test_run_limits_without_anything_they_are_counted_in_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"bid\.auction and bid\.product are empty"):
        offered_bid(message_of(EVERY_KIND["committed"]), "b", None)


def test_run_limits_that_say_nothing_limit_nothing() -> None:
    message = message_of(bid("b", STEPS))
    message.run_limits.SetInParent()
    limits = offered_bid(message, "b", QUARTER).bid.run_limits
    assert limits is not None
    assert (limits.min_run_intervals, limits.max_run_intervals, limits.max_calls) == (1, None, None)


def test_shares_that_are_absent_are_whole() -> None:
    message = message_of(bid("b", UPS))
    for field in ("charge_efficiency_ratio", "discharge_efficiency_ratio", "hold_ratio"):
        message.store_offer.ClearField(field)
    assert offered_bid(message, "b", None).bid.offer == UPS


def test_every_field_of_the_wire_is_read_or_refused() -> None:
    # A field that is added to the wire and forgotten here would be ignored in silence.
    known = {
        *(
            "name",
            "resource",
            "auction",
            "product",
            "step_offer",
            "block_offer",
            "energy_limit_kwh",
            "rebound",
        ),
        *(
            "delivery_ratio",
            "exclusive_group",
            "parent_bid",
            "expire_time",
            "state",
            "reason",
            "reason_detail",
        ),
        *("create_time", "update_time", "etag"),
        *("run_limits", "migration_leg", "store_offer", "direction", "rebound_profile", "zone"),
        *("commitment", "opening"),
        *NOT_SETTLED,
    }
    assert {field.name for field in pb.Bid.DESCRIPTOR.fields} == known


@pytest.mark.parametrize(
    ("offer", "field"),
    [
        (STEPS, "bid.step_offer.intervals[2].steps[0].price_per_mwh"),
        (BLOCK, "bid.block_offer.fixed_cost_amount"),
    ],
)
def test_a_second_currency_is_refused_by_the_path_of_its_field(offer: Offer, field: str) -> None:
    message = message_of(bid("b", offer))
    price = (
        message.step_offer.intervals[2].steps[0].price_per_mwh
        if offer is STEPS
        else message.block_offer.fixed_cost_amount
    )
    price.currency_code = "EUR"
    with pytest.raises(InvalidInput) as refusal:
        offered_bid(message, "b", None)
    assert str(refusal.value) == f"{field} is in EUR, expected GBP"


def test_a_start_cost_in_another_currency_is_refused() -> None:
    message = message_of(EVERY_KIND["committed"])
    message.run_limits.start_cost_amount.currency_code = "EUR"
    with pytest.raises(InvalidInput, match=r"start_cost_amount is in EUR, expected GBP"):
        offered_bid(message, "b", QUARTER)
