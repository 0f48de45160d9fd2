"""What a look at an event comes to, in figures."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from vpp.dispatch.tracking.delivery_state import DeliveryState
from vpp.foundation.series import hours
from vpp.workflows.following import Following
from vpp.workflows.tracking_records import TrackingAction, TrackingTick


def tick_of(  # noqa: PLR0913  what was seen, what was done, and when
    following: Following,
    *,
    due_at: datetime,
    target_kw: Sequence[float],
    seen_before: Mapping[str, DeliveryState],
    reserve_kw: float = 0.0,
    modification_number: int | None = None,
    actions: Sequence[TrackingAction] = (),
) -> TrackingTick:
    """Sum up a look at an event.

    Args:
        following: The event in its course.
        due_at: When the look fell due.
        target_kw: Reduction asked for per delivery interval, kW. Shape (N,).
        seen_before: State in which each site was seen last.
        reserve_kw: What could still be bought, kW.
        modification_number: Of the event after what was done; None for the present one.
        actions: What was done.
    """
    outlook, event = following.outlook, following.event
    frame = outlook.frame
    step_h = hours(frame.step)
    target = np.array(target_kw, dtype=np.float64)
    metered = outlook.metered_ratio
    complete = np.flatnonzero(metered >= 1.0)
    known = frame.by_interval(np.nan_to_num(outlook.delivered_kw)).sum(axis=0)
    expected = outlook.expected_by_interval_kw
    present = int(complete[-1]) if len(complete) else None
    states = dict(zip(outlook.site_ids, outlook.states, strict=True))
    return TrackingTick(
        event_id=event.event_id,
        due_at=due_at,
        looked_at=frame.now,
        modification_number=event.modification_number if modification_number is None else modification_number,
        target_kw=tuple(target.tolist()),
        instructed_kw=tuple(outlook.instructed_by_interval_kw.tolist()),
        delivered_kw=tuple(outlook.delivered_by_interval_kw.tolist()),
        expected_kw=tuple(expected.tolist()),
        metered_ratio=tuple(metered.tolist()),
        present_target_kw=0.0 if present is None else float(target[present]),
        present_delivered_kw=0.0 if present is None else float(known[present]),
        target_energy_kwh=float((target * metered).sum()) * step_h,
        delivered_energy_kwh=float(known.sum()) * step_h,
        planned_energy_kwh=float(target.sum()) * step_h,
        expected_energy_kwh=float(expected.sum()) * step_h,
        reserve_kw=reserve_kw,
        site_counts=dict(Counter(states.values())),
        changed_states={
            site_id: state for site_id, state in states.items() if seen_before.get(site_id) is not state
        },
        actions=tuple(actions),
    )
