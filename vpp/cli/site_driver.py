"""Which driver `vpp agent` hands to a site: real equipment, or the simulated plant."""

from vpp.agent.driver import SiteDriver
from vpp.agent.settings import AgentSettings
from vpp.cli.simulated_driver import simulated_driver
from vpp.foundation.errors import InvalidInput


def site_driver(settings: AgentSettings) -> SiteDriver:
    """Build the driver that a site's `[driver]` table describes; real equipment is read from now on.

    Raises:
        InvalidInput: The table is wrong.

    Example:
        >>> from types import SimpleNamespace
        >>> site_driver(SimpleNamespace(driver={"kind": "magic"}))
        Traceback (most recent call last):
        vpp.foundation.errors.InvalidInput: driver.kind is 'magic', expected 'equipment' or 'simulated'
    """
    kind = settings.driver.get("kind", "simulated")
    if kind == "simulated":
        table = {key: value for key, value in settings.driver.items() if key != "kind"}
        return simulated_driver(settings.model_copy(update={"driver": table}))
    if kind != "equipment":
        raise InvalidInput(f"driver.kind is {kind!r}, expected 'equipment' or 'simulated'", kind=str(kind))
    from vpp.agent.equipment import equipment_driver  # noqa: PLC0415  only sites with equipment need it

    return equipment_driver(settings)
