"""What the engine reads and writes without protobuf is the JSON form of the public protos."""

import importlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from protovalidate import Validator
from support.clearings import CLEARING
from support.offers import EVERY_KIND, ONLY_IN_BOOKS, TERMS

from vpp.auction.book import Book, EntryRules
from vpp.auction.book_json import book_from_document, book_to_document
from vpp.auction.clearing import clear
from vpp.auction.clearing_json import clearing_from_document, clearing_to_document
from vpp.auction.entry import check_book
from vpp.auction.generated_book import BookMix, generate_book
from vpp.auction.json_fields import Names
from vpp.auction.result import (
    Clearing,
    ClearingMethod,
    SolverRun,
)
from vpp.auction.rules import ClearingRules
from vpp.auction.verification import verify
from vpp.foundation.direction import Direction
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName
from vpp.v1 import auction_pb2, book_pb2, buyer_pb2

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
FULL_BOOK = Book(
    "everything",
    NOON,
    QUARTER,
    (100.0, 0.0, 50.5),
    2,
    Decimal("2999.999999999"),
    0.0,
    (*EVERY_KIND.values(), *ONLY_IN_BOOKS.values()),
    {("north", "ups"): 200.0, ("south", "load"): 0.0},
    Direction.LOAD_UP,
    TERMS,
    EntryRules(Decimal(-500), 1.0, 0.1, 1000),
    "GBP",
)
BOOKS = [
    FULL_BOOK,
    Book("nothing", NOON, timedelta(hours=1), (0.0,), 0, Decimal(1), None, ()),
    replace(FULL_BOOK, entry=EntryRules(), currency="", direction=Direction.LOAD_DOWN),
    *(generate_book(bid_count=40, interval_count=6, mix=mix, seed=seed) for seed, mix in enumerate(BookMix)),
]
BARE = replace(
    CLEARING, awards=(), bound=None, gap_ratio=None, currency="", zone_prices=(), local_shortfall_kw=(),
    margin_kw=(), margin_cost=None, lost_opportunity=None, certificate=None, objective=Decimal(0),
    solver=SolverRun(SolverName.GLPK, "", 0.0), method=ClearingMethod.NOTHING_TO_DECIDE,
)  # fmt: skip
CLEARINGS = [CLEARING, BARE, replace(CLEARING, gap_ratio=0.0, bound=Decimal(0))]

NAMES: dict[str, type[Message]] = {
    "bid_json._BID": auction_pb2.Bid,
    "bid_json._OPENING": auction_pb2.BidOpening,
    "bid_json._STEPS": auction_pb2.StepOffer,
    "bid_json._BLOCK": auction_pb2.BlockOffer,
    "bid_json._STORE": auction_pb2.StoreOffer,
    "bid_json._REBOUND": auction_pb2.Rebound,
    "bid_json._PROFILE": auction_pb2.ReboundProfile,
    "bid_json._RUN": auction_pb2.RunLimits,
    "bid_json._LEG": auction_pb2.MigrationLeg,
    "step_json._LIST": auction_pb2.StepList,
    "step_json._STEP": auction_pb2.PriceStep,
    "terms_json.TERMS_NAMES": buyer_pb2.BuyerTerms,
    "terms_json._ZONE": buyer_pb2.ZoneLimit,
    "terms_json._FEEDER": buyer_pb2.FeederLimit,
    "terms_json._SITE": buyer_pb2.SiteLimit,
    "terms_json._PATH": buyer_pb2.PathLimit,
    "book_json._BOOK": book_pb2.AuctionBook,
    "book_json._ENTRY": book_pb2.EntryRules,
    "book_json._LIMIT": book_pb2.ResourceLimit,
    "clearing_json._CLEARING": book_pb2.ClearingDocument,
    "clearing_json._ZONE_PRICE": book_pb2.ZonePrice,
    "clearing_json._ZONE_SHORTFALL": book_pb2.ZoneShortfall,
    "clearing_json._RUN": book_pb2.SolverRun,
    "outcome_json._OUTCOME": book_pb2.BidOutcome,
    "outcome_json._FIGURE": book_pb2.Figure,
    "certificate_json.CERTIFICATE_NAMES": book_pb2.Certificate,
    "certificate_json._DUAL": book_pb2.RowDual,
}


@pytest.mark.parametrize("place", NAMES)
def test_every_field_of_the_schema_is_known_and_no_other(place: str) -> None:
    module, attribute = place.split(".")
    names: Names = getattr(importlib.import_module(f"vpp.auction.{module}"), attribute)
    fields = NAMES[place].DESCRIPTOR.fields
    assert names.spellings == {field.json_name: field.name for field in fields} | {
        field.name: field.name for field in fields
    }


def messages_within(message: Descriptor) -> Iterator[Descriptor]:
    yield message
    for field in message.fields:
        if field.message_type is not None and field.message_type.file.package == "vpp.v1":
            yield from messages_within(field.message_type)


def test_every_message_of_a_document_is_compared() -> None:
    reached = {
        message.full_name
        for root in (book_pb2.AuctionBook, book_pb2.ClearingDocument)
        for message in messages_within(root.DESCRIPTOR)
    }
    assert reached == {message.DESCRIPTOR.full_name for message in NAMES.values()}


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: str(book.auction_id))
def test_a_book_is_what_protobuf_makes_of_it(book: Book) -> None:
    document = json.loads(json.dumps(book_to_document(book), allow_nan=False))
    message = ParseDict(document, book_pb2.AuctionBook())
    assert MessageToDict(message) == document
    assert book_from_document(document) == book
    for spelling in other_spellings(message):
        assert book_from_document(spelling) == book
        assert book_to_document(book_from_document(spelling)) == document


@pytest.mark.parametrize("clearing", CLEARINGS)
def test_a_clearing_is_what_protobuf_makes_of_it(clearing: Clearing) -> None:
    document = json.loads(json.dumps(clearing_to_document(clearing), allow_nan=False))
    message = ParseDict(document, book_pb2.ClearingDocument())
    assert MessageToDict(message) == document
    assert clearing_from_document(document) == clearing
    for spelling in other_spellings(message):
        assert clearing_from_document(spelling) == clearing


def other_spellings(message: Message) -> list[dict[str, Any]]:
    """The same document with everything written out, and as the protos spell it."""
    return [
        MessageToDict(message, always_print_fields_with_no_presence=True),
        MessageToDict(message, preserving_proto_field_name=True),
    ]


@pytest.mark.parametrize("rule", [PayRule.AS_CLEAR, PayRule.AS_BID])
def test_what_the_engine_finds_is_verified_from_its_document(rule: PayRule) -> None:
    book = replace(
        generate_book(bid_count=60, interval_count=6, mix=BookMix.EVERYTHING, seed=7), currency="GBP"
    )
    clearing = clear(book, ClearingRules(rule, solver=SolverName.HIGHS, relative_gap=1e-3))
    document = json.loads(json.dumps(clearing_to_document(clearing), allow_nan=False))
    assert MessageToDict(ParseDict(document, book_pb2.ClearingDocument())) == document
    read = clearing_from_document(document)
    verify(book_from_document(book_to_document(book)), read)
    assert replace(read, solver=clearing.solver) == clearing  # times are kept to the nanosecond


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: str(book.auction_id))
def test_a_book_that_is_written_keeps_the_rules_of_the_schema(book: Book) -> None:
    message = ParseDict(book_to_document(book), book_pb2.AuctionBook())
    violations = Validator().collect_violations(message)
    assert [str(violation.proto) for violation in violations] == []


def test_the_example_of_the_readme_is_a_book() -> None:
    text = (ROOT / "proto" / "README.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    document = json.loads(example)
    book = book_from_document(document)
    check_book(book)
    again = MessageToDict(ParseDict(document, book_pb2.AuctionBook()))
    assert book_from_document(again) == book
