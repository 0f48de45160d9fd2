"""Bids by id; their content only for whom it is before the gate closes."""

from collections.abc import Sequence

from sqlalchemy import RowMapping as Row
from sqlalchemy import select

from vpp.auction.tender import TenderState
from vpp.storage.bid_sealing import BidSealing
from vpp.storage.inserting import insert_into
from vpp.storage.repository import SqlRepository
from vpp.storage.tables.auction import AUCTIONS, BIDS, SEALING_KEYS
from vpp.storage.tables.portfolio import SITES
from vpp.storage.transaction import Transaction
from vpp.workflows.acting import actor
from vpp.workflows.ports import Stored
from vpp.workflows.records import BidRecord, BidState


class SqlBidRepository(SqlRepository[BidRecord]):
    """Bids; implements `workflows.ports.BidRepository`.

    A sealed bid is opened for the hub itself and for the bid's own site and party. For everybody else whose
    call is served it stays covered, whatever the workflow would have shown them.
    """

    def __init__(self, transaction: Transaction, sealing: BidSealing) -> None:
        """Work inside a transaction."""
        super().__init__(transaction, sealing.mapping)
        self._sealing = sealing
        self._caller = actor()
        self._own_sites: frozenset[str] | None = None
        self._uncovered = self._caller is None

    def uncover(self) -> None:
        """Open every bid that is read from here on in this transaction: the hub clears."""
        self._uncovered = True

    def known_keys(self) -> frozenset[str]:
        """Return the ids of keys that bids are or were sealed with."""
        return frozenset(self._transaction.read(select(SEALING_KEYS.c.key_id)).scalars())

    def keys_in_use(self) -> frozenset[str]:
        """Return the ids of keys that are needed to open bids that stand."""
        columns = BIDS.c
        statement = (
            select(columns.sealing_key)
            .join(AUCTIONS, columns.auction_id == AUCTIONS.c.auction_id, isouter=True)
            .where(
                columns.sealing_key.is_not(None),
                columns.state == BidState.SUBMITTED.value,
                columns.auction_id.is_(None) | (AUCTIONS.c.state == TenderState.OPEN.value),
            )
            .distinct()
        )
        return frozenset(self._transaction.read(statement).scalars())

    def register_key(self, key_id: str) -> None:
        """Note down a key that bids are sealed with from here on; a known one changes nothing."""
        statement = insert_into(SEALING_KEYS, sqlite=self._transaction.is_sqlite)
        row = {"key_id": key_id, "created_at": self._transaction.now}
        self._transaction.noted(SEALING_KEYS, [(key_id,)])
        self._transaction.write(statement.on_conflict_do_nothing(index_elements=[SEALING_KEYS.c.key_id]), row)

    def get(self, identifier: str) -> Stored[BidRecord] | None:
        """Return the bid of that id, or None; what is asked of the database is the same for both."""
        self._may_open("")
        return super().get(identifier)

    def _stored(self, rows: Sequence[Row]) -> list[Stored[BidRecord]]:
        return [
            Stored(
                self._sealing.record(row, may_open=row["sealed"] is None or self._may_open(row["site_id"])),
                row["revision"],
                row["created_at"],
                row["updated_at"],
            )
            for row in rows
        ]

    def _may_open(self, site_id: str) -> bool:
        if self._uncovered or self._caller is None:
            return True
        if self._caller.site_id is not None:
            return self._caller.site_id == site_id
        if self._own_sites is None:
            statement = select(SITES.c.site_id).where(SITES.c.party_id == self._caller.party_id)
            self._own_sites = frozenset(self._transaction.read(statement).scalars())
        return site_id in self._own_sites
