"""Every table explains itself, and every question that it takes has an index."""

import re

import pytest
from sqlalchemy import Table

from vpp.storage.column_types import UtcDateTime
from vpp.storage.repository import TableMapping
from vpp.storage.rows import auction, dispatch, portfolio, settlement
from vpp.storage.tables import METADATA

MAPPINGS: list[TableMapping] = [
    mapping
    for module in (portfolio, auction, dispatch, settlement)
    for mapping in vars(module).values()
    if isinstance(mapping, TableMapping)
]
UNITS = re.compile("_(kw|kwh|per_mwh|kw_per_min|s|at|ratio|id|number|version|sha256)$")
TABLES = METADATA.sorted_tables
NEVER_CHANGED = {
    "audit_checkpoints",
    "audit_entries",
    "clearing_inputs",
    "audit_heads",  # one row per chain, locked before it is read
    "forecast_errors",
    "load_forecasts",
    "forecasts",
    "ledger_accounts",
    "ledger_entries",
    "outbox",
    "outbox_counters",
    "probes",  # one row, rewritten without anybody reading it first
    "products",
    "revenue_imports",
    "revenue_readings",
    "sealing_keys",
    "settlement_evidence",
    "settlement_runs",
    "site_plans",
    "statement_files",
    "telemetry_held",
    "telemetry_late",
    "telemetry_pieces",
    "telemetry_roll_ups",
    "tracking_ticks",
}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_tables_and_columns_are_explained(table: Table) -> None:
    assert table.comment
    assert [column.name for column in table.columns if not column.comment] == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_rows_that_change_count_their_revisions(table: Table) -> None:
    tracked = {"revision", "created_at", "updated_at"} <= set(table.c.keys())
    assert tracked == (table.name not in NEVER_CHANGED)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_numbers_and_instants_name_their_units(table: Table) -> None:
    measured = [
        column.name
        for column in table.columns
        if type(column.type).__name__ in {"UtcDateTime", "Span", "Quantity", "Profile"}
    ]
    assert [name for name in measured if not UNITS.search(name) and name not in {"at", "as_of"}] == []


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda mapping: mapping.table.name)
def test_a_column_that_can_be_compared_begins_an_index(mapping: TableMapping) -> None:
    first_columns = {next(iter(index.columns.keys())) for index in mapping.table.indexes}
    # Instants are compared by questions of their own, which look for more or less, not for the same.
    instants = {column.name for column in mapping.table.c if isinstance(column.type, UtcDateTime)}
    assert mapping.filters == first_columns - instants
    for index in mapping.table.indexes:
        assert index.unique or tuple(index.columns.keys())[1] == mapping.key.name


def test_every_foreign_key_names_its_constraint() -> None:
    names = [constraint.name for table in TABLES for constraint in table.foreign_key_constraints]
    assert len(names) == len(set(names))
    assert all(names)
