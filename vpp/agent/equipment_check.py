"""What is wrong with a site's equipment, before the agent relies on it."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from vpp.agent.equipment_parts import SiteFacts, facts_of, parts_of
from vpp.agent.equipment_plausibility import believed
from vpp.agent.settings import AgentSettings
from vpp.agent.unit_tables import units_of
from vpp.foundation.clock import Clock, SystemClock
from vpp.foundation.device_terms import DeviceError
from vpp.foundation.errors import InvalidInput


def driver_problems(  # noqa: PLR0913  what is known of the site, one by one
    table: Mapping[str, object],
    folder: Path,
    kinds: Mapping[str, str],
    metering_interval: timedelta | None = None,
    import_limit_kw: float | None = None,
    *,
    groups: Mapping[str, frozenset[str]] | None = None,
) -> list[str]:
    """Tell all that is wrong in a `[driver]` table and the files it names; asks no device anything.

    Args:
        table: The table as read, of kind `equipment`.
        folder: Folder of the configuration; relative paths start there.
        kinds: Kind of every flexible resource by its id.
        metering_interval: The site's metering interval, if known.
        import_limit_kw: Largest net consumption the connection allows, kW, if known.
        groups: Ids of the job groups of every cluster by its id, if known.

    Returns:
        One sentence each; empty if nothing is wrong.

    Example:
        >>> driver_problems({"kind": "equipment", "state_folder": "state", "meters": {}}, Path(), {})
        ['driver.meters: Dictionary should have at least 1 item after validation, not 0']
    """
    facts = SiteFacts(folder, kinds, metering_interval, import_limit_kw, groups or {})
    found = parts_of(table, facts, SystemClock())
    for part in found.parts:
        part.device.close()
    return [*found.problems, *found.left_behind]


def unreachable_devices(settings: AgentSettings, clock: Clock) -> list[str]:
    """Read every device once, and tell those that do not answer, talk nonsense, complain or lack something.

    Blocks for as long as the drivers' own timeouts, one device after the other. Commands nothing.
    """
    units = {unit.resource_id: unit for unit in units_of(settings.resources, None)}
    told = []
    for part in parts_of(settings.driver, facts_of(settings), clock).parts:
        try:
            reading = believed(part.device.read(), part.table.bounds, clock.now())
            if part.name in units:
                units[part.name].observe({"reduction_kw": 0.0, **reading.quantities, "available": 1.0})
        except (DeviceError, InvalidInput) as error:
            told.append(f"{part.name}: {error}")
        except Exception as error:  # noqa: BLE001  a check tells what is wrong, whatever it is
            told.append(f"{part.name}: driver failed: {type(error).__name__}: {error}")
        else:
            told += [f"{part.name}: alarm {alarm}" for alarm in reading.alarms]
        finally:
            part.device.close()
    return told
