"""Who is claimed when: events by time, and what they bought."""

from collections.abc import Iterable

from sqlalchemy import select

from vpp.dispatch.event import Event, EventState
from vpp.foundation.interval import Interval
from vpp.storage.many_values import among, ids_parameter
from vpp.storage.rows.auction import AWARD_MAPPING
from vpp.storage.rows.dispatch import EVENT_MAPPING
from vpp.storage.tables.auction import AWARDS
from vpp.storage.tables.dispatch import EVENTS
from vpp.storage.transaction import Transaction
from vpp.workflows.claim_ports import Claim
from vpp.workflows.records import AwardRecord


class SqlClaimRepository:
    """Events by time and their awards; implements `workflows.claim_ports.ClaimRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction

    def events_during(self, span: Interval, states: Iterable[EventState] | None = None) -> list[Event]:
        """Return the events whose delivery shares an instant with a span, by id; of some states or any.

        Events are looked up by their end, so that what is over costs nothing.
        """
        statement = select(EVENTS).where(
            EVENTS.c.delivery_end_at > span.start, EVENTS.c.delivery_start_at < span.end
        )
        if states is not None:
            statement = statement.where(EVENTS.c.state.in_(sorted(state.value for state in states)))
        rows = self._transaction.read(statement.order_by(EVENTS.c.event_id)).mappings()
        return [EVENT_MAPPING.from_row(row) for row in rows]

    def claims_of(self, event_ids: Iterable[str]) -> list[Claim]:
        """Return of which resources these events bought something, by event and award."""
        is_sqlite = self._transaction.is_sqlite
        statement = (
            select(AWARDS.c.event_id, AWARDS.c.site_id, AWARDS.c.resource_id)
            .where(among(AWARDS.c.event_id, sqlite=is_sqlite))
            .order_by(AWARDS.c.event_id, AWARDS.c.award_id)
        )
        rows = self._transaction.read(statement, ids_parameter(event_ids, sqlite=is_sqlite)).mappings()
        return [Claim(row["event_id"], row["site_id"], row["resource_id"]) for row in rows]

    def awards_of(self, event_ids: Iterable[str]) -> list[AwardRecord]:
        """Return what these events bought, by event and award."""
        is_sqlite = self._transaction.is_sqlite
        statement = (
            select(AWARDS)
            .where(among(AWARDS.c.event_id, sqlite=is_sqlite))
            .order_by(AWARDS.c.event_id, AWARDS.c.award_id)
        )
        rows = self._transaction.read(statement, ids_parameter(event_ids, sqlite=is_sqlite)).mappings()
        return [AWARD_MAPPING.from_row(row) for row in rows]
