"""Looks at events, written once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping as Row
from sqlalchemy import select

from vpp.dispatch.tracking.delivery_state import DeliveryState
from vpp.storage.inserting import insert_into
from vpp.storage.tables.tracking import TRACKING_TICKS
from vpp.storage.transaction import Transaction
from vpp.workflows.tracking_records import ActionKind, TrackingAction, TrackingTick

TICKS = TRACKING_TICKS.c
_PLAIN = (
    "event_id",
    "due_at",
    "looked_at",
    "modification_number",
    "target_kw",
    "instructed_kw",
    "delivered_kw",
    "expected_kw",
    "metered_ratio",
    "present_target_kw",
    "present_delivered_kw",
    "target_energy_kwh",
    "delivered_energy_kwh",
    "planned_energy_kwh",
    "expected_energy_kwh",
    "reserve_kw",
)
"""Columns that hold an attribute as it is."""


class SqlTrackingRepository:
    """Looks at events, never changed; implements `workflows.tracking_ports.TrackingRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction

    def add(self, tick: TrackingTick) -> bool:
        """Keep a look; False, and nothing is kept, if there is one of that event and due instant."""
        statement = (
            insert_into(TRACKING_TICKS, sqlite=self._transaction.is_sqlite)
            .on_conflict_do_nothing(index_elements=[TICKS.event_id, TICKS.due_at])
            .returning(TICKS.event_id)
        )
        row: dict[str, Any] = {name: getattr(tick, name) for name in _PLAIN}
        row["site_counts"] = {state.value: count for state, count in tick.site_counts.items()}
        row["changed_states"] = {site_id: state.value for site_id, state in tick.changed_states.items()}
        row["actions"] = [_document(action) for action in tick.actions]
        self._transaction.noted(TRACKING_TICKS, [(tick.event_id, tick.due_at)])
        return self._transaction.write(statement, row).scalar_one_or_none() is not None

    def is_made(self, event_id: str, due_at: datetime) -> bool:
        """Tell whether there is a look of that event and due instant."""
        statement = select(TICKS.event_id).where(TICKS.event_id == event_id, TICKS.due_at == due_at)
        return self._transaction.read(statement).first() is not None

    def newest(self, event_id: str) -> TrackingTick | None:
        """Return the newest look at an event, or None."""
        statement = (
            select(TRACKING_TICKS).where(TICKS.event_id == event_id).order_by(TICKS.due_at.desc()).limit(1)
        )
        row = self._transaction.read(statement).mappings().first()
        return None if row is None else _tick(row)

    def page(self, event_id: str, *, after: datetime | None = None, limit: int = 1000) -> list[TrackingTick]:
        """List an event's looks, the first one first, after one due instant."""
        statement = select(TRACKING_TICKS).where(TICKS.event_id == event_id)
        if after is not None:
            statement = statement.where(TICKS.due_at > after)
        statement = statement.order_by(TICKS.due_at).limit(limit)
        return [_tick(row) for row in self._transaction.read(statement).mappings()]

    def states(self, event_id: str) -> Mapping[str, DeliveryState]:
        """Return the state in which each site was seen last, by site."""
        statement = select(TICKS.changed_states).where(TICKS.event_id == event_id).order_by(TICKS.due_at)
        seen: dict[str, DeliveryState] = {}
        for changed in self._transaction.read(statement).scalars():
            seen.update({site_id: DeliveryState(state) for site_id, state in changed.items()})
        return seen


def _document(action: TrackingAction) -> dict[str, Any]:
    return {
        "kind": action.kind.value,
        "site_id": action.site_id,
        "resource_id": action.resource_id,
        "change_kw": list(action.change_kw),
        "award_id": action.award_id,
        "offset_s": action.offset_s,
    }


def _action(document: Mapping[str, Any]) -> TrackingAction:
    return TrackingAction(
        kind=ActionKind(document["kind"]),
        site_id=document["site_id"],
        resource_id=document["resource_id"],
        change_kw=tuple(document["change_kw"]),
        award_id=document["award_id"],
        offset_s=document["offset_s"],
    )


def _tick(row: Row) -> TrackingTick:
    return TrackingTick(
        **{name: row[name] for name in _PLAIN},
        site_counts={DeliveryState(state): count for state, count in row["site_counts"].items()},
        changed_states={site_id: DeliveryState(state) for site_id, state in row["changed_states"].items()},
        actions=tuple(_action(document) for document in row["actions"]),
    )
