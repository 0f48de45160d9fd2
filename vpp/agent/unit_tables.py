"""From the configuration's resource tables to units: field by field the models' own parameters."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from vpp.agent.battery_unit import BatteryUnit
from vpp.agent.chiller_unit import ChillerUnit
from vpp.agent.deferrable_unit import DeferrableLoadUnit
from vpp.agent.generator_unit import GeneratorUnit
from vpp.agent.idle_servers_unit import IdleServersUnit
from vpp.agent.interruptible_load_unit import InterruptibleLoadUnit
from vpp.agent.job_groups_unit import JobGroupsUnit
from vpp.agent.job_tables import job_cluster_of
from vpp.agent.parameter_table import chosen, parameters_of
from vpp.agent.quantity_fields import read_quantities
from vpp.agent.thermal_store_unit import ThermalStoreUnit
from vpp.agent.unit import Unit
from vpp.agent.ups_unit import UpsUnit
from vpp.flexibility.battery import BatteryParameters
from vpp.flexibility.chiller_curves import AIR_COOLED, WATER_COOLED
from vpp.flexibility.chiller_plant import ChillerParameters
from vpp.flexibility.deferrable_pool import Capping, DeferrableLoadParameters, Pausing
from vpp.flexibility.generator import GeneratorParameters
from vpp.flexibility.idle_servers import IdleServersParameters
from vpp.flexibility.interruptible_load import InterruptibleLoadParameters
from vpp.flexibility.job_class import Tier
from vpp.flexibility.thermal_store import ThermalStoreParameters
from vpp.flexibility.ups import UpsParameters
from vpp.foundation.errors import InvalidInput
from vpp.foundation.names import checked_id

Table = Mapping[str, Any]


def units_of(
    tables: Mapping[str, Mapping[str, Table]], displaced_value_per_kwh: Decimal | None
) -> tuple[Unit[Any], ...]:
    """Build the site's flexible resources.

    Args:
        tables: Parameters by kind (`battery`, `ups`, `hvdc_backup`, `chiller`, `thermal_store`,
            `generator`, `interruptible_load`, `deferrable_load`, `job_groups`, `idle_servers`)
            and resource id, named as in the models of `vpp.flexibility`; `resource_id` is the table's key.
        displaced_value_per_kwh: What a kWh of a battery's own use earns; None if it has none.

    Returns:
        The resources in order of their id.

    Raises:
        InvalidInput: A kind or parameter is unknown, missing or out of its range, or an id is
            given twice.

    Example:
        >>> units_of({"battery": {"bess": {"capacity_kwh": 100.0}}}, None)
        Traceback (most recent call last):
        vpp.foundation.errors.InvalidInput: resources.battery.bess lacks max_discharge_kw, max_charge_kw, ...
    """
    found: dict[str, Unit[Any]] = {}
    for kind, resources in tables.items():
        for resource_id, table in resources.items():
            checked_id(resource_id, "resource_id")
            if resource_id in found:
                raise InvalidInput(f"resource_id {resource_id} is given twice", resource_id=resource_id)
            found[resource_id] = _unit(
                kind,
                resource_id,
                read_quantities(table, f"resources.{kind}.{resource_id}"),
                displaced_value_per_kwh,
            )
    return tuple(found[resource_id] for resource_id in sorted(found))


def _unit(  # noqa: PLR0911  a return per kind
    kind: str, resource_id: str, table: dict[str, Any], displaced_value_per_kwh: Decimal | None
) -> Unit[Any]:
    where = f"resources.{kind}.{resource_id}"
    table["resource_id"] = resource_id
    match kind:
        case "battery":
            return BatteryUnit(parameters_of(BatteryParameters, table, where), displaced_value_per_kwh)
        case "ups" | "hvdc_backup":  # direct-current backup has the parameters of a UPS
            return UpsUnit(parameters_of(UpsParameters, table, where))
        case "chiller":
            table["curves"] = chosen(
                {"water_cooled": WATER_COOLED, "air_cooled": AIR_COOLED},
                table.get("curves"),
                f"{where}.curves",
            )
            return ChillerUnit(parameters_of(ChillerParameters, table, where))
        case "thermal_store":
            return ThermalStoreUnit(parameters_of(ThermalStoreParameters, table, where))
        case "generator":
            return GeneratorUnit(parameters_of(GeneratorParameters, table, where))
        case "interruptible_load":
            return InterruptibleLoadUnit(parameters_of(InterruptibleLoadParameters, table, where))
        case "deferrable_load":
            tiers = {tier.name.lower(): tier for tier in Tier}
            table["tier"] = chosen(tiers, table.get("tier"), f"{where}.tier")
            table["method"] = _method(table.get("method"), f"{where}.method")
            return DeferrableLoadUnit(parameters_of(DeferrableLoadParameters, table, where))
        case "job_groups":
            return JobGroupsUnit(job_cluster_of(table, where))
        case "idle_servers":
            return IdleServersUnit(parameters_of(IdleServersParameters, table, where))
        case _:
            raise InvalidInput(
                f"resources.{kind} is not a kind, expected battery, ups, hvdc_backup, chiller, "
                "thermal_store, generator, interruptible_load, deferrable_load, job_groups or idle_servers",
                kind=kind,
            )


def _method(value: object, where: str) -> Capping | Pausing:
    """Read `"capping"`, or a table with the parameters of pausing."""
    if value == "capping":
        return Capping()
    if isinstance(value, Mapping):
        return parameters_of(Pausing, dict(value), where)
    raise InvalidInput(f'{where} is {value!r}, expected "capping" or a table with checkpoint_interval')
