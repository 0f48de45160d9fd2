"""Migrations go back and forth with data in the tables, or refuse by name and leave everything as it was."""

from collections.abc import Mapping

import pytest
from sqlalchemy import Engine, text
from support.populated_database import populate, rows_without
from support.populated_hub import NOW

from vpp.foundation.clock import ManualClock
from vpp.storage.backup.table_state import TableState, table_states
from vpp.storage.migrate import current_revision, downgrade, migrate, newest_revision
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.restoration import go_on_after_restore, note_restore

WITHOUT_DATA = frozenset(
    {
        "aggregate_baselines",
        "audit_checkpoints",
        "forecast_errors",
        "principal_standings",
        "probes",
        "product_changes",
        "requests",
        "restorations",
        "revoked_certificates",
        "sealing_keys",
        "telemetry_roll_ups",
    }
)
"""Tables in which the populated hub may have nothing; every other one has rows."""
WHO_DECIDED = ("adjustments", "disputes", "rule_corrections")
LOSES_WHAT_IS_NEW = frozenset({"audit_entries", "audit_heads", "clearing_inputs", "bids", *WHO_DECIDED})
"""Tables with columns, or entries, that a hub before the chain has no place for; their rows stay."""


@pytest.fixture
def populated(empty_engine: Engine) -> Engine:
    migrate(empty_engine)
    populate(empty_engine)
    assert set(rows_without(empty_engine)) <= WITHOUT_DATA
    return empty_engine


def states(engine: Engine) -> Mapping[str, TableState]:
    with engine.connect() as connection:
        return table_states(connection)


def changed(before: Mapping[str, TableState], after: Mapping[str, TableState]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_the_schema_goes_back_and_forth_around_the_data(populated: Engine) -> None:
    before = states(populated)
    for revision in ("0015", "0014"):
        downgrade(populated, revision)
        assert current_revision(populated) == revision
    assert changed({name: before[name] for name in states(populated)}, states(populated)) == {
        "alembic_version"
    }
    # What is sealed cannot be read by an older hub, and is not thrown away: refused, and nothing changed.
    with pytest.raises(ValueError, match="bids are sealed, expected none"):
        downgrade(populated, "0013")
    assert current_revision(populated) == "0014"
    migrate(populated)
    assert changed(before, states(populated)) == set()
    # Once nothing is sealed, back to before there was a chain: records stay, and what proves them goes.
    with populated.begin() as connection:
        connection.execute(text("DELETE FROM bids WHERE bid_id NOT IN (SELECT bid_id FROM awards)"))
    before = states(populated)
    downgrade(populated, "0012")
    migrate(populated)
    after = states(populated)
    assert changed(before, after) <= LOSES_WHAT_IS_NEW
    assert all(before[name].rows == after[name].rows for name in ("bids", *WHO_DECIDED))
    assert current_revision(populated) == newest_revision()


def test_going_back_is_refused_while_a_restore_waits(empty_engine: Engine) -> None:
    migrate(empty_engine)
    units = SqlUnitOfWorkFactory(empty_engine, ManualClock(NOW))
    note_restore(units, NOW, "ab" * 32)
    before = states(empty_engine)
    with pytest.raises(ValueError, match="1 restores wait to be confirmed"):
        downgrade(empty_engine, "0015")
    assert states(empty_engine) == before
    assert go_on_after_restore(units, confirmed=True) == 1
    downgrade(empty_engine, "0015")
