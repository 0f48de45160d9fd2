from datetime import UTC, datetime
from decimal import Decimal

import pytest

from vpp.auction.bid import Bid, BlockOffer, PriceStep, Rebound, StepOffer
from vpp.foundation.errors import InvalidInput
from vpp.rpc.wire.bid import NOT_HONOURED, bid_message, offered_bid
from vpp.v1 import auction_pb2 as pb
from vpp.workflows.ports import Stored
from vpp.workflows.records import BidRecord, BidState

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STEPS = StepOffer(
    steps=(
        (PriceStep(10.0, Decimal("1.5")), PriceStep(0.1, Decimal("99.999999999"))),
        (),
        (PriceStep(1e7, Decimal(-3)),),
    )
)
BLOCK = BlockOffer((5.0, -2.5, 0.0), Decimal(80), Decimal("12.34"), 0.25)


def stored(bid: Bid, *, auction_id: str | None, expires_at: datetime | None = None) -> Stored[BidRecord]:
    record = BidRecord(bid, auction_id, "evening", expires_at, BidState.SUBMITTED)
    return Stored(record, 3, NOON, NOON)


def bid(offer: StepOffer | BlockOffer, **changes: object) -> Bid:
    fields: dict[str, object] = {
        "bid_id": "b",
        "site_id": "north",
        "resource_id": "ups",
        "zone": "",
        "submitted_at": EPOCH,
        "delivery_ratio": 0.9,
        "offer": offer,
    }
    return Bid(**(fields | changes))  # type: ignore[arg-type]  # as its signature


@pytest.mark.parametrize(
    "value",
    [
        bid(STEPS),
        bid(STEPS, energy_limit_kwh=0.0, rebound=Rebound(1.1, 8, 50.0)),
        bid(BLOCK),
        bid(BLOCK, exclusive_group="either", parent_bid_id="parent"),
        bid(BlockOffer((5.0,), Decimal(80))),
    ],
    ids=["steps", "rebound", "block", "linked", "plain block"],
)
def test_a_bid_comes_back_as_it_was_written(value: Bid) -> None:
    offered = offered_bid(bid_message(stored(value, auction_id="evening"), "GBP"), "b")
    assert offered.bid == value
    assert (offered.auction_id, offered.product_id, offered.currency) == ("evening", None, "GBP")


def test_a_standing_bid_names_its_product_and_its_end() -> None:
    message = bid_message(stored(bid(STEPS), auction_id=None, expires_at=NOON), "GBP")
    offered = offered_bid(message, "b")
    assert (offered.auction_id, offered.product_id, offered.expires_at) == (None, "evening", NOON)


@pytest.mark.parametrize("field", NOT_HONOURED)
def test_what_is_not_honoured_is_refused(field: str) -> None:
    message = bid_message(stored(bid(STEPS), auction_id="evening"), "GBP")
    getattr(message, field).SetInParent()
    with pytest.raises(InvalidInput, match=rf"bid\.{field} is given"):
        offered_bid(message, "b")


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
        *NOT_HONOURED,
    }
    assert {field.name for field in pb.Bid.DESCRIPTOR.fields} == known


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("step", "bid.step_offer.intervals[2].steps[0].price_per_mwh"),
        ("block", "bid.block_offer.fixed_cost_amount"),
    ],
)
def test_a_second_currency_is_refused_by_the_path_of_its_field(path: str, field: str) -> None:
    message = bid_message(stored(bid(STEPS if path == "step" else BLOCK), auction_id="evening"), "GBP")
    price = (
        message.step_offer.intervals[2].steps[0].price_per_mwh
        if path == "step"
        else message.block_offer.fixed_cost_amount
    )
    price.currency_code = "EUR"
    with pytest.raises(InvalidInput) as refusal:
        offered_bid(message, "b")
    assert str(refusal.value) == f"{field} is in EUR, expected GBP"
