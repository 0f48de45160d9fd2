"""The second line: without any check of a workflow's own, a tenant reaches no row of others."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Table, and_, delete, select, text, update
from sqlalchemy import RowMapping as Row
from sqlalchemy.sql.dml import UpdateBase
from support.populated_database import populate
from support.populated_hub import CALLERS, NOW

from vpp.foundation.clock import ManualClock
from vpp.foundation.errors import BrokenPromise, StaleWrite, VppError
from vpp.storage.backup.checking import check_database
from vpp.storage.backup.copying import state_of
from vpp.storage.caller_scope import scope_of
from vpp.storage.reach import Reach
from vpp.storage.row_rules import ROW_RULES, Writes
from vpp.storage.row_security_postgresql import TENANT_ROLE, protect
from vpp.storage.tables import METADATA
from vpp.storage.transaction import Transaction
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.acting import acting_as
from vpp.workflows.identity import Principal
from vpp.workflows.records import BidState

TENANTS = ("owner-alder", "agent-alder", "owner-birch", "agent-cedar")
SHARED = frozenset({"auctions", "events", "clearings", "products"})
"""Tables of which tenants see rows that name others; workflows alone narrow those."""
SITES_OWN = ("sites", "resources", "enrolments", "bids", "awards", "instructions", "telemetry_pieces")
HUBS_OWN = ("requests", "deadlines", "tracking_ticks")
PARTYS_OWN = ("statements", "disputes", "green_certificates", "ledger_accounts", "adjustments")


def own_words(name: str) -> set[str]:
    return {name.partition("-")[2], f"owner-{name.partition('-')[2]}"}


def foreign_words(name: str) -> list[str]:
    """Ids that belong to others; every made record of theirs carries one."""
    every = {word for site in ("alder", "birch", "cedar") for word in (site, f"owner-{site}")}
    return sorted(every - own_words(name))


def rows_seen(engine: Engine, principal: Principal | None) -> dict[str, list[Row]]:
    """Read every table without a condition, as a workflow that has forgotten its check would."""
    with Reach(engine).begun(scope_of(principal), writes=False, is_only_writer=False) as connection:
        return {
            table.name: list(connection.execute(select(table)).mappings().all())
            for table in METADATA.sorted_tables
        }


@pytest.fixture
def populated(engine: Engine) -> Engine:
    populate(engine)
    return engine


def test_a_tenant_sees_its_own_rows_and_no_others(populated: Engine) -> None:
    everything = rows_seen(populated, None)
    for name in TENANTS:
        seen = rows_seen(populated, CALLERS[name])
        for table, rows in seen.items():
            told = repr(rows)
            leaked = [word for word in foreign_words(name) if word in told]
            assert table in SHARED or leaked == [], (name, table, leaked)
        # What is narrowed is narrowed to something: the test would not see a view of nothing.
        for table in SITES_OWN:
            assert 0 < len(seen[table]) < len(everything[table]), (name, table)
        is_owner = name.startswith("owner-")
        assert all(bool(seen[table]) == is_owner for table in PARTYS_OWN if everything[table]), name
        assert not any(seen[table] for table in HUBS_OWN)
        assert everything["tracking_ticks"]
        runs = {row["run_id"] for row in seen["settlement_runs"]}
        assert {row["run_id"] for row in seen["ledger_entries"]} <= runs, (
            name
        )  # or its balances would lack them


def test_who_else_sees_what(populated: Engine) -> None:
    """Staff and the hub itself everything, an administrator no business, a stranger what is public."""
    everything = rows_seen(populated, None)
    assert everything["bids"]
    for name in ("settlement-a", "auditor"):
        assert rows_seen(populated, CALLERS[name]) == everything

    seen = rows_seen(populated, CALLERS["administrator"])
    for table in ("bids", "sites", "awards", "statements", "telemetry_pieces", "events", "audit_entries"):
        assert seen[table] == [], table
    assert seen["products"]

    stranger = replace(CALLERS["owner-alder"], party_id="' OR '1'='1", site_id="alder")
    seen = rows_seen(populated, stranger)
    assert {table for table, rows in seen.items() if rows} == {"parties", "products"}
    assert {row["kind"] for row in seen["parties"]} == {"operator", "aggregator"}


Attempt = Callable[[Table, Row], UpdateBase]


def _insert(table: Table, row: Row) -> UpdateBase:
    return table.insert().values(dict(row))


def _update(table: Table, row: Row) -> UpdateBase:
    first = next(iter(table.columns))
    return update(table).where(_is(table, row)).values({first.name: row[first.name]})


def _delete(table: Table, row: Row) -> UpdateBase:
    return delete(table).where(_is(table, row))


def _is(table: Table, row: Row) -> Any:  # noqa: ANN401  a condition; SQLAlchemy types it as Any
    names = [column.name for column in table.primary_key.columns] or ["site_id", "start_at", "sequence"]
    return and_(*(table.c[name] == row[name] for name in names))


def test_a_tenant_writes_no_row_of_others(populated: Engine) -> None:
    """Each statement that a workflow without a check could send, for a row of others in every table."""
    before, reach, count = state_of(populated), Reach(populated), 0
    everything, alder = rows_seen(populated, None), CALLERS["owner-alder"]
    own = rows_seen(populated, alder)
    for rule in ROW_RULES:
        table = METADATA.tables[rule.table]
        foreign = [row for row in everything[rule.table] if row not in own[rule.table]]
        if rule.writes is Writes.ANY or not foreign:
            continue
        for make in (_insert, _update, _delete):
            connection = reach.begun(scope_of(alder), writes=True, is_only_writer=True)
            with connection:
                transaction = Transaction(connection, NOW, writes=True)
                try:
                    changed = transaction.write(make(table, foreign[0])).rowcount
                except BrokenPromise:
                    changed = 0
                assert changed == 0, (rule.table, make.__name__)
                connection.commit()
            count += 1
    assert count > 60
    assert state_of(populated) == before


def test_a_row_cannot_be_given_away_or_taken(populated: Engine) -> None:
    bids = METADATA.tables["bids"]
    birch, alder = CALLERS["owner-birch"], CALLERS["owner-alder"]
    mine = rows_seen(populated, alder)["bids"][0]["bid_id"]
    before = state_of(populated)
    for who, site_id in ((birch, "birch"), (alder, "birch")):
        with Reach(populated).begun(scope_of(who), writes=True, is_only_writer=True) as connection:
            transaction = Transaction(connection, NOW, writes=True)
            moved = update(bids).where(bids.c.bid_id == mine).values(site_id=site_id)
            with suppress(BrokenPromise):
                assert transaction.write(moved).rowcount == 0
            connection.commit()
    assert state_of(populated) == before


def test_a_workflow_without_its_check_leaks_nothing_and_changes_nothing(populated: Engine) -> None:
    """The seeded defect: what `get_bid`, `list_bids` and `withdraw_bid` do, with every check left out."""
    units = SqlUnitOfWorkFactory(populated, ManualClock(NOW))

    def careless_get(bid_id: str) -> object:
        with units(write=False) as uow:
            return uow.bids.get(bid_id)

    def careless_withdraw(bid_id: str) -> None:
        with units() as uow:
            stored = uow.bids.get(bid_id) or foreign[bid_id]
            uow.bids.update(bid_id, replace(stored.value, state=BidState.WITHDRAWN), revision=stored.revision)
            uow.commit()

    with units(write=False) as uow:
        every = {stored.value.bid.bid_id: stored for stored in uow.bids.page()}
    foreign = {key: stored for key, stored in every.items() if stored.value.bid.site_id != "alder"}
    before = state_of(populated)
    with acting_as(CALLERS["owner-alder"]):
        with units(write=False) as uow:
            listed = {stored.value.bid.bid_id for stored in uow.bids.page()}
        assert listed == every.keys() - foreign.keys()
        assert all(careless_get(bid_id) is not None for bid_id in listed)
        for bid_id in foreign:
            assert careless_get(bid_id) is None
            with pytest.raises((StaleWrite, BrokenPromise)):
                careless_withdraw(bid_id)
    assert state_of(populated) == before
    assert foreign
    assert listed


def test_a_connection_reaches_everything_again_once_the_call_is_over(populated: Engine) -> None:
    """The next one gets the connection from the pool, without what the last one was bound to."""
    reach, alder = Reach(populated), scope_of(CALLERS["owner-alder"])
    sites = select(METADATA.tables["sites"].c.site_id)
    counts = []
    for scope in (None, alder, None, scope_of(CALLERS["owner-birch"]), alder, None):
        for writes in (False, True):
            with reach.begun(scope, writes=writes, is_only_writer=writes) as connection:
                counts.append(sorted(connection.execute(sites).scalars()))
    reads = counts[::2]
    assert reads == [
        ["alder", "birch", "cedar"],
        ["alder"],
        ["alder", "birch", "cedar"],
        ["birch"],
        ["alder"],
        ["alder", "birch", "cedar"],
    ]


def protection(connection: Connection) -> set[tuple[Any, ...]]:
    """Read what keeps the tenants' role from rows, as PostgreSQL understands it."""
    policies = "SELECT tablename, policyname, roles::text, cmd, qual, with_check FROM pg_policies"
    granted = (
        "SELECT table_name, privilege_type FROM information_schema.table_privileges WHERE grantee = :role"
    )
    return {
        tuple(row)
        for query in (policies, granted)
        for row in connection.execute(text(query), {"role": TENANT_ROLE} if query is granted else {})
    }


def test_what_the_migrations_made_is_what_is_declared(postgresql_engine: Engine) -> None:
    """A rule that changes needs a migration: the declaration alone changes no database."""
    with postgresql_engine.connect() as connection:
        migrated = protection(connection)
        for table, policy, *_ in [row for row in migrated if len(row) > len(("table", "right"))]:
            connection.execute(text(f"DROP POLICY {policy} ON {table}"))
        connection.execute(text(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {TENANT_ROLE}"))
        assert protection(connection) == set()
        for statement in protect(METADATA.tables.keys()):
            connection.exec_driver_sql(statement)
        assert protection(connection) == migrated
        connection.rollback()


def test_no_table_is_left_open(postgresql_engine: Engine) -> None:
    with postgresql_engine.connect() as connection:
        open_tables = connection.execute(
            text(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN "
                "('r', 'p') AND NOT relrowsecurity AND NOT relispartition"
            )
        ).scalars()
        assert list(open_tables) == ["alembic_version"]


def test_a_check_finds_policies_that_are_turned_off(postgresql_engine: Engine) -> None:
    with postgresql_engine.begin() as connection:
        connection.execute(text("ALTER TABLE bids DISABLE ROW LEVEL SECURITY"))
    try:
        faults = {one.name: one.faults for one in check_database(postgresql_engine)}
        assert "bids has no policy vpp_tenant_select" in faults["row security"]
    finally:
        with postgresql_engine.begin() as connection:
            connection.execute(text("ALTER TABLE bids ENABLE ROW LEVEL SECURITY"))


def test_a_tenants_role_forgets_no_readings(postgresql_engine: Engine) -> None:
    """The function that drops a month runs with its owner's rights."""
    with (
        Reach(postgresql_engine).begun(
            scope_of(CALLERS["owner-alder"]), writes=True, is_only_writer=False
        ) as connection,
        pytest.raises(VppError, match="permission denied"),
    ):
        Transaction(connection, NOW, writes=True).read(
            text("SELECT vpp_drop_telemetry_month(TIMESTAMPTZ '2026-01-01 00:00Z')")
        )


def test_a_tenants_role_reaches_no_table_that_was_forgotten(postgresql_engine: Engine) -> None:
    with postgresql_engine.begin() as connection:
        connection.execute(text("CREATE TABLE forgotten (secret text)"))
    try:
        with (
            Reach(postgresql_engine).begun(
                scope_of(CALLERS["owner-alder"]), writes=False, is_only_writer=False
            ) as connection,
            pytest.raises(VppError, match="permission denied"),
        ):
            Transaction(connection, NOW, writes=False).read(text("SELECT secret FROM forgotten"))
    finally:
        with postgresql_engine.begin() as connection:
            connection.execute(text("DROP TABLE forgotten"))
