"""What a bidder and the hub hold each other to: a digest of all that a bid says, and what opens it.

The digest is SHA-256 over 32 random bytes and then the content as text. Without the random bytes nobody
can try prices and kilowatts until the digest fits; with them anybody can, with common tools.
"""

import hashlib
import hmac
import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import cache, lru_cache
from typing import Any

from vpp.auction.bid import Bid, PriceStep
from vpp.foundation.errors import BrokenPromise

NONCE_BYTES = 32
"""Random bytes before the content; as many as the digest has."""


@dataclass(frozen=True, slots=True)
class BidSeal:
    """What holds a bid to what it said.

    Attributes:
        commitment: `commitment_of` its content, lower-case hexadecimal.
        nonce: The random bytes; nobody but the bidder has them before the gate closes. Empty while the
            bid is covered.
        currency: Currency of the bid's prices, as it was entered.
        is_open: Whether the bid is stored in the clear: its gate has closed.
    """

    commitment: str
    nonce: bytes
    currency: str
    is_open: bool = False


def content_text(
    bid: Bid, *, auction_id: str | None, product_id: str, currency: str, expires_at: datetime | None
) -> str:
    """Write all that a bid says as one text: JSON with sorted keys and no spaces.

    A field at its default is left out, so that a field that is added later changes no older text. A number
    is written as the shortest decimal that gives it back, a whole one without a point, a price as decimal
    text without needless zeros.

    Args:
        bid: The bid, with its id, zone and time of submission.
        auction_id: The auction; None for a standing bid.
        product_id: The product that it is for.
        currency: Currency of its prices.
        expires_at: Standing bids: valid until then.
    """
    document = {
        "auction": auction_id,
        "product": product_id,
        "currency": currency,
        "expires_at": expires_at,
    }
    written = {key: _plain(value) for key, value in document.items() if value is not None}
    return json.dumps(written | {"bid": _plain(bid)}, sort_keys=True, separators=(",", ":"))


def content_fields(bid: Bid) -> Mapping[str, Any]:
    """Return what the content says of the bid itself, as JSON has it.

    Example:
        >>> from datetime import datetime
        >>> from vpp.auction.bid import StepOffer
        >>> bid = Bid("b", "north", "ups", "Z", datetime(2026, 3, 4, tzinfo=UTC), 0.9, StepOffer(()))
        >>> content_fields(bid)["zone"]
        'Z'
    """
    written: Mapping[str, Any] = _plain(bid)
    return written


def commitment_of(content: str, nonce: bytes) -> str:
    """Return the digest that holds a bidder to a content.

    Example:
        >>> commitment_of("{}", bytes(32))[:16]
        'fb1634c4e6cd4b1f'
    """
    return hashlib.sha256(nonce + content.encode()).hexdigest()


def fits(commitment: str, content: str, nonce: bytes) -> bool:
    """Tell whether content and random bytes are what was committed to.

    Example:
        >>> told = commitment_of('{"kw":5}', bytes(32))
        >>> fits(told, '{"kw":5}', bytes(32)), fits(told, '{"kw":6}', bytes(32))
        (True, False)
    """
    return len(nonce) == NONCE_BYTES and hmac.compare_digest(commitment_of(content, nonce), commitment)


def _plain(value: object) -> Any:  # noqa: ANN401  whatever JSON can say
    if is_dataclass(value) and not isinstance(value, type):
        return {"kind": type(value).__name__, **_fields_of(value)}
    if isinstance(value, tuple):
        of_steps = bool(value) and isinstance(value[0], PriceStep)
        return _plain_steps(value) if of_steps else [_plain(each) for each in value]
    return _plain_one(value)


@lru_cache(4096)
def _plain_steps(steps: tuple[PriceStep, ...]) -> list[Any]:
    """Write the steps of an interval once: most intervals of most bids have what another has."""
    return [{"kind": PriceStep.__name__, **_fields_of(step)} for step in steps]


def _plain_one(value: object) -> str | int | float:
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, Decimal):  # 60.50 and 60.5 are one price
        return format(value.normalize(), "f") if value else "0"
    if isinstance(value, str | int):
        return value
    if isinstance(value, float) and math.isfinite(value):  # 5.0 and 5 are one number, and so are -0.0 and 0
        return int(value) if value.is_integer() else value
    raise BrokenPromise(f"a bid holds a {type(value).__name__}, expected what its content can be written of")


def _fields_of(value: Any) -> Mapping[str, Any]:  # noqa: ANN401  a dataclass
    held = ((name, getattr(value, name), default) for name, default in _defaults(value.__class__))
    return {
        name: _plain(content) for name, content, default in held if default is MISSING or content != default
    }


@cache
def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:  # noqa: ANN401  a dataclass
    return tuple((each.name, each.default) for each in fields(kind))
