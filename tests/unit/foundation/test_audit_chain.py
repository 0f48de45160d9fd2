"""What is hashed is written in one way, and says where it belongs."""

import json
from datetime import UTC, datetime

import pytest

from vpp.foundation.audit_chain import (
    MARKET,
    NOTHING,
    ChainHead,
    RowChange,
    canonical,
    chain_of,
    entry_hash,
    next_entry,
    row_digest,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
START = ChainHead(chain_of("acme"), 0, NOTHING)


def test_an_entry_holds_its_place_and_the_hash_before() -> None:
    change = RowChange("bids", "b-1", 2, "ab")
    first = next_entry(START, at=NOON, transaction_id="t", records=[{"action": "bid"}], changes=[change])
    second = next_entry(first.head, at=NOON, transaction_id="u", records=[], changes=[])
    told = json.loads(second.content)
    assert (told["sequence"], told["previous"], told["chain"]) == (2, first.entry_hash, "parties/acme")
    assert json.loads(first.content)["changes"] == [["bids", "b-1", 2, "ab"]]
    assert second.entry_hash == entry_hash(second.content) != first.entry_hash


def test_text_that_is_no_unicode_can_be_recorded_and_read_back() -> None:
    text = canonical({"text": "a\udcff\x00ü"})
    assert json.loads(text) == {"text": "a\udcff\x00ü"}
    text.encode("utf-8")


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical({"kw": float("nan")})


@pytest.mark.parametrize(
    "other",
    [
        [["a", 1, None, b"x"]],
        [["a", "1", None, b"y"]],
        [["a", "1", 0.0, b"x"]],
        [["a", "1", None, b"x"], ["a", "1", None, b"x"]],
        [],
    ],
)
def test_a_digest_tells_rows_apart(other: list[list[object]]) -> None:
    names = ("id", "text", "kw", "blob")
    assert row_digest(names, [["a", "1", None, b"x"]]) != row_digest(names, other)


def test_a_value_that_moves_to_another_column_changes_the_digest() -> None:
    assert row_digest(("a", "b"), [["x", None]]) != row_digest(("a", "b"), [[None, "x"]])


def test_no_party_is_the_market() -> None:
    assert chain_of("") == MARKET != chain_of("market")
