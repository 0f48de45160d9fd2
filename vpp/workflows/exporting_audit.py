"""The record as a file: entries, signed heads, and the clearings that the market's entries vouch for."""

import json
from collections.abc import Iterator, Sequence

from vpp.foundation.audit_chain import ChainHead, canonical
from vpp.foundation.audit_export import ExportWriter
from vpp.foundation.audit_verification import CLEARING_FIELD
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.viewing_audit import entries_up_to, heads_up_to


def cleared_events(content: str) -> list[str]:
    """Return the events whose clearing an entry vouches for."""
    records = json.loads(content)["records"]
    return [
        record["subject"].partition("/")[2]
        for record in records
        if CLEARING_FIELD in record.get("detail", ())
    ]


def _documents(units: UnitOfWorkFactory, writer: ExportWriter, event_id: str) -> Iterator[bytes]:
    with units(write=False) as uow:
        stored = uow.clearings.get(event_id)
        event = uow.events.get(event_id)
        # What was called in an emergency still stands; once its delivery is over, an auditor clears it again.
        is_over = event is not None and event.value.delivery.end <= uow.now
        cleared_from = uow.clearing_inputs.get(event_id, may_open=is_over)
    if stored is not None:
        yield writer.document(f"events/{event_id}/clearing", canonical(stored.value.document))
    if cleared_from is not None:
        yield writer.document(f"events/{event_id}/clearingInput", cleared_from)


def export_lines(
    units: UnitOfWorkFactory, heads: Sequence[ChainHead], *, with_clearings: bool
) -> Iterator[bytes]:
    """Return the lines of an export, each part read in a transaction of its own.

    Args:
        units: Makes the transactions.
        heads: The chains and their ends; what comes after them is left to the next export.
        with_clearings: Whether the clearings are in it with what they were cleared from: for who sees all.
    """
    writer = ExportWriter()
    with units(write=False) as uow:
        made_at = uow.now.isoformat()
    yield writer.header([head.chain for head in heads], made_at)
    events: list[str] = []
    for head in heads:
        for entries in entries_up_to(units, head):
            for entry in entries:
                if with_clearings and CLEARING_FIELD in entry.content:
                    events += cleared_events(entry.content)
                yield writer.entry(entry.content, entry.entry_hash)
        for signed in heads_up_to(units, head):
            yield writer.checkpoint(signed)
    for event_id in events:
        yield from _documents(units, writer, event_id)
    yield writer.trailer()
