"""Caps on the power of a group of jobs, by the site's own program, in steps.

    p          power per board without a cap, measured when the first step was set, kW at the computers
    B          boards that run now
    saving     max(0, p B - measured power)
    step n     of the cap counts as done if saving >= sum over steps 1..n of what each was to save

So a cap that changes nothing saves nothing, and jobs that end save nothing either.
"""

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from vpp.agent.drivers.paused_works import PausedWork, SeenWork, WorkState
from vpp.agent.drivers.slurm_settings import SlurmGroupTable
from vpp.foundation.device_terms import DeviceError

PREFIX = "cap/"
LEAST_SHOWN = 1e-6


def step_prefix(group: str) -> str:
    """Return what the keys of a group's steps begin with."""
    return f"{PREFIX}{group}/"


def step_key(group: str, number: int) -> str:
    """Return the key of a step of a group's cap; steps are counted from 1."""
    return f"{step_prefix(group)}{number:03d}"


def group_of(key: str) -> str:
    """Return the group of a step."""
    return key.removeprefix(PREFIX).rsplit("/", 1)[0]


@dataclass(frozen=True, slots=True)
class MeasuredGroup:
    """What is measured of a group now.

    Attributes:
        name: The group.
        power_kw: Power of its running jobs, kW at the computers.
        board_count: Boards that run.
    """

    name: str
    power_kw: float
    board_count: float


def steps_of(
    table: SlurmGroupTable,
    now: MeasuredGroup,
    paused: Mapping[str, PausedWork],
    taken_off: Collection[str],
) -> dict[str, SeenWork]:
    """Return the steps of a group's cap as works that can be paused.

    Args:
        table: The group.
        now: What is measured of it.
        paused: The steps that are set, and what else is paused.
        taken_off: Steps that have been taken off since.
    """
    ours = {key: work for key, work in sorted(paused.items()) if key.startswith(step_prefix(now.name))}
    per_board_kw = _uncapped_kw(ours, now)
    expected_kw = per_board_kw * now.board_count
    saving_kw = max(0.0, expected_kw - now.power_kw)
    step_count = math.floor(table.largest_cut_ratio / table.step_ratio + LEAST_SHOWN)
    seen: dict[str, SeenWork] = {}
    sum_kw = 0.0
    for key in sorted({*ours, *(step_key(now.name, n) for n in range(1, step_count + 1))}):
        state = WorkState.RUNNING
        if key in ours and key not in taken_off:
            sum_kw += ours[key].saved_kw
            state = WorkState.PAUSED if saving_kw >= sum_kw - LEAST_SHOWN else WorkState.LEAVING
        seen[key] = SeenWork(
            key,
            now.name,
            state,
            saved_kw=table.step_ratio * expected_kw,
            is_load=False,
            facts={"kw_per_board": per_board_kw},
        )
    return seen


def _uncapped_kw(ours: Mapping[str, PausedWork], now: MeasuredGroup) -> float:
    """Return the power per board without a cap, kW: as remembered, or as it is while there is none."""
    for work in ours.values():
        kept = work.facts.get("kw_per_board")
        if isinstance(kept, float | int):
            return float(kept)
    return now.power_kw / now.board_count if now.board_count > 0.0 else 0.0


def cap_order(name: str, table: SlurmGroupTable, steps: Collection[str], hold_s: float) -> dict[str, object]:
    """Return what the site's program is told for the steps that are set."""
    return {
        "group": name,
        "partitions": list(table.partitions),
        "power_ratio": round(1.0 - table.step_ratio * len(steps), 9),
        "hold_s": hold_s,
    }


def power_kw_of(answer: str) -> float:
    """Read the answer of a program that measures power, kW.

    Raises:
        DeviceError: It is no answer.
    """
    try:
        power_kw = float(json.loads(answer)["power_kw"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise DeviceError("the power program's answer is no answer") from error
    if not (math.isfinite(power_kw) and power_kw >= 0.0):
        raise DeviceError(f"the power program shows {power_kw} kW")
    return power_kw
