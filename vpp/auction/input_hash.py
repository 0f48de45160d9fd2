"""A fingerprint of everything that decides a clearing, so that it can be shown to repeat."""

import enum
import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

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
    document = canonical(book)
    document["bids"] = sorted(document["bids"], key=lambda bid: str(bid["bid_id"]))
    text = json.dumps(
        {"book": document, "rules": canonical(rules)}, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(value: object) -> Any:  # noqa: ANN401  whatever JSON can hold
    """Turn a value into what JSON can hold, the same for equal values."""
    if is_dataclass(value):
        return {field.name: canonical(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {"/".join(key): canonical(held) for key, held in value.items()}
    if isinstance(value, tuple):
        return [canonical(held) for held in value]
    if isinstance(value, bool | str | None):
        return value
    return _scalar(value)


def _scalar(value: object) -> str | float:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, enum.Enum):
        return str(value.value)
    return float(str(value))
