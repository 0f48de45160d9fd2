"""The status of an event at one instant, for operators who watch."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from vpp.dispatch.event import Event
from vpp.dispatch.instruction import Instruction, InstructionState
from vpp.dispatch.tracking import progress
from vpp.foundation.interval import Interval
from vpp.workflows.identity import Principal
from vpp.workflows.metering import metered_load
from vpp.workflows.ports import Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import found, product_of, promised
from vpp.workflows.responding import instructions_of


@dataclass(frozen=True, slots=True)
class EventStatus:
    """The status of an event at one instant.

    Attributes:
        event: The event.
        instruction_counts: How many instructions are in each state.
        present_target_kw: Target of the newest interval that every site has metered, kW.
        present_delivered_kw: Delivered in it: baseline less metered, kW.
        target_energy_kwh: Target of the intervals metered so far, kWh.
        delivered_energy_kwh: Delivered in them, kWh; may be negative.
        status_at: The present instant.
    """

    event: Stored[Event]
    instruction_counts: Mapping[InstructionState, int]
    present_target_kw: float
    present_delivered_kw: float
    target_energy_kwh: float
    delivered_energy_kwh: float
    status_at: datetime


def event_status(units: UnitOfWorkFactory, principal: Principal, event_id: str) -> EventStatus:
    """Return what an operator wants to know about an event right now.

    Sites see the figures of their own instructions only.

    Raises:
        NotFound: There is no such event, or none that concerns the caller.
    """
    with units(write=False) as uow:
        stored = found(uow.events.get(event_id), f"events/{event_id}")
        every = [item.value for item in instructions_of(uow, event_id)]
        if not principal.sees_every_site:
            every = [item for item in every if _is_own(uow, principal, item)]
            if not every:
                found(None, f"events/{event_id}")
        product = product_of(uow, stored.value.product_id, stored.value.product_version)
        counts = Counter(item.state for item in every)
        newest = newest_instructions(every)
        done = progress(*_measured(uow, newest), product.settlement_interval)
        return EventStatus(
            event=stored,
            instruction_counts=dict(counts),
            present_target_kw=done.present_target_kw,
            present_delivered_kw=done.present_delivered_kw,
            target_energy_kwh=done.target_energy_kwh,
            delivered_energy_kwh=done.delivered_energy_kwh,
            status_at=uow.now,
        )


def _is_own(uow: UnitOfWork, principal: Principal, instruction: Instruction) -> bool:
    if principal.site_id is not None:
        return instruction.site_id == principal.site_id
    site = promised(uow.sites.get(instruction.site_id), f"sites/{instruction.site_id}")
    return site.value.party_id == principal.party_id


def newest_instructions(every: list[Instruction]) -> list[Instruction]:
    """Keep each site's instruction with the highest modification number, by site."""
    newest: dict[str, Instruction] = {}
    for item in sorted(every, key=lambda item: (item.site_id, item.modification_number)):
        newest[item.site_id] = item
    return list(newest.values())


def _measured(
    uow: UnitOfWork, instructions: list[Instruction]
) -> tuple[list[tuple[float, ...]], list[tuple[float, ...]], list[npt.NDArray[np.float64]]]:
    targets, baselines, metered = [], [], []
    for item in instructions:
        baseline = uow.baselines.get(f"{item.event_id}-{item.site_id}")
        site = promised(uow.sites.get(item.site_id), f"sites/{item.site_id}").value
        count = len(item.target_reduction_kw)
        load = metered_load(uow, site, Interval(item.delivery.start, item.delivery.end), item.interval)
        targets.append(item.target_reduction_kw)
        known = None if baseline is None else baseline.value.adjusted_kw[:count]
        baselines.append(known or (np.nan,) * count)
        metered.append(load.net_power_kw.to_numpy() if known else np.full(count, np.nan))
    return targets, baselines, metered
