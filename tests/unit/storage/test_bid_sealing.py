"""A sealed row says whose a bid is and nothing of what it offers; only in its own row it opens."""

import base64
import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from support.offered_bids import AT, BID, CHANGED

from vpp.auction.bid import Bid, BlockOffer, PriceStep, StepOffer
from vpp.foundation.random_source import SYSTEM_RANDOM_SOURCE
from vpp.foundation.sealing_keys import SealingKeys, new_sealing_keys
from vpp.storage.bid_sealing import PADDED_TO, BidSealing, own_sealing
from vpp.workflows.records import BidRecord, BidState
from vpp.workflows.sealing import fault_of, sealed

SEALING = BidSealing(SealingKeys((bytes(range(32)),)))
OFFERED = ("offer", "delivery_ratio", "energy_limit_kwh", "rebound", "exclusive_group", "parent_bid_id")


def record_of(bid: Bid = BID, auction_id: str | None = "evening") -> BidRecord:
    expires_at = AT + timedelta(days=1) if auction_id is None else None
    return BidRecord(bid, auction_id, "peak", expires_at, BidState.SUBMITTED, "WHY", "at 120.50")


def row_of(record: BidRecord) -> Any:  # noqa: ANN401  stands for a database's row
    return dict(SEALING.row(record))


@pytest.mark.parametrize("bid", [BID, *CHANGED])
@pytest.mark.parametrize("auction_id", ["evening", None])
def test_a_bid_comes_back_sealed_or_open(bid: Bid, auction_id: str | None) -> None:
    record = sealed(record_of(bid, auction_id), "GBP", SYSTEM_RANDOM_SOURCE)
    assert record.seal is not None
    opened = replace(record, seal=replace(record.seal, is_open=True))
    assert SEALING.record(row_of(record)) == record
    assert SEALING.record(row_of(opened)) == opened
    assert fault_of(SEALING.record(row_of(record))) is None
    assert SEALING.record(row_of(record_of(bid, auction_id))) == record_of(bid, auction_id)


def test_every_bid_that_offers_something_else_has_the_same_clear_columns() -> None:
    rows = [
        row_of(sealed(record_of(replace(BID, offer=bid.offer)), "GBP", SYSTEM_RANDOM_SOURCE))
        for bid in CHANGED
    ]
    clear = [{k: v for k, v in row.items() if k not in {"sealed", "commitment"}} for row in rows]
    assert all(row == clear[0] for row in clear)
    assert clear[0]["commitment_nonce"] is None
    assert clear[0]["offer"] == {}
    assert clear[0]["reason_detail"] == ""


def test_the_length_tells_a_step_from_a_block_in_whole_pieces_alone() -> None:
    few = StepOffer(((PriceStep(1.0, Decimal(1)),),))
    block = BlockOffer((1.0, 2.0, 3.0, 4.0), Decimal("12345.678"))
    lengths = {
        len(
            base64.b64decode(
                row_of(sealed(record_of(replace(BID, offer=offer)), "GBP", SYSTEM_RANDOM_SOURCE))["sealed"]
            )
        )
        for offer in (few, block)
    }
    assert len(lengths) == 1
    many = StepOffer(((PriceStep(1.0, Decimal(1)),),) * 96)
    long = len(
        base64.b64decode(
            row_of(sealed(record_of(replace(BID, offer=many)), "GBP", SYSTEM_RANDOM_SOURCE))["sealed"]
        )
    )
    assert (long - lengths.pop()) % PADDED_TO == 0


def covered(row: Mapping[str, Any]) -> str:
    """Return why a row does not open."""
    found = SEALING.record(row)  # type: ignore[arg-type]  # stands for a row
    assert found.covered is not None
    assert found.bid.offer == StepOffer(())
    return found.covered.fault


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("bid_id", "other"),
        ("site_id", "other"),
        ("resource_id", "other"),
        ("zone", "other"),
        ("auction_id", "other"),
        ("product_id", "other"),
        ("commitment", "0" * 64),
        ("currency", "JPY"),
        ("submitted_at", AT - timedelta(microseconds=1)),
        ("expires_at", AT),
    ],
)
def test_a_row_whose_clear_columns_were_changed_does_not_open(column: str, value: object) -> None:
    row = row_of(sealed(record_of(), "GBP", SYSTEM_RANDOM_SOURCE))
    assert "changed or moved" in covered(row | {column: value})


def test_two_rows_whose_contents_were_swapped_do_not_open() -> None:
    one, other = (
        row_of(sealed(record_of(replace(BID, bid_id=name)), "GBP", SYSTEM_RANDOM_SOURCE))
        for name in ("a", "b")
    )
    for mine, theirs in itertools.permutations((one, other)):
        assert covered(mine | {"sealed": theirs["sealed"]})


@pytest.mark.parametrize("text", ["", "no base64", "AAAA", "\xe4"])
def test_what_was_never_sealed_does_not_open(text: str) -> None:
    assert covered(row_of(sealed(record_of(), "GBP", SYSTEM_RANDOM_SOURCE)) | {"sealed": text})


def test_what_is_not_opened_is_written_back_as_it_was() -> None:
    row = row_of(sealed(record_of(), "GBP", SYSTEM_RANDOM_SOURCE))
    shown = SEALING.record(row, may_open=False)
    assert shown.covered is not None
    assert not shown.covered.fault
    assert (shown.reason, shown.reason_detail) == ("", "")
    again = row_of(replace(shown, state=BidState.REJECTED, reason="BROKEN"))
    assert again == row | {"state": "rejected", "reason": "BROKEN"}


def test_a_key_that_is_not_here_is_named() -> None:
    other = BidSealing(new_sealing_keys())
    row: Any = dict(other.row(sealed(record_of(), "GBP", SYSTEM_RANDOM_SOURCE)))
    assert other.keys.key_ids[0] in covered(row)


def test_whoever_names_no_keys_has_one_for_the_life_of_the_process() -> None:
    assert own_sealing() is own_sealing()
