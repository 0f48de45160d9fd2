"""Row level security on PostgreSQL: tenants' transactions run under a role of their own.

The hub's own work is not bound by policies, because PostgreSQL refuses COPY under them and every query
would pay. So policies are for one role, `vpp_tenant`, which owns nothing and cannot log in, and a tenant's
transaction becomes that role until it ends. Its default is nothing: without a policy there is no row, and
without a grant not even the question.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, text

from vpp.storage.caller_scope import CallerScope
from vpp.storage.partitions import DROP_MONTH
from vpp.storage.row_rules import ADMINISTRATORS, ROW_RULES, Rights, RowRule, Writes

TENANT_ROLE = "vpp_tenant"
_SETTINGS = {
    "kind": "(SELECT current_setting('vpp.kind', TRUE))",
    "party": "(SELECT current_setting('vpp.party', TRUE))",
    "site": "(SELECT current_setting('vpp.site', TRUE))",
    "schema": "",
}
"""Asked once for a statement, not for every row: hence the SELECT."""
_IS_WRITING = "(SELECT current_setting('vpp.unit', TRUE)) = 'write'"
_BECOME = (
    "set_config('role', :c_role, TRUE), set_config('vpp.kind', :c_kind, TRUE), "
    "set_config('vpp.party', :c_party, TRUE), set_config('vpp.site', :c_site, TRUE), "
    "set_config('vpp.unit', :c_unit, TRUE)"
)
_PREFIX = "vpp_tenant_"


def become_tenant(connection: Connection, scope: CallerScope, *, writes: bool) -> None:
    """Bind the rest of a transaction to what a caller may reach; it ends with the transaction.

    Args:
        connection: A connection whose transaction has begun.
        scope: Who calls.
        writes: Whether the transaction may write.
    """
    connection.execute(
        text(f"SELECT {_BECOME}"),
        {
            "c_role": TENANT_ROLE,
            "c_kind": scope.kind,
            "c_party": scope.party_id,
            "c_site": scope.site_id,
            "c_unit": "write" if writes else "read",
        },
    )


def make_tenant_role() -> str:
    """Return what makes the role, unless another database of the server has made it.

    Who migrates becomes a member, so that a hub of the same user can change to it.
    """
    return (
        "DO $$ BEGIN\n"
        f"IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{TENANT_ROLE}') THEN\n"
        f"BEGIN CREATE ROLE {TENANT_ROLE} NOLOGIN;\n"
        "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;\n"
        "WHEN insufficient_privilege THEN RAISE EXCEPTION USING ERRCODE = 'VP001', MESSAGE = format("
        f"'user %s may not make role {TENANT_ROLE}: let an administrator of the server run "
        f"CREATE ROLE {TENANT_ROLE} NOLOGIN; GRANT {TENANT_ROLE} TO %I', current_user, current_user);\n"
        "END;\n"
        "END IF;\n"
        f"BEGIN EXECUTE format('GRANT {TENANT_ROLE} TO %I', current_user);\n"
        "EXCEPTION WHEN insufficient_privilege THEN NULL; END;\n"  # an administrator may have done it
        "END $$"
    )


def protect(tables: Collection[str]) -> list[str]:
    """Return the statements that put policies on those of these tables that have a rule.

    Migrations keep them in files of their own; a test compares what those made with what this says.
    """
    protected = [statement for rule in ROW_RULES if rule.table in tables for statement in _protected(rule)]
    return [*protected, *grant_tenant(tables)]


def policies(rule: RowRule) -> list[tuple[str, str]]:
    """Return the name of each policy of a table, and what it says."""
    own = condition(rule)
    seen = f"({own}) OR {_IS_WRITING}" if rule.seen_in_writing else own
    found = [(f"{_PREFIX}select", f"FOR SELECT TO {TENANT_ROLE} USING ({seen})")]
    if rule.writes is Writes.NONE:
        return found
    written = written_condition(rule)
    found.append((f"{_PREFIX}insert", f"FOR INSERT TO {TENANT_ROLE} WITH CHECK ({written})"))
    if rule.rights is not Rights.ADDS:
        says = f"FOR UPDATE TO {TENANT_ROLE} USING ({written}) WITH CHECK ({written})"
        found.append((f"{_PREFIX}update", says))
    if rule.rights is Rights.PRUNES:
        found.append((f"{_PREFIX}delete", f"FOR DELETE TO {TENANT_ROLE} USING ({written})"))
    return found


def condition(rule: RowRule) -> str:
    """Return a rule's condition in PostgreSQL's words."""
    return rule.own.format(row=rule.table, **_SETTINGS)


def written_condition(rule: RowRule) -> str:
    """Return which rows of a table may be written, in PostgreSQL's words."""
    if rule.writes is Writes.ADMINISTRATOR:
        return ADMINISTRATORS.format(**_SETTINGS)
    return "TRUE" if rule.writes is Writes.ANY else condition(rule)


def grant_tenant(tables: Collection[str]) -> list[str]:
    """Return the statements that give the role its rights, which no copy of a database holds."""
    granted = [
        f"GRANT {rights} ON {rule.table} TO {TENANT_ROLE}"
        for rule in ROW_RULES
        if rule.table in tables
        for rights in ["SELECT" if rule.writes is Writes.NONE else rule.rights.value]
    ]
    return [
        *granted,
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {TENANT_ROLE}",
        # Functions are everybody's unless one says otherwise, and this one runs with the owner's rights.
        f"REVOKE EXECUTE ON FUNCTION {DROP_MONTH}(timestamptz) FROM PUBLIC",
    ]


def _protected(rule: RowRule) -> Sequence[str]:
    return (
        f"ALTER TABLE {rule.table} ENABLE ROW LEVEL SECURITY",
        *(f"CREATE POLICY {name} ON {rule.table} {says}" for name, says in policies(rule)),
    )
