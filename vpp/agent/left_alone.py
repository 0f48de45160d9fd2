"""Whether the connection bears what devices draw when nobody commands them any more.

An agent that dies in an event keeps no device back: each takes its own commands back after a while, and all
that stored or put something off recover at once. With r_i the largest recovery of device i by its own
parameters, and the import or transformer limit,

    load + sum_i r_i <= limit

must hold, or the site's own protection has to. The load is the site's to know; below its minimum it never
is, so that a sum that does not fit beside even that is a contradiction.
"""

from typing import Any

from vpp.agent.quantity_fields import read_quantities
from vpp.agent.settings import AgentSettings
from vpp.agent.unit import Unit
from vpp.agent.unit_tables import units_of
from vpp.foundation.errors import InvalidInput


def left_alone(settings: AgentSettings) -> tuple[list[str], list[str]]:
    """Return what contradicts, and what is worth knowing, one sentence each.

    Args:
        settings: The site's configuration.
    """
    try:
        units = units_of(settings.resources, settings.bidding.displaced_value_per_kwh)
    except InvalidInput:
        return [], []  # told elsewhere
    site = settings.site
    known_kw = {unit.resource_id: kw for unit in units if (kw := _recovery_kw(unit, settings)) is not None}
    drawing = sorted(key for key, kw in known_kw.items() if kw > 0.0)
    unknown = sorted(unit.resource_id for unit in units if unit.resource_id not in known_kw)
    if not drawing:
        return [], []
    total_kw, limit_kw, least_kw = sum(known_kw.values()), site.largest_import_kw, site.minimum_load_kw
    beside = f" (and {', '.join(unknown)} what their state asks for)" if unknown else ""
    names = f"{', '.join(drawing)}{beside}"
    said = f"if the agent dies in an event, up to {total_kw:.1f} kW recover at once: {names}"
    if least_kw + total_kw > limit_kw:
        return [f"site.import_limit_kw: {said}; with minimum_load_kw {least_kw} more than {limit_kw} kW"], []
    return [], [f"{said}; the limit of {limit_kw} kW bears that up to a load of {limit_kw - total_kw:.1f} kW"]


def _recovery_kw(unit: Unit[Any], settings: AgentSettings) -> float | None:
    """Return the largest power of a resource's recovery; None where that takes an observation."""
    for tables in settings.resources.values():
        own = read_quantities(tables.get(unit.resource_id, {}), unit.resource_id).get("max_recharge_kw")
        if isinstance(own, int | float):
            return float(own)
    try:
        return unit.envelope().recovery.cap_kw
    except InvalidInput:
        return None
