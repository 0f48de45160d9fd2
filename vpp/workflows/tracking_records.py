"""What is kept of tracking: every look at an event, what was seen and what was done."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from vpp.dispatch.tracking.delivery_state import DeliveryState


class ActionKind(enum.Enum):
    """What tracking did to a site.

    Attributes:
        TOP_UP: Bought more of it from its standing bid.
        RESTORE: Gave back what had been taken from it.
        RAISE: Ordered more of it; in ordered events alone.
        TRIM: Told it less, because nobody pays for more.
        HOLD: Told it to go back to its own load later.
    """

    TOP_UP = "top_up"
    RESTORE = "restore"
    RAISE = "raise"
    TRIM = "trim"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class TrackingAction:
    """One change of what a site is told.

    Attributes:
        kind: What was done.
        site_id: To which site.
        resource_id: To which of its flexible resources; empty for all.
        change_kw: Change of its target per delivery interval, kW. Shape (N,); empty for HOLD.
        award_id: The award that was made; empty if none was.
        offset_s: With HOLD: how long after the end it goes back, s.
    """

    kind: ActionKind
    site_id: str
    resource_id: str = ""
    change_kw: tuple[float, ...] = ()
    award_id: str = ""
    offset_s: float = 0.0


@dataclass(frozen=True, slots=True)
class TrackingTick:
    """One look at an event. Under the event and the instant at which it fell due.

    Attributes:
        event_id: The event.
        due_at: When it fell due.
        looked_at: When it was made; what the meters had shown by then is what it saw.
        modification_number: Of the event, after what was done.
        target_kw: Reduction asked for per delivery interval, kW. Shape (N,).
        instructed_kw: What the sites were told together, kW. Shape (N,).
        delivered_kw: Delivered so far in each interval by the sites that were metered in it, kW.
            Shape (N,).
        expected_kw: Delivered, with what is expected of what is not metered, kW. Shape (N,).
        metered_ratio: Share of the samples that are metered, 0..1. Shape (N,).
        present_target_kw: Target of the newest interval that every site has metered, kW.
        present_delivered_kw: Delivered in it, kW.
        target_energy_kwh: What sites were told for the site intervals metered so far, kWh.
        delivered_energy_kwh: Delivered in them, kWh; may be negative.
        planned_energy_kwh: Target of all of delivery, kWh.
        expected_energy_kwh: Expected to have been delivered at the end, kWh.
        reserve_kw: Reduction that could still be bought from standing bids, kW.
        site_counts: How many sites are in each state.
        changed_states: Sites that were in another state, or none, at the look before.
        actions: What was done.
    """

    event_id: str
    due_at: datetime
    looked_at: datetime
    modification_number: int
    target_kw: tuple[float, ...]
    instructed_kw: tuple[float, ...]
    delivered_kw: tuple[float, ...]
    expected_kw: tuple[float, ...]
    metered_ratio: tuple[float, ...]
    present_target_kw: float
    present_delivered_kw: float
    target_energy_kwh: float
    delivered_energy_kwh: float
    planned_energy_kwh: float
    expected_energy_kwh: float
    reserve_kw: float
    site_counts: Mapping[DeliveryState, int]
    changed_states: Mapping[str, DeliveryState]
    actions: tuple[TrackingAction, ...] = ()
