"""From the configuration's resource tables to units: field by field the models' own parameters."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from vpp.agent.battery_unit import BatteryUnit
from vpp.agent.chiller_unit import ChillerUnit
from vpp.agent.deferrable_unit import DeferrableLoadUnit
from vpp.agent.unit import Unit
from vpp.agent.ups_unit import UpsUnit
from vpp.flexibility.battery import BatteryParameters
from vpp.flexibility.chiller import ChillerParameters
from vpp.flexibility.chiller_curves import AIR_COOLED, WATER_COOLED
from vpp.flexibility.deferrable_pool import Capping, DeferrableLoadParameters, Pausing
from vpp.flexibility.job_class import Tier
from vpp.flexibility.ups import UpsParameters
from vpp.foundation.errors import InvalidInput
from vpp.foundation.names import checked_id

P = TypeVar("P")
Table = Mapping[str, Any]


def units_of(
    tables: Mapping[str, Mapping[str, Table]], displaced_value_per_kwh: Decimal | None
) -> tuple[Unit[Any], ...]:
    """Build the site's flexible resources.

    Args:
        tables: Parameters by kind (`battery`, `ups`, `chiller`, `deferrable_load`) and resource
            id, named as in the models of `vpp.flexibility`; `resource_id` is the table's key.
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
            found[resource_id] = _unit(kind, resource_id, dict(table), displaced_value_per_kwh)
    return tuple(found[resource_id] for resource_id in sorted(found))


def _unit(
    kind: str, resource_id: str, table: dict[str, Any], displaced_value_per_kwh: Decimal | None
) -> Unit[Any]:
    where = f"resources.{kind}.{resource_id}"
    table["resource_id"] = resource_id
    match kind:
        case "battery":
            return BatteryUnit(_parameters(BatteryParameters, table, where), displaced_value_per_kwh)
        case "ups":
            return UpsUnit(_parameters(UpsParameters, table, where))
        case "chiller":
            table["curves"] = _chosen(
                {"water_cooled": WATER_COOLED, "air_cooled": AIR_COOLED},
                table.get("curves"),
                f"{where}.curves",
            )
            return ChillerUnit(_parameters(ChillerParameters, table, where))
        case "deferrable_load":
            tiers = {tier.name.lower(): tier for tier in Tier}
            table["tier"] = _chosen(tiers, table.get("tier"), f"{where}.tier")
            table["method"] = _method(table.get("method"), f"{where}.method")
            return DeferrableLoadUnit(_parameters(DeferrableLoadParameters, table, where))
        case _:
            raise InvalidInput(
                f"resources.{kind} is not a kind, expected battery, ups, chiller or deferrable_load",
                kind=kind,
            )


def _method(value: object, where: str) -> Capping | Pausing:
    """Read `"capping"`, or a table with the parameters of pausing."""
    if value == "capping":
        return Capping()
    if isinstance(value, Mapping):
        return _parameters(Pausing, dict(value), where)
    raise InvalidInput(f'{where} is {value!r}, expected "capping" or a table with checkpoint_interval')


def _chosen(choices: Mapping[str, P], value: object, where: str) -> P:
    if not isinstance(value, str) or value not in choices:
        raise InvalidInput(f"{where} is {value!r}, expected one of {', '.join(sorted(choices))}")
    return choices[value]


def _parameters(cls: type[P], table: dict[str, Any], where: str) -> P:
    """Validate a table against a parameter class, refusing what it does not have."""
    known = {field.name: field for field in fields(cls)}  # type: ignore[arg-type]  # every caller passes a dataclass
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise InvalidInput(f"{where} has unknown keys {', '.join(unknown)}", keys=", ".join(unknown))
    spans = {name for name, field in known.items() if field.type in {timedelta, "timedelta"}}
    for name in spans & set(table):
        if isinstance(table[name], int | float):
            raise InvalidInput(f'{where}.{name} is {table[name]}, expected a duration such as "PT5M"')
    try:
        return TypeAdapter(cls).validate_python(table)
    except ValidationError as error:
        missing = [str(each["loc"][0]) for each in error.errors() if each["type"] == "missing"]
        if missing:
            raise InvalidInput(f"{where} lacks {', '.join(missing)}", keys=", ".join(missing)) from error
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f"{where}.{name} is {first['input']!r}: {first['msg']}") from error
