"""What a resource can do at its best, in both directions.

A model says what it can save from the state in which it can save most. How far a resource can be raised
is asked of its present state and of those that it passes through while it reduces: a store that is full
now has room once it has given something.
"""

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from vpp.agent.unit import Unit
from vpp.flexibility.bounds import TOLERANCE_KW, hours_of
from vpp.flexibility.envelope import Boundary, Envelope, EnvelopeRecovery, FlexDirection, RecoveryShape
from vpp.foundation.errors import InvalidInput

STATES_ASKED = 16
STATE_STEP = timedelta(minutes=15)
LASTING = timedelta(hours=1)
"""The best state is the one in which most can be drawn for so long; of those alike, for a day."""
SPANS = tuple(
    timedelta(minutes=minutes) for minutes in (5.0, 15.0, 30.0, 60.0, 120.0, 180.0, 360.0, 720.0, 1440.0)
)
SAME_RATIO = 1e-6


def down_envelope(unit: Unit[Any]) -> Envelope | None:
    """Return how far a resource can be lowered at its best; None while that cannot be said."""
    try:
        return unit.envelope()
    except InvalidInput:
        return None  # its work has never been seen


def up_envelope(unit: Unit[Any], step: timedelta) -> Envelope | None:
    """Return how far a resource can be raised from the best of its states; None if it cannot be.

    The energy is the least of what any span is limited to, so that the envelope promises for no span
    more than the model.

    Args:
        unit: The resource.
        step: Shortest span in which it is commanded.
    """
    down = down_envelope(unit)
    if unit.state is None or down is None:
        return None
    lasting = [(unit.available_increase_kw(state, LASTING), state) for state in _states(unit)]
    most_kw = max(kw for kw, _ in lasting)
    alike = [state for kw, state in lasting if kw >= most_kw * (1.0 - SAME_RATIO)]
    best = (
        max(alike, key=lambda state: unit.available_increase_kw(state, SPANS[-1])) if alike[1:] else alike[0]
    )
    power_kw = unit.available_increase_kw(best, step)
    if power_kw <= TOLERANCE_KW:
        return None
    longest, budget_kwh = step, math.inf
    for span in SPANS:
        if span < step:
            continue
        kw = unit.available_increase_kw(best, span)
        if kw <= TOLERANCE_KW:
            break
        longest = span
        if kw < power_kw * (1.0 - SAME_RATIO):
            budget_kwh = min(budget_kwh, kw * hours_of(span))
    budget_kwh = min(budget_kwh, power_kw * hours_of(longest))
    return Envelope(
        resource_id=unit.resource_id,
        direction=FlexDirection.LOAD_UP,
        boundary=Boundary.POC,
        p_max_kw=power_kw,
        energy_budget_kwh=budget_kwh,
        max_duration=longest,
        confidence=down.confidence,
        delay=down.delay,
        ramp_kw_per_s=down.ramp_kw_per_s,
        use=down.use,
        recovery=_saved_again(down, budget_kwh),
        excludes=down.excludes,
    )


def _saved_again(down: Envelope, budget_kwh: float) -> EnvelopeRecovery:
    """Return how what was drawn is saved again, at the soonest: with all that can be saved."""
    if down.p_max_kw <= TOLERANCE_KW:
        return EnvelopeRecovery()
    return EnvelopeRecovery(
        energy_kwh=budget_kwh,
        shape=RecoveryShape.FLAT,
        cap_kw=down.p_max_kw,
        duration=timedelta(hours=budget_kwh / down.p_max_kw),
    )


def _states(unit: Unit[Any]) -> Iterator[Any]:
    state = unit.observed
    yield state
    for _ in range(STATES_ASKED):
        state, reduced_kw = unit.advance(state, unit.available_kw(state, STATE_STEP), STATE_STEP)
        yield state
        if reduced_kw <= 0.0:
            return
