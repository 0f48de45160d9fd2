"""Bids as rows: encrypted until their gate closes, in the clear from then on."""

import base64
import json
from functools import cache, cached_property
from typing import Any

from sqlalchemy import RowMapping as Row

from vpp.foundation.errors import InvalidInput
from vpp.foundation.random_source import SYSTEM_RANDOM_SOURCE, RandomSource
from vpp.foundation.sealing_keys import SealingKeys, new_sealing_keys
from vpp.storage.engine import json_text
from vpp.storage.repository import TableMapping, Values
from vpp.storage.rows.auction import bid_of, covered_bid_of, offered_columns, open_columns
from vpp.storage.tables.auction import BIDS
from vpp.workflows.records import BidRecord

FILTERS = frozenset({"auction_id", "site_id", "product_id", "state"})
PADDED_TO = 512
"""Contents are filled up to a multiple of so many bytes, so that their length tells less of their shape."""
_NOTHING: Values = {
    "delivery_ratio": 0.0,
    "offer": {},
    "energy_limit_kwh": None,
    "rebound": None,
    "exclusive_group": None,
    "parent_bid_id": None,
    "conditions": None,
    "commitment_nonce": None,
}
"""What stands in the place of what is encrypted."""
_BOUND = ("bid_id", "site_id", "resource_id", "zone", "auction_id", "product_id", "commitment", "currency")


class BidSealing:
    """Turns bids into rows and back with a hub's keys.

    Attributes:
        keys: The keys.
        random_source: Gives the nonces, of encryption and of commitments.
    """

    def __init__(self, keys: SealingKeys, random_source: RandomSource = SYSTEM_RANDOM_SOURCE) -> None:
        """Keep the keys, and where nonces come from."""
        self.keys = keys
        self.random_source = random_source

    @cached_property
    def mapping(self) -> TableMapping[BidRecord]:
        """How bids become rows, for a repository."""
        return TableMapping(BIDS, self.row, self.record, FILTERS)

    def row(self, record: BidRecord) -> Values:
        """Return the row of a bid: sealed if it has a seal that is not open."""
        held = open_columns(record)
        if record.covered is not None:  # as it was found; only its state can have changed
            found = {"sealed": record.covered.sealed, "sealing_key": record.covered.key_id or None}
            return {
                **held,
                **_NOTHING,
                **found,
                "reason": record.reason,
                "reason_detail": record.reason_detail,
            }
        offered = offered_columns(record)
        if record.seal is None or record.seal.is_open:
            return {**held, **offered, "sealed": None, "sealing_key": None}
        content = json_text(offered).encode()
        content = content.ljust(-(-len(content) // PADDED_TO) * PADDED_TO)
        sealed = self.keys.seal(content, _scope(held), _bound_to(held), self.random_source)
        return {
            **held,
            **_NOTHING,
            "reason": "",
            "reason_detail": "",
            "sealed": base64.b64encode(sealed).decode(),
            "sealing_key": self.keys.key_ids[0],
        }

    def record(self, row: Row, *, may_open: bool = True) -> BidRecord:
        """Return the bid of a row.

        Args:
            row: The row.
            may_open: Whether its content may be read before its gate has closed.

        Returns:
            The bid; covered if it is sealed and may not be opened, or cannot be.
        """
        if row["sealed"] is None:
            return bid_of(row, row, is_open=True)
        if not may_open:
            return covered_bid_of(row, "")
        try:
            sealed = base64.b64decode(row["sealed"])
            offered = json.loads(self.keys.open(sealed, _scope(row), _bound_to(row)))
        except InvalidInput as fault:
            return covered_bid_of(row, str(fault))
        except ValueError:
            return covered_bid_of(row, "it is not in the form of what was sealed")
        return bid_of(row, offered, is_open=False)


@cache
def own_sealing() -> BidSealing:
    """Return a sealing with a key that this process made and keeps to itself.

    For whoever names no keys: bids are sealed all the same, and nobody can read them once the process has
    ended.
    """
    return BidSealing(new_sealing_keys())


def _scope(row: Row | Values) -> str:
    auction_id = row["auction_id"]
    return f"standing/{row['product_id']}" if auction_id is None else f"auctions/{auction_id}"


def _bound_to(row: Row | Values) -> bytes:
    instants: list[Any] = [row["submitted_at"], row["expires_at"]]
    texts = [None if each is None else each.isoformat() for each in instants]
    return json.dumps([*(row[name] for name in _BOUND), *texts]).encode()
