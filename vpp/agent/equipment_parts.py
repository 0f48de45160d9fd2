"""From a site's configuration to its drivers, with everything that is wrong told at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from vpp.agent.device import Device
from vpp.agent.device_place import METER, DevicePlace
from vpp.agent.driver_tables import device_of
from vpp.agent.drivers.table import read_table
from vpp.agent.equipment_endpoints import shared_endpoints
from vpp.agent.equipment_memory import FileMemory
from vpp.agent.equipment_settings import FULL_RESPONSE, DeviceTable, EquipmentTable
from vpp.agent.settings import AgentSettings
from vpp.foundation.clock import Clock
from vpp.foundation.errors import InvalidInput
from vpp.foundation.names import checked_id

DRIVER_MEMORY = ".driver.json"
"""What the file of a driver's memory ends with."""
PLAUSIBLE_MULTIPLE = 2.0
"""A meter that shows more than this many times the import limit, either way, is not believed."""


@dataclass(frozen=True, slots=True)
class Part:
    """One device or meter.

    Attributes:
        name: The resource's id or the meter's name.
        kind: The resource's kind; `meter` for a meter.
        table: How it is read and judged.
        device: Its driver.
        command_memory: Keeps what it was told.
        confirm_within: When its instruments must show what it was told.
    """

    name: str
    kind: str
    table: DeviceTable
    device: Device
    command_memory: FileMemory
    confirm_within: timedelta


@dataclass(slots=True)
class SiteParts:
    """Everything that a site with real equipment is put together from.

    Attributes:
        table: The site's `[driver]` table; None if it is too wrong to go on with.
        state_folder: Where the site keeps what it must not forget.
        parts: Devices and meters whose tables are right.
        problems: What is wrong, one sentence each; empty if nothing.
        left_behind: Devices that are configured no more and whose drivers remember something, one sentence
            each: what they have paused or set, nobody gives back.
    """

    table: EquipmentTable | None = None
    state_folder: Path = Path()
    parts: list[Part] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    left_behind: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What the `[driver]` table is judged by.

    Attributes:
        folder: Folder of the configuration; relative paths start there.
        kinds: Kind of every flexible resource by its id.
        metering_interval: At which commands are repeated at the latest; None if not known.
        import_limit_kw: Largest net consumption the connection allows, kW; None if not known.
        groups: Ids of the job groups of every resource that has some, by its id.
    """

    folder: Path
    kinds: Mapping[str, str]
    metering_interval: timedelta | None = None
    import_limit_kw: float | None = None
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)


def facts_of(settings: AgentSettings) -> SiteFacts:
    """Return what a configuration says of its site."""
    return SiteFacts(
        folder=settings.folder,
        kinds={name: kind for kind, each in settings.resources.items() for name in each},
        metering_interval=settings.site.metering_interval,
        import_limit_kw=settings.site.import_limit_kw,
        groups=groups_of(settings.resources),
    )


def groups_of(resources: object) -> dict[str, frozenset[str]]:
    """Return the ids of the job groups of every cluster in `[resources]`, as far as they can be told."""
    clusters = resources.get("job_groups") if isinstance(resources, Mapping) else None
    found = {}
    for name, table in clusters.items() if isinstance(clusters, Mapping) else ():
        groups = table.get("groups") if isinstance(table, Mapping) else None
        each = [group for group in groups if isinstance(group, Mapping)] if isinstance(groups, list) else []
        if each:
            found[str(name)] = frozenset(str(group.get("group_id")) for group in each)
    return found


def parts_of(table: Mapping[str, object], facts: SiteFacts, clock: Clock) -> SiteParts:
    """Build the drivers that a `[driver]` table names, without asking a device anything."""
    found = SiteParts()
    try:
        equipment = read_table(EquipmentTable, table, "driver")
    except InvalidInput as error:
        found.problems += str(error).split("; ")
        return found
    kinds = facts.kinds
    found.table = equipment
    found.state_folder = facts.folder / equipment.state_folder
    found.problems += [
        f"driver.devices.{name} is no resource of this site"
        for name in equipment.devices
        if name not in kinds
    ]
    found.problems += [
        f"driver.devices.{name} is missing: a resource without a device"
        for name in kinds
        if name not in equipment.devices
    ]
    found.problems += [
        f"driver.meters.{name} is also a resource" for name in equipment.meters if name in kinds
    ]
    found.problems += shared_endpoints(
        {name: {"kind": each.kind, **each.own} for name, each in equipment.devices.items()}
    )
    found.problems += _group_problems(equipment, facts)
    found.left_behind += _left_behind(equipment, found.state_folder)
    step = facts.metering_interval
    if step is not None and equipment.command_hold <= step:
        found.problems.append(
            f"driver.command_hold is {equipment.command_hold}, expected more than metering_interval {step}, "
            "at which commands are repeated"
        )
    for where, name, kind, device_table in _tables(equipment, kinds):
        try:
            checked_id(name, where)
            place = DevicePlace(
                resource_id=name,
                kind=kind,
                where=where,
                folder=facts.folder,
                clock=clock,
                memory=FileMemory(found.state_folder / f"{name}{DRIVER_MEMORY}"),
                command_hold=equipment.command_hold,
            )
            device = device_of(device_table.kind, device_table.own, place)
        except InvalidInput as error:
            text = str(error)
            found.problems.append(text if where in text else f"{where}: {text}")
            continue
        memory = FileMemory(found.state_folder / f"{name}.command.json")
        found.parts.append(_part(place, device_table, device, memory, facts.import_limit_kw))
    return found


def _group_problems(table: EquipmentTable, facts: SiteFacts) -> list[str]:
    """Tell clusters whose drivers know other groups than their resources: their readings would not fit."""
    told = []
    for name, wanted in facts.groups.items():
        groups = table.devices[name].own.get("groups") if name in table.devices else None
        if isinstance(groups, Mapping) and set(groups) != wanted:
            told.append(
                f"driver.devices.{name}.groups are {', '.join(sorted(map(str, groups)))}, expected those of "
                f"resources.job_groups.{name}: {', '.join(sorted(wanted))}"
            )
    return told


def _left_behind(table: EquipmentTable, state_folder: Path) -> list[str]:
    known = {*table.devices, *table.meters}
    told = []
    for path in sorted(state_folder.glob(f"*{DRIVER_MEMORY}")):
        name = path.name.removesuffix(DRIVER_MEMORY)
        try:
            is_empty = not FileMemory(path).recall()
        except InvalidInput:
            is_empty = False
        if name not in known and not is_empty:
            told.append(
                f"driver.devices.{name} is configured no more, and {path} remembers what was done to it: "
                "configure it until that is given back, or remove the file"
            )
    return told


def _tables(table: EquipmentTable, kinds: Mapping[str, str]) -> Iterator[tuple[str, str, str, DeviceTable]]:
    for name, each in table.meters.items():
        yield f"driver.meters.{name}", name, METER, each
    for name, each in table.devices.items():
        # A driver may want to know the kind; one for no resource is still looked at.
        yield f"driver.devices.{name}", name, kinds.get(name, ""), each


def _part(
    place: DevicePlace, table: DeviceTable, device: Device, memory: FileMemory, import_limit_kw: float | None
) -> Part:
    bounds: dict[str, tuple[float, float]] = {}
    if place.kind == METER and import_limit_kw is not None:
        limit_kw = PLAUSIBLE_MULTIPLE * import_limit_kw
        bounds["net_power_kw"] = (-limit_kw, limit_kw)
    return Part(
        name=place.resource_id,
        kind=place.kind,
        table=table.model_copy(update={"bounds": {**bounds, **table.bounds}}),
        device=device,
        command_memory=memory,
        confirm_within=table.confirm_within or FULL_RESPONSE.get(place.kind, timedelta(minutes=15)),
    )
