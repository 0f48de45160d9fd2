"""What the workflows keep beside the stages' own values."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from vpp.auction.bid import Bid
from vpp.auction.commitment import BidSeal
from vpp.foundation.interval import Interval
from vpp.workflows.acting import acting_person, acting_roles
from vpp.workflows.baseline_records import BaselineProvenance


@dataclass(frozen=True, slots=True)
class CoveredBid:
    """What is held of a bid whose content is not shown: its offer stands empty.

    Attributes:
        sealed: The content as it is stored, encrypted.
        key_id: Key that it is encrypted with.
        fault: Why it cannot be opened, in words; empty where it is only not the caller's to open.
    """

    sealed: str
    key_id: str
    fault: str = ""


class BidState(enum.Enum):
    """Where a bid is in its life."""

    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"
    AWARDED = "awarded"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class BidRecord:
    """A bid as it was entered, and what became of it. Under the bid's id.

    Attributes:
        bid: The offer. A standing bid's steps hold one inner tuple, valid for every interval.
        auction_id: The auction it is for; None for a standing bid.
        product_id: The product it is for.
        expires_at: Standing bids: valid until this instant; None for until withdrawn.
        state: Where it is in its life; a standing bid stays SUBMITTED through clearings.
        reason: Why it was accepted or rejected, UPPER_SNAKE_CASE.
        reason_detail: The numbers that prove the reason.
        seal: What holds the bidder to it; None for a bid from before there were seals.
        covered: Set where the content is not shown; the bid's offer, limits, group, parent and conditions
            then say nothing.
    """

    bid: Bid
    auction_id: str | None
    product_id: str
    expires_at: datetime | None
    state: BidState
    reason: str = ""
    reason_detail: str = ""
    seal: BidSeal | None = None
    covered: CoveredBid | None = None


@dataclass(frozen=True, slots=True)
class AwardRecord:
    """What was bought from one bid. Under `{event}-{bid}`.

    Attributes:
        award_id: Last part of `awards/{award}`.
        event_id: The event it serves.
        bid_id: The bid it was made for.
        site_id: The site.
        resource_id: The flexible resource.
        delivery: When delivery takes place.
        reduction_kw: Awarded reduction per delivery interval, kW. Shape (N,).
        rebound_kw: Expected rebound per interval from the start on, kW. Shape (N + recovery,).
        price_per_mwh: Paid price per delivery interval. Shape (N,).
        make_whole: Paid once so that the bid does not lose by its acceptance.
        reason: Why it was accepted, UPPER_SNAKE_CASE.
    """

    award_id: str
    event_id: str
    bid_id: str
    site_id: str
    resource_id: str
    delivery: Interval
    reduction_kw: tuple[float, ...]
    rebound_kw: tuple[float, ...]
    price_per_mwh: tuple[Decimal, ...]
    make_whole: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class ClearingRecord:
    """How an event was cleared, as a JSON-able document. Under the event's id.

    Attributes:
        event_id: The event.
        document: The clearing in the form of `auction.clearing_json`.
    """

    event_id: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BaselineRecord:
    """What a site would have used during an event, frozen for settlement. Under `{event}-{site}`.

    Attributes:
        event_id: The event.
        site_id: The site.
        delivery: When delivery takes place.
        method: The rule that was applied, or the named fallback.
        days_used: Civil days that were averaged.
        raw_kw: Before the same-day adjustment, kW. Shape (N,).
        adjustment_kw: Added to every interval, kW.
        adjusted: Whether the same-day adjustment could be made.
        adjusted_kw: After it, kW. Shape (N,).
        provenance: By what rule and from which data; None if it was made before that was kept.
        before_kw: The same rule and adjustment in the window before delivery, kW, for reports; NaN where it
            cannot say, empty if it was made before that was kept. Shape (M,).
        after_kw: In the window after it. Shape (K,).
    """

    event_id: str
    site_id: str
    delivery: Interval
    method: str
    days_used: tuple[date, ...]
    raw_kw: tuple[float, ...]
    adjustment_kw: float
    adjusted: bool
    adjusted_kw: tuple[float, ...]
    provenance: BaselineProvenance | None = None
    before_kw: tuple[float, ...] = ()
    after_kw: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """Who changed what.

    Attributes:
        at: When.
        actor: Principal, or `hub` for what falls due.
        action: Name of the workflow.
        subject: Name of what was changed.
        detail: The figures, as text.
        before: What was changed, as it was, as text; empty where nothing was.
        after: What it became; empty where it is gone.
        person: Who stands behind the principal whose call is served; empty for what the hub does of itself.
        roles: The roles of that principal, in order of name.
    """

    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, str]
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    person: str = field(default_factory=acting_person)
    roles: tuple[str, ...] = field(default_factory=acting_roles)


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request that had an effect, so that its repeat has none. Under `{principal}-{request_id}`.

    Attributes:
        method: The workflow.
        fingerprint: SHA-256 of the request's content.
        subject_id: What it made or changed.
    """

    method: str
    fingerprint: str
    subject_id: str


@dataclass(frozen=True, slots=True)
class StatementRecord:
    """A statement's files, byte for byte. Under `{party}-{period}-v{version}`.

    In another currency than the hub's own, the currency stands before the version.

    Attributes:
        statement_id: Last part of `statements/{statement}`.
        party_id: The party it was written for.
        period: Settlement period as YYYY-MM.
        version: Counts the versions of this party and period from 1.
        run_type: Why it was written: initial, recalc, final or adjustment.
        line_count: How many lines it has.
        currency: ISO 4217 code.
        total: Sum of the lines; positive is paid to the party.
        delta: Change of the total against the version before.
        csv_sha256: Of the statement's CSV file, in hexadecimal.
        files: File name to content: the statement, its summary, its manifest.
        run_id: Settlement run that wrote it; empty before there were runs.
    """

    statement_id: str
    party_id: str
    period: str
    version: int
    run_type: str
    line_count: int
    currency: str
    total: Decimal
    delta: Decimal
    csv_sha256: str
    files: Mapping[str, bytes]
    run_id: str = ""


class DisputeState(enum.Enum):
    """Where a dispute is in its life."""

    OPEN = "open"
    UPHELD = "upheld"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class DisputeRecord:
    """An objection to lines of a statement.

    Attributes:
        dispute_id: Last part of `disputes/{dispute}`.
        statement_id: The statement.
        party_id: Who objects.
        line_numbers: The lines objected to; none means the whole statement.
        description: What is wrong, in words.
        state: Where it is in its life.
        resolution: What settlement staff answered.
        period: Settlement period of the statement, YYYY-MM.
        raised_by: Principal who objected; empty where it was not kept.
        decided_by: Principal who upheld, rejected or withdrew it; empty while it is open.
        decided_at: When; None while it is open.
        measure_again: Whether it was upheld so that what it is about is measured again.
        measured_pairs: The (event id, site id) pairs that are measured again, in order.
        raised_person: Person behind the principal who objected; empty where it was not kept.
    """

    dispute_id: str
    statement_id: str
    party_id: str
    line_numbers: tuple[int, ...]
    description: str
    state: DisputeState
    resolution: str = ""
    period: str = ""
    raised_by: str = ""
    decided_by: str = ""
    decided_at: datetime | None = None
    measure_again: bool = False
    measured_pairs: tuple[tuple[str, str], ...] = ()
    raised_person: str = ""
