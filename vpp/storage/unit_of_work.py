"""Units of work: one transaction each, with every repository."""

from contextlib import nullcontext
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self

from sqlalchemy import Connection, Engine

from vpp.auction.tender import Tender
from vpp.dispatch.event import Event
from vpp.foundation.clock import Clock, stopwatch_s
from vpp.foundation.errors import BrokenPromise
from vpp.foundation.random_source import RandomSource
from vpp.foundation.tracing import span
from vpp.portfolio.enrolment import Enrolment
from vpp.portfolio.party import Party
from vpp.portfolio.product_change import ProductChange
from vpp.portfolio.resource import Resource
from vpp.portfolio.site import Site
from vpp.settlement.adjustment import Adjustment
from vpp.settlement.rule_correction import RuleCorrection
from vpp.storage.audit_log import log_records
from vpp.storage.audit_repository import SqlAuditRepository
from vpp.storage.barred_repository import SqlBarredRepository
from vpp.storage.bid_repository import SqlBidRepository
from vpp.storage.bid_sealing import BidSealing, own_sealing
from vpp.storage.caller_scope import scope_of
from vpp.storage.claim_repository import SqlClaimRepository
from vpp.storage.clearing_input_repository import SqlClearingInputRepository
from vpp.storage.due_repository import SqlDueRepository
from vpp.storage.failures import translated
from vpp.storage.forecast_repository import SqlForecastRepository
from vpp.storage.green_certificate_repository import SqlGreenCertificateRepository
from vpp.storage.health_repository import SqlHealthRepository
from vpp.storage.instruction_repository import SqlInstructionRepository
from vpp.storage.ledger_repository import SqlLedgerRepository
from vpp.storage.outbox_repository import SqlOutboxRepository
from vpp.storage.plan_repository import SqlPlanRepository
from vpp.storage.product_repository import SqlProductRepository
from vpp.storage.reach import Reach
from vpp.storage.repository import SqlRepository
from vpp.storage.revenue_repository import SqlRevenueRepository
from vpp.storage.roll_up_repository import SqlRollUpRepository
from vpp.storage.rows.access import REVOCATION_MAPPING, STANDING_MAPPING
from vpp.storage.rows.agreements import ADJUSTMENT_MAPPING, CORRECTION_MAPPING
from vpp.storage.rows.auction import AWARD_MAPPING, CLEARING_MAPPING, TENDER_MAPPING
from vpp.storage.rows.baselines import (
    AGGREGATE_MAPPING,
    BASELINE_MAPPING,
    CHOICE_MAPPING,
    EDITS_MAPPING,
)
from vpp.storage.rows.dispatch import EVENT_MAPPING
from vpp.storage.rows.portfolio import (
    ENROLMENT_MAPPING,
    PARTY_MAPPING,
    RESOURCE_MAPPING,
    SITE_MAPPING,
)
from vpp.storage.rows.product_changes import CHANGE_MAPPING
from vpp.storage.rows.restorations import RESTORATION_MAPPING
from vpp.storage.rows.settlement import DISPUTE_MAPPING, REQUEST_MAPPING
from vpp.storage.run_repository import SqlRunRepository
from vpp.storage.score_repository import SqlScoreRepository
from vpp.storage.statement_repository import SqlStatementRepository
from vpp.storage.telemetry_repository import SqlTelemetryRepository
from vpp.storage.tracking_repository import SqlTrackingRepository
from vpp.storage.transaction import Transaction
from vpp.storage.write_turns import WriterPlace, WriteTurns
from vpp.workflows.access_ports import BarredRepository
from vpp.workflows.access_records import CertificateRevocation, PrincipalStanding
from vpp.workflows.acting import actor
from vpp.workflows.audit_ports import AuditRepository, ClearingInputRepository
from vpp.workflows.baseline_records import AggregateBaselineRecord, MeterEditsRecord, RuleChoiceRecord
from vpp.workflows.claim_ports import ClaimRepository
from vpp.workflows.forecast_ports import ForecastRepository, PlanRepository
from vpp.workflows.health_ports import HealthRepository
from vpp.workflows.outbox_ports import OutboxRepository
from vpp.workflows.owed_deliveries import JustOwed, OwedNews
from vpp.workflows.ports import (
    BidRepository,
    BulkRepository,
    DueRepository,
    GreenCertificateRepository,
    InstructionRepository,
    Repository,
    StatementRepository,
)
from vpp.workflows.product_ports import ProductRepository
from vpp.workflows.records import (
    AwardRecord,
    BaselineRecord,
    ClearingRecord,
    DisputeRecord,
    RequestRecord,
)
from vpp.workflows.restoration_records import Restoration
from vpp.workflows.revenue_ports import RevenueRepository
from vpp.workflows.score_ports import ScoreRepository
from vpp.workflows.settlement_ports import LedgerRepository, RunRepository
from vpp.workflows.telemetry_ports import RollUpRepository, TelemetryRepository
from vpp.workflows.tracking_ports import TrackingRepository


class TransactionObserver(Protocol):
    """Is told how long writing transactions wait and commit."""

    def writer_waited(self, seconds: float) -> None:
        """Take note of how long a writing transaction waited for its turn."""
        ...

    def committed(self, seconds: float) -> None:
        """Take note of how long a commit took."""
        ...


class SqlUnitOfWork:
    """One transaction on a database; implements `workflows.ports.UnitOfWork`."""

    now: datetime
    random_source: RandomSource
    parties: Repository[Party]
    sites: BulkRepository[Site]
    resources: BulkRepository[Resource]
    products: ProductRepository
    product_changes: Repository[ProductChange]
    enrolments: Repository[Enrolment]
    auctions: Repository[Tender]
    bids: BidRepository
    awards: BulkRepository[AwardRecord]
    clearings: Repository[ClearingRecord]
    clearing_inputs: ClearingInputRepository
    events: BulkRepository[Event]
    claims: ClaimRepository
    instructions: InstructionRepository
    baselines: BulkRepository[BaselineRecord]
    aggregate_baselines: Repository[AggregateBaselineRecord]
    rule_choices: Repository[RuleChoiceRecord]
    meter_edits: Repository[MeterEditsRecord]
    forecasts: ForecastRepository
    plans: PlanRepository
    telemetry: TelemetryRepository
    roll_ups: RollUpRepository
    revenue: RevenueRepository
    tracking: TrackingRepository
    outbox: OutboxRepository
    due: DueRepository
    audit: AuditRepository
    requests: Repository[RequestRecord]
    statements: StatementRepository
    disputes: Repository[DisputeRecord]
    adjustments: Repository[Adjustment]
    rule_corrections: Repository[RuleCorrection]
    ledger: LedgerRepository
    settlement_runs: RunRepository
    green_certificates: GreenCertificateRepository
    scores: ScoreRepository
    health: HealthRepository
    restorations: Repository[Restoration]
    standings: BulkRepository[PrincipalStanding]
    revocations: Repository[CertificateRevocation]
    barred: BarredRepository

    def __init__(  # noqa: PLR0913  what its factory has, by keyword
        self,
        reach: Reach,
        clock: Clock,
        *,
        write: bool,
        one_writer: bool,
        observer: TransactionObserver | None = None,
        place: WriterPlace | None = None,
        owed: OwedNews | None = None,
        sealing: BidSealing | None = None,
    ) -> None:
        """Prepare a transaction that has not begun."""
        self._sealing = sealing or own_sealing()
        self.random_source = self._sealing.random_source
        self._owed = owed or OwedNews()
        self._reach = reach
        self._clock = clock
        self._write = write
        self._one_writer = one_writer
        self._observer = observer if write else None
        self._place = place if write else None
        self._has_turn = False
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
        begun_s = stopwatch_s()
        if self._place is not None:
            self._place.take()
            self._has_turn = True
        try:
            is_only_writer = self._write and self._one_writer
            scope = scope_of(actor())
            with translated():
                self._connection = self._reach.begun(scope, writes=self._write, is_only_writer=is_only_writer)
            if self._observer is not None:
                self._observer.writer_waited(stopwatch_s() - begun_s)
            # Asked once the turn has come, so that a later writer never has an earlier present.
            self.now = self._clock.now().astimezone(UTC)
            self._transaction = Transaction(
                self._connection,
                self.now,
                writes=self._write,
                is_only_writer=is_only_writer,
                is_narrowed=scope is not None,
            )
            self._make_repositories(self._transaction)
        except BaseException:  # whoever fails to begin is never told to end
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Roll back whatever was not committed, and give the connection back."""
        self._end()

    def _end(self) -> None:
        if self._transaction is not None:
            self._transaction.is_open = False
        try:
            if self._connection is not None:
                self._connection.close()
        finally:
            self._give_back()

    def _give_back(self) -> None:
        if self._place is not None and self._has_turn:
            self._has_turn = False
            self._place.give_back()

    def commit(self) -> None:
        """Make everything of this transaction durable, or nothing. Ends the unit of work.

        Raises:
            Overloaded: The database could not commit.
            BrokenPromise: The unit of work is not under way.
        """
        if self._connection is None or self._transaction is None or not self._transaction.is_open:
            raise BrokenPromise("the unit of work is not under way, so there is nothing to commit")
        news = self._news()
        if self._write:
            self._audit.write()
        self._transaction.is_open = False
        begun_s = stopwatch_s()
        with translated(), span("commit") if self._write else nullcontext():
            self._connection.commit()
        self._give_back()  # at once: what the caller does yet needs no turn
        if self._observer is not None:
            self._observer.committed(stopwatch_s() - begun_s)
        log_records(self._audit.appended)
        if news is not None:
            self._owed.tell(news)

    def _news(self) -> JustOwed | None:
        outbox = self._outbox
        if not (self._owed.is_heard and outbox.appended):
            return None
        count = outbox.count_before
        return JustOwed(outbox.appended, self._instructions.newly_told(), count, count + len(outbox.appended))

    def _make_repositories(self, transaction: Transaction) -> None:
        self.parties = SqlRepository(transaction, PARTY_MAPPING)
        self.sites = SqlRepository(transaction, SITE_MAPPING)
        self.resources = SqlRepository(transaction, RESOURCE_MAPPING)
        self.products = SqlProductRepository(transaction)
        self.product_changes = SqlRepository(transaction, CHANGE_MAPPING)
        self.enrolments = SqlRepository(transaction, ENROLMENT_MAPPING)
        self.auctions = SqlRepository(transaction, TENDER_MAPPING)
        self.bids = SqlBidRepository(transaction, self._sealing)
        self.awards = SqlRepository(transaction, AWARD_MAPPING)
        self.clearings = SqlRepository(transaction, CLEARING_MAPPING)
        self.clearing_inputs = SqlClearingInputRepository(transaction, self._sealing)
        self.events = SqlRepository(transaction, EVENT_MAPPING)
        self.claims = SqlClaimRepository(transaction)
        self.instructions = self._instructions = SqlInstructionRepository(transaction)
        self.baselines = SqlRepository(transaction, BASELINE_MAPPING)
        self.aggregate_baselines = SqlRepository(transaction, AGGREGATE_MAPPING)
        self.rule_choices = SqlRepository(transaction, CHOICE_MAPPING)
        self.meter_edits = SqlRepository(transaction, EDITS_MAPPING)
        self.forecasts = SqlForecastRepository(transaction)
        self.plans = SqlPlanRepository(transaction)
        self.telemetry = SqlTelemetryRepository(transaction)
        self.roll_ups = SqlRollUpRepository(transaction)
        self.revenue = SqlRevenueRepository(transaction)
        self.tracking = SqlTrackingRepository(transaction)
        self.outbox = self._outbox = SqlOutboxRepository(transaction, counts=self._owed.is_heard)
        self.due = SqlDueRepository(transaction)
        self.audit = self._audit = SqlAuditRepository(transaction)
        self.requests = SqlRepository(transaction, REQUEST_MAPPING)
        self.statements = SqlStatementRepository(transaction)
        self.disputes = SqlRepository(transaction, DISPUTE_MAPPING)
        self.adjustments = SqlRepository(transaction, ADJUSTMENT_MAPPING)
        self.rule_corrections = SqlRepository(transaction, CORRECTION_MAPPING)
        self.ledger = SqlLedgerRepository(transaction)
        self.settlement_runs = SqlRunRepository(transaction)
        self.green_certificates = SqlGreenCertificateRepository(transaction)
        self.scores = SqlScoreRepository(transaction)
        self.health = SqlHealthRepository(transaction)
        self.restorations = SqlRepository(transaction, RESTORATION_MAPPING)
        self.standings = SqlRepository(transaction, STANDING_MAPPING)
        self.revocations = SqlRepository(transaction, REVOCATION_MAPPING)
        self.barred = SqlBarredRepository(transaction)


class SqlUnitOfWorkFactory:
    """Makes units of work on one database; implements `workflows.ports.UnitOfWorkFactory`.

    Attributes:
        owed: Tells whoever listens what its transactions come to owe.
    """

    def __init__(  # noqa: PLR0913  one argument per thing that may be shared
        self,
        engine: Engine,
        clock: Clock,
        *,
        one_writer: bool = True,
        observer: TransactionObserver | None = None,
        place: WriterPlace | None = None,
        owed: OwedNews | None = None,
        reach: Reach | None = None,
        sealing: BidSealing | None = None,
    ) -> None:
        """Take the engine and the clock that every unit of work asks once.

        Args:
            engine: From `make_engine`, migrated.
            clock: Says what `now` is.
            one_writer: On PostgreSQL, let the writers of all hubs take turns, as SQLite does
                anyway. Workflows decide on several rows at once (the last answer of an event
                schedules it); two that decide side by side would both see the other's row as it
                was. False leaves only the guards of single rows: revisions, counters, claims.
            observer: Is told how long writers wait and commit; nobody if absent.
            place: Where its writers stand among those of this process; a line of their own if absent.
            owed: Tells this process what its transactions come to owe; its own if absent.
            reach: Begins its transactions; its own if absent.
            sealing: Keeps bids unreadable until their gate closes; with a key of its own if absent.
        """
        self.owed = owed or OwedNews()
        self._engine = engine
        self._reach = reach or Reach(engine)
        self._sealing = sealing or own_sealing()
        self._clock = clock
        self._one_writer = one_writer
        self._observer = observer
        self._place = (place or WriteTurns().first) if one_writer else None

    def __call__(self, *, write: bool = True) -> SqlUnitOfWork:
        """Return a unit of work that has not begun; one that only reads takes no write lock."""
        return SqlUnitOfWork(
            self._reach,
            self._clock,
            write=write,
            one_writer=self._one_writer,
            observer=self._observer,
            place=self._place,
            owed=self.owed,
            sealing=self._sealing,
        )

    def behind(self) -> "SqlUnitOfWorkFactory":
        """Return the same, but for writers that let all others of this process go first."""
        return self._with(self._place and self._place.behind(), self._sealing)

    def sealing_with(self, sealing: BidSealing) -> "SqlUnitOfWorkFactory":
        """Return the same, but for the keys that bids are sealed with and opened by."""
        return self._with(self._place, sealing)

    def _with(self, place: WriterPlace | None, sealing: BidSealing) -> "SqlUnitOfWorkFactory":
        return SqlUnitOfWorkFactory(
            self._engine,
            self._clock,
            one_writer=self._one_writer,
            observer=self._observer,
            place=place,
            owed=self.owed,
            reach=self._reach,
            sealing=sealing,
        )

    def close(self) -> None:
        """Close every connection; the last one on a SQLite file brings its log home."""
        self._engine.dispose()
