"""Statements from before there was a ledger, booked from their files: what migration 0010 calls.

They become runs, one for each instant at which statements of a period were written, and their lines' changes
become entries. Files stay as they are.

The tables are written out as they were then, so that later changes of the schema do not change it.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from alembic import op

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
MIGRATED = "migrated"
"""Who made the runs that such statements became."""
OF_OPERATOR = frozenset({"ENERGY", "AVAILABILITY", "MAKE_WHOLE"})
"""Codes of what the operator pays the site's owner; AGG_FEE goes on to the aggregator, PENALTY back."""
CHUNK = 5000

RUNS = sa.table(
    "settlement_runs",
    *(sa.column(name, ID) for name in ("run_id", "period", "run_type", "evidence_digest")),
    sa.column("number", sa.Integer()),
    sa.column("as_of", AT),
    sa.column("code_version", sa.Text()),
    sa.column("actor", sa.Text()),
    sa.column("entry_count", sa.Integer()),
    sa.column("notes", sa.JSON()),
    sa.column("created_at", AT),
)
ACCOUNTS = sa.table(
    "ledger_accounts",
    sa.column("account_number", NUMBER),
    *(sa.column(name, ID) for name in ("account_id", "party_id", "kind", "site_id", "currency")),
    sa.column("created_at", AT),
)
ENTRIES = sa.table(
    "ledger_entries",
    *(sa.column(name, ID) for name in ("run_id", "period", "event_id", "site_id", "code", "adjustment_id")),
    sa.column("start_at", AT),
    sa.column("end_at", AT),
    sa.column("payer_number", sa.BigInteger()),
    sa.column("payee_number", sa.BigInteger()),
    sa.column("currency", ID),
    sa.column("amount", sa.BigInteger()),
)
STATEMENTS = sa.table(
    "statements",
    *(sa.column(name, ID) for name in ("statement_id", "party_id", "period", "run_id")),
    sa.column("version", sa.Integer()),
    sa.column("run_type", sa.Text()),
    sa.column("currency", sa.Text()),
    sa.column("created_at", AT),
)
FILES = sa.table(
    "statement_files",
    sa.column("statement_id", ID),
    sa.column("file_name", sa.Text()),
    sa.column("content", sa.LargeBinary()),
)
EVENTS = sa.table("events", sa.column("event_id", ID), sa.column("operator_party_id", ID))

Account = tuple[str, str, str, str]
"""Party, kind, site (empty for none), currency."""


def book_statements() -> None:
    """Turn the statements of before into runs and entries."""
    bind = op.get_bind()
    operators = dict(bind.execute(sa.select(EVENTS.c.event_id, EVENTS.c.operator_party_id)).all())
    found = bind.execute(
        sa.select(STATEMENTS).order_by(
            STATEMENTS.c.period, STATEMENTS.c.created_at, STATEMENTS.c.statement_id
        )
    ).all()
    together: dict[tuple[str, datetime], list[Any]] = defaultdict(list)
    for statement in found:
        together[statement.period, statement.created_at].append(statement)
    numbers: dict[Account, int] = {}
    counts: dict[str, int] = defaultdict(int)
    for (period, created_at), statements in together.items():
        counts[period] += 1
        run_id = f"run-{period}-{counts[period]}"
        lines = [line for statement in statements for line in _lines(statement)]
        entries = list(_entries(lines, operators))
        _open_accounts(numbers, entries, _utc(created_at))
        bind.execute(
            sa.insert(RUNS),
            {
                "run_id": run_id,
                "period": period,
                "number": counts[period],
                "run_type": statements[0].run_type,
                "as_of": _utc(created_at),
                "evidence_digest": "",
                "code_version": "",
                "actor": MIGRATED,
                "entry_count": len(entries),
                "notes": ["booked from the statements that were written before there was a ledger"],
                "created_at": _utc(created_at),
            },
        )
        rows = [
            {
                **entry,
                "run_id": run_id,
                "period": period,
                "payer_number": numbers[entry["payer_number"]],
                "payee_number": numbers[entry["payee_number"]],
            }
            for entry in entries
        ]
        for first in range(0, len(rows), CHUNK):
            bind.execute(sa.insert(ENTRIES), rows[first : first + CHUNK])
        bind.execute(
            sa.update(STATEMENTS)
            .where(STATEMENTS.c.statement_id.in_([statement.statement_id for statement in statements]))
            .values(run_id=run_id)
        )


def _lines(statement: Any) -> Iterator[Mapping[str, str]]:  # noqa: ANN401  a row
    """Read the lines of a statement's file; a statement without one has none."""
    stem = f"statement_{statement.party_id}_{statement.period}_v{statement.version}"
    content = op.get_bind().scalar(
        sa.select(FILES.c.content).where(
            FILES.c.statement_id == statement.statement_id, FILES.c.file_name == f"{stem}.csv"
        )
    )
    if content is not None:
        yield from csv.DictReader(io.StringIO(bytes(content).decode(), newline=""))


def _entries(lines: Iterable[Mapping[str, str]], operators: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the change of every line once, as its payee sees it; accounts stand in place of their numbers."""
    changed = [line for line in lines if Decimal(line["delta_amount"])]
    owners = {
        (line["event_id"], line["site_id"]): line["party_id"]
        for line in changed
        if line["line_code"] in OF_OPERATOR and line["party_id"] != operators[line["event_id"]]
    }
    for line in changed:
        event_id, site_id, party_id = line["event_id"], line["site_id"], line["party_id"]
        code, currency, operator = line["line_code"], line["currency"], operators[event_id]
        owner = owners.get((event_id, site_id), _owner(site_id))
        site: Account = (owner, "site", site_id, currency)
        if code in OF_OPERATOR:
            payer, payee = (operator, "operator", "", currency), site
        elif code == "PENALTY":
            payer, payee = site, (operator, "penalty", "", currency)
        else:
            payer, payee = site, (party_id, "fee", "", currency)
        if party_id != payee[0] or payee[0] == payer[0]:
            continue
        yield {
            "event_id": event_id,
            "site_id": site_id,
            "start_at": datetime.fromisoformat(line["interval_start_utc"]).astimezone(UTC),
            "end_at": datetime.fromisoformat(line["interval_end_utc"]).astimezone(UTC),
            "code": code.lower(),
            "adjustment_id": "",
            "payer_number": payer,
            "payee_number": payee,
            "currency": currency,
            "amount": int(Decimal(line["delta_amount"]).scaleb(6)),
        }


def _owner(site_id: str) -> str:
    sites = sa.table("sites", sa.column("site_id", ID), sa.column("party_id", ID))
    found: str | None = op.get_bind().scalar(sa.select(sites.c.party_id).where(sites.c.site_id == site_id))
    if found is None:
        raise ValueError(f"site {site_id} of a statement is not there")
    return found


def _open_accounts(
    numbers: dict[Account, int], entries: Iterable[Mapping[str, Any]], created_at: datetime
) -> None:
    for entry in entries:
        for account in (entry["payer_number"], entry["payee_number"]):
            if account in numbers:
                continue
            numbers[account] = len(numbers) + 1
            party_id, kind, site_id, currency = account
            op.get_bind().execute(
                sa.insert(ACCOUNTS),
                {
                    "account_id": ":".join(part for part in (party_id, kind, site_id, currency) if part),
                    "party_id": party_id,
                    "kind": kind,
                    "site_id": site_id or None,
                    "currency": currency,
                    "created_at": created_at,
                },
            )


def _utc(instant: datetime) -> datetime:
    """Put back the offset that SQLite drops."""
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
