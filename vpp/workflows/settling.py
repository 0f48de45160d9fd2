"""From ended events to statements: measured, settled once per period, versions never altered."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from vpp.dispatch.event import Event, EventState
from vpp.foundation.errors import WrongState
from vpp.foundation.interval import Interval
from vpp.settlement.manifest import manifest_name, render_manifest
from vpp.settlement.settle_period import settle_period
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.statement import Statement
from vpp.settlement.statement_file import file_name, parse_csv, render_csv
from vpp.settlement.summary_file import render_summary_csv, summary_file_name
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.delivering import delivered_totals_kwh, site_deliveries
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import Due, DueKind, Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import HUB, audit, move_event, product_of, promised
from vpp.workflows.records import StatementRecord

PAYABLE = frozenset({EventState.MEASURED, EventState.SETTLED, EventState.CANCELLED})
UNDER_WAY = frozenset({EventState.ACTIVE, EventState.ENDED})
PATIENCE = timedelta(hours=1)
"""How long a settlement that has to wait waits before it looks again."""
SETTLEMENT_ATTEMPTS = 5
"""How often a period is measured again when an event of it changes meanwhile."""
AGREED = frozenset({EventState.OFFERED, EventState.ACCEPTED, EventState.SCHEDULED})


@dataclass(frozen=True, slots=True)
class _ReadMonth:
    """What a month's statements are written from, and the revisions of the events that it was read at."""

    revisions: Mapping[str, int]
    events: Sequence[Event]
    deliveries: list[SiteDelivery]


def period_of(event: Event) -> str:
    """Return the UTC month of an event's start: the period whose settlement it makes due."""
    return f"{event.delivery.start:%Y-%m}"


def owe_settlement(uow: UnitOfWork, event: Event, at: datetime) -> None:
    """Make a settlement of an event's period due."""
    _owe(uow, period_of(event), at)


def _owe(uow: UnitOfWork, period: str, at: datetime) -> None:
    uow.due.add(settlement_due(period, at))


def settlement_due(period: str, at: datetime) -> Due:
    """Return the deadline of a period's settlement at an instant; each instant has one of its own."""
    return Due(DueKind.SETTLEMENT, f"{period}/{at:%Y%m%dT%H%M%S}", at)


def measure_event(units: UnitOfWorkFactory, rules: MarketRules, event_id: str) -> None:
    """Measure an ended event and owe its statements. Does nothing if it has been measured.

    What is not paid (ordered events) has nothing to settle, and so is settled with its measurement.
    """
    with units(write=False) as uow:  # of thousands of sites it takes a while; nobody's write waits for it
        event = promised(uow.events.get(event_id), f"events/{event_id}").value
        if event.state is not EventState.ENDED:
            return
        target_kwh, delivered_kwh = delivered_totals_kwh(site_deliveries(uow, event, rules))
    with units() as uow:
        stored = promised(uow.events.get(event_id), f"events/{event_id}")
        if stored.value.state is not EventState.ENDED:
            return
        product = product_of(uow, stored.value.product_id, stored.value.product_version)
        measured = move_event(uow, stored, replace(stored.value, state=EventState.MEASURED), HUB)
        if stored.value.purpose.is_paid:
            owe_settlement(uow, stored.value, uow.now + product.initial_statement_delay)
        else:
            move_event(uow, measured, replace(measured.value, state=EventState.SETTLED), HUB)
        audit(uow, HUB, "measure", f"events/{event_id}", target_kwh=target_kwh, delivered_kwh=delivered_kwh)
        uow.commit()


def run_settlement(units: UnitOfWorkFactory, rules: MarketRules, subject: str) -> None:
    """Write the next version of every party's statement of a period.

    Args:
        units: Makes the transaction.
        rules: The hub's rules.
        subject: `YYYY-MM/` and the time it was owed for.

    While an event of the day is agreed, under way or waits for its measurement, nothing is written
    and the run is owed again, so that a first statement is complete. A run that would change nothing
    writes nothing.
    """
    period = subject.partition("/")[0]
    for _ in range(SETTLEMENT_ATTEMPTS):
        # Measuring a month takes long, so it only reads; what it has read is checked when it is written.
        with units(write=False) as uow:
            read = _read_period(uow, period, rules)
        with units() as uow:
            if any(_revisions(uow, month) != known.revisions for month, known in read.items()):
                continue
            near = _events_near(uow, period)
            if any(_must_wait_for(stored.value, uow.now) for stored in near):
                _owe(uow, period, uow.now + PATIENCE)
                audit(uow, HUB, "wait_with_settlement", f"periods/{period}")
                uow.commit()
                return
            for month in sorted(read):
                _settle_month(uow, month, read[month], rules)
            for stored in near:
                if stored.value.state is EventState.MEASURED:
                    move_event(uow, stored, replace(stored.value, state=EventState.SETTLED), HUB)
            uow.commit()
            return
    raise WrongState(f"events of {period} keep changing while they are measured; it is tried again")


def _read_period(uow: UnitOfWork, period: str, rules: MarketRules) -> dict[str, _ReadMonth]:
    """Measure everything that a settlement of a period writes, by civil month.

    While an event of the day has to be waited for, nothing is measured.
    """
    near = _events_near(uow, period)
    if any(_must_wait_for(stored.value, uow.now) for stored in near):
        return {period: _ReadMonth(_revisions(uow, period), [], [])}
    measured: dict[str, list[SiteDelivery]] = {}

    def deliveries_of(event: Event) -> list[SiteDelivery]:
        if event.event_id not in measured:
            measured[event.event_id] = site_deliveries(uow, event, rules)
        return measured[event.event_id]

    # Sites' civil months begin before or after the UTC month, so an event may belong to two.
    months = {period} | {
        delivery.settlement_period
        for stored in near
        if stored.value.state is EventState.MEASURED
        for delivery in deliveries_of(stored.value)
    }
    read = {}
    for month in sorted(months):
        # Every event that can have a line in it, never fewer.
        events = [stored.value for stored in _events_near(uow, month) if stored.value.state in PAYABLE]
        deliveries = [
            delivery
            for event in events
            for delivery in deliveries_of(event)
            if delivery.settlement_period == month
        ]
        read[month] = _ReadMonth(_revisions(uow, month), events, deliveries)
    return read


def _revisions(uow: UnitOfWork, month: str) -> dict[str, int]:
    return {stored.value.event_id: stored.revision for stored in _events_near(uow, month)}


def _settle_month(uow: UnitOfWork, month: str, read: _ReadMonth, rules: MarketRules) -> None:
    """Write the month's statements."""
    events, deliveries = read.events, read.deliveries
    if not deliveries:
        return
    operators = sorted({event.operator_party_id for event in events})
    if len(operators) > 1:
        raise WrongState(
            f"period {month} has events of several operators ({', '.join(operators)}); statements of "
            "one hub are written for one operator",
            period=month,
        )
    _write_versions(uow, month, deliveries, operators[0], rules)


def _must_wait_for(event: Event, now: datetime) -> bool:
    """Tell whether an event of the day will be measured soon: its statement lines belong to this run."""
    is_today = event.state in AGREED and event.delivery.start.date() <= now.date()
    return is_today or event.state in UNDER_WAY


def _events_near(uow: UnitOfWork, period: str) -> list[Stored[Event]]:
    """Return the paid events of a UTC month and a day around it: sites' civil months begin at other times."""
    first = datetime.fromisoformat(f"{period}-01").replace(tzinfo=UTC)
    following = (first + timedelta(days=32)).replace(day=1)
    margin = timedelta(days=1)
    events = uow.claims.events_during(Interval(first - margin, following + margin))

    def is_near(event: Event) -> bool:
        return event.purpose.is_paid and first - margin <= event.delivery.start

    near = uow.events.get_all(event.event_id for event in events if is_near(event))
    return [near[event_id] for event_id in sorted(near)]


def _write_versions(
    uow: UnitOfWork, period: str, deliveries: list[SiteDelivery], operator_party_id: str, rules: MarketRules
) -> None:
    latest: dict[str, StatementRecord] = {}
    for stored in uow.statements.page(where={"period": period}, limit=EVERYTHING):
        known = latest.get(stored.value.party_id)
        if known is None or stored.value.version > known.version:
            latest[stored.value.party_id] = stored.value
    previous = {party_id: _parsed(record) for party_id, record in latest.items()}
    statements = settle_period(
        period,
        deliveries,
        operator_party_id=operator_party_id,
        aggregator_party_id=rules.aggregator_party_id,
        previous=previous,
    )
    if previous and all(_changes_nothing(statement) for statement in statements):
        audit(uow, HUB, "settle_unchanged", f"periods/{period}")
        return
    for statement in statements:
        record = _record(uow, statement, rules)
        uow.statements.add(statement.statement_id, record)
        audit(
            uow,
            HUB,
            "write_statement",
            f"statements/{statement.statement_id}",
            lines=record.line_count,
            total=record.total,
            sha256=record.csv_sha256,
        )


def _parsed(record: StatementRecord) -> Statement:
    name = f"statement_{record.party_id}_{record.period}_v{record.version}.csv"
    return parse_csv(record.files[name])


def _changes_nothing(statement: Statement) -> bool:
    return not any(line.delta_amount for line in statement.lines)


def _record(uow: UnitOfWork, statement: Statement, rules: MarketRules) -> StatementRecord:
    csv_bytes = render_csv(statement)
    manifest = render_manifest(statement, csv_bytes, code_version=rules.code_version, created_at=uow.now)
    return StatementRecord(
        statement_id=statement.statement_id,
        party_id=statement.party_id,
        period=statement.period,
        version=statement.version,
        run_type=statement.run_type.value,
        line_count=len(statement.lines),
        currency=statement.currency,
        total=statement.total,
        delta=statement.delta,
        csv_sha256=hashlib.sha256(csv_bytes).hexdigest(),
        files={
            file_name(statement): csv_bytes,
            summary_file_name(statement): render_summary_csv(statement),
            manifest_name(statement): manifest,
        },
    )
