"""What must hold after a trial, whoever was killed and wherever."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from support.kill.agent_role import COMMANDS, JOURNAL, read_commands
from support.kill.hub_role import SITES
from support.kill.trial import CALLED_OFF, END, LOWER_KW, MAIN, NOON, START, Trial

from vpp.agent.journal import Journal
from vpp.agent.memory import AgentMemory
from vpp.agent.plan import Phase, SitePlan
from vpp.dispatch.event import EVENT_TRANSITIONS, EventState
from vpp.dispatch.instruction import Instruction, InstructionState
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.records import AuditRecord
from vpp.workflows.reporting import instructions_of

_PHASES = {
    InstructionState.CREATED: Phase.NEW,
    InstructionState.DELIVERED: Phase.NEW,
    InstructionState.ACCEPTED: Phase.AGREED,
    InstructionState.PARTIAL: Phase.AGREED,
    InstructionState.STARTED: Phase.RUNNING,
}
"""Where an instruction is at the site; it is over there in every other state."""
_HIGHEST_RATIO = 1.35
"""A site may make up for what the first minutes of an interval have missed."""


@dataclass
class Verdict:
    """What was found.

    Attributes:
        lost: Confirmed and gone, or ordered and never held.
        doubled: Twice where once was meant.
        late: Executed when it must not be.
        unrecorded: Changed without a record, or recorded and not so.
        disagreeing: Known differently to hub and site.
    """

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    unrecorded: list[str] = field(default_factory=list)
    disagreeing: list[str] = field(default_factory=list)

    @property
    def findings(self) -> list[str]:
        """Everything that was found, in words."""
        return [
            f"{kind}: {what}"
            for kind in ("lost", "doubled", "late", "unrecorded", "disagreeing")
            for what in getattr(self, kind)
        ]


def judge(trial: Trial) -> Verdict:
    """Judge a trial that has ended in order."""
    found = Verdict()
    with trial.units(write=False) as uow:
        _check_events(uow, trial, found)
        _check_outbox(uow, found)
        records = uow.audit.page(limit=1_000_000)
        for event in uow.events.page():
            instructions = [stored.value for stored in instructions_of(uow, event.value.event_id)]
            _check_orders(uow, event.value.event_id, event.value.modification_number, instructions, found)
            _check_event_record(event.value.event_id, event.value.state, records, found)
            for instruction in instructions:
                _check_instruction_record(instruction, records, found)
        for site in SITES:
            last = uow.outbox.last_sequence(site)
            instructions = [
                stored.value
                for event in uow.events.page()
                for stored in instructions_of(uow, event.value.event_id)
                if stored.value.site_id == site
            ]
            _check_site(trial, site, last, instructions, found)
    return found


def _check_events(uow: UnitOfWork, trial: Trial, found: Verdict) -> None:
    stored = {event.value.event_id: event.value for event in uow.events.page()}
    found.lost += [f"events/{name} was confirmed" for name in trial.told.events if name not in stored]
    found.doubled += [f"events/{name} was not asked for" for name in stored if name not in {MAIN, CALLED_OFF}]
    if trial.told.modified and MAIN in stored and stored[MAIN].modification_number != 1:
        found.lost.append(f"the modification; the number is {stored[MAIN].modification_number}")
    if trial.told.cancelled and stored[CALLED_OFF].state is not EventState.CANCELLED:
        found.lost.append(f"the cancellation; events/{CALLED_OFF} is {stored[CALLED_OFF].state.name}")


def _check_outbox(uow: UnitOfWork, found: Verdict) -> None:
    owed = sorted({message.site_id for message in uow.outbox.open_all()})
    found.lost += [f"{site} is still owed something" for site in owed]


def _check_orders(
    uow: UnitOfWork, event_id: str, number: int, instructions: list[Instruction], found: Verdict
) -> None:
    awards = [stored.value for stored in uow.awards.page(where={"event_id": event_id})]
    found.doubled += [
        f"{award.award_id} has no bid" for award in awards if uow.bids.get(award.bid_id) is None
    ]
    awarded = {award.site_id for award in awards}
    for modification in range(number + 1 if event_id == MAIN else 1):
        ordered = Counter(each.site_id for each in instructions if each.modification_number == modification)
        found.lost += [f"{event_id}-m{modification}-{site}" for site in sorted(awarded) if not ordered[site]]
        found.doubled += [f"{event_id}-m{modification}-{site}" for site in ordered if ordered[site] > 1]
        found.doubled += [f"{event_id}-m{modification}-{site}" for site in ordered if site not in awarded]


def _check_event_record(event_id: str, state: EventState, records: list[AuditRecord], found: Verdict) -> None:
    moves = [
        (record.before["state"], record.after["state"])
        for record in records
        if record.action == "move_event" and record.subject == f"events/{event_id}"
    ]
    at = EventState.DRAFT
    for before, after in moves:
        if EventState[before] is not at:
            found.unrecorded.append(f"events/{event_id} went from {at.name} to {before}")
        is_step = before == after or EventState[after] in EVENT_TRANSITIONS[EventState[before]]
        if not is_step:
            found.unrecorded.append(f"events/{event_id} cannot go from {before} to {after}")
        at = EventState[after]
    if at is not state:
        found.unrecorded.append(f"events/{event_id} is {state.name}, its record ends with {at.name}")


def _check_instruction_record(instruction: Instruction, records: list[AuditRecord], found: Verdict) -> None:
    name = f"instructions/{instruction.instruction_id}"
    states = []
    for record in records:
        if record.subject != name:
            continue
        if record.action == "deliver":
            states.append("DELIVERED")
        elif record.action == "report_instruction":
            states.append(record.detail["state"])
        elif record.action == "supersede":
            states.append("SUPERSEDED")
        elif record.action == "expire_instruction":
            states.append("EXPIRED")
    found.doubled += [f"{name} became {each} twice" for each, times in Counter(states).items() if times > 1]
    last = states[-1] if states else "CREATED"
    if last != instruction.state.name:
        found.unrecorded.append(f"{name} is {instruction.state.name}, its record ends with {last}")


def _check_site(
    trial: Trial, site: str, last_sequence: int, instructions: list[Instruction], found: Verdict
) -> None:
    folder = trial.folder / site
    with Journal(folder / JOURNAL) as journal:
        memory = AgentMemory(journal)
        memory.recover(NOON)
    # What the hub has closed unsent, because it was over, the site never hears of.
    if memory.deliveries.held != last_sequence and not trial.slept:
        found.disagreeing.append(f"{site} holds {memory.deliveries.held}, the hub has sent {last_sequence}")
    _compare(site, memory.plan, instructions, found)
    commands = read_commands(folder / COMMANDS)
    _check_commands(site, commands, found, has_slept=trial.slept)


def _compare(site: str, plan: SitePlan, instructions: list[Instruction], found: Verdict) -> None:
    known = {name.removeprefix("instructions/") for name in plan.items}
    ordered = {each.instruction_id for each in instructions}
    found.doubled += [f"{site} acts on {name}, which nobody ordered" for name in sorted(known - ordered)]
    for each in instructions:
        item = plan.items.get(f"instructions/{each.instruction_id}")
        if item is None:
            if each.state is not InstructionState.EXPIRED and each.state is not InstructionState.SUPERSEDED:
                found.lost.append(f"{site} does not know {each.instruction_id}, which is {each.state.name}")
        elif item.phase is not _PHASES.get(each.state, Phase.OVER):
            found.disagreeing.append(
                f"{site} has {each.instruction_id} {item.phase.name}, hub {each.state.name}"
            )
        elif item.instruction.target_reduction_kw != each.target_reduction_kw:
            found.disagreeing.append(f"{site} has another target for {each.instruction_id}")


def _check_commands(site: str, commands: dict[datetime, float], found: Verdict, *, has_slept: bool) -> None:
    for at, kw in sorted(commands.items()):
        if kw and (has_slept or not START <= at < END):
            found.late.append(f"{site} reduced {kw:.0f} kW at {at.isoformat()}")
        if kw > LOWER_KW * _HIGHEST_RATIO:
            found.doubled.append(f"{site} reduced {kw:.0f} kW at {at.isoformat()}")
    if not has_slept and not commands.get(START, 0.0):
        found.lost.append(f"{site} did nothing at the start")
