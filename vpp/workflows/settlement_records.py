"""Records of settlement runs and of the evidence they were reckoned from."""

from dataclasses import dataclass
from datetime import datetime

from vpp.settlement.run_type import RunType


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One settlement run of a period that changed something. Under `run-{period}-{number}`.

    Attributes:
        run_id: Last part of `settlementRuns/{run}`.
        period: Settlement period, YYYY-MM.
        number: Counts the runs of the period from 1.
        run_type: Why it was made.
        as_of: Readings received later were left out.
        evidence_digest: SHA-256 over the digests of all evidence, products and adjustments: equal inputs,
            equal digest.
        code_version: Version of the program.
        actor: Principal who asked for it, or `hub`.
        entry_count: Entries that it booked.
        statement_ids: Statements that it wrote, by id; kept with the statements.
        created_at: When.
        notes: What its reader must know.
        terms: What its lines owe to the run itself, as `settlement_terms` writes it; empty for runs that
            were made of older statements.
    """

    run_id: str
    period: str
    number: int
    run_type: RunType
    as_of: datetime
    evidence_digest: str
    code_version: str
    actor: str
    entry_count: int
    statement_ids: tuple[str, ...]
    created_at: datetime
    notes: tuple[str, ...] = ()
    terms: bytes = b""


@dataclass(frozen=True, slots=True)
class EvidenceRecord:
    """Evidence of one site in one event as a run found it; kept only where it differs from the run before.

    Attributes:
        event_id: The event.
        site_id: The site.
        period: Settlement period that its lines belong to.
        run_number: The period's run that found it.
        digest: SHA-256 of the document; empty where there is nothing to settle any more.
        document: Canonical JSON of `settlement.evidence.SiteEvidence`, UTF-8; empty likewise.
    """

    event_id: str
    site_id: str
    period: str
    run_number: int
    digest: str
    document: bytes
