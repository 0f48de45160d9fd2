"""Where devices are reached, so that none is commanded twice."""

from collections.abc import Iterator, Mapping

ADDRESS_KEYS = ("host", "port", "unit", "base_url", "address", "topic", "chassis", "registers")
POINT_KEYS = ("setpoint", "limit")
"""Tables whose `point` is what is commanded, where one controller stands for several devices."""
PROTOCOLS: Mapping[str, tuple[str, Mapping[str, int]]] = {
    "modbus": ("modbus", {"port": 502, "unit": 1}),
    "sunspec": ("modbus", {"port": 502, "unit": 1}),
    "snmp_ups": ("snmp", {"port": 161}),
    "bacnet_chiller": ("bacnet", {}),
    "redfish": ("redfish", {}),
    "mqtt_meter": ("mqtt", {"port": 8883}),
}
"""What a driver speaks, and what its table need not say, by its kind; others have no address of their own:
several resources may stand behind one scheduler or one program."""


def driver_endpoints(table: Mapping[str, object]) -> dict[str, str]:
    """Return where each device and meter of a `[driver]` table is reached, by its name.

    Two sites that command one device would fight over it; so what is commanded by two configurations is
    refused. A gateway may stand for several devices in one unit, so the register map belongs to the endpoint.

    Example:
        >>> bess = {"kind": "modbus", "host": "10.0.0.4", "unit": 2, "registers": "bess.toml"}
        >>> driver_endpoints({"devices": {"bess": bess}})
        {'bess': 'modbus 10.0.0.4 502 2 bess.toml'}
    """
    return {
        name: endpoint
        for group in ("meters", "devices")
        for name, device in _tables(table.get(group))
        if (endpoint := _endpoint(device)) is not None
    }


def shared_endpoints(devices: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    """Tell which devices of one site are one and the same, or would hear each other's answers.

    Args:
        devices: Tables by resource id.

    Example:
        >>> ups = {"kind": "snmp_ups", "host": "10.0.0.5"}
        >>> list(shared_endpoints({"first": ups, "second": ups}))
        ['driver.devices.second is the same device as driver.devices.first']
    """
    found: dict[str, str] = {}
    speakers: dict[str, str] = {}
    for name, device in devices.items():
        endpoint, speaker = _endpoint(device), device.get("local_address")
        if endpoint is not None and found.setdefault(endpoint, name) != name:
            yield f"driver.devices.{name} is the same device as driver.devices.{found[endpoint]}"
        if speaker is not None and speakers.setdefault(str(speaker), name) != name:
            yield (
                f"driver.devices.{name}.local_address is {speaker}, which driver.devices."
                f"{speakers[str(speaker)]} has: expected a port of its own, host/bits:port"
            )


def _tables(group: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    for name, device in group.items() if isinstance(group, Mapping) else ():
        if isinstance(device, Mapping):
            yield str(name), device


def _endpoint(device: Mapping[str, object]) -> str | None:
    if device.get("kind") not in PROTOCOLS or not set(ADDRESS_KEYS) & set(device):
        return None
    protocol, defaults = PROTOCOLS[str(device["kind"])]
    values = {**defaults, **device}
    parts = [_said(values[key]) for key in ADDRESS_KEYS if key in values]
    for key in POINT_KEYS:
        point = values.get(key)
        if isinstance(point, Mapping) and "point" in point:
            parts.append(str(point["point"]))
    return " ".join((protocol, *parts))


def _said(value: object) -> str:
    return ",".join(sorted(map(str, value))) if isinstance(value, list | tuple) else str(value)
