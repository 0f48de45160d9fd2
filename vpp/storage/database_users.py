"""The hub's own database user on PostgreSQL: it can do its work, and neither change tables nor the past."""

from collections.abc import Iterator

from sqlalchemy import Connection, Engine, inspect, text

from vpp.foundation.errors import InvalidInput
from vpp.storage.engine import POSTGRESQL
from vpp.storage.failures import translated
from vpp.storage.partitions import DROP_MONTH, MAKE_MONTH
from vpp.storage.row_rules import ROW_RULES
from vpp.storage.row_security_postgresql import TENANT_ROLE

_ABOUT_USER = text(
    "SELECT rolsuper OR rolbypassrls OR EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public' "
    "AND tablename = 'sites' AND tableowner = current_user) AS reaches_all, "
    "EXISTS (SELECT FROM pg_roles WHERE rolname = :tenant) AND pg_has_role(current_user, "
    "(SELECT oid FROM pg_roles WHERE rolname = :tenant), 'MEMBER') AS can_narrow, "
    "current_user AS name, rolsuper FROM pg_roles WHERE rolname = current_user"
)

_MAY_MAKE_USERS = text(
    "SELECT rolsuper OR (rolcreaterole AND rolbypassrls) FROM pg_roles WHERE rolname = current_user"
)


def check_user(engine: Engine) -> str | None:
    """Refuse a database user with which the hub could not work, or could not keep tenants apart.

    Args:
        engine: From `make_engine`, on a migrated database.

    Returns:
        What its owner should know though the hub can work; None if all is well, and on SQLite.

    Raises:
        InvalidInput: The user is bound by row level security itself, or cannot become `vpp_tenant`.
    """
    if engine.dialect.name != POSTGRESQL:
        return None
    with translated(), engine.connect() as connection:
        found = connection.execute(_ABOUT_USER, {"tenant": TENANT_ROLE}).one()
    if not (found.reaches_all and found.can_narrow):
        raise InvalidInput(
            f"database user {found.name} lacks rights, expected one that `vpp db grant` has set up",
            user=found.name,
        )
    if found.rolsuper:
        return (
            f"database user {found.name} is a superuser, who could change what is booked and recorded: "
            "set up one with fewer rights by `vpp db grant`"
        )
    return None


def grant_hub_user(engine: Engine, user: str, password: str) -> None:
    """Set up the hub's database user, or bring its rights up to date with the schema.

    Args:
        engine: Of the tables' owner, who may make users; on a migrated database.
        user: Its name.
        password: Its password; the server is told a hash of it. Empty leaves it without or as it is.

    Raises:
        InvalidInput: The database is SQLite, which has no users, or the engine's user may not do it.
    """
    if engine.dialect.name != POSTGRESQL:
        raise InvalidInput(
            f"database is {engine.dialect.name}, expected PostgreSQL: a file is protected by its own rights",
            database=engine.dialect.name,
        )
    with translated(), engine.begin() as connection:
        may = connection.execute(_MAY_MAKE_USERS).scalar_one()
        if not may:
            raise InvalidInput(
                "the owner's user may not make others that pass row level security, expected a superuser, "
                "or one with CREATEROLE and BYPASSRLS",
                user=str(engine.url.username),
            )
        for statement in _statements(connection, user, password):
            connection.exec_driver_sql(statement)


def _statements(connection: Connection, user: str, password: str) -> Iterator[str]:
    quoted = connection.dialect.identifier_preparer.quote_identifier(user)
    known = connection.execute(text("SELECT FROM pg_roles WHERE rolname = :name"), {"name": user}).first()
    if known is None:
        yield f"CREATE ROLE {quoted}"
    # No DDL, no other roles, no reading of the server's files; policies bind tenants, not the hub.
    yield f"ALTER ROLE {quoted} LOGIN NOCREATEDB NOCREATEROLE BYPASSRLS"
    if password:
        driver = connection.connection.driver_connection
        assert driver is not None, "a pooled connection is open"  # noqa: S101  for the types
        hashed = driver.pgconn.encrypt_password(password.encode(), user.encode(), b"scram-sha-256").decode()
        yield f"ALTER ROLE {quoted} PASSWORD '{hashed}'"
    yield f"GRANT {TENANT_ROLE} TO {quoted}"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {quoted}"
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield f"GRANT USAGE ON SCHEMA public TO {quoted}"
    tables = set(inspect(connection).get_table_names())
    for rule in ROW_RULES:
        if rule.table in tables:
            yield f"GRANT {rule.rights.value} ON {rule.table} TO {quoted}"
    yield f"GRANT SELECT ON alembic_version TO {quoted}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quoted}"
    for function in (MAKE_MONTH, DROP_MONTH):
        yield f"GRANT EXECUTE ON FUNCTION {function}(timestamptz) TO {quoted}"
