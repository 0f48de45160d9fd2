"""From ended events to statements: measured, reckoned, booked once; versions of only what changes.

A settlement run reads everything that a period is reckoned from, reckons it, compares it with what stands
booked, and writes the differences: entries, the run, the evidence that changed, and a new version for every
party that has a changed line. All of it is one transaction, so that a run happens or does not; what was read
before it is checked in it, so that of two runs at once one begins anew and finds nothing to do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from vpp.dispatch.event import Event, EventState
from vpp.foundation.errors import InvalidInput, WrongState
from vpp.portfolio.party import PartyKind
from vpp.settlement.booking_changes import Change, by_party, changes, entries_of
from vpp.settlement.entry import Entry
from vpp.settlement.evidence_delivery import delivery_of
from vpp.settlement.reckoning import PERIOD, reckon
from vpp.settlement.run_terms import RunTerms
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import SiteDelivery
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import HUB, audit, move_event
from vpp.workflows.records import StatementRecord
from vpp.workflows.settlement_events import (
    civil_months,
    events_near,
    is_near_the_turn,
    revisions_of,
    waiting_reason,
)
from vpp.workflows.settlement_inputs import Pair, SettlementInputs, read_inputs
from vpp.workflows.settlement_order import check_run
from vpp.workflows.settlement_outcome import Progress, RunOutcome, no_progress
from vpp.workflows.settlement_pending import pending
from vpp.workflows.settlement_records import EvidenceRecord, RunRecord
from vpp.workflows.settlement_terms import SettlementTerms, terms_document
from vpp.workflows.statement_writing import Planned, plan_statements, write_statements

SETTLEMENT_ATTEMPTS = 5
"""How often a period is reckoned again when something that it rests on changes meanwhile."""


@dataclass(frozen=True)
class _Reckoned:
    """What a run would write, and what it rests on.

    Attributes:
        inputs: What it was reckoned from.
        terms: What its lines owe to the run itself.
        compared: What is owed against what stands booked.
        planned: Versions of statements.
        deliveries: Deliveries by event and site.
        names: Names of parties for people.
        notes: What the run's reader must know.
    """

    inputs: SettlementInputs
    terms: SettlementTerms
    compared: Sequence[Change]
    planned: Sequence[Planned]
    deliveries: Mapping[Pair, SiteDelivery]
    names: Mapping[str, str]
    notes: tuple[str, ...]


def run_settlement(  # noqa: PLR0913  all but three by keyword
    units: UnitOfWorkFactory,
    rules: MarketRules,
    period: str,
    *,
    as_of: datetime | None = None,
    run_type: RunType | None = None,
    validate_only: bool = False,
    actor: str = HUB,
    progress: Progress | None = None,
) -> RunOutcome:
    """Settle a period: book what is owed and not booked, and write what changes for whom.

    While an event of the day is agreed, under way or waits for its measurement, nothing is written, so that
    a first statement is complete. A run that would change nothing writes nothing.

    Args:
        units: Makes the transactions.
        rules: The hub's rules.
        period: Civil month at the sites, YYYY-MM.
        as_of: Readings received later are left out; None for whatever is known.
        run_type: Why the run is made; None lets the facts decide: INITIAL if there was none, ADJUSTMENT if
            people have decided something and nothing is settled for the first time, or after the final
            version; else RECALC.
        validate_only: Say what would change, and write nothing.
        actor: Who asks for it.
        progress: Is told how far it is.

    Returns:
        The run and what it changes.

    Raises:
        InvalidInput: The period is no month, `as_of` lies ahead or before the last run's, or there are two
            currencies and the settings do not say which is the hub's own.
        WrongState: The run type may not follow the runs before, readings of the month are no longer kept,
            or events keep changing.
    """
    if not PERIOD.fullmatch(period):
        raise InvalidInput(f"period is {period!r}, expected YYYY-MM", period=period)
    told = progress or no_progress
    for _ in range(SETTLEMENT_ATTEMPTS):
        # Reckoning a month takes long, so it only reads; what it has read is checked when it is written.
        with units(write=False) as uow:
            near = events_near(uow, period)
            reason = waiting_reason(near, uow.now)
            if reason:
                return RunOutcome(waiting_reason=reason)
            runs = uow.settlement_runs.of_period(period)
            check_run(period, runs, rules, uow.now, as_of=as_of, run_type=run_type)
            inputs = read_inputs(uow, period, rules, as_of=as_of, progress=told)
            if _is_unchanged(inputs, run_type):
                reckoned = None
            else:
                reckoned = _reckoned(uow, inputs, run_type, rules, told)
            now = uow.now
        if reckoned is None or not reckoned.planned:
            notes = inputs.notes if reckoned is None else reckoned.notes
            if validate_only or _closed_unchanged(units, inputs, rules, actor):
                return RunOutcome(notes=notes)
            continue
        changed = tuple(one.change for one in reckoned.planned)
        if validate_only:
            return RunOutcome(changes=changed, notes=reckoned.notes)
        entries, run, statements = _prepared(reckoned, now, rules, actor, told)
        with units() as uow:
            if _has_moved(uow, inputs):
                continue
            _write(uow, reckoned, run, entries, statements, rules)
            uow.commit()
            return RunOutcome(run, changed, reckoned.notes)
    raise WrongState(f"what {period} rests on keeps changing while it is reckoned; it is tried again")


def _is_unchanged(inputs: SettlementInputs, run_type: RunType | None) -> bool:
    """Tell whether a run would rest on the very same inputs as the last one, for the same reason."""
    if not inputs.runs:
        return False
    last = inputs.runs[-1]
    return last.evidence_digest == inputs.digest and run_type in {None, last.run_type}


def _reckoned(
    uow: UnitOfWork,
    inputs: SettlementInputs,
    wanted: RunType | None,
    rules: MarketRules,
    progress: Progress,
) -> _Reckoned:
    """Reckon a period and compare it with what stands booked."""
    count = len(inputs.evidence)
    progress("reckon", 0, count)
    parties = {stored.value.party_id: stored.value for stored in uow.parties.page(limit=EVERYTHING)}
    booked = uow.ledger.booked(inputs.period) if inputs.runs else {}
    settled = inputs.known.keys() | {(key.event_id, key.site_id) for key in booked}
    new = frozenset(inputs.digests.keys() - settled)
    if any(not run.terms for run in inputs.runs):  # made of older statements, which kept no evidence
        before = {
            stored.value.event_id
            for stored in events_near(uow, inputs.period)
            if stored.value.state is not EventState.MEASURED
        }
        new = frozenset(pair for pair in new if pair[0] not in before)
    run_type = wanted or _run_type(inputs, uow, new)
    terms = SettlementTerms(
        RunTerms(
            run_type=run_type,
            aggregator_party_id=rules.aggregator_party_id,
            first_settled=new,
            operator_party_ids=frozenset(
                party.party_id for party in parties.values() if party.kind is PartyKind.OPERATOR
            )
            | {each.operator_party_id for each in inputs.evidence},
        ),
        inputs.adjustments,
    )
    deliveries = {
        (each.event_id, each.site_id): delivery_of(
            each, inputs.products[each.product_id, each.product_version]
        )
        for each in inputs.evidence
    }
    reckoning = reckon(
        inputs.period, tuple(deliveries.values()), run=terms.run, adjustments=terms.adjustments
    )
    progress("reckon", count, count)
    compared = changes(reckoning.charges, booked)
    planned = plan_statements(uow, inputs.period, run_type, by_party(compared), rules=rules, new=new)
    return _Reckoned(
        inputs=inputs,
        terms=terms,
        compared=compared,
        planned=planned,
        deliveries=deliveries,
        names={party.party_id: party.display_name for party in parties.values()},
        notes=(*inputs.notes, *reckoning.notes),
    )


def _run_type(inputs: SettlementInputs, uow: UnitOfWork, new: frozenset[Pair]) -> RunType:
    """Return why a run is made that nobody gave a reason for."""
    if not inputs.runs:
        return RunType.INITIAL
    if inputs.is_final:
        return RunType.ADJUSTMENT
    waiting = {one.adjustment_id for one in inputs.adjustments} - uow.ledger.adjustment_ids(inputs.period)
    last = inputs.runs[-1]
    decided = inputs.pending.pairs_since(last.as_of) or inputs.pending.corrections_since(last.created_at)
    is_decided = bool(waiting or decided)
    # What is settled for the first time may be estimated, which an adjustment would not count.
    return RunType.ADJUSTMENT if is_decided and not new else RunType.RECALC


def _prepared(
    reckoned: _Reckoned, now: datetime, rules: MarketRules, actor: str, progress: Progress
) -> tuple[list[Entry], RunRecord, list[StatementRecord]]:
    """Make everything that is to be written, while nobody waits for it."""
    inputs = reckoned.inputs
    number = inputs.runs[-1].number + 1 if inputs.runs else 1
    run_id = f"run-{inputs.period}-{number}"
    entries = list(entries_of(reckoned.compared, period=inputs.period, run_id=run_id, booked_at=now))
    run = RunRecord(
        run_id=run_id,
        period=inputs.period,
        number=number,
        run_type=reckoned.terms.run.run_type,
        as_of=inputs.as_of,
        evidence_digest=inputs.digest,
        code_version=rules.code_version,
        actor=actor,
        entry_count=len(entries),
        statement_ids=tuple(sorted(one.head.statement_id for one in reckoned.planned)),
        created_at=now,
        notes=reckoned.notes,
        terms=terms_document(reckoned.terms),
    )
    statements = write_statements(
        reckoned.planned,
        run,
        inputs,
        deliveries=reckoned.deliveries,
        rules=rules,
        names=reckoned.names,
        progress=progress,
    )
    return entries, run, list(statements)


def _has_moved(uow: UnitOfWork, inputs: SettlementInputs) -> bool:
    """Tell whether anything that a run rests on has changed since it was read, readings apart."""
    near = events_near(uow, inputs.period)
    return (
        revisions_of(near) != inputs.revisions
        or bool(waiting_reason(near, uow.now))
        or [run.run_id for run in uow.settlement_runs.of_period(inputs.period)]
        != [run.run_id for run in inputs.runs]
        or pending(uow, inputs.period) != inputs.pending
    )


def _write(  # noqa: PLR0913, PLR0917  what is written, and by which rules
    uow: UnitOfWork,
    reckoned: _Reckoned,
    run: RunRecord,
    entries: Sequence[Entry],
    statements: Sequence[StatementRecord],
    rules: MarketRules,
) -> None:
    """Write a run: first what it books, then the statements, which the database holds against it."""
    inputs = reckoned.inputs
    uow.settlement_runs.add(run)
    uow.ledger.append(entries)
    uow.settlement_runs.add_evidence(
        EvidenceRecord(event_id, site_id, inputs.period, run.number, inputs.digests.get(pair, ""), document)
        for pair, document in _changed(inputs).items()
        for event_id, site_id in (pair,)
    )
    for statement in statements:
        uow.statements.add(statement.statement_id, statement)
        audit(
            uow,
            run.actor,
            "write_statement",
            f"statements/{statement.statement_id}",
            lines=statement.line_count,
            total=statement.total,
            sha256=statement.csv_sha256,
        )
    audit(
        uow,
        run.actor,
        "settle",
        f"settlementRuns/{run.run_id}",
        run_type=run.run_type.name,
        entries=run.entry_count,
        statements=len(statements),
        evidence=run.evidence_digest,
    )
    _move_events(uow, inputs, rules)


def _changed(inputs: SettlementInputs) -> dict[Pair, bytes]:
    """Return the evidence that no run before has found, and nothing for what is gone."""
    found = {
        pair: document
        for pair, document in inputs.documents.items()
        if inputs.known.get(pair) != inputs.digests[pair]
    }
    return found | dict.fromkeys(inputs.gone, b"")


def _closed_unchanged(
    units: UnitOfWorkFactory, inputs: SettlementInputs, rules: MarketRules, actor: str
) -> bool:
    """Note that nothing changes; events that were measured are settled with it. False if it was too late."""
    with units() as uow:
        if _has_moved(uow, inputs):
            return False
        if inputs.runs:
            audit(uow, actor, "settle_unchanged", f"periods/{inputs.period}")
        _move_events(uow, inputs, rules)
        uow.commit()
        return True


def _move_events(uow: UnitOfWork, inputs: SettlementInputs, rules: MarketRules) -> None:
    """Move the measured events on whose sites are all settled, those whose month is another one too."""
    for stored in events_near(uow, inputs.period):
        if stored.value.state is EventState.MEASURED and _is_settled(uow, stored, inputs, rules):
            move_event(uow, stored, replace(stored.value, state=EventState.SETTLED), HUB)


def _is_settled(uow: UnitOfWork, stored: Stored[Event], inputs: SettlementInputs, rules: MarketRules) -> bool:
    event = stored.value
    if not is_near_the_turn(event):
        return f"{event.delivery.start:%Y-%m}" == inputs.period
    months = civil_months(uow, event, rules)
    others = {month for month in months.values() if month != inputs.period}
    settled = {month: uow.settlement_runs.digests(month) for month in others}
    return all(
        month == inputs.period or (event.event_id, site_id) in settled[month]
        for site_id, month in months.items()
    )
