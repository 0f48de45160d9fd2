"""Whether the bids of a book are what their bidders committed to before the gate."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vpp.auction.bid import Bid
from vpp.auction.book import Book
from vpp.auction.commitment import content_fields, fits
from vpp.foundation.audit_chain import canonical

Content = Mapping[str, Any]
Compare = Callable[[Content, Content], list[str]]

_NOT_COMPARED = frozenset({"delivery_ratio"})
"""A bid may count for less than it says, by what its site has shown; never for more."""


@dataclass(frozen=True, slots=True)
class OpenedBids:
    """What a check of commitments found.

    Attributes:
        count: Bids of the book that have a commitment and what opens it.
        violations: What does not hold, in words.
    """

    count: int
    violations: tuple[str, ...]


def check_openings(documents: Sequence[Mapping[str, Any]], book: Book) -> OpenedBids:
    """Check the bids of a book against their commitments.

    Args:
        documents: The bids as the book's file has them, in its order; those without one count nothing.
        book: The book that was read from it.
    """
    return _opened(documents, book, _others)


def check_standing(standing: Mapping[str, Mapping[str, Any]], book: Book) -> OpenedBids:
    """Check the standing bids that an emergency called against what was committed to.

    A call repeats a bid's steps over the event, and leaves out those above its price cap; anything else is
    as it was committed to.

    Args:
        standing: What opens the bids, by bid id.
        book: The book of the called bids.
    """
    return _opened([standing.get(bid.bid_id, {}) for bid in book.bids], book, _others_but_steps)


def _opened(documents: Sequence[Mapping[str, Any]], book: Book, others: Compare) -> OpenedBids:
    violations: list[str] = []
    count = 0
    for document, bid in zip(documents, book.bids, strict=True):
        commitment = document.get("commitment")
        if not commitment:
            continue
        fault = _fault(str(commitment), document.get("opening"), bid, others)
        count += fault is None
        if fault is not None:
            violations.append(f"bids/{bid.bid_id} {fault}")
    return OpenedBids(count, tuple(violations))


def _others(counts: Content, said: Content) -> list[str]:
    """Return the fields in which a bid is not what was said."""
    fields = (counts.keys() | said.keys()) - _NOT_COMPARED
    return sorted(field for field in fields if counts.get(field) != said.get(field))


def _others_but_steps(counts: Content, said: Content) -> list[str]:
    """Return the same; an offer of steps may have any of those that were said, in every interval."""
    offers = counts.get("offer", {}), said.get("offer", {})
    others = _others({**counts, "offer": None}, {**said, "offer": None})
    if not all(isinstance(offer, Mapping) and offer.get("steps") for offer in offers):
        return others if offers[0] == offers[1] else [*others, "offer"]
    called, committed = ({canonical(step) for steps in offer["steps"] for step in steps} for offer in offers)
    return others if called <= committed else [*others, "offer"]


def _fault(commitment: str, opening: object, bid: Bid, compare: Compare) -> str | None:
    held = opening if isinstance(opening, Mapping) else {}
    content = held.get("content", "")
    try:
        nonce = base64.b64decode(str(held.get("nonce", "")), validate=True)
        said = json.loads(content)["bid"] if isinstance(content, str) and content else None
    except (binascii.Error, ValueError, KeyError, TypeError):
        return "has an opening that cannot be read"
    if said is None or not fits(commitment, content, nonce):
        return "has an opening that does not give its commitment"
    counts = content_fields(bid)
    others = compare(counts, said)
    if others:
        return f"is not what was committed to in {', '.join(others)}"
    stated = said.get("delivery_ratio", 0)
    if not 0 < bid.delivery_ratio <= stated:
        return f"counts at {bid.delivery_ratio}, more than the {stated} that was committed to"
    return None
