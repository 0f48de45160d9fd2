"""Which tables the audit record covers, what of them is digested together, and whom it concerns.

A table is covered unless it is named here with the reason why not; a new one is covered by its key from the
start. Whoever writes rows of a covered table says which (`Transaction.noted`), or cannot commit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Table

LEFT_OUT: Mapping[str, str] = {
    "audit_entries": "the record itself",
    "audit_heads": "the end of the record itself",
    "audit_checkpoints": "signed heads of the record itself",
    "outbox": "says what is still to be sent of what other tables hold, and is made again from them",
    "outbox_counters": "counts the outbox",
    "deadlines": "says when to look; what is done then is in what that changes, and it is made again from it",
    "probes": "one row that is rewritten to see whether the database can be written to",
    "telemetry_pieces": "raw readings are forgotten in time; those that settle stand in settlement_evidence",
    "telemetry_held": "counts what the pieces hold",
    "telemetry_late": "says which days of the pieces are to be summed up again",
    "telemetry_roll_ups": "sums up the pieces, and is made again from them",
}
"""Tables that are not covered, with the reason."""

KEPT_TOGETHER: Mapping[str, tuple[str, ...]] = {
    "ledger_accounts": ("account_id",),
    "ledger_entries": ("run_id",),
    "settlement_evidence": ("period", "run_number"),
    "statement_files": ("statement_id",),
    "revenue_readings": ("site_id", "device_id", "version"),
    "site_plans": ("site_id", "received_at"),
}
"""Columns whose values rows have in common that are digested as one; of all others, the key."""

CONCERNS: Mapping[str, tuple[str, ...]] = {
    "adjustments": ("payer_party_id", "payee_party_id"),
    "clearings": (),  # says what everybody offered
    "clearing_inputs": (),
    "ledger_entries": (),  # a run's, of all parties
    "settlement_evidence": (),
}
"""Columns that say whom a row concerns, where it is not the first of `USUAL` that it has."""

USUAL = ("party_id", "site_id", "statement_id", "operator_party_id", "event_id", "auction_id")
"""Columns that say whom a row concerns, the first that a table has."""

CALLERS = frozenset({"requests"})
"""Tables whose rows concern whoever is calling."""


@dataclass(frozen=True, slots=True)
class AuditedTable:
    """How a table's rows enter the record.

    Attributes:
        table: The table.
        unit: Columns whose values rows have in common that are digested as one.
        concerns: Columns that say whom a row concerns; none for the market.
        is_callers: Whether its rows concern whoever is calling.
    """

    table: Table
    unit: tuple[str, ...]
    concerns: tuple[str, ...]
    is_callers: bool

    @property
    def is_row(self) -> bool:
        """Whether each row is digested by itself, under its one key."""
        return (
            self.unit == tuple(column.name for column in self.table.primary_key.columns) and not self.unit[1:]
        )


@cache
def audited(table: Table) -> AuditedTable | None:
    """Return how a table's rows enter the record, or None if they do not."""
    name = table.name
    if name in LEFT_OUT:
        return None
    unit = KEPT_TOGETHER.get(name) or tuple(column.name for column in table.primary_key.columns)
    usual = tuple(column for column in USUAL if column in table.c)[:1]
    return AuditedTable(table, unit, CONCERNS.get(name, usual), name in CALLERS)
