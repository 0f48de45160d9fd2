"""Settlement runs and what they were reckoned from."""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import RowMapping as Row
from sqlalchemy import and_, func, select

from vpp.foundation.errors import AlreadyExists
from vpp.settlement.run_type import RunType
from vpp.storage.inserting import insert_into
from vpp.storage.many_rows import ManyRows
from vpp.storage.many_values import among, ids_parameter
from vpp.storage.tables.ledger import SETTLEMENT_EVIDENCE, SETTLEMENT_RUNS
from vpp.storage.tables.settlement import STATEMENTS
from vpp.storage.transaction import Transaction
from vpp.workflows.settlement_records import EvidenceRecord, RunRecord

CHUNK = 2000
"""Pieces of evidence that are written at a time."""
PACKING_LEVEL = 1
"""Quick: evidence repeats itself so much that more effort saves little."""
RUN = SETTLEMENT_RUNS.c
FOUND = SETTLEMENT_EVIDENCE.c
NEW_EVIDENCE = ManyRows(SETTLEMENT_EVIDENCE, [column.name for column in SETTLEMENT_EVIDENCE.columns])


class SqlRunRepository:
    """Settlement runs; implements `workflows.settlement_ports.RunRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction

    def add(self, run: RunRecord) -> None:
        """Keep a run; which statements it wrote, they say themselves.

        Raises:
            AlreadyExists: The period has a run of that number.
        """
        statement = (
            insert_into(SETTLEMENT_RUNS, sqlite=self._transaction.is_sqlite)
            .on_conflict_do_nothing()
            .returning(RUN.run_id)
        )
        row = {
            "run_id": run.run_id,
            "period": run.period,
            "number": run.number,
            "run_type": run.run_type.value,
            "as_of": run.as_of,
            "evidence_digest": run.evidence_digest,
            "code_version": run.code_version,
            "actor": run.actor,
            "entry_count": run.entry_count,
            "notes": list(run.notes),
            "terms": zlib.compress(run.terms) if run.terms else None,
            "created_at": run.created_at,
        }
        self._transaction.noted(SETTLEMENT_RUNS, [(run.run_id,)])
        if self._transaction.write(statement, row).scalar_one_or_none() is None:
            raise AlreadyExists(f"settlementRuns/{run.run_id} exists already", run=run.run_id)

    def get(self, run_id: str) -> RunRecord | None:
        """Return a run, or None."""
        found = self._transaction.read(select(SETTLEMENT_RUNS).where(RUN.run_id == run_id)).mappings().all()
        return self._records(found)[0] if found else None

    def of_period(self, period: str) -> Sequence[RunRecord]:
        """Return a period's runs by number."""
        statement = select(SETTLEMENT_RUNS).where(RUN.period == period).order_by(RUN.number)
        return self._records(self._transaction.read(statement).mappings().all())

    def periods(self) -> Sequence[str]:
        """Return the periods that have a run, in order."""
        statement = select(RUN.period).distinct().order_by(RUN.period)
        return list(self._transaction.read(statement).scalars())

    def add_evidence(self, records: Iterable[EvidenceRecord]) -> None:
        """Keep evidence that is new or has changed.

        Raises:
            AlreadyExists: A run has evidence of that site in that event already.
        """
        left = iter(records)
        while some := list(islice(left, CHUNK)):
            rows = [
                {
                    "period": record.period,
                    "event_id": record.event_id,
                    "site_id": record.site_id,
                    "run_number": record.run_number,
                    "digest": record.digest,
                    "document": zlib.compress(record.document, PACKING_LEVEL),
                }
                for record in some
            ]
            runs = {(record.period, record.run_number) for record in some}
            self._transaction.noted(SETTLEMENT_EVIDENCE, sorted(runs))
            if NEW_EVIDENCE.insert(self._transaction, rows) != len(rows):
                raise AlreadyExists(
                    f"evidence of {some[0].period}, run {some[0].run_number}, is kept already"
                )

    def evidence(
        self, period: str, *, up_to_run: int | None = None, site_ids: Iterable[str] | None = None
    ) -> Iterator[EvidenceRecord]:
        """Return the newest evidence of each site in each event of a period as of a run, by event and site.

        What is not settled any more is left out.
        """
        newest = self._newest(period, up_to_run)
        statement = (
            select(SETTLEMENT_EVIDENCE)
            .join(
                newest,
                and_(
                    FOUND.event_id == newest.c.event_id,
                    FOUND.site_id == newest.c.site_id,
                    FOUND.run_number == newest.c.number,
                ),
            )
            .where(FOUND.period == period, FOUND.digest != "")
            .order_by(FOUND.event_id, FOUND.site_id)
        )
        parameters: dict[str, Any] = {}
        if site_ids is not None:
            statement = statement.where(among(FOUND.site_id, sqlite=self._transaction.is_sqlite))
            parameters = ids_parameter(site_ids, sqlite=self._transaction.is_sqlite)
        for row in self._transaction.read(statement, parameters).mappings():
            yield EvidenceRecord(
                event_id=row["event_id"],
                site_id=row["site_id"],
                period=row["period"],
                run_number=row["run_number"],
                digest=row["digest"],
                document=zlib.decompress(row["document"]),
            )

    def digests(self, period: str) -> Mapping[tuple[str, str], str]:
        """Return the digest of the newest evidence by (event id, site id); empty where nothing is settled."""
        newest = self._newest(period, None)
        statement = (
            select(FOUND.event_id, FOUND.site_id, FOUND.digest)
            .join(
                newest,
                and_(
                    FOUND.event_id == newest.c.event_id,
                    FOUND.site_id == newest.c.site_id,
                    FOUND.run_number == newest.c.number,
                ),
            )
            .where(FOUND.period == period)
            .order_by(FOUND.event_id, FOUND.site_id)
        )
        return {(row.event_id, row.site_id): row.digest for row in self._transaction.read(statement)}

    def _newest(self, period: str, up_to_run: int | None) -> Any:  # noqa: ANN401  a subquery; SQLAlchemy types its columns as Any
        statement = (
            select(FOUND.event_id, FOUND.site_id, func.max(FOUND.run_number).label("number"))
            .where(FOUND.period == period)
            .group_by(FOUND.event_id, FOUND.site_id)
        )
        if up_to_run is not None:
            statement = statement.where(FOUND.run_number <= up_to_run)
        return statement.subquery("newest")

    def _records(self, rows: Sequence[Row]) -> list[RunRecord]:
        is_sqlite = self._transaction.is_sqlite
        statement = (
            select(STATEMENTS.c.run_id, STATEMENTS.c.statement_id)
            .where(among(STATEMENTS.c.run_id, sqlite=is_sqlite))
            .order_by(STATEMENTS.c.run_id, STATEMENTS.c.statement_id)
        )
        written: dict[str, list[str]] = {row["run_id"]: [] for row in rows}
        for row in self._transaction.read(statement, ids_parameter(written, sqlite=is_sqlite)):
            written[row.run_id].append(row.statement_id)
        return [
            RunRecord(
                run_id=row["run_id"],
                period=row["period"],
                number=row["number"],
                run_type=RunType(row["run_type"]),
                as_of=row["as_of"],
                evidence_digest=row["evidence_digest"],
                code_version=row["code_version"],
                actor=row["actor"],
                entry_count=row["entry_count"],
                statement_ids=tuple(written[row["run_id"]]),
                created_at=row["created_at"],
                notes=tuple(row["notes"]),
                terms=b"" if row["terms"] is None else zlib.decompress(row["terms"]),
            )
            for row in rows
        ]
