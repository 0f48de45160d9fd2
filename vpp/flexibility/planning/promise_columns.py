"""Columns of promises made of single resources, to try whether all can be kept together."""

from collections.abc import Mapping, Sequence

import numpy as np

from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.planning.assembly import Assembly, ResourceColumns
from vpp.flexibility.planning.values import Values
from vpp.solver.columns import Integers


def append_promises(
    assembly: Assembly, parts: Sequence[ResourceColumns], promised_kw: Mapping[str, Values]
) -> dict[str, Integers]:
    """Append what was promised of each resource: change[r,t] + short[r,t] >= promised[r,t], kW.

    The change is the reduction, or with a goal of load-up the increase.

    Args:
        assembly: The program, with all resources appended.
        parts: The resources.
        promised_kw: What was promised, by resource id, kW. Shape (N,) each.

    Returns:
        The columns of what is missing, by resource id. Shape (N,) each.
    """
    shorts, is_down = {}, assembly.goal.direction is FlexDirection.LOAD_DOWN
    for part in parts:
        wanted = promised_kw.get(part.resource_id)
        if wanted is None:
            continue
        change = part.reduction if is_down else part.increase
        cost = assembly.hours * assembly.goal.shortfall_cost_per_kwh
        short = assembly.add_penalties(assembly.count, cost)
        is_owed = np.array(wanted) > 0.0
        rows = assembly.columns.add_rows(
            assembly.count, low=np.where(is_owed, np.array(wanted) - change.constant, -np.inf), high=np.inf
        )
        assembly.hold_below(rows, change)
        assembly.columns.add_entries(rows, short, 1.0)
        shorts[part.resource_id] = short
    return shorts
