"""Published DFS bids become books, and what does not read is named."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.auction.bid import BlockOffer
from vpp.auction.dfs_book import dfs_books
from vpp.auction.dfs_rows import read_dfs_rows
from vpp.auction.entry import check_book
from vpp.foundation.errors import InvalidInput
from vpp.foundation.names import checked_id

WINTER_2024 = "start_utc,end_utc,event_type,despatch,unit_id,volume_mw,price_gbp_per_mwh,status\n"
WINTER_2023 = (
    "start_utc,end_utc,event_type,provider,unit_id,volume_mw,price_gbp_per_mwh,status,"
    "d0_volume_mw,zone_mw_other\n"
)
SIX = "2024-03-01 18:00:00+00:00,2024-03-01 18:30:00+00:00,Test,within-day 2,"
HALF_PAST_SIX = "2024-03-01 18:30:00+00:00,2024-03-01 19:00:00+00:00,Test,within-day 2,"
EVENING = datetime(2024, 3, 1, 18, tzinfo=UTC)


def test_each_half_hour_becomes_a_book() -> None:
    rows = read_dfs_rows(
        WINTER_2024
        + HALF_PAST_SIX
        + "EDF-01,2.0,1000.0,Accepted\n"
        + SIX
        + "EDF-01,18.0,750.0,Accepted\n"
        + SIX
        + "URAC-01,4.0,750.0,Rejected\n"
    )
    first, second = dfs_books(rows)
    check_book(first.book)
    assert first.book.auction_id == "gb-dfs-2024-03-01-1800"
    assert (first.book.start, first.book.step) == (EVENING, timedelta(minutes=30))
    assert first.book.target_kw == (18000.0,)  # 18 MW were bought
    assert first.book.currency == "GBP"
    assert first.book.price_cap_per_mwh == 1000  # the next thousand above 750
    assert second.book.price_cap_per_mwh == 2000  # above 1000, not at it
    assert [bid.bid_id for bid in first.book.bids] == ["edf-01", "urac-01"]
    assert first.book.bids[1].offer == BlockOffer((4000.0,), Decimal("750.0"))
    assert first.accepted_bid_ids == ("edf-01",)
    assert first.accepted_kw == 18000
    assert first.accepted_cost_gbp == 6750  # 18 MW x 0.5 h x 750 per MWh


def test_the_columns_of_the_earlier_winter_read_too() -> None:
    rows = read_dfs_rows(
        WINTER_2023
        + "2023-01-24 16:30:00+00:00,2023-01-24 17:00:00+00:00,Live,Conrad,Conrad1,1.228,6000,Accepted,,0.0\n"
    )
    assert rows[0].volume_mw == Decimal("1.228")
    assert dfs_books(rows)[0].book.bids[0].offer == BlockOffer((1228.0,), Decimal(6000))


def test_the_target_can_be_what_was_required() -> None:
    rows = read_dfs_rows(WINTER_2024 + SIX + "EDF-01,18.0,750.0,Accepted\n")
    (half_hour,) = dfs_books(rows, {EVENING: 20000.0})
    assert half_hour.book.target_kw == (20000.0,)
    assert half_hour.accepted_kw == 18000


def test_a_row_that_offers_nothing_is_listed_and_no_bid() -> None:
    rows = read_dfs_rows(
        WINTER_2024 + SIX + "EDF-01,18.0,750.0,Accepted\n" + SIX + "DRAX-04,0.0,0,Rejected\n"
    )
    (half_hour,) = dfs_books(rows)
    assert [bid.bid_id for bid in half_hour.book.bids] == ["edf-01"]
    assert [row.unit_id for row in half_hour.empty_rows] == ["DRAX-04"]


def test_a_half_hour_without_any_offer_is_an_empty_book() -> None:
    (half_hour,) = dfs_books(read_dfs_rows(WINTER_2024 + SIX + "DRAX-04,0.0,0,Rejected\n"))
    check_book(half_hour.book)
    assert half_hour.book.bids == ()
    assert half_hour.book.target_kw == (0.0,)


def test_ids_are_valid_and_tell_all_bids_apart() -> None:
    units = ["GB_DFS1", "gb dfs1", "GB-DFS1-2", "GB-DFS1", "1st", "_", "x" * 80]
    text = WINTER_2024 + "".join(f"{SIX}{unit},1.0,5.0,Accepted\n" for unit in units)
    (half_hour,) = dfs_books(read_dfs_rows(text))
    ids = [checked_id(bid.bid_id, "bid_id") for bid in half_hour.book.bids]
    assert ids[:6] == ["gb-dfs1", "gb-dfs1-2", "gb-dfs1-2-2", "gb-dfs1-3", "unit-1st", "unit"]
    assert len(set(ids)) == len(units)
    assert len(set(half_hour.accepted_bid_ids)) == len(units)


def test_a_file_of_a_header_alone_has_no_books() -> None:
    assert dfs_books(read_dfs_rows("\ufeff" + WINTER_2024)) == ()


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InvalidInput, match="volume_mw in line 1 is missing, expected a column of that name"):
        read_dfs_rows(WINTER_2024.replace("volume_mw,", ""))
    with pytest.raises(InvalidInput, match="start_utc in line 1 is missing"):
        read_dfs_rows("")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (SIX + "EDF-01,eighteen,750,Accepted", "volume_mw in line 2 is 'eighteen', expected a number"),
        (SIX + "EDF-01,,750,Accepted", "volume_mw in line 2 is '', expected a number"),
        (SIX + "EDF-01,NaN,750,Accepted", "volume_mw in line 2 is 'NaN', expected a finite number"),
        (SIX + "EDF-01,-1,750,Accepted", "volume_mw in line 2 is '-1', expected 0 or more"),
        (
            SIX + "EDF-01,1,inf,Accepted",
            "price_gbp_per_mwh in line 2 is 'inf', expected a finite number",
        ),
        (SIX + "EDF-01,1,750,Maybe", "status in line 2 is 'Maybe', expected Accepted or Rejected"),
        (SIX + ",1,750,Accepted", "unit_id in line 2 is empty, expected the unit's name"),
        (SIX + "EDF-01,1,750", "columns in line 2 is another number, expected 8"),
        (SIX + "EDF-01,1,750,Accepted,more", "columns in line 2 is another number, expected 8"),
        (
            SIX.replace("18:30", "19:00") + "EDF-01,1,750,Accepted",
            "end_utc in line 2 is '2024-03-01 19:00:00+00:00', expected half an hour after start_utc",
        ),
        (
            SIX.replace("+00:00", "+01:00") + "EDF-01,1,750,Accepted",
            "start_utc in line 2 is '2024-03-01 18:00:00+01:00', expected a time in UTC",
        ),
        (
            SIX.replace("+00:00", "") + "EDF-01,1,750,Accepted",
            "start_utc in line 2 is '2024-03-01 18:00:00', expected a time in UTC",
        ),
        ("at six," + SIX.partition(",")[2] + "EDF-01,1,750,Accepted", "start_utc in line 2 is 'at six'"),
    ],
)
def test_a_field_that_does_not_read_is_named_with_its_line(row: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(message)) as caught:
        read_dfs_rows(WINTER_2024 + row + "\n")
    assert caught.value.metadata["row"] == "2"
