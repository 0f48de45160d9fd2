"""Everything that a period is reckoned from, as one reading of the database found it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from vpp.portfolio.product import ProductProfile
from vpp.settlement.adjustment import Adjustment
from vpp.settlement.evidence import SiteEvidence
from vpp.settlement.evidence_document import evidence_digest, evidence_document, evidence_of
from vpp.settlement.product_digest import product_digest
from vpp.settlement.rule_correction import NOTE_BEGINS, RuleCorrection
from vpp.settlement.run_type import RunType
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.rule_corrections import corrections_in_force
from vpp.workflows.settlement_events import UNDER_WAY, events_near, period_of, revisions_of
from vpp.workflows.settlement_evidence import gather_period
from vpp.workflows.settlement_outcome import Progress
from vpp.workflows.settlement_pending import Pending, pending
from vpp.workflows.settlement_records import RunRecord

MOST_NAMED = 5
"""Sites that a note names."""
Pair = tuple[str, str]
"""Event id and site id."""


@dataclass(frozen=True)
class SettlementInputs:
    """Everything that a period is reckoned from.

    Attributes:
        period: Settlement period, YYYY-MM.
        as_of: Readings received later were left out.
        evidence: What is known of each site in each event, by time, event and site.
        documents: The same as it is kept, by event and site.
        digests: Digest of each document.
        known: Digests that the runs before had found; empty where they found nothing any more.
        products: The products' rules, each in the version that counts.
        pending: What people have decided.
        runs: The period's runs so far.
        revisions: Revisions of the events near the period.
        notes: What the run's reader must know.
    """

    period: str
    as_of: datetime
    evidence: tuple[SiteEvidence, ...]
    documents: Mapping[Pair, bytes]
    digests: Mapping[Pair, str]
    known: Mapping[Pair, str]
    products: Mapping[tuple[str, int], ProductProfile]
    pending: Pending
    runs: Sequence[RunRecord]
    revisions: Mapping[str, int]
    notes: tuple[str, ...]

    @property
    def adjustments(self) -> tuple[Adjustment, ...]:
        """The period's approved adjustments, by id."""
        return self.pending.adjustments

    @property
    def is_final(self) -> bool:
        """Whether the period's final version has been written."""
        return has_final(self.runs)

    @cached_property
    def product_digests(self) -> Mapping[tuple[str, int], str]:
        """SHA-256 of the rules of each product and version, as canonical JSON."""
        return {key: product_digest(product) for key, product in self.products.items()}

    @cached_property
    def digest(self) -> str:
        """SHA-256 over everything that amounts depend on: equal inputs, equal digest."""
        return _digest(
            {
                "evidence": sorted([*pair, digest] for pair, digest in self.digests.items()),
                "products": sorted([*key, digest] for key, digest in self.product_digests.items()),
                "adjustments": [adjustment.adjustment_id for adjustment in self.adjustments],
            }
        )

    @property
    def gone(self) -> list[Pair]:
        """What a run before had found and is not there any more."""
        return sorted(pair for pair, digest in self.known.items() if digest and pair not in self.digests)


def has_final(runs: Sequence[RunRecord]) -> bool:
    """Tell whether one of a period's runs was the final one."""
    return any(run.run_type is RunType.FINAL for run in runs)


def read_inputs(
    uow: UnitOfWork, period: str, rules: MarketRules, *, as_of: datetime | None, progress: Progress
) -> SettlementInputs:
    """Read everything that a period is reckoned from.

    After the final version, the evidence of then stands: readings that came later are noted, and settled
    only where an upheld dispute says so. Readings that are no longer kept change nothing. A correction of the
    rules that two people agreed to counts.

    Args:
        uow: A transaction that sees one state of the database.
        period: Settlement period, YYYY-MM.
        rules: The hub's rules.
        as_of: Readings received later are left out; None for whatever is known.
        progress: Is told how far it is.
    """
    runs = uow.settlement_runs.of_period(period)
    decided = pending(uow, period)
    near = events_near(uow, period)
    corrections = corrections_in_force(uow, (stored.value.event_id for stored in near))
    gathered = gather_period(
        uow,
        period,
        rules,
        as_of=as_of,
        versions={event_id: correction.to_version for event_id, correction in corrections.items()},
        progress=lambda done, total: progress("gather", done, total),
    )
    evidence = tuple(_explained(each, corrections) for each in gathered.evidence)
    notes: tuple[str, ...] = ()
    documents = {(each.event_id, each.site_id): evidence_document(each) for each in evidence}
    if has_final(runs):
        # A run that left out what came after an instant has not followed what was decided after it.
        again = decided.pairs_since(runs[-1].as_of)
        evidence, documents, notes = _standing(uow, period, evidence, documents, again, corrections)
    notes += tuple(
        f"events/{stored.value.event_id} has not been measured and is not settled yet"
        for stored in near
        if stored.value.state in UNDER_WAY and period_of(stored.value) == period
    )
    return SettlementInputs(
        period=period,
        as_of=as_of or uow.now,
        evidence=evidence,
        documents=documents,
        digests={pair: evidence_digest(document) for pair, document in documents.items()},
        known=uow.settlement_runs.digests(period) if runs else {},
        products=gathered.products,
        pending=decided,
        runs=runs,
        revisions=revisions_of(near),
        notes=notes,
    )


def _explained(each: SiteEvidence, corrections: Mapping[str, RuleCorrection]) -> SiteEvidence:
    """Let the evidence say why its event is settled under other rules than it was called under."""
    notes = tuple(note for note in each.notes if not note.startswith(NOTE_BEGINS))
    correction = corrections.get(each.event_id)
    if correction is not None and correction.to_version == each.product_version:
        notes = (*notes, correction.note)
    return each if notes == each.notes else replace(each, notes=notes)


def _standing(  # noqa: PLR0913, PLR0917  what stood, what is known now, and what people decided
    uow: UnitOfWork,
    period: str,
    gathered: tuple[SiteEvidence, ...],
    documents: Mapping[Pair, bytes],
    again: frozenset[Pair],
    corrections: Mapping[str, RuleCorrection],
) -> tuple[tuple[SiteEvidence, ...], dict[Pair, bytes], tuple[str, ...]]:
    """Put the evidence of the final version in the place of what is known now."""
    kept = {
        (record.event_id, record.site_id): record.document for record in uow.settlement_runs.evidence(period)
    }
    found: dict[Pair, SiteEvidence] = {(each.event_id, each.site_id): each for each in gathered}
    late, forgotten = [], []
    for pair, document in kept.items():
        now = found.get(pair)
        if documents.get(pair) == document:
            continue
        then = evidence_of(document)
        is_forgotten = _is_forgotten(then, now)
        if pair in again:
            if not is_forgotten:
                continue
            forgotten.append(pair)
        if now is not None and now.product_version != then.product_version:
            then = _explained(replace(then, product_version=now.product_version), corrections)
        if not is_forgotten and (now is None or evidence_document(now) != evidence_document(then)):
            late.append(pair)
        found[pair] = then
    stands = tuple(sorted(found.values(), key=lambda each: (each.span.start, each.event_id, each.site_id)))
    notes = (
        *_note("what is known of {} sites has changed after the final version and is not settled: ", late),
        *_note("readings of {} sites are no longer kept, so they are not measured again: ", forgotten),
    )
    return stands, {(each.event_id, each.site_id): evidence_document(each) for each in stands}, notes


def _is_forgotten(then: SiteEvidence, now: SiteEvidence | None) -> bool:
    """Tell whether readings that were known are not there any more: they are not kept for ever."""
    if now is None or now.meter.source != then.meter.source:
        return False
    return then.read_at is not None and now.read_at is None


def _note(words: str, pairs: Sequence[Pair]) -> tuple[str, ...]:
    """Say something of sites, and which; nothing where there are none."""
    sites = sorted({site_id for _, site_id in pairs})
    named = ", ".join(sites[:MOST_NAMED]) + (" and others" if len(sites) > MOST_NAMED else "")
    return (words.format(len(sites)) + named,) if sites else ()


def _digest(content: object) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
