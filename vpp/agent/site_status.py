"""What the site's status page shows: one document, written whole, that never leaves the site."""

import json
import math
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from vpp.agent.core import SiteAgent
from vpp.agent.device_actions import action_document
from vpp.agent.durable_file import write_whole
from vpp.agent.plan import Phase, PlanItem
from vpp.agent.unit import Unit
from vpp.foundation.device_terms import Health

STATUS_VERSION = 1


def status_path(journal_file: Path) -> Path:
    """Return where an agent's status lies: beside its journal."""
    return journal_file.with_name(journal_file.name + ".status.json")


def write_status(agent: SiteAgent, path: Path, now: datetime) -> None:
    """Write an agent's status.

    Raises:
        OSError: It cannot be written.
    """
    write_whole(path, json.dumps(status_document(agent, now)).encode(), durable=False)


def status_document(agent: SiteAgent, now: datetime) -> dict[str, Any]:
    """Return everything that the page shows, as JSON-able values."""
    settings, memory, steering = agent.settings, agent.memory, agent.steering
    meter = steering.meter
    return {
        "version": STATUS_VERSION,
        "site": settings.site_name,
        "display_name": settings.site.display_name,
        "process_id": os.getpid(),
        "at": now.isoformat(),
        "control_interval_s": agent.control_step.total_seconds(),
        "mode": settings.operation.mode.value,
        "planning": {
            "method": settings.planning.method.value,
            "missed_count": 0 if agent.planner is None else agent.planner.missed_count,
        },
        "is_dry": not agent.moves_devices,
        "is_time_doubtful": agent.is_time_doubtful,
        "vetoes": _vetoes(agent),
        "link": {
            "is_open": agent.is_welcomed,
            "heard_at": None if agent.heard_at is None else agent.heard_at.isoformat(),
            "clock_skew_s": agent.desk.clock_skew.total_seconds(),
            "owed_statuses": len(memory.outbox.statuses),
            "owed_batches": len(memory.outbox.batches),
        },
        "meter": {
            "newest_kw": meter.newest_kw(),
            "until": meter.until.isoformat(),
            "seen_at": steering.guard.seen_at().isoformat(),
            "is_stale": steering.guard.is_stale(now),
            "absurd_count": steering.guard.absurd_count,
            "import_limit_kw": settings.site.import_limit_kw,
            "load_kw": steering.situation(now).load_kw,
        },
        "devices": [_device(agent, unit, now) for unit in agent.units.values()],
        "plan": [
            _item(agent, item, now)
            for item in memory.plan.items.values()
            if item.phase is not Phase.OVER or item.instruction.delivery.end > now
        ],
        "bids": [
            {
                "subject": bid.auction or bid.request.bid.product,
                "resource": bid.request.bid.resource.rpartition("/")[2],
                "gate_closes_at": None if bid.gate_closes_at is None else bid.gate_closes_at.isoformat(),
                "answer": bid.answer,
                "waits_for_person": bid.answer is None and agent.is_bid_held(bid),
            }
            for bid in memory.bids.values()
            if bid.gate_closes_at is None or bid.gate_closes_at > now or bid.answer is not None
        ],
        "tests": [
            {
                "test_id": test.test_id,
                "resource_id": test.resource_id,
                "kw": test.kw,
                "start": test.span.start.isoformat(),
                "end": test.span.end.isoformat(),
                "state": test.state.value,
                "detail": test.detail,
            }
            for test in list(memory.local.tests.by_id.values())[-5:]
        ],
        "orders": list(memory.local.orders.latest[-5:]),
        "attendance": steering.attendance.document(),
        "flexibility": steering.flexibility.document(
            settings, list(agent.units.values()), agent.control_step, now
        ),
        "journal": {
            "file": str(settings.journal_path),
            "size_bytes": memory.journal.size,
            "is_doubtful": memory.journal.is_doubtful,
            "held_sequence": memory.deliveries.held,
        },
    }


def _vetoes(agent: SiteAgent) -> list[str]:
    limits = agent.settings.limits
    return [
        *(["site"] if limits.site_vetoed else []),
        *(f"resources/{each}" for each in sorted(set(limits.vetoed_resources))),
        *limits.vetoed_events,
    ]


def _device(agent: SiteAgent, unit: Unit[Any], now: datetime) -> dict[str, Any]:
    steering, local, key = agent.steering, agent.memory.local, unit.resource_id
    condition = steering.watch.conditions.get(key)
    action = local.actions.newest.get(key)
    step = agent.control_step
    has_state = unit.state is not None
    energy_kwh = unit.energy_kwh(unit.observed) if has_state else math.nan
    return {
        "resource_id": key,
        "kind": next(kind for kind, tables in agent.settings.resources.items() if key in tables),
        "health": (Health.OK if condition is None else condition.health).value,
        "alarms": [] if condition is None else list(condition.alarms),
        "is_available": unit.is_available and key not in agent.settings.limits.vetoed_resources,
        "left_out": steering.watch.reasons(now).get(key, ""),
        "available_kw": unit.available_kw(unit.observed, step) if has_state and unit.is_available else 0.0,
        "available_increase_kw": unit.available_increase_kw(unit.observed, step)
        if has_state and unit.is_available
        else 0.0,
        "energy_kwh": energy_kwh if math.isfinite(energy_kwh) else None,
        "reduction_kw": unit.reduction_kw,
        "observations": local.learned.count(key),
        "action": None if action is None else action_document(action),
    }


def _item(agent: SiteAgent, item: PlanItem, now: datetime) -> dict[str, Any]:
    instruction = item.instruction
    waits = agent.desk.waits_for_person(item, now)
    return {
        "instruction": instruction.name,
        "event": instruction.event,
        "purpose": instruction.purpose.value,
        "direction": instruction.direction.value,
        "phase": item.phase.value,
        "start": instruction.delivery.start.isoformat(),
        "end": instruction.delivery.end.isoformat(),
        "peak_kw": item.peak_kw,
        "short_kw": item.short_kw,
        "stopped": "" if item.stopped is None else item.stopped.detail,
        "confirm_by": agent.desk.confirm_by(item).isoformat() if waits else None,
    }
