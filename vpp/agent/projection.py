"""What the site's resources could do over a span to come, played through on their models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from vpp.agent.commitment import Commitment
from vpp.agent.double_use import joint_limits_of
from vpp.agent.unit import Unit
from vpp.flexibility.joint_limits import NOTHING_JOINT, JointLimits
from vpp.flexibility.split import split_target
from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval

LONGEST_LEAD_STEPS = 192
"""Steps played through before a span; beyond that the present state is taken to have recovered."""
TOLERANCE_KW = 1e-6
HALVINGS = 20


@dataclass(frozen=True, slots=True)
class Outlook:
    """The resources at one instant to come.

    Attributes:
        units: The resources that may be used.
        states: Their expected states, in the same order.
    """

    units: tuple[Unit[Any], ...]
    states: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class CallOrder:
    """Which resource is called first.

    Attributes:
        awarded_kw: What was bought from each resource per interval, kW, by resource id.
        price_per_mwh: What a further reduction costs, by resource id.
    """

    awarded_kw: Mapping[str, Sequence[float]]
    price_per_mwh: Mapping[str, Decimal]

    def sold_kw(self, n: int) -> dict[str, float]:
        """Return what was bought in an interval, kW, by resource id."""
        return {key: values[n] for key, values in self.awarded_kw.items() if n < len(values)}


def outlook(
    units: Sequence[Unit[Any]],
    commitments: Mapping[str, Sequence[Commitment]],
    now: datetime,
    until: datetime,
    step: timedelta,
) -> Outlook:
    """Carry the observed states forward, serving what is committed and recovering otherwise.

    Args:
        units: The resources that may be used.
        commitments: What has been sold of each, by resource id.
        now: Present instant, UTC.
        until: Instant to come, UTC.
        step: Length of the steps.
    """
    usable = tuple(unit for unit in units if unit.is_available)
    count = min(LONGEST_LEAD_STEPS, max(0, (until - now) // step))
    states = []
    for unit in usable:
        state = unit.observed
        sold = commitments.get(unit.resource_id, ())
        for n in range(count, 0, -1):
            span = Interval(until - n * step, until - (n - 1) * step)
            state = _after(unit, state, sold, span)
        states.append(state)
    return Outlook(usable, tuple(states))


def _after(unit: Unit[Any], state: Any, sold: Sequence[Commitment], span: Interval) -> Any:  # noqa: ANN401  each kind's own state
    """Carry one resource through a step of what is committed of it."""
    step = span.duration
    up_kw = sum(each.peak_kw(span) for each in sold if each.direction is Direction.LOAD_UP)
    down_kw = sum(each.peak_kw(span) for each in sold if each.direction is Direction.LOAD_DOWN)
    if up_kw > 0.0 and down_kw <= 0.0:
        return unit.increase(state, up_kw, step)[0]
    return unit.advance(state, down_kw, step)[0]


def can_deliver(  # noqa: PLR0913, PLR0917  a projection needs these
    ahead: Outlook,
    target_kw: Sequence[float],
    step: timedelta,
    order: CallOrder,
    direction: Direction = Direction.LOAD_DOWN,
    joint: JointLimits = NOTHING_JOINT,
) -> bool:
    """Tell whether the resources together reach a target in every interval.

    Args:
        ahead: The resources at the start.
        target_kw: Change per interval, kW. Shape (N,).
        step: Length of one interval.
        order: Which resource is called first.
        direction: Which way consumption is moved.
        joint: What the resources have in common.
    """
    states = list(ahead.states)
    is_up = direction is Direction.LOAD_UP
    for n, wanted_kw in enumerate(target_kw):
        available_kw = {
            unit.resource_id: unit.available_increase_kw(state, step)
            if is_up
            else unit.available_kw(state, step)
            for unit, state in zip(ahead.units, states, strict=True)
        }
        shares_kw = split_target(wanted_kw, available_kw, order.price_per_mwh, order.sold_kw(n), joint)
        reached_kw = 0.0
        for index, unit in enumerate(ahead.units):
            share_kw = shares_kw[unit.resource_id]
            # A resource that is not called holds its state: nobody recovers during an event.
            if share_kw > 0.0:
                move = unit.increase if is_up else unit.advance
                states[index], delivered_kw = move(states[index], share_kw, step)
                reached_kw += delivered_kw
        if reached_kw < wanted_kw - TOLERANCE_KW:
            return False
    return True


def deliverable_kw(  # noqa: PLR0913, PLR0917  a projection needs these
    ahead: Outlook,
    target_kw: Sequence[float],
    also_promised_kw: Sequence[float],
    step: timedelta,
    order: CallOrder,
    direction: Direction = Direction.LOAD_DOWN,
) -> float:
    """Return the cap under which a target can be delivered beside what was promised before, kW.

    Args:
        ahead: The resources at the start.
        target_kw: Change per interval, kW. Shape (N,).
        also_promised_kw: What other events are owed in the same intervals and the same way, kW. Shape (N,).
        step: Length of one interval.
        order: Which resource is called first.
        direction: Which way consumption is moved.

    Returns:
        The target's peak if all of it can be delivered, else the largest cap found, 0 if none.
    """
    joint = joint_limits_of(ahead.units, direction)

    def reaches(cap_kw: float) -> bool:
        capped_kw = [
            min(wanted_kw, cap_kw) + promised_kw
            for wanted_kw, promised_kw in zip(target_kw, also_promised_kw, strict=True)
        ]
        return can_deliver(ahead, capped_kw, step, order, direction, joint)

    high_kw = max(target_kw)
    if reaches(high_kw):
        return high_kw
    low_kw = 0.0
    for _ in range(HALVINGS):
        middle_kw = (low_kw + high_kw) / 2.0
        if reaches(middle_kw):
            low_kw = middle_kw
        else:
            high_kw = middle_kw
    return low_kw
