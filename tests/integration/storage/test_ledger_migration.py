"""Statements from before there was a ledger become runs and entries of the instants they were written at."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, text

from vpp.foundation.clock import ManualClock
from vpp.portfolio.party import Party, PartyKind
from vpp.settlement.run_type import RunType
from vpp.storage.migrate import current_revision, downgrade, migrate
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.settlement_records import RunRecord

PERIOD = "2026-10"
FIRST_AT = datetime(2026, 10, 27, 9, tzinfo=UTC)
SECOND_AT = FIRST_AT + timedelta(days=3)
START, END = "2026-10-26T17:00:00Z", "2026-10-26T17:15:00Z"
STATEMENT = text(
    "INSERT INTO statements (statement_id, party_id, period, version, run_type, line_count, currency, "
    "total, delta, csv_sha256, revision, created_at, updated_at) VALUES (:id, :party, '2026-10', :version, "
    ":run_type, 1, 'GBP', :total, :delta, '', 1, :at, :at)"
)
FILE = text("INSERT INTO statement_files (statement_id, file_name, content) VALUES (:id, :name, :content)")
FIRST = {
    "owner-1": [("ENERGY", "4.80"), ("AVAILABILITY", "1.00"), ("AGG_FEE", "-0.58"), ("PENALTY", "-1.20")],
    "grid": [("ENERGY", "-4.80"), ("AVAILABILITY", "-1.00"), ("PENALTY", "1.20")],
    "hub": [("AGG_FEE", "0.58")],
}
SECOND = {
    "owner-1": [("ENERGY", "1.60"), ("AVAILABILITY", "0.00"), ("AGG_FEE", "-0.16"), ("PENALTY", "1.20")],
    "grid": [("ENERGY", "-1.60"), ("AVAILABILITY", "0.00"), ("PENALTY", "-1.20")],
    "hub": [("AGG_FEE", "0.16")],
}


def csv_of(party_id: str, lines: list[tuple[str, str]]) -> bytes:
    """A file of before, with the columns that matter here; every cell is quoted."""
    names = ("line_code", "party_id", "site_id", "event_id", "interval_start_utc", "interval_end_utc")
    content = io.StringIO(newline="")
    writer = csv.writer(content, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([*names, "amount", "currency", "delta_amount", "note"])
    for code, delta in lines:
        writer.writerow(
            [code, party_id, "north-1", "evening", START, END, delta, "GBP", delta, "'=ünïcode, “quoted”"]
        )
    return content.getvalue().encode()


def write_old(engine: Engine, version: int, at: datetime, lines: dict[str, list[tuple[str, str]]]) -> None:
    """Insert a run's statements as the older hub did."""
    with engine.begin() as connection:
        for party_id, own in lines.items():
            statement_id = f"{party_id}-{PERIOD}-v{version}"
            delta = sum(int(Decimal(amount) * 1_000_000) for _, amount in own)
            row: dict[str, Any] = {"id": statement_id, "party": party_id, "version": version, "at": at}
            row |= {"run_type": "initial" if version == 1 else "recalc", "total": delta, "delta": delta}
            if engine.dialect.name == "sqlite":
                row["at"] = at.replace(tzinfo=None).isoformat(" ", "microseconds")
            connection.execute(STATEMENT, row)
            name = f"statement_{party_id}_{PERIOD}_v{version}.csv"
            connection.execute(FILE, {"id": statement_id, "name": name, "content": csv_of(party_id, own)})


@pytest.fixture
def older(
    empty_engine: Engine,
    seed: Callable[[UnitOfWorkFactory], None],
    samples: SimpleNamespace,
    clock: ManualClock,
) -> Engine:
    """A database of the hub before, with an event whose statements have two versions."""
    migrate(empty_engine)
    units = SqlUnitOfWorkFactory(empty_engine, clock)
    seed(units)
    with units() as uow:
        uow.parties.add("hub", Party("hub", "Aggregator", PartyKind.AGGREGATOR))
        uow.auctions.add("evening", samples.tender)
        uow.events.add("evening", samples.event)
        uow.commit()
    downgrade(empty_engine, "0009")
    write_old(empty_engine, 1, FIRST_AT, FIRST)
    write_old(empty_engine, 2, SECOND_AT, SECOND)
    return empty_engine


def test_older_statements_become_runs_and_entries(older: Engine, clock: ManualClock) -> None:
    migrate(older)
    units = SqlUnitOfWorkFactory(older, clock)
    with units(write=False) as uow:
        first, second = uow.settlement_runs.of_period(PERIOD)
        assert (first.run_id, first.run_type, first.created_at) == (
            "run-2026-10-1",
            RunType.INITIAL,
            FIRST_AT,
        )
        assert (second.run_type, second.created_at, second.entry_count) == (RunType.RECALC, SECOND_AT, 3)
        assert first.statement_ids == tuple(f"{party}-{PERIOD}-v1" for party in ("grid", "hub", "owner-1"))
        booked = {
            (key.code.name, payer.account_id, payee.account_id): str(amount)
            for key, (payer, payee, amount) in uow.ledger.booked(PERIOD).items()
        }
        assert booked == {
            ("ENERGY", "grid:operator:GBP", "owner-1:site:north-1:GBP"): "6.40",
            ("AVAILABILITY", "grid:operator:GBP", "owner-1:site:north-1:GBP"): "1.00",
            ("AGG_FEE", "owner-1:site:north-1:GBP", "hub:fee:GBP"): "0.74",
            ("PENALTY", "owner-1:site:north-1:GBP", "grid:penalty:GBP"): "0.00",
        }
        then = {account.account_id: str(amount) for account, amount in uow.ledger.balances(until=FIRST_AT)}
        assert then["owner-1:site:north-1:GBP"] == "4.02"
        stored = uow.statements.get(f"owner-1-{PERIOD}-v2")
        assert stored is not None
        assert stored.value.run_id == "run-2026-10-2"
        [(name, content)] = stored.value.files.items()
        assert (name, content) == (f"statement_owner-1_{PERIOD}_v2.csv", csv_of("owner-1", SECOND["owner-1"]))


def test_going_back_is_refused_once_something_else_is_booked(older: Engine, clock: ManualClock) -> None:
    migrate(older)
    downgrade(older, "0009")
    migrate(older)
    units = SqlUnitOfWorkFactory(older, clock)
    run = RunRecord(
        *("run-2026-10-3", PERIOD, 3, RunType.RECALC, SECOND_AT, "", "test", "hub", 0, (), SECOND_AT)
    )
    with units() as uow:
        uow.settlement_runs.add(run)
        uow.commit()
    revision = current_revision(older)
    with pytest.raises(ValueError, match="1 settlement runs have booked entries, expected none"):
        downgrade(older, "0009")
    assert current_revision(older) == revision
