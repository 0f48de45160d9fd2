"""A fingerprint of everything that decides a clearing, so that it can be shown to repeat."""

import enum
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any

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
        >>> from vpp.auction.bid import PriceStep
        >>> canonical(PriceStep(50.0, Decimal("1.50"))) == canonical(PriceStep(50, Decimal("1.5")))
        True
        >>> canonical(("a", None, True))
        '[s1:a,null,true]'
    """
    write = _WRITERS.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, Mapping):
        pairs = sorted((canonical(key), canonical(held)) for key, held in value.items())
        return "{" + ",".join(f"{key}:{held}" for key, held in pairs) + "}"
    if isinstance(value, enum.Enum):
        return str(value.value)
    if is_dataclass(value):
        kind: type = type(value)
        names = _field_names(kind)
        inside = ",".join([f"{name}={canonical(getattr(value, name))}" for name in names])
        return f"{type(value).__name__}({inside})"
    return repr(float(str(value)))


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


_WRITERS: Mapping[type, Callable[[Any], str]] = MappingProxyType(
    {
        type(None): lambda _: "null",
        bool: lambda value: "true" if value else "false",
        # With its length, so that no text can look like two.
        str: lambda value: f"s{len(value)}:{value}",
        float: repr,
        int: lambda value: repr(float(value)),
        Decimal: lambda value: format(value.normalize(), "f"),
        datetime: datetime.isoformat,
        timedelta: lambda value: repr(value.total_seconds()),
        tuple: lambda value: "[" + ",".join([canonical(held) for held in value]) + "]",
    }
)


def _bid_text(bid: Bid, ladders: dict[int, str]) -> str:
    """Write a bid; the steps that many intervals share are written once."""
    if not isinstance(bid.offer, StepOffer):
        return f"{_head(bid)}{canonical(bid.offer)}"
    rungs = []
    for steps in bid.offer.steps:
        text = ladders.get(id(steps))
        if text is None:
            text = ladders[id(steps)] = canonical(steps)
        rungs.append(text)
    return f"{_head(bid)}[{','.join(rungs)}]"


def _head(bid: Bid) -> str:
    """Write all of a bid but its offer: what every bid has, then what differs from the default."""
    texts = (bid.bid_id, bid.site_id, bid.resource_id, bid.zone)
    always = "".join([f"{len(text)}:{text}" for text in texts])
    sometimes = [
        f",{name}={canonical(value)}"
        for name, default in _DEFAULTS.items()
        if (value := getattr(bid, name)) != default
    ]
    return f"{always}{bid.submitted_at.isoformat()},{bid.delivery_ratio!r}{''.join(sometimes)}"


_DEFAULTS: Mapping[str, object] = MappingProxyType(
    {field.name: field.default for field in fields(Bid) if field.default is not MISSING}
)
