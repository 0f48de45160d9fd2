"""What auctions were cleared from, kept so that they can be cleared again."""

import logging
import zlib

from sqlalchemy import select

from vpp.foundation.errors import AlreadyExists, InvalidInput
from vpp.storage.bid_sealing import BidSealing
from vpp.storage.inserting import insert_into
from vpp.storage.tables.audit import CLEARING_INPUTS
from vpp.storage.transaction import Transaction

SCOPE = "emergencies"
"""What is sealed with a key of their own: the books of standing bids."""
_INPUT = CLEARING_INPUTS.c
_log = logging.getLogger(__name__)


class SqlClearingInputRepository:
    """Inputs of clearings, never changed; implements `workflows.audit_ports.ClearingInputRepository`."""

    def __init__(self, transaction: Transaction, sealing: BidSealing) -> None:
        """Work inside a transaction."""
        self._transaction = transaction
        self._keys = sealing.keys
        self._random_source = sealing.random_source

    def add(self, event_id: str, content: str, *, is_sealed: bool = False) -> None:
        """Keep what an event was cleared from.

        Args:
            event_id: The event.
            content: Book and rules.
            is_sealed: Whether it is encrypted with the key that seals bids.

        Raises:
            AlreadyExists: It is kept already.
        """
        statement = (
            insert_into(CLEARING_INPUTS, sqlite=self._transaction.is_sqlite)
            .on_conflict_do_nothing()
            .returning(_INPUT.event_id)
        )
        packed = zlib.compress(content.encode())
        row: dict[str, object] = {"event_id": event_id, "content": packed, "sealing_key": None}
        if is_sealed:
            row["content"] = self._keys.seal(packed, SCOPE, event_id.encode(), self._random_source)
            row["sealing_key"] = self._keys.key_ids[0]
        self._transaction.noted(CLEARING_INPUTS, [(event_id,)])
        if self._transaction.write(statement, row).scalar_one_or_none() is None:
            raise AlreadyExists(f"what events/{event_id} was cleared from is kept already", event=event_id)

    def get(self, event_id: str, *, may_open: bool) -> str | None:
        """Return what an event was cleared from, or None: also where its key is gone.

        Args:
            event_id: The event.
            may_open: Whether it may be read where it was sealed.
        """
        statement = select(_INPUT.content, _INPUT.sealing_key).where(_INPUT.event_id == event_id)
        found = self._transaction.read(statement).one_or_none()
        if found is None or (found.sealing_key is not None and not may_open):
            return None
        packed = found.content
        if found.sealing_key is not None:
            try:
                packed = self._keys.open(packed, SCOPE, event_id.encode())
            except InvalidInput as error:
                _log.error("what events/%s was cleared from cannot be opened: %s", event_id, error)
                return None
        return zlib.decompress(packed).decode()
