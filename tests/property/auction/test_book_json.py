"""Any book survives JSON to the last digit, and protobuf reads the same from it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

from google.protobuf.json_format import MessageToDict, ParseDict
from hypothesis import given
from hypothesis import strategies as st

from vpp.auction.bid import (
    Bid,
    BlockOffer,
    Migration,
    PriceStep,
    Rebound,
    ReboundProfile,
    RunLimits,
    StepOffer,
    StoreOffer,
)
from vpp.auction.book import Book, EntryRules
from vpp.auction.book_json import book_from_document, book_to_document
from vpp.auction.buyer import BuyerTerms, FeederLimit, PathLimit, SiteLimit, ZoneLimit
from vpp.auction.json_money import MoneyWriter, amount
from vpp.foundation.direction import Direction
from vpp.rpc.wire.money_fields import amount as amount_on_the_wire
from vpp.rpc.wire.money_fields import money as money_on_the_wire
from vpp.v1 import book_pb2

N, T = 3, 5
PRICES = st.integers(-(10**15), 10**15).map(lambda nanos: Decimal(nanos).scaleb(-9))
COSTS = st.integers(0, 10**15).map(lambda nanos: Decimal(nanos).scaleb(-9))
KW = st.floats(0, 1e7)
POSITIVE = st.floats(1e-9, 1e7)
SHARES = st.floats(0, 1, exclude_min=True)
IDS = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
ZONES = st.sampled_from(("north", "South_1", "z-2"))
INSTANTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
STEPS = st.builds(
    StepOffer,
    st.lists(
        st.lists(st.builds(PriceStep, POSITIVE, PRICES), max_size=3).map(tuple), min_size=N, max_size=N
    ).map(tuple),
)
BLOCKS = st.builds(
    BlockOffer,
    st.lists(st.floats(-1e7, 1e7), min_size=1, max_size=T).map(tuple),
    PRICES,
    COSTS,
    SHARES,
)
STORES = st.builds(
    StoreOffer,
    POSITIVE,
    KW,
    KW,
    st.floats(-1e7, 1e7),
    st.floats(-1e7, 1e7),
    st.floats(-1e7, 1e7),
    PRICES,
    SHARES,
    SHARES,
    SHARES,
    st.none() | KW,
)
REBOUNDS = st.one_of(
    st.none(),
    st.builds(Rebound, KW, st.integers(0, 400), KW),
    st.builds(ReboundProfile, st.lists(KW, min_size=1, max_size=4).map(tuple)),
)
RUNS = st.builds(
    RunLimits,
    KW,
    st.integers(1, 9),
    st.none() | st.integers(1, 9),
    st.integers(0, 9),
    st.none() | st.integers(1, 9),
    COSTS,
)
BIDS = st.builds(
    Bid,
    st.just(""),
    IDS,
    IDS,
    ZONES,
    INSTANTS,
    SHARES,
    STEPS | BLOCKS | STORES,
    st.none() | KW,
    REBOUNDS,
    st.none() | st.text(min_size=1, max_size=63),
    st.none() | IDS,
    st.sampled_from(Direction),
    st.none() | RUNS,
    st.none() | st.builds(Migration, ZONES, KW),
    COSTS,
)


def profiles(length: int) -> st.SearchStrategy[tuple[float, ...]]:
    return st.lists(KW, min_size=length, max_size=length).map(tuple)


TERMS = st.builds(
    BuyerTerms,
    st.booleans(),
    KW,
    st.booleans(),
    st.integers(0, 100_000),
    st.none() | KW,
    st.none() | KW,
    SHARES,
    st.lists(
        st.builds(
            ZoneLimit, ZONES, st.none() | profiles(N), st.none() | profiles(T), st.none() | profiles(T)
        ),
        max_size=2,
    ).map(tuple),
    st.lists(
        st.builds(
            FeederLimit,
            st.text(min_size=1, max_size=64),
            st.lists(IDS, min_size=1, max_size=3).map(tuple),
            st.none() | profiles(T),
            st.none() | profiles(T),
        ),
        max_size=2,
    ).map(tuple),
    st.lists(st.builds(SiteLimit, IDS, st.just("") | IDS, st.none() | profiles(T)), max_size=2).map(tuple),
    st.lists(st.builds(PathLimit, ZONES, ZONES, profiles(N)), max_size=2).map(tuple),
)
BOOKS = st.builds(
    Book,
    IDS,
    INSTANTS,
    st.timedeltas(timedelta(microseconds=1), timedelta(days=1)),
    profiles(N),
    st.just(T - N),
    PRICES,
    st.none() | KW,
    st.lists(BIDS, max_size=4).map(
        lambda bids: tuple(replace(bid, bid_id=f"b{n}") for bid, n in zip(bids, count(), strict=False))
    ),
    st.dictionaries(st.tuples(IDS, IDS), KW, max_size=3),
    st.sampled_from(Direction),
    TERMS,
    st.builds(EntryRules, st.none() | PRICES, KW, KW, st.integers(1, 2**31 - 1)),
    st.sampled_from(("", "GBP")),
)


@given(BOOKS)
def test_a_book_survives_json(book: Book) -> None:
    document = json.loads(json.dumps(book_to_document(book), allow_nan=False))
    read = book_from_document(document)
    assert read == book
    message = ParseDict(document, book_pb2.AuctionBook())
    assert MessageToDict(message) == document
    spelt_out = MessageToDict(
        message, always_print_fields_with_no_presence=True, preserving_proto_field_name=True
    )
    assert book_from_document(spelt_out) == book


@given(st.integers(-(2**63) * 10**9 + 10**9, (2**63 - 1) * 10**9))
def test_an_amount_is_the_wires(nanos: int) -> None:
    exact = Decimal(nanos).scaleb(-9)
    document = MoneyWriter("JPY").exact(exact)
    assert document == MessageToDict(money_on_the_wire(exact, "JPY"))
    assert repr(amount(document, "JPY", "price")) == repr(
        amount_on_the_wire(money_on_the_wire(exact, "JPY"), "price")
    )
