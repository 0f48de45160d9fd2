"""What each kind of resource promised and what it delivered, from instructions and the devices' own truth."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from vpp.cli.demo.results import EventResult
from vpp.cli.output import last_part
from vpp.cli.report import TableSection
from vpp.cli.wire_values import energy_of
from vpp.foundation.interval import Interval
from vpp.simulator.plant_state import PlantStore
from vpp.simulator.site_load import read_load
from vpp.v1 import event_pb2

_HOUR = timedelta(hours=1)
_REFUSED = event_pb2.Instruction.STATE_REFUSED


@dataclass(frozen=True, slots=True)
class KindDelivery:
    """One kind of resource over all events.

    Attributes:
        kind: The kind, as in the configurations.
        resource_count: Resources of the kind at all sites.
        called_count: Those of them that were called, once per event.
        promised_kwh: Energy that sites which did not refuse were told to deliver with them.
        delivered_kwh: Energy that the devices truly reduced while events lasted, less what they drew
            to recover meanwhile. A site may deliver with another resource than the one it sold.
    """

    kind: str
    resource_count: int
    called_count: int
    promised_kwh: float
    delivered_kwh: float


def deliveries_by_kind(events: Sequence[EventResult], configs: Mapping[str, Path]) -> list[KindDelivery]:
    """Add up promises and deliveries by kind.

    Args:
        events: The day's events.
        configs: Configuration of each site's agent, by site id; the plant's files lie beside it.

    Returns:
        One per kind that the sites have, the largest promise first.
    """
    kinds = {site_id: _kinds(path) for site_id, path in configs.items()}
    counts: dict[str, int] = {}
    for resources in kinds.values():
        for kind in resources.values():
            counts[kind] = counts.get(kind, 0) + 1
    promised, called = dict.fromkeys(counts, 0.0), dict.fromkeys(counts, 0)
    for event in events:
        for instruction in _newest(event):
            if instruction.state == _REFUSED:
                continue
            for target in instruction.resource_targets:
                site, _, resource_id = target.resource.partition("/resources/")
                sold = kinds[last_part(site)][resource_id]
                step = event.delivery.duration / max(1, len(target.reduction_kw))
                promised[sold] += energy_of(list(target.reduction_kw), step)
                called[sold] += 1
    delivered = dict.fromkeys(counts, 0.0)
    for site_id, path in configs.items():
        spans = [
            event.delivery
            for event in events
            if any(last_part(item.site) == site_id and item.state != _REFUSED for item in event.instructions)
        ]
        for resource_id, energy_kwh in reduced_kwh(path.parent, spans).items():
            delivered[kinds[site_id][resource_id]] += energy_kwh
    return sorted(
        (KindDelivery(kind, counts[kind], called[kind], promised[kind], delivered[kind]) for kind in counts),
        key=lambda each: (-each.promised_kwh, each.kind),
    )


def _newest(event: EventResult) -> list[event_pb2.Instruction]:
    """Return the newest instruction of each site: what it was told in the end."""
    newest: dict[str, event_pb2.Instruction] = {}
    for instruction in event.instructions:
        known = newest.get(instruction.site)
        if known is None or instruction.modification_number > known.modification_number:
            newest[instruction.site] = instruction
    return list(newest.values())


def reduced_kwh(folder: Path, spans: Sequence[Interval]) -> dict[str, float]:
    """Return what a plant's devices truly reduced over some spans, kWh, by resource id.

    Args:
        folder: Holds the plant's `load.npz` and `plant.jsonl`.
        spans: When it counts.
    """
    found = PlantStore(folder / "plant.jsonl").read()
    if found is None:
        return {}
    saved, history = found
    load = read_load(folder / "load.npz")
    energy_kwh = {}
    for resource_id, reductions_kw in history.reductions_kw.items():
        values = np.array(reductions_kw)
        total_kwh = 0.0
        for span in spans:
            first, end = (
                (instant - load.start) // load.step - saved.live_index for instant in (span.start, span.end)
            )
            total_kwh += float(values[max(0, first) : max(0, end)].sum()) * (load.step / _HOUR)
        energy_kwh[resource_id] = total_kwh
    return energy_kwh


def _kinds(config: Path) -> dict[str, str]:
    """Return the kind of each resource of a site."""
    tables = tomllib.loads(config.read_text(encoding="utf-8"))["resources"]
    return {resource_id: kind for kind, resources in tables.items() for resource_id in resources}


def kinds_section(kinds: Sequence[KindDelivery]) -> TableSection:
    """Write the kinds as a table of the report."""
    rows = [
        (
            each.kind.replace("_", " "),
            f"{each.resource_count}",
            f"{each.called_count}",
            f"{each.promised_kwh:,.0f} kWh",
            f"{each.delivered_kwh:,.0f} kWh",
            f"{each.delivered_kwh / each.promised_kwh:.2f}" if each.promised_kwh > 0.0 else "-",
        )
        for each in kinds
    ]
    header = ("kind", "resources", "calls", "promised", "delivered", "delivered / promised")
    return TableSection("Promised and delivered by kind of resource", header, rows)
