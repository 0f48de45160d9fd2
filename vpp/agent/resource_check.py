"""All that is wrong with the tables of flexible resources.

A model refuses at the first thing that cannot be. So what is found is put right in a copy, and the copy
is tried again, until nothing more is found or what is found cannot be put right by anyone but the site.
"""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vpp.agent.quantity_fields import read_quantities
from vpp.agent.unit_tables import units_of
from vpp.foundation.errors import InvalidInput

MOST_TRIES = 12
NEVER_NEGATIVE = ("_kw", "_kwh", "_m3", "_count", "_per_kwh", "_per_start", "_cop")
NEVER_ABOVE_ONE = (
    "soc_ratio",
    "delivery_ratio",
    "round_trip_ratio",
    "charge_ratio",
    "state_of_health_ratio",
    "stored_ratio",
    "idle_power_ratio",
)
_UNKNOWN_KEYS = re.compile(r"has unknown keys (.+)$")


def resource_problems(tables: object, displaced_value_per_kwh: Decimal | None) -> list[str]:
    """Return what is wrong with all resources, one sentence each.

    Args:
        tables: The configuration's `[resources]`, as read.
        displaced_value_per_kwh: What a kWh of a battery's own use earns.

    Example:
        >>> tables = {"battery": {"bess": {"capacity_kwh": -5.0, "max_soc_ratio": 1.2}}}
        >>> [problem.split(",")[0] for problem in resource_problems(tables, None)][:2]
        ['resources.battery.bess.capacity_kwh is -5.0', 'resources.battery.bess.max_soc_ratio is 1.2']
    """
    if not isinstance(tables, Mapping) or not tables:
        return ["resources is missing, expected at least one flexible resource"]
    found: list[str] = []
    seen: dict[str, str] = {}
    for kind, resources in tables.items():
        if not isinstance(resources, Mapping):
            found.append(f"resources.{kind} is {resources!r}, expected tables by resource id")
            continue
        for resource_id, table in resources.items():
            where = f"resources.{kind}.{resource_id}"
            if resource_id in seen:
                found.append(f"{where}: the id {resource_id} is taken by {seen[resource_id]} already")
            seen.setdefault(str(resource_id), where)
            if not isinstance(table, Mapping):
                found.append(f"{where} is {table!r}, expected a table")
                continue
            for problem in _of_one(str(kind), str(resource_id), table, displaced_value_per_kwh):
                if problem not in found:
                    found.append(problem)
    return found


def _of_one(
    kind: str, resource_id: str, table: Mapping[str, Any], displaced_value_per_kwh: Decimal | None
) -> Iterator[str]:
    where = f"resources.{kind}.{resource_id}"
    try:
        copy = read_quantities(table, where)
    except InvalidInput as error:
        yield str(error)
        copy = {key: value for key, value in table.items() if f"{where}.{key}:" not in str(error)}
    named = set()
    for key, problem in _out_of_range(copy, where):
        named.add(key)
        yield problem
    copy = _repaired(copy)
    yield from _spans_apart(copy, where)
    for _ in range(MOST_TRIES):
        try:
            units_of({kind: {resource_id: copy}}, displaced_value_per_kwh)
        except InvalidInput as error:
            text = str(error)
            if not any(f"{key} is" in text for key in named):
                yield text if where in text else f"{where}: {text}"
            unknown = _UNKNOWN_KEYS.search(text)
            if unknown is None:
                return
            dropped = {name.strip() for name in unknown.group(1).split(",")}
            copy = {key: value for key, value in copy.items() if key not in dropped}
        else:
            return


def _spans_apart(table: Mapping[str, Any], where: str) -> Iterator[str]:
    """Tell of a UPS that would have to ride through for longer than it lasts."""
    try:
        ride_through = TypeAdapter(timedelta).validate_python(table["ride_through"])
        autonomy = TypeAdapter(timedelta).validate_python(table["autonomy"])
    except (KeyError, ValidationError):
        return  # not given, or told of by the model
    if ride_through > autonomy:
        yield f"{where}.ride_through is {ride_through}, expected at most autonomy {autonomy}"


def _out_of_range(table: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _out_of_range(value, f"{where}.{key}")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            if not math.isfinite(value):
                yield key, f"{where}.{key} is {value}, expected a finite number"
            elif value < 0 and key.endswith((*NEVER_NEGATIVE, "_ratio")):
                yield key, f"{where}.{key} is {value}, expected 0 or more"
            elif value > 1 and key.endswith(NEVER_ABOVE_ONE):
                yield key, f"{where}.{key} is {value}, expected at most 1"


def _repaired(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table in which single values are in range, so that what lies behind them is found too."""
    copy: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            copy[key] = _repaired(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            fixed = abs(value) if math.isfinite(value) else 1.0
            copy[key] = min(1.0, fixed) if key.endswith(NEVER_ABOVE_ONE) else fixed
        else:
            copy[key] = value
    return copy
