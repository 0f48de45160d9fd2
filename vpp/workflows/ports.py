"""What the workflows need from outside, as Protocols.

`storage` implements the unit of work on SQLAlchemy, `hub` the worker pool; tests may bring
their own. Everything here is synchronous: a workflow is a plain function.
"""

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Generic, ParamSpec, Protocol, Self, TypeVar

from vpp.auction.tender import Tender
from vpp.dispatch.event import Event
from vpp.dispatch.instruction import Instruction
from vpp.foundation.random_source import RandomSource
from vpp.portfolio.enrolment import Enrolment
from vpp.portfolio.party import Party
from vpp.portfolio.product_change import ProductChange
from vpp.portfolio.resource import Resource
from vpp.portfolio.site import Site
from vpp.settlement.adjustment import Adjustment
from vpp.settlement.green_certificate import GreenCertificate, GreenCertificateState
from vpp.settlement.rule_correction import RuleCorrection
from vpp.workflows.access_ports import BarredRepository
from vpp.workflows.access_records import CertificateRevocation, PrincipalStanding
from vpp.workflows.audit_ports import AuditRepository, ClearingInputRepository
from vpp.workflows.baseline_records import AggregateBaselineRecord, MeterEditsRecord, RuleChoiceRecord
from vpp.workflows.claim_ports import ClaimRepository
from vpp.workflows.forecast_ports import ForecastRepository, PlanRepository
from vpp.workflows.health_ports import HealthRepository
from vpp.workflows.instruction_standing import Answered, Standing
from vpp.workflows.outbox_ports import OutboxRepository
from vpp.workflows.product_ports import ProductRepository
from vpp.workflows.records import (
    AwardRecord,
    BaselineRecord,
    BidRecord,
    ClearingRecord,
    DisputeRecord,
    RequestRecord,
    StatementRecord,
)
from vpp.workflows.restoration_records import Restoration
from vpp.workflows.revenue_ports import RevenueRepository
from vpp.workflows.score_ports import ScoreRepository
from vpp.workflows.settlement_ports import LedgerRepository, RunRepository
from vpp.workflows.telemetry_ports import RollUpRepository, TelemetryRepository
from vpp.workflows.tracking_ports import TrackingRepository

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Stored(Generic[T]):
    """A value as the database holds it.

    Attributes:
        value: The value.
        revision: Rises with every write, from 1; its text is the wire's etag.
        created_at: When it was first written.
        updated_at: When it was last written.
    """

    value: T
    revision: int
    created_at: datetime
    updated_at: datetime


class Repository(Protocol[T]):
    """Values of one kind, each under an id of its own."""

    def get(self, identifier: str) -> Stored[T] | None:
        """Return the value of that id, or None."""
        ...

    def add(self, identifier: str, value: T) -> Stored[T]:
        """Insert; raises AlreadyExists if the id is taken."""
        ...

    def update(self, identifier: str, value: T, *, revision: int) -> Stored[T]:
        """Replace the value of that revision; raises StaleWrite if another write came first."""
        ...

    def page(
        self, *, after: str = "", limit: int = 1000, where: Mapping[str, str] | None = None
    ) -> list[Stored[T]]:
        """List values in order of id, after one id; `where` compares indexed columns for equality."""
        ...


class StatementRepository(Protocol):
    """Statements, which are written once and never altered."""

    def get(self, identifier: str) -> Stored[StatementRecord] | None:
        """Return the statement of that id with its files, or None."""
        ...

    def head(self, identifier: str) -> Stored[StatementRecord] | None:
        """Return the statement of that id without its files, or None."""
        ...

    def add(self, identifier: str, value: StatementRecord) -> Stored[StatementRecord]:
        """Insert; raises AlreadyExists for a known id, BrokenPromise if it is not what the ledger says."""
        ...

    def page(
        self, *, after: str = "", limit: int = 1000, where: Mapping[str, str] | None = None
    ) -> list[Stored[StatementRecord]]:
        """List statements with their files, as `Repository.page`."""
        ...

    def heads(
        self, *, after: str = "", limit: int = 1000, where: Mapping[str, str] | None = None
    ) -> list[Stored[StatementRecord]]:
        """List statements without their files, as `Repository.page`."""
        ...


class BulkRepository(Repository[T], Protocol[T]):
    """The same, many values at a time: an event concerns thousands of sites."""

    def get_all(self, identifiers: Iterable[str]) -> dict[str, Stored[T]]:
        """Return those values of these ids that exist, by id, in few statements."""
        ...

    def add_all(self, values: Mapping[str, T]) -> None:
        """Insert values by id in few statements; raises AlreadyExists if an id is taken."""
        ...

    def update_all(self, changes: Mapping[str, tuple[T, int]]) -> None:
        """Replace values, each of that revision, in few statements; raises StaleWrite as `update`."""
        ...


class BidRepository(BulkRepository[BidRecord], Protocol):
    """Bids by id; a sealed one is covered for everybody but its own site and party, and the hub itself."""

    def uncover(self) -> None:
        """Open every bid that is read from here on in this transaction: the hub clears."""
        ...

    def known_keys(self) -> frozenset[str]:
        """Return the ids of keys that bids are or were sealed with."""
        ...

    def keys_in_use(self) -> frozenset[str]:
        """Return the ids of keys that are needed to open bids that stand."""
        ...

    def register_key(self, key_id: str) -> None:
        """Note down a key that bids are sealed with from here on; a known one changes nothing."""
        ...


class InstructionRepository(BulkRepository[Instruction], Protocol):
    """Instructions by id, and the two things that every acknowledgement and answer asks for."""

    def mark_delivered(self, identifiers: Iterable[str]) -> list[str]:
        """Move those that are CREATED on to DELIVERED, in one statement; returns which, by id."""
        ...

    def standings(self, identifiers: Iterable[str]) -> dict[str, Standing]:
        """Return where those of these ids that exist are in their lives, in one statement."""
        ...

    def answer_all(self, changes: Mapping[str, Answered]) -> None:
        """Write down what sites answered, in one statement; raises StaleWrite as `update`."""
        ...

    def has_unanswered(self, event_id: str) -> bool:
        """Tell whether a site has still to say what it will do for an event."""
        ...


class GreenCertificateRepository(BulkRepository[GreenCertificate], Protocol):
    """Green certificates by id; the database refuses a second of an id and changes of a used-up one."""

    def held(self, party_id: str, limit: int) -> list[Stored[GreenCertificate]]:
        """Return what a party may use, the oldest generation first, then by id."""
        ...

    def used(self, site_id: str, period: str) -> dict[str, Stored[GreenCertificate]]:
        """Return what counts for a site in a period, by id."""
        ...

    def counts(self, site_id: str, period: str) -> dict[GreenCertificateState, int]:
        """Return how many count for a site in a period, by state; states without any are left out."""
        ...


class DueKind(enum.Enum):
    """What falls due."""

    GATE_CLOSURE = "gate_closure"
    CLEARING = "clearing"
    EMERGENCY = "emergency"
    BASELINE_FREEZE = "baseline_freeze"
    EVENT_START = "event_start"
    EVENT_END = "event_end"
    TRACKING = "tracking"
    MEASUREMENT = "measurement"
    SETTLEMENT = "settlement"
    SETTLEMENT_LOOK = "settlement_look"
    FORECAST = "forecast"
    INTRADAY_FORECAST = "intraday_forecast"
    RULE_CHOICE = "rule_choice"
    TELEMETRY_UPKEEP = "telemetry_upkeep"
    SCORING = "scoring"


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline: a fact in the database, claimed once.

    Attributes:
        kind: What falls due.
        subject_id: For which auction, event or day.
        due_at: When.
    """

    kind: DueKind
    subject_id: str
    due_at: datetime


class DueRepository(Protocol):
    """Deadlines."""

    def add(self, due: Due) -> None:
        """Keep a deadline; a known (kind, subject) is moved to the new time if it is still open."""
        ...

    def claim(
        self, now: datetime, lease: timedelta, limit: int, kinds: frozenset[DueKind] | None = None
    ) -> list[Due]:
        """Claim what is due, of some kinds or any, earliest first; no other claim gets it in its lease."""
        ...

    def done(self, due: Due) -> None:
        """Close a deadline for good."""
        ...

    def done_all(self, dues: Sequence[Due]) -> None:
        """Close deadlines for good."""
        ...

    def release(self, due: Due, until: datetime) -> None:
        """End a claim at an instant: from then on another claim gets the deadline."""
        ...

    def forget_claims(self) -> None:
        """End every claim: whoever claimed is gone."""
        ...

    def restore(self, due: Due, *, even_if_done: bool) -> bool:
        """Open a deadline that is not open, or only one that is not done; tells whether it had to be."""
        ...

    def is_open(self, kind: DueKind, subject_id: str) -> bool:
        """Tell whether a deadline is open, claimed or not."""
        ...

    def cancel(self, kind: DueKind, subject_id: str) -> None:
        """Close a deadline that no longer applies; unknown ones are ignored."""
        ...

    def next_at(self, kinds: frozenset[DueKind] | None = None) -> datetime | None:
        """Return when the next open deadline, of some kinds or any, falls due or its lease ends, or None."""
        ...

    def open(self) -> list[Due]:
        """Return the open deadlines, earliest first."""
        ...


class UnitOfWork(Protocol):
    """One transaction. Leaving the block without `commit` changes nothing."""

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

    def __enter__(self) -> Self:
        """Begin the transaction."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Roll back whatever was not committed."""
        ...

    def commit(self) -> None:
        """Make everything of this transaction durable, or nothing."""
        ...


class UnitOfWorkFactory(Protocol):
    """Makes units of work."""

    def __call__(self, *, write: bool = True) -> UnitOfWork:
        """Return a unit of work that has not begun; one that only reads takes no write lock."""
        ...


class WorkerPool(Protocol):
    """Runs pure, picklable functions elsewhere, so that they do not hold up the hub."""

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one call and return its result, or raise what it raised."""
        ...

    def run_all(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """Run many calls (picklable: partials of top-level functions); results in their order."""
        ...
