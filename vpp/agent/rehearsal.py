"""What a site could do now, and what it would make of an instruction: judged and planned, not commanded."""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from vpp.agent.core import SiteAgent
from vpp.agent.double_use import joint_limits_of
from vpp.agent.driver import ClosingDriver, SiteDriver
from vpp.agent.held_instruction import HeldInstruction
from vpp.agent.journal import Journal
from vpp.agent.judgement import Situation, verdict_on
from vpp.agent.plan import PlanItem
from vpp.agent.process_lock import ProcessLock
from vpp.agent.projection import outlook
from vpp.agent.settings import AgentSettings, floor_to_grid
from vpp.agent.unit import Unit
from vpp.flexibility.site_guard import Accept, Partial, Refuse
from vpp.flexibility.split import split_target
from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval


def rehearse(
    settings: AgentSettings,
    driver_factory: Callable[[AgentSettings], SiteDriver],
    *,
    target_kw: float | None,
    duration: timedelta,
    lead: timedelta,
) -> dict[str, Any]:
    """Read the site once, judge and plan.

    What the journal says is promised counts; the journal itself is not touched.

    Args:
        settings: The site's configuration.
        driver_factory: Builds the site's driver.
        target_kw: Reduction to judge, kW; negative for an increase, None for none.
        duration: How long it would last.
        lead: In how long it would start.

    Returns:
        JSON-able values: the site's load, each resource, and the verdict with its split.

    Raises:
        WrongState: The site's agent is running.
        VppError: The configuration or the driver cannot be used.
    """
    clock = settings.build_clock()
    with ProcessLock(settings.journal_path), TemporaryDirectory() as folder:
        copy = Path(folder) / "journal"
        if settings.journal_path.exists():
            shutil.copyfile(settings.journal_path, copy)
        driver = driver_factory(settings)
        try:
            with Journal(copy) as journal:
                agent = SiteAgent(
                    settings, driver, journal, clock.now(), clock.machine_time, moves_devices=False
                )
                return _found(agent, clock.now(), target_kw, duration, lead)
        finally:
            if isinstance(driver, ClosingDriver):
                driver.close()


def _found(
    agent: SiteAgent, now: datetime, target_kw: float | None, duration: timedelta, lead: timedelta
) -> dict[str, Any]:
    situation = agent.steering.situation(now)
    verdict = None if target_kw is None else _judged(agent, situation, now, target_kw, duration, lead)
    return {
        "site": agent.settings.site_name,
        "at": now.isoformat(timespec="seconds"),
        "load_kw": situation.load_kw,
        "resources": [_resource(agent, unit, now) for unit in agent.units.values()],
        "verdict": verdict,
    }


def _resource(agent: SiteAgent, unit: Unit[Any], now: datetime) -> dict[str, Any]:
    key = unit.resource_id
    left_out = agent.steering.watch.reasons(now).get(key, "")
    if unit.state is None:
        return {
            "resource_id": key,
            "p_max_kw": 0.0,
            "max_duration_s": 0.0,
            "promised_kw": 0.0,
            "increase_kw": 0.0,
            "price_per_mwh": None,
            "remark": left_out or "it cannot be read",
        }
    envelope = unit.present_envelope()
    learned = agent.memory.local.learned.confidence(key, min(1.0, envelope.confidence.p10_ratio))
    price = agent.desk.price_per_mwh.get(key)
    return {
        "resource_id": key,
        "p_max_kw": envelope.p_max_kw,
        "max_duration_s": envelope.max_duration.total_seconds(),
        "promised_kw": envelope.p_max_kw * min(1.0, learned.p10_ratio),
        "increase_kw": unit.available_increase_kw(unit.observed, agent.control_step),
        "price_per_mwh": None if price is None else str(price),
        "remark": left_out or envelope.why_not,
    }


def _judged(  # noqa: PLR0913, PLR0917  an instruction is made of these
    agent: SiteAgent,
    situation: Situation,
    now: datetime,
    target_kw: float,
    duration: timedelta,
    lead: timedelta,
) -> dict[str, Any]:
    step = agent.settings.site.metering_interval
    start = floor_to_grid(now + lead, step)
    start = start if start >= now else start + step
    count = max(1, round(duration / step))
    direction = Direction.LOAD_DOWN if target_kw >= 0.0 else Direction.LOAD_UP
    item = PlanItem(
        HeldInstruction(
            name="instructions/rehearsal",
            event="events/rehearsal",
            modification_number=0,
            delivery=Interval(start, start + count * step),
            step=step,
            target_reduction_kw=(abs(target_kw),) * count,
            baseline_kw=(),
            expires_at=start + count * step,
            direction=direction,
        )
    )
    prices = agent.desk.price_per_mwh
    known = Situation(
        now=now,
        clock_skew=timedelta(0),
        price_per_mwh=prices,
        faults=situation.faults,
        is_meter_stale=situation.is_meter_stale,
        load_kw=situation.load_kw,
    )
    verdict = verdict_on(item, agent.memory.plan, agent.units, agent.settings, known)
    match verdict:
        case Accept():
            answer, detail, reached_kw = "ACCEPTED", "", abs(target_kw)
        case Partial(reached_kw, reason, words):
            answer, detail = "PARTIAL", f"{reason.name}: {words}"
        case Refuse(reason, words):
            answer, detail, reached_kw = "REFUSED", f"{reason.name}: {words}", 0.0
    return {
        "answer": answer,
        "detail": detail,
        "target_kw": target_kw,
        "split": _split(agent, item, reached_kw, now) if reached_kw > 0.0 else [],
    }


def _split(agent: SiteAgent, item: PlanItem, wanted_kw: float, now: datetime) -> list[dict[str, Any]]:
    """Play an agreed target through on the models, the cheapest resource first."""
    instruction, rows = item.instruction, []
    is_up = instruction.direction is Direction.LOAD_UP
    vetoed = agent.settings.limits.vetoed_resources
    usable = [unit for unit in agent.units.values() if unit.resource_id not in vetoed]
    usable = [unit for unit in usable if unit.is_available and unit.state is not None]
    committed = {unit.resource_id: agent.memory.plan.committed(unit.resource_id, None) for unit in usable}
    ahead = outlook(usable, committed, now, instruction.delivery.start, instruction.step)
    states = dict(zip((unit.resource_id for unit in ahead.units), ahead.states, strict=True))
    joint = joint_limits_of(ahead.units, instruction.direction)
    for n in range(len(instruction.target_reduction_kw)):
        available_kw = {
            unit.resource_id: (unit.available_increase_kw if is_up else unit.available_kw)(
                states[unit.resource_id], instruction.step
            )
            for unit in ahead.units
        }
        share_kw = split_target(wanted_kw, available_kw, agent.desk.price_per_mwh, {}, joint)
        for unit in ahead.units:
            key = unit.resource_id
            if share_kw[key] > 0.0:
                states[key], _ = (unit.increase if is_up else unit.advance)(
                    states[key], share_kw[key], instruction.step
                )
        start = instruction.delivery.start + n * instruction.step
        rows.append(
            {
                "start": start.isoformat(timespec="minutes"),
                "target_kw": wanted_kw,
                "share_kw": {key: round(kw, 3) for key, kw in share_kw.items()},
            }
        )
    return rows
