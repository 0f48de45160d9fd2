"""Which drivers there are, by the `kind` of a device's table; each is imported only if configured.

A driver is one module of `vpp.agent.drivers` with a function `device_of(table, place) -> Device`.
It needs the extra `drivers`; a site without its library hears of it when it is configured.
"""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Protocol, cast

from vpp.agent.device import Device
from vpp.agent.device_place import DevicePlace
from vpp.foundation.errors import InvalidInput

MODULES: Mapping[str, str] = MappingProxyType(
    {
        "bacnet_chiller": "vpp.agent.drivers.bacnet_chiller",
        "exec": "vpp.agent.drivers.exec",
        "kubernetes": "vpp.agent.drivers.kubernetes",
        "modbus": "vpp.agent.drivers.modbus",
        "mqtt_meter": "vpp.agent.drivers.mqtt_meter",
        "redfish": "vpp.agent.drivers.redfish",
        "slurm": "vpp.agent.drivers.slurm",
        "snmp_ups": "vpp.agent.drivers.snmp_ups",
        "sunspec": "vpp.agent.drivers.sunspec",
    }
)
"""Module of every driver by its kind."""


class DriverModule(Protocol):
    """What every driver's module offers."""

    def device_of(self, table: Mapping[str, object], place: DevicePlace) -> Device:
        """Build the device that a table describes, without asking it anything yet.

        Args:
            table: The driver's own keys.
            place: Whose device it is, and what the site lends the driver.

        Raises:
            InvalidInput: A key is unknown, missing or wrong, or a file it names cannot be used.
        """
        ...


def device_of(kind: str, table: Mapping[str, object], place: DevicePlace) -> Device:
    """Build a device with the driver of a kind.

    Raises:
        InvalidInput: There is no such driver, its library is missing, or its table is wrong.

    Example:
        >>> device_of("telepathy", {}, place=None)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        vpp.foundation.errors.InvalidInput: kind is 'telepathy', expected one of ...
    """
    if kind not in MODULES:
        raise InvalidInput(f"kind is {kind!r}, expected one of {', '.join(sorted(MODULES))}", kind=kind)
    try:
        module = cast("DriverModule", import_module(MODULES[kind]))
    except ModuleNotFoundError as error:
        raise InvalidInput(
            f"{place.where}: driver {kind} needs {error.name}, which is not installed; "
            "install vpp with the extra `drivers`",
            kind=kind,
        ) from error
    return module.device_of(table, place)
