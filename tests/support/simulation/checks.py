"""What must hold when a simulated day is over."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from support.simulation.faults import AnySite, Disturbances
from support.simulation.ledger import Ledger
from support.simulation.monitor import Monitor
from support.simulation.real_site import RealSite

from vpp.dispatch.event import Event, EventState
from vpp.dispatch.instruction import InstructionState
from vpp.foundation.interval import Interval
from vpp.workflows.ports import UnitOfWork

EVERYTHING = 1_000_000
OVER = frozenset({EventState.SETTLED, EventState.CANCELLED, EventState.FAILED})
SAID = frozenset(
    {
        InstructionState.REFUSED,
        InstructionState.COMPLETED,
        InstructionState.ABORTED,
    }
)
GIVEN_UP = frozenset({InstructionState.EXPIRED, InstructionState.SUPERSEDED})
QUIET_S = 150.0
"""Within so long a time without any fault an instruction is delivered and answered."""
NEAR_A_LIE = timedelta(hours=1)
"""A batch with an impossible value is refused whole, with the good values beside it."""
Complain = Callable[[str], None]


def check_events(
    uow: UnitOfWork, monitor: Monitor, requested: set[str], accepted: set[str], complain: Complain
) -> None:
    """Events: those that were accepted, once, over, and as their audit trail says."""
    stored = {one.value.event_id: one.value for one in uow.events.page(limit=EVERYTHING)}
    for event_id in sorted(stored.keys() - requested):
        complain(f"event {event_id} exists and was never asked for")
    for name in sorted(accepted - stored.keys()):
        complain(f"event {name} was accepted and does not exist")
    for event_id, event in stored.items():
        over = OVER if event.purpose.is_paid else OVER | {EventState.MEASURED}
        if event.state not in over:
            complain(f"event {event_id} is still {event.state.name}")
        seen = monitor.events.get(event_id)
        if seen is None or seen.state is not event.state:
            complain(f"event {event_id} changed outside of every watched commit")
    _check_trail(uow, stored, complain)


def _check_trail(uow: UnitOfWork, stored: Mapping[str, Event], complain: Complain) -> None:
    """The audit record tells every event's life without a gap, up to what it is now."""
    trail: dict[str, str] = {}
    for record in uow.audit.page(limit=EVERYTHING):
        if record.action == "move_event":
            known = trail.get(record.subject)
            if known is not None and record.before["state"] != known:
                complain(f"audit of {record.subject} jumps from {known} to {record.detail['before']}")
            trail[record.subject] = record.after["state"]
    for subject, state in trail.items():
        event = stored[subject.removeprefix("events/")]
        if event.state.name != state:
            complain(f"audit of {subject} ends with {state}, it is {event.state.name}")


def check_instructions(  # noqa: PLR0913, PLR0917  what it compares
    uow: UnitOfWork,
    monitor: Monitor,
    ledger: Ledger,
    disturbances: Disturbances,
    epoch: datetime,
    complain: Complain,
) -> Counter[str]:
    """Instructions: both sides agree, nothing hangs, nothing expired that could have been told."""
    counts: Counter[str] = Counter()
    stored = {one.value.instruction_id: one.value for one in uow.instructions.page(limit=EVERYTHING)}
    asked = {message.subject_id for message in monitor.messages.values()}
    for name, instruction in stored.items():
        counts[instruction.state.name] += 1
        seen = monitor.instructions.get(name)
        if seen is None or seen.state is not instruction.state:
            complain(f"instruction {name} became {instruction.state.name} outside of every watched commit")
        said = ledger.said.get(name, [])
        is_carried_over = name not in asked and instruction.modification_number > 0
        if is_carried_over:
            pass
        elif instruction.state in SAID:
            if not said or said[-1] != instruction.state.name:
                complain(f"{name} is {instruction.state.name} at the hub; its site said {said}")
        elif instruction.state is InstructionState.EXPIRED:
            start_s = (monitor.committed_at[name] - epoch).total_seconds()
            end_s = (instruction.delivery.start - epoch).total_seconds()
            if disturbances.had_quiet(instruction.site_id, start_s, end_s, QUIET_S):
                complain(f"{name} expired although hub and site could talk; its site said {said}")
        elif instruction.state is not InstructionState.SUPERSEDED:
            complain(f"{name} is still {instruction.state.name}; its site said {said}")
    for name in sorted(monitor.instructions.keys() - stored.keys()):
        complain(f"instruction {name} was committed and is gone")
    return counts


def check_messages(
    uow: UnitOfWork, monitor: Monitor, ledger: Ledger, sites: Sequence[AnySite], complain: Complain
) -> int:
    """Messages: each closed at the hub, held by its site or overtaken, nothing owed by sites."""
    for message in uow.outbox.open_all():
        complain(f"{message.site_id} is still owed {message.kind.value} {message.subject_id}")
    unsent = {
        (record.detail["site"], int(record.detail["sequence"]))
        for record in uow.audit.page(limit=EVERYTHING)
        if record.action == "close_unsent"
    }
    for key, message in monitor.messages.items():
        if key not in ledger.held and key not in unsent:
            complain(f"{message.site_id} never got {message.kind.value} {message.subject_id}")
    counts: Counter[str] = Counter(site_id for site_id, _ in monitor.messages)
    for site in sites:
        last = uow.outbox.last_sequence(site.site_id)
        if last != counts[site.site_id]:
            complain(f"{site.site_id} was given {counts[site.site_id]} messages up to sequence {last}")
        if site.held_sequence > last:
            complain(f"{site.site_id} holds {site.held_sequence}, more than the {last} there are")
        if site.owed:
            complain(f"{site.site_id} still owes {site.owed} statuses and batches")
    return len(monitor.messages)


def check_readings(uow: UnitOfWork, sites: Sequence[AnySite], span: Interval, complain: Complain) -> int:
    """Readings: each there once, and what the meter showed."""
    count = 0
    for site in sites:
        held = _held(uow, site, span, complain)
        count += len(held)
        lies = site.lies if isinstance(site, RealSite) else []
        missing = 0
        for at, value in site.metered(span.start, span.end).items():
            if any(start - NEAR_A_LIE <= at < end + NEAR_A_LIE for start, end, _ in lies):
                continue
            if at not in held:
                missing += 1
            elif isinstance(site, RealSite) and abs(held[at] - value) > 1e-6:
                complain(f"{site.site_id} metered {value} at {at.isoformat()}, the hub holds {held[at]}")
        if missing:
            complain(f"{missing} readings of {site.site_id} are missing")
    return count


def _held(uow: UnitOfWork, site: AnySite, span: Interval, complain: Complain) -> dict[datetime, float]:
    held: dict[datetime, float] = {}
    for batch in uow.telemetry.load(site.site_id, span):
        for n, value in enumerate(batch.net_power_kw):
            at = batch.start_at + n * batch.sample_interval
            if at in span:
                if at in held:
                    complain(f"{site.site_id} has two readings of {at.isoformat()}")
                held[at] = float(value)
    return held


def check_deadlines(uow: UnitOfWork, complain: Complain) -> None:
    """Deadlines: none that has passed is open."""
    for due in uow.due.open():
        if due.due_at < uow.now - timedelta(minutes=10):
            complain(f"{due.kind.value} of {due.subject_id} has been due since {due.due_at.isoformat()}")
