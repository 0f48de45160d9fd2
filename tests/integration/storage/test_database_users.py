"""The hub's own database user: it does all of the hub's work, and neither changes tables nor the past."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, Executable, make_url, text
from sqlalchemy.exc import ProgrammingError
from support.market import EVENING, market_on

from vpp.foundation.errors import BrokenPromise, InvalidInput
from vpp.storage.database_users import check_user, grant_hub_user
from vpp.storage.engine import make_engine
from vpp.storage.migrate import downgrade, migrate
from vpp.storage.tables import METADATA

USER = "hub_of_a_test"
KEPT = (
    "audit_entries",
    "audit_checkpoints",
    "ledger_entries",
    "ledger_accounts",
    "settlement_runs",
    "settlement_evidence",
    "statements",
    "statement_files",
    "revenue_imports",
    "revenue_readings",
    "telemetry_pieces",
    "products",
)


@pytest.fixture
def hub_engine(postgresql_engine: Engine) -> Iterator[Engine]:
    """The same database, as the user that `vpp db grant` makes."""
    grant_hub_user(postgresql_engine, USER, "a password")
    engine = make_engine(_as(postgresql_engine, USER))
    yield engine
    engine.dispose()


def _as(engine: Engine, user: str) -> str:
    return make_url(str(engine.url)).set(username=user).render_as_string(hide_password=False)


def test_an_evening_is_played_as_the_hubs_own_user(hub_engine: Engine) -> None:
    """With readings of other months too, whose tables it may neither make nor drop itself."""
    assert check_user(hub_engine) is None
    migrate(hub_engine)  # nothing to do, and nothing that it may not do
    market = market_on(hub_engine)
    market.enrol("north-1", days=5)  # in February too
    market.open_auction()
    market.bid("north-1", 150.0, "60")
    market.advance(EVENING.start)
    with market.units(write=False) as uow:
        assert [award.value.site_id for award in uow.awards.page()] == ["north-1"]
        assert uow.instructions.page()


def test_the_hubs_user_changes_neither_tables_nor_what_is_kept(hub_engine: Engine) -> None:
    forbidden = [
        "CREATE TABLE more (number integer)",
        "DROP TABLE bids",
        "ALTER TABLE bids DISABLE ROW LEVEL SECURITY",
        "DROP POLICY vpp_tenant_select ON bids",
        "DROP TRIGGER ledger_entries_keeps_rows ON ledger_entries",
        "TRUNCATE bids",
        "DELETE FROM bids",
        "DELETE FROM sites",
        "UPDATE alembic_version SET version_num = '0001'",
        "SET session_replication_role = replica",
        "CREATE ROLE another",
        "COPY bids TO PROGRAM 'cat'",
    ]
    statements: list[Executable] = [text(statement) for statement in forbidden]
    for name in KEPT:
        table = METADATA.tables[name]
        column = next(iter(table.columns))
        statements += [table.delete(), table.update().values({column.name: column})]
    for statement in statements:
        with (
            hub_engine.connect() as connection,
            pytest.raises(ProgrammingError, match=r"denied|must be owner"),
        ):
            connection.execute(statement)


def test_a_user_that_policies_bind_is_refused(postgresql_engine: Engine) -> None:
    with postgresql_engine.begin() as connection:
        connection.execute(text("DROP ROLE IF EXISTS plain_user"))
        connection.execute(text("CREATE ROLE plain_user LOGIN"))
    engine = make_engine(_as(postgresql_engine, "plain_user"))
    with pytest.raises(InvalidInput, match="plain_user lacks rights"):
        check_user(engine)
    engine.dispose()


def test_an_owner_that_makes_no_roles_is_told_what_an_administrator_does(postgresql_url: str) -> None:
    """Most owners are such users: the hub that they ran so far goes on once the role is there."""
    server = make_engine(postgresql_url).execution_options(isolation_level="AUTOCOMMIT")
    owner = make_engine(
        make_url(postgresql_url).set(username="plain_owner", database="plain").render_as_string()
    )
    with server.connect() as connection:
        there = connection.execute(text("SELECT FROM pg_roles WHERE rolname = 'vpp_tenant'")).first()
        if there is not None:
            connection.execute(text("ALTER ROLE vpp_tenant RENAME TO vpp_tenant_of_others"))
        connection.execute(text("CREATE ROLE plain_owner LOGIN"))
        connection.execute(text("CREATE DATABASE plain OWNER plain_owner"))
        try:
            with pytest.raises(BrokenPromise, match=r"CREATE ROLE vpp_tenant NOLOGIN; GRANT vpp_tenant TO"):
                migrate(owner)
            connection.execute(text("CREATE ROLE vpp_tenant NOLOGIN"))
            connection.execute(text("GRANT vpp_tenant TO plain_owner"))
            migrate(owner)
            assert check_user(owner) is None
        finally:
            owner.dispose()
            connection.execute(text("DROP DATABASE plain WITH (FORCE)"))
            connection.execute(text("DROP ROLE IF EXISTS vpp_tenant"))
            connection.execute(text("DROP ROLE plain_owner"))
            if there is not None:
                connection.execute(text("ALTER ROLE vpp_tenant_of_others RENAME TO vpp_tenant"))
    server.dispose()


def test_a_superuser_is_told_so(postgresql_engine: Engine) -> None:
    assert "superuser" in str(check_user(postgresql_engine))


def test_another_schema_is_named_and_not_touched(empty_engine: Engine) -> None:
    """An older one, to a user that may not change tables; a newer one, to everybody."""
    migrate(empty_engine)
    if empty_engine.dialect.name == "sqlite":
        with pytest.raises(InvalidInput, match="expected PostgreSQL"):
            grant_hub_user(empty_engine, USER, "")
    else:
        grant_hub_user(empty_engine, USER, "")
        downgrade(empty_engine, "0015")
        engine = make_engine(_as(empty_engine, USER))
        with pytest.raises(InvalidInput, match=r"at revision 0015, expected 0016, and user hub_of_a_test"):
            migrate(engine)
        engine.dispose()
    with empty_engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(InvalidInput, match="at revision 9999"):
        migrate(empty_engine)
