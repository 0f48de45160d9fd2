"""Units of work: one transaction each, with every repository."""

from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, text

from vpp.auction.tender import Tender
from vpp.dispatch.event import Event
from vpp.dispatch.instruction import Instruction
from vpp.foundation.clock import Clock
from vpp.foundation.errors import BrokenPromise
from vpp.portfolio.enrolment import Enrolment
from vpp.portfolio.party import Party
from vpp.portfolio.resource import Resource
from vpp.portfolio.site import Site
from vpp.storage.audit_repository import SqlAuditRepository
from vpp.storage.due_repository import SqlDueRepository
from vpp.storage.engine import POSTGRESQL, READ_ONLY
from vpp.storage.failures import translated
from vpp.storage.forecast_repository import SqlForecastRepository
from vpp.storage.outbox_repository import SqlOutboxRepository
from vpp.storage.plan_repository import SqlPlanRepository
from vpp.storage.product_repository import SqlProductRepository
from vpp.storage.repository import SqlRepository
from vpp.storage.rows.auction import AWARD_MAPPING, BID_MAPPING, CLEARING_MAPPING, TENDER_MAPPING
from vpp.storage.rows.baselines import BASELINE_MAPPING, CHOICE_MAPPING, EDITS_MAPPING
from vpp.storage.rows.dispatch import EVENT_MAPPING, INSTRUCTION_MAPPING
from vpp.storage.rows.portfolio import (
    ENROLMENT_MAPPING,
    PARTY_MAPPING,
    RESOURCE_MAPPING,
    SITE_MAPPING,
)
from vpp.storage.rows.settlement import DISPUTE_MAPPING, REQUEST_MAPPING
from vpp.storage.statement_repository import SqlStatementRepository
from vpp.storage.telemetry_repository import SqlTelemetryRepository
from vpp.storage.transaction import Transaction
from vpp.workflows.baseline_records import MeterEditsRecord, RuleChoiceRecord
from vpp.workflows.forecast_ports import ForecastRepository, PlanRepository
from vpp.workflows.ports import (
    AuditRepository,
    BulkRepository,
    DueRepository,
    OutboxRepository,
    ProductRepository,
    Repository,
    TelemetryRepository,
)
from vpp.workflows.records import (
    AwardRecord,
    BaselineRecord,
    BidRecord,
    ClearingRecord,
    DisputeRecord,
    RequestRecord,
    StatementRecord,
)

WRITER_LOCK = 0x7670705F777269  # "vpp_wri"
"""PostgreSQL advisory lock that the one writer holds."""


class SqlUnitOfWork:
    """One transaction on a database; implements `workflows.ports.UnitOfWork`."""

    now: datetime
    parties: Repository[Party]
    sites: BulkRepository[Site]
    resources: BulkRepository[Resource]
    products: ProductRepository
    enrolments: Repository[Enrolment]
    auctions: Repository[Tender]
    bids: BulkRepository[BidRecord]
    awards: BulkRepository[AwardRecord]
    clearings: Repository[ClearingRecord]
    events: BulkRepository[Event]
    instructions: BulkRepository[Instruction]
    baselines: BulkRepository[BaselineRecord]
    rule_choices: Repository[RuleChoiceRecord]
    meter_edits: Repository[MeterEditsRecord]
    forecasts: ForecastRepository
    plans: PlanRepository
    telemetry: TelemetryRepository
    outbox: OutboxRepository
    due: DueRepository
    audit: AuditRepository
    requests: Repository[RequestRecord]
    statements: Repository[StatementRecord]
    disputes: Repository[DisputeRecord]

    def __init__(self, engine: Engine, clock: Clock, *, write: bool, one_writer: bool) -> None:
        """Prepare a transaction that has not begun."""
        self._engine = engine
        self._clock = clock
        self._write = write
        self._one_writer = one_writer
        self._connection: Connection | None = None
        self._transaction: Transaction | None = None

    def __enter__(self) -> Self:
        """Begin the transaction; a writer waits for its turn.

        Raises:
            Overloaded: The database takes no work now, or the turn did not come in time.
            BrokenPromise: The unit of work has begun already.
        """
        if self._connection is not None:
            raise BrokenPromise("the unit of work has begun already; make another one")
        with translated():
            connection = self._engine.connect()
            try:
                self._begin(connection)
            except BaseException:
                connection.close()
                raise
        self._connection = connection
        # Asked once the turn has come, so that a later writer never has an earlier present.
        self.now = self._clock.now().astimezone(UTC)
        self._transaction = Transaction(connection, self.now, writes=self._write)
        self._make_repositories(self._transaction)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Roll back whatever was not committed, and give the connection back."""
        if self._transaction is not None:
            self._transaction.is_open = False
        if self._connection is not None:
            self._connection.close()

    def commit(self) -> None:
        """Make everything of this transaction durable, or nothing. Ends the unit of work.

        Raises:
            Overloaded: The database could not commit.
            BrokenPromise: The unit of work is not under way.
        """
        if self._connection is None or self._transaction is None or not self._transaction.is_open:
            raise BrokenPromise("the unit of work is not under way, so there is nothing to commit")
        self._transaction.is_open = False
        with translated():
            self._connection.commit()

    def _begin(self, connection: Connection) -> None:
        is_postgresql = connection.dialect.name == POSTGRESQL
        if not self._write:
            connection.execution_options(**{READ_ONLY: True})
            if is_postgresql:  # every statement sees the same state, as on SQLite
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        connection.begin()
        if is_postgresql and self._write and self._one_writer:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})"))

    def _make_repositories(self, transaction: Transaction) -> None:
        self.parties = SqlRepository(transaction, PARTY_MAPPING)
        self.sites = SqlRepository(transaction, SITE_MAPPING)
        self.resources = SqlRepository(transaction, RESOURCE_MAPPING)
        self.products = SqlProductRepository(transaction)
        self.enrolments = SqlRepository(transaction, ENROLMENT_MAPPING)
        self.auctions = SqlRepository(transaction, TENDER_MAPPING)
        self.bids = SqlRepository(transaction, BID_MAPPING)
        self.awards = SqlRepository(transaction, AWARD_MAPPING)
        self.clearings = SqlRepository(transaction, CLEARING_MAPPING)
        self.events = SqlRepository(transaction, EVENT_MAPPING)
        self.instructions = SqlRepository(transaction, INSTRUCTION_MAPPING)
        self.baselines = SqlRepository(transaction, BASELINE_MAPPING)
        self.rule_choices = SqlRepository(transaction, CHOICE_MAPPING)
        self.meter_edits = SqlRepository(transaction, EDITS_MAPPING)
        self.forecasts = SqlForecastRepository(transaction)
        self.plans = SqlPlanRepository(transaction)
        self.telemetry = SqlTelemetryRepository(transaction)
        self.outbox = SqlOutboxRepository(transaction)
        self.due = SqlDueRepository(transaction)
        self.audit = SqlAuditRepository(transaction)
        self.requests = SqlRepository(transaction, REQUEST_MAPPING)
        self.statements = SqlStatementRepository(transaction)
        self.disputes = SqlRepository(transaction, DISPUTE_MAPPING)


class SqlUnitOfWorkFactory:
    """Makes units of work on one database; implements `workflows.ports.UnitOfWorkFactory`."""

    def __init__(self, engine: Engine, clock: Clock, *, one_writer: bool = True) -> None:
        """Take the engine and the clock that every unit of work asks once.

        Args:
            engine: From `make_engine`, migrated.
            clock: Says what `now` is.
            one_writer: On PostgreSQL, let the writers of all hubs take turns, as SQLite does
                anyway. Workflows decide on several rows at once (the last answer of an event
                schedules it); two that decide side by side would both see the other's row as it
                was. False leaves only the guards of single rows: revisions, counters, claims.
        """
        self._engine = engine
        self._clock = clock
        self._one_writer = one_writer

    def __call__(self, *, write: bool = True) -> SqlUnitOfWork:
        """Return a unit of work that has not begun; one that only reads takes no write lock."""
        return SqlUnitOfWork(self._engine, self._clock, write=write, one_writer=self._one_writer)

    def close(self) -> None:
        """Close every connection; the last one on a SQLite file brings its log home."""
        self._engine.dispose()
