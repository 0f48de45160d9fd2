"""Every table is covered by the audit record, or says why not."""

import pytest
from sqlalchemy import Table

from vpp.storage.audited_tables import CALLERS, CONCERNS, KEPT_TOGETHER, LEFT_OUT, audited
from vpp.storage.tables import METADATA

TABLES = METADATA.sorted_tables


def test_what_is_said_of_tables_is_said_of_tables_that_there_are() -> None:
    names = {table.name for table in TABLES}
    assert LEFT_OUT.keys() | KEPT_TOGETHER.keys() | CONCERNS.keys() | CALLERS <= names
    assert not LEFT_OUT.keys() & (KEPT_TOGETHER.keys() | CONCERNS.keys())
    assert all(len(reason) > 10 for reason in LEFT_OUT.values())


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_covered_table_has_the_columns_that_it_is_covered_by(table: Table) -> None:
    how = audited(table)
    assert (how is None) == (table.name in LEFT_OUT)
    if how is not None:
        assert how.unit
        assert {*how.unit, *how.concerns} <= set(table.c.keys())


def test_what_is_money_or_evidence_is_covered() -> None:
    covered = {table.name for table in TABLES if audited(table)}
    assert covered >= {
        *("bids", "awards", "clearings", "clearing_inputs", "instructions", "baselines", "revenue_imports"),
        *("revenue_readings", "settlement_runs", "settlement_evidence", "ledger_entries", "statements"),
        *(
            "statement_files",
            "adjustments",
            "disputes",
            "rule_corrections",
            "products",
            "principal_standings",
        ),
    }
