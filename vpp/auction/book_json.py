"""A sealed book as JSON: the JSON form of `vpp.v1.AuctionBook`, read and written without protobuf."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from vpp.auction.bid_document import BidWriter
from vpp.auction.bid_json import MOST_INTERVALS, BidReader, resource_of
from vpp.auction.book import Book, EntryRules
from vpp.auction.buyer import ANY_TERMS
from vpp.auction.json_fields import JsonObject, Names, refused
from vpp.auction.json_money import MoneyWriter, amount, currency_of
from vpp.auction.json_values import instant_text, span_text, without_zeros
from vpp.auction.terms_json import TERMS_NAMES, TermsReader, terms_to_document
from vpp.foundation.direction import Direction
from vpp.foundation.names import ID_PATTERN, name, resource_name

_BOOK = Names(
    "auction",
    "start_time",
    "interval_duration",
    "target_reduction_kw",
    "recovery_interval_count",
    "direction",
    "cap_price_per_mwh",
    "rebound_headroom_kw",
    "buyer_terms",
    "entry_rules",
    "resource_limits",
    "bids",
)
_ENTRY = Names("floor_price_per_mwh", "min_bid_kw", "increment_kw", "max_party_bid_count")
_LIMIT = Names("resource", "max_reduction_kw")
_AUCTION = re.compile(f"auctions/{ID_PATTERN}")
_MOST_BIDS = 200_000
_MOST_PER_PARTY = 2**31 - 1
_NO_RULES = EntryRules()


def book_from_document(document: Mapping[str, Any]) -> Book:
    """Read a book.

    What a rule of the market forbids is read all the same; `entry.check_book` refuses it.

    Args:
        document: Nested dicts and lists, as `json.loads` returns them.

    Returns:
        The book, with steps and limits given once for every interval written out.

    Raises:
        InvalidInput: A field is unknown, missing or unreadable, or a list too long; names its
            path in the document, its value and what was expected.

    Example:
        >>> book = book_from_document(
        ...     {
        ...         "auction": "auctions/evening",
        ...         "startTime": "2026-03-02T17:00:00Z",
        ...         "intervalDuration": "900s",
        ...         "targetReductionKw": [100, 100],
        ...         "capPricePerMwh": {"currencyCode": "GBP", "units": "500"},
        ...     }
        ... )
        >>> book.step, book.target_kw, book.currency
        (datetime.timedelta(seconds=900), (100.0, 100.0), 'GBP')
    """
    fields = JsonObject(document, _BOOK, "")
    auction_id = fields.matching("auction", _AUCTION, "auctions/{id}").partition("/")[2]
    start = fields.instant("start_time")
    step = fields.span("interval_duration")
    if not step:
        raise refused("intervalDuration", "0s", "a span above zero, such as 900s")
    target_kw = fields.numbers("target_reduction_kw", most=MOST_INTERVALS)
    if not target_kw:
        raise refused("targetReductionKw", [], "one value per delivery interval")
    recovery_interval_count = fields.count("recovery_interval_count", most=MOST_INTERVALS)
    cap = fields.raw("cap_price_per_mwh", "an amount")
    currency = currency_of(cap, "capPricePerMwh")
    terms = TermsReader(len(target_kw), len(target_kw) + recovery_interval_count)
    bids = BidReader(auction_id, start, step, len(target_kw), currency)
    limits = fields.objects("resource_limits", _LIMIT, most=_MOST_BIDS)
    return Book(
        auction_id=auction_id,
        start=start,
        step=step,
        target_kw=target_kw,
        recovery_interval_count=recovery_interval_count,
        price_cap_per_mwh=amount(cap, currency, "capPricePerMwh"),
        rebound_headroom_kw=fields.some_number("rebound_headroom_kw"),
        bids=tuple(
            [bids.bid(bid, f"bids[{n}]") for n, bid in enumerate(fields.items("bids", most=_MOST_BIDS))]
        ),
        resource_limit_kw=_limits(limits),
        direction=fields.choice("direction", Direction, "DIRECTION_", Direction.LOAD_DOWN),
        terms=terms.terms(fields.inner("buyer_terms", TERMS_NAMES)),
        entry=_entry_rules(fields.inner("entry_rules", _ENTRY), currency),
        currency=currency,
    )


def _limits(limits: list[JsonObject]) -> dict[tuple[str, str], float]:
    read: dict[tuple[str, str], float] = {}
    for limit in limits:
        key = resource_of(limit)
        if key in read:
            raise refused(limit.at("resource"), resource_name(*key), "one limit of it")
        read[key] = limit.number("max_reduction_kw")
    return read


def _entry_rules(fields: JsonObject | None, currency: str) -> EntryRules:
    if fields is None:
        return _NO_RULES
    has_floor = fields.has("floor_price_per_mwh")
    return EntryRules(
        price_floor_per_mwh=amount(
            fields.raw("floor_price_per_mwh", ""), currency, fields.at("floor_price_per_mwh")
        )
        if has_floor
        else None,
        min_bid_kw=fields.number("min_bid_kw"),
        increment_kw=fields.number("increment_kw"),
        max_bids_per_party=fields.count("max_party_bid_count", most=_MOST_PER_PARTY)
        or _NO_RULES.max_bids_per_party,
    )


def book_to_document(book: Book) -> dict[str, Any]:
    """Write a book; what is at its default is left out, as in the JSON form of proto3.

    Args:
        book: The book.

    Returns:
        Nested dicts and lists for `json.dumps`. Equal parts are the same object: not to be changed.

    Raises:
        InvalidInput: An id is malformed, or a price has more than nine decimals.
    """
    money = MoneyWriter(book.currency)
    document: dict[str, Any] = {
        "auction": name("auctions", book.auction_id),
        "startTime": instant_text(book.start),
        "intervalDuration": span_text(book.step),
        "targetReductionKw": list(book.target_kw),
        **without_zeros(recoveryIntervalCount=book.recovery_interval_count),
        "direction": f"DIRECTION_{book.direction.name}",
        "capPricePerMwh": money.exact(book.price_cap_per_mwh),
    }
    if book.rebound_headroom_kw is not None:
        document["reboundHeadroomKw"] = book.rebound_headroom_kw
    if book.terms != ANY_TERMS:
        document["buyerTerms"] = terms_to_document(book.terms)
    if book.entry != _NO_RULES:
        document["entryRules"] = _entry_document(book.entry, money)
    if book.resource_limit_kw:
        document["resourceLimits"] = [
            {"resource": resource_name(*key)} | without_zeros(maxReductionKw=limit_kw)
            for key, limit_kw in sorted(book.resource_limit_kw.items())
        ]
    if book.bids:
        bids = BidWriter(book.step, money)
        document["bids"] = [bids.document(bid) for bid in book.bids]
    return document


def _entry_document(rules: EntryRules, money: MoneyWriter) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if rules.price_floor_per_mwh is not None:
        document["floorPricePerMwh"] = money.exact(Decimal(rules.price_floor_per_mwh))
    return document | without_zeros(
        minBidKw=rules.min_bid_kw,
        incrementKw=rules.increment_kw,
        maxPartyBidCount=rules.max_bids_per_party
        if rules.max_bids_per_party != _NO_RULES.max_bids_per_party
        else 0,
    )
