"""What is wrong with a site's `[driver]` table, and which of its devices do not answer."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vpp.agent.settings import AgentSettings
from vpp.agent.site_check import Checked
from vpp.cli.site_driver import site_driver
from vpp.foundation.device_terms import DeviceError, Health
from vpp.foundation.errors import VppError
from vpp.simulator.settings import plant_settings
from vpp.simulator.site_load import read_load


def driver_problems(table: Mapping[str, Any], checked: Checked) -> list[str]:
    """Return what is wrong with a driver's table and its files; no device is asked anything."""
    kind = table.get("kind", "simulated")
    if kind == "simulated":
        return _simulated_problems(table, checked)
    if kind != "equipment":
        return [f"driver.kind is {kind!r}, expected 'equipment' or 'simulated'"]
    from vpp.agent import equipment_check  # noqa: PLC0415  only sites with equipment need it
    from vpp.agent.equipment_parts import groups_of  # noqa: PLC0415  as above

    site = checked.table.get("site")
    known: Mapping[str, Any] = site if isinstance(site, Mapping) else {}
    return equipment_check.driver_problems(
        table,
        checked.folder,
        checked.kinds(),
        _span(known.get("metering_interval")),
        None if checked.settings is None else checked.settings.site.import_limit_kw,
        groups=groups_of(checked.table.get("resources")),
    )


def _span(value: object) -> timedelta | None:
    try:
        return TypeAdapter(timedelta).validate_python(value)
    except ValidationError:
        return None


def _simulated_problems(table: Mapping[str, Any], checked: Checked) -> list[str]:
    try:
        plant = plant_settings({key: value for key, value in table.items() if key != "kind"})
        load = read_load(checked.folder / plant.load_file)
    except VppError as error:
        return [f"driver: {error}"]
    found = []
    devices, resources = set(plant.devices()), set(checked.kinds())
    found += [f"driver has no device for the resource {each}" for each in sorted(resources - devices)]
    settings = checked.settings
    if settings is not None and load.step != settings.site.metering_interval:
        found.append(
            f"driver.load_file has intervals of {load.step}, expected site.metering_interval "
            f"{settings.site.metering_interval}"
        )
    return found


def endpoints_of(table: Mapping[str, Any]) -> Mapping[str, str]:
    """Return where each device is reached, by resource id; simulated ones have no such place."""
    if table.get("kind", "simulated") != "equipment":
        return {}
    from vpp.agent.equipment_endpoints import driver_endpoints  # noqa: PLC0415  as above

    return driver_endpoints(table)


def unreachable(settings: AgentSettings) -> list[str]:
    """Read every meter and device once; return which do not answer, and why."""
    clock = settings.build_clock()
    if settings.driver.get("kind", "simulated") == "equipment":
        from vpp.agent.equipment_check import unreachable_devices  # noqa: PLC0415  as above

        return unreachable_devices(settings, clock)
    found = []
    try:
        driver, now = site_driver(settings), clock.now()
    except VppError as error:
        return [f"driver: {error}"]
    for resources in settings.resources.values():
        for resource_id in resources:
            try:
                condition = driver.condition(resource_id, now)
                driver.state(resource_id, now)
            except (VppError, DeviceError) as error:
                found.append(f"{resource_id} cannot be read: {error}")
            else:
                if condition.health is not Health.OK:
                    found.append(f"{resource_id} is {condition.health.value}: {condition.detail}")
    return found
