"""How a site answered the instructions that its journal still tells of, by its own meter."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from vpp.agent.announced_baseline import Baseline
from vpp.agent.local_files import Answer, LocalFiles
from vpp.agent.meter_history import MeterHistory
from vpp.agent.plan import PlanItem, SitePlan
from vpp.agent.purpose import Purpose
from vpp.flexibility.site_response import ResponseChoices, SiteResponse, site_response
from vpp.foundation.direction import Direction

NOT_TELLING = frozenset({"MAINTENANCE", "OUTRANKED"})
"""Reasons that keep a site from delivering without saying anything of how it delivers."""


@dataclass(frozen=True, slots=True)
class EventResponse:
    """One instruction and what came of it.

    Attributes:
        event: `events/{event}`.
        purpose: Why the event called the site.
        direction: Which way consumption was to be moved.
        start: Start of delivery, UTC.
        end: First instant after it, UTC.
        state: What the site said of it last.
        promised_kw: The most that the site promised, kW.
        response: What its meter shows; None if that cannot be said.
        remark: Why not, in words; empty if it can.
    """

    event: str
    purpose: Purpose
    direction: Direction
    start: datetime
    end: datetime
    state: str
    promised_kw: float
    response: SiteResponse | None
    remark: str = ""


def event_responses(
    files: LocalFiles, history: MeterHistory, until: datetime, choices: ResponseChoices
) -> tuple[EventResponse, ...]:
    """Return what came of the instructions whose delivery is over, oldest first.

    What was cancelled, superseded, or says nothing of how the site delivers is left out.

    Args:
        files: What the agent keeps.
        history: What the meter showed.
        until: Deliveries that end after this are not over, UTC.
        choices: What a response weighs.
    """
    found = []
    for item in newest_items(files.memory.plan):
        answer = files.answers.get(item.instruction.name)
        if item.instruction.delivery.end <= until and answer is not None and is_telling(item, answer):
            found.append(_response(item, answer, files, history, choices))
    return tuple(found)


def newest_items(plan: SitePlan) -> list[PlanItem]:
    """Return the newest instruction of each event that was not cancelled, in order of delivery."""
    newest: dict[str, PlanItem] = {}
    for item in plan.items.values():
        event, known = item.instruction.event, newest.get(item.instruction.event)
        if known is None or item.instruction.modification_number > known.instruction.modification_number:
            newest[event] = item
    standing = [
        item
        for item in newest.values()
        if not any(each.ends(item.instruction) for each in plan.called_off.values())
    ]
    return sorted(standing, key=lambda item: item.instruction.delivery.start)


def is_telling(item: PlanItem, answer: Answer) -> bool:
    """Tell whether an instruction shows how its site does what it is asked."""
    purpose = item.instruction.purpose
    if not purpose.moves_devices or answer.state not in {"STARTED", "COMPLETED", "ABORTED", "REFUSED"}:
        return False
    if answer.state in {"STARTED", "COMPLETED"}:
        return True
    if answer.reason == "LOCAL_VETO":
        return purpose is Purpose.MARKET  # where it had sold what it says no to
    return answer.reason not in NOT_TELLING


def _response(
    item: PlanItem, answer: Answer, files: LocalFiles, history: MeterHistory, choices: ResponseChoices
) -> EventResponse:
    instruction = item.instruction
    response, remark = measured(item, files.memory.plan.baselines, history, choices)
    return EventResponse(
        event=instruction.event,
        purpose=instruction.purpose,
        direction=instruction.direction,
        start=instruction.delivery.start,
        end=instruction.delivery.end,
        state=answer.state,
        promised_kw=item.peak_kw,
        response=response,
        remark=remark,
    )


def measured(
    item: PlanItem, announced: Mapping[str, Baseline], history: MeterHistory, choices: ResponseChoices
) -> tuple[SiteResponse | None, str]:
    """Return what the meter shows of an instruction, or why that cannot be said.

    Args:
        item: The instruction and what was promised of it.
        announced: Baselines by event.
        history: What the meter showed.
        choices: What a response weighs.
    """
    instruction = item.instruction
    baseline_kw = _baseline_kw(item, announced)
    per_interval, rest = divmod(instruction.step, history.step)
    if not baseline_kw:
        return None, "its baseline was never told"
    if rest or per_interval < 1 or (instruction.delivery.start - history.start) % history.step:
        return None, "its intervals do not fit the meter's"
    metered = history.between(instruction.delivery.start, instruction.delivery.end).net_kw
    sign = sign_of(instruction.direction)
    expected = _repeated(baseline_kw, per_interval)
    limit_kw = math.inf if item.limit_kw is None else item.limit_kw
    response = site_response(
        [sign * (before - now) for before, now in zip(expected, metered, strict=True)],
        _repeated([min(limit_kw, kw) for kw in instruction.target_reduction_kw], per_interval),
        step=history.step,
        per_interval=per_interval,
        begin=instruction.start_offset,
        choices=choices,
    )
    return response, "" if response is not None else "nothing was metered while it lasted"


def sign_of(direction: Direction) -> float:
    """Return 1 where baseline less metered load counts, -1 where the opposite does."""
    return 1.0 if direction is Direction.LOAD_DOWN else -1.0


def _baseline_kw(item: PlanItem, announced: Mapping[str, Baseline]) -> Sequence[float]:
    if item.instruction.baseline_kw:
        return item.instruction.baseline_kw
    told = announced.get(item.instruction.event)
    if told is None or len(told.baseline_kw) != len(item.instruction.target_reduction_kw):
        return ()
    return told.baseline_kw


def _repeated(values: Sequence[float], count: int) -> list[float]:
    return [value for value in values for _ in range(count)]
