"""A fingerprint of everything that decides a clearing, so that it can be shown to repeat."""

import enum
import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from vpp.auction.bid import Bid, StepOffer
from vpp.auction.book import Book
from vpp.auction.rules import ClearingRules


def input_hash(book: Book, rules: ClearingRules) -> str:
    """Return the SHA-256 of a book and its rules in canonical form, in hexadecimal.

    The order of the bids and the way a number is written (1.50 or 1.5) do not matter.

    Args:
        book: The book.
        rules: The rules it is cleared by.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    digest.update(canonical(rules).encode())
    digest.update(canonical(replace(book, bids=())).encode())
    ladders: dict[int, str] = {}
    for bid in sorted(book.bids, key=lambda bid: bid.bid_id):
        digest.update(_bid_text(bid, ladders).encode())
    return digest.hexdigest()


def canonical(value: object) -> str:
    """Write a value as text, the same for equal values.

    Example:
        >>> canonical(PriceStep(50.0, Decimal("1.50"))) == canonical(PriceStep(50, Decimal("1.5")))
        True
        >>> canonical(("a", None, True))
        '[s1:a,null,true]'
    """
    if is_dataclass(value):
        inside = ",".join(f"{field.name}={canonical(getattr(value, field.name))}" for field in fields(value))
        return f"{type(value).__name__}({inside})"
    if isinstance(value, Mapping):
        pairs = sorted((canonical(key), canonical(held)) for key, held in value.items())
        return "{" + ",".join(f"{key}:{held}" for key, held in pairs) + "}"
    if isinstance(value, tuple):
        return "[" + ",".join(canonical(held) for held in value) + "]"
    return _scalar(value)


def _scalar(value: object) -> str:  # noqa: PLR0911  one form for each type
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"s{len(value)}:{value}"  # with its length, so that no text can look like two
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return repr(value.total_seconds())
    if isinstance(value, enum.Enum):
        return str(value.value)
    return repr(float(str(value)))


def _bid_text(bid: Bid, ladders: dict[int, str]) -> str:
    """Write a bid; the steps that many intervals share are written once."""
    if not isinstance(bid.offer, StepOffer):
        return canonical(bid)
    rungs = []
    for steps in bid.offer.steps:
        text = ladders.get(id(steps))
        if text is None:
            text = ladders[id(steps)] = canonical(steps)
        rungs.append(text)
    return f"{canonical(replace(bid, offer=StepOffer(())))}[{','.join(rungs)}]"
