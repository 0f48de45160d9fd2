"""Whose rows are whose: the one declaration behind both databases' second line.

The first line are the workflows' own checks. Should one be missing, the database itself keeps a tenant's
call away from rows of others: PostgreSQL by row level security, SQLite by views and triggers of the
connection. Both are made from `ROW_RULES`, in which every table has exactly one line. The rights of the
hub's own database user stand there too.
"""

import enum
from dataclasses import dataclass

OWN_SITES = (
    "SELECT own_site.site_id FROM {schema}sites AS own_site WHERE own_site.party_id = {party} "
    "AND ({site} = '' OR own_site.site_id = {site})"
)
OWN_ZONES = (
    "SELECT own_site.zone FROM {schema}sites AS own_site WHERE own_site.party_id = {party} "
    "AND ({site} = '' OR own_site.site_id = {site})"
)
OWN_EVENTS = (
    f"SELECT own_event.event_id FROM {{schema}}events AS own_event WHERE own_event.zone IN ({OWN_ZONES})"  # noqa: S608  our own names
)
OWN_ACCOUNTS = (
    "SELECT own_account.account_number FROM {schema}ledger_accounts AS own_account "
    "WHERE own_account.party_id = {party} AND {site} = ''"
)
BY_SITE = f"{{row}}.site_id IN ({OWN_SITES})"
BY_PARTY = "{row}.party_id = {party} AND {site} = ''"
OWN_HEADS = "{row}.chain = 'parties/' || {party}"
BY_CHAIN = "{row}.chain = 'parties/' || {party} AND {site} = ''"
EVERYONE = "TRUE"
HUB_ONLY = "FALSE"
ADMINISTRATORS = "{kind} = 'administrator'"
IN_OWN_ZONE = f"{{row}}.zone IN ({OWN_ZONES})"


class Writes(enum.Enum):
    """Which rows a tenant's call may add, change and remove.

    Attributes:
        NONE: None: only the hub and its staff write there.
        OWN: Those that the rule calls its own, before the change and after it.
        ADMINISTRATOR: Any, where an administrator calls; none for everybody else.
        ANY: Any: what the hub keeps about the call itself, and the reason stands in the rule.
    """

    NONE = "none"
    OWN = "own"
    ADMINISTRATOR = "administrator"
    ANY = "any"


class Rights(enum.Enum):
    """What the hub itself may do to rows of a table, where its database user is not their owner.

    Attributes:
        ADDS: Add rows; none is ever changed.
        CHANGES: Add and change rows; none is ever removed.
        PRUNES: Remove rows as well.
    """

    ADDS = "SELECT, INSERT"
    CHANGES = "SELECT, INSERT, UPDATE"
    PRUNES = "SELECT, INSERT, UPDATE, DELETE"


@dataclass(frozen=True, slots=True)
class RowRule:
    """Which rows of one table a tenant's call reaches, and what the hub may do to any.

    Attributes:
        table: The table.
        own: SQL condition on a row. `{row}` stands for it; `{party}`, `{site}` and `{kind}` for who
            calls (`caller_scope`); `{schema}` for what tables are qualified with.
        writes: Which rows the call may write.
        seen_in_writing: Why a writing transaction sees all rows; empty if it does not.
        rights: What the hub's database user may do.
    """

    table: str
    own: str
    writes: Writes = Writes.NONE
    seen_in_writing: str = ""
    rights: Rights = Rights.CHANGES


BOOKKEEPING = "the hub's own record of the call, which no tenant can ask for"

ROW_RULES = (
    # Public: market rules, and who buys. Names of those who own sites are not.
    RowRule("products", EVERYONE, Writes.ADMINISTRATOR, rights=Rights.ADDS),
    RowRule("parties", "{row}.party_id = {party} OR {row}.kind <> 'site_owner'"),
    RowRule("probes", HUB_ONLY),
    # What there is to bid for, and what became of it, where the caller has a site.
    RowRule("auctions", IN_OWN_ZONE),
    RowRule("events", IN_OWN_ZONE),
    RowRule(
        "clearings",
        f"{{row}}.event_id IN ({OWN_EVENTS})",
    ),
    # A site's own.
    RowRule("sites", "{row}.party_id = {party} AND ({site} = '' OR {row}.site_id = {site})", Writes.OWN),
    RowRule("resources", BY_SITE, Writes.OWN),
    RowRule("enrolments", BY_SITE, Writes.OWN),
    RowRule("bids", BY_SITE, Writes.OWN),
    RowRule("awards", BY_SITE),
    RowRule("instructions", BY_SITE),
    RowRule("baselines", BY_SITE),
    RowRule("rule_choices", BY_SITE),
    RowRule("meter_edits", BY_SITE),
    RowRule("site_scores", BY_SITE),
    RowRule("load_forecasts", BY_SITE, Writes.OWN, rights=Rights.ADDS),
    RowRule("forecast_errors", BY_SITE, rights=Rights.ADDS),
    RowRule("site_plans", BY_SITE, Writes.OWN, rights=Rights.ADDS),
    RowRule("telemetry_pieces", BY_SITE, Writes.OWN, rights=Rights.ADDS),
    RowRule("telemetry_held", BY_SITE, Writes.OWN, rights=Rights.PRUNES),
    RowRule("telemetry_late", BY_SITE, Writes.OWN, rights=Rights.PRUNES),
    RowRule(
        "telemetry_roll_ups",
        BY_SITE,
        Writes.OWN,
        seen_in_writing="the newest day of all sites tells which days are over",
        rights=Rights.PRUNES,
    ),
    RowRule("revenue_imports", BY_SITE, rights=Rights.ADDS),
    RowRule("revenue_readings", BY_SITE, rights=Rights.ADDS),
    RowRule("settlement_evidence", BY_SITE, rights=Rights.ADDS),
    RowRule("outbox", BY_SITE, Writes.OWN),
    RowRule(
        "outbox_counters",
        BY_SITE,
        Writes.OWN,
        seen_in_writing="the courier counts all messages together; the rows hold numbers alone",
    ),
    # A party's own, which its sites' agents have no business with.
    RowRule("statements", BY_PARTY, rights=Rights.ADDS),
    RowRule(
        "statement_files",
        "{row}.statement_id IN (SELECT own_statement.statement_id FROM {schema}statements AS own_statement "
        "WHERE own_statement.party_id = {party} AND {site} = '')",
        rights=Rights.ADDS,
    ),
    RowRule(
        "settlement_runs",  # those that booked the party anything, of which each wrote it a statement
        "{row}.run_id IN (SELECT own_statement.run_id FROM {schema}statements AS own_statement "
        "WHERE own_statement.party_id = {party} AND {site} = '')",
        rights=Rights.ADDS,
    ),
    RowRule("disputes", BY_PARTY, Writes.OWN),
    RowRule(
        "adjustments", "({row}.payer_party_id = {party} OR {row}.payee_party_id = {party}) AND {site} = ''"
    ),
    RowRule("green_certificates", BY_PARTY, Writes.OWN),
    RowRule("ledger_accounts", BY_PARTY, rights=Rights.ADDS),
    RowRule(
        "ledger_entries",
        f"{{row}}.payer_number IN ({OWN_ACCOUNTS}) OR {{row}}.payee_number IN ({OWN_ACCOUNTS})",
        rights=Rights.ADDS,
    ),
    # The hub's: looks and sums say what all sites did together.
    RowRule("rule_corrections", HUB_ONLY),
    RowRule("clearing_inputs", HUB_ONLY, rights=Rights.ADDS),
    RowRule("aggregate_baselines", HUB_ONLY),
    RowRule("tracking_ticks", HUB_ONLY, rights=Rights.ADDS),
    RowRule("restorations", HUB_ONLY),
    RowRule("requests", HUB_ONLY, Writes.ANY, seen_in_writing=BOOKKEEPING),
    RowRule("deadlines", HUB_ONLY, Writes.ANY, seen_in_writing=BOOKKEEPING),
    RowRule("audit_entries", BY_CHAIN, Writes.ANY, seen_in_writing=BOOKKEEPING, rights=Rights.ADDS),
    RowRule("audit_heads", BY_CHAIN, Writes.ANY, seen_in_writing=BOOKKEEPING),
    RowRule("audit_checkpoints", OWN_HEADS, Writes.ANY, seen_in_writing=BOOKKEEPING, rights=Rights.ADDS),
    # Who may call: administrators' business.
    RowRule("principal_standings", ADMINISTRATORS, Writes.OWN),
    RowRule("revoked_certificates", ADMINISTRATORS, Writes.OWN),
    # How the market's rules change: administrators' and operators' business.
    RowRule("product_changes", ADMINISTRATORS, Writes.OWN),
    # Which keys bids are sealed with: noted when a hub starts.
    RowRule("sealing_keys", HUB_ONLY, rights=Rights.ADDS),
)
"""One line for every table; a table without one fails a test, and no tenant reaches it on PostgreSQL."""
