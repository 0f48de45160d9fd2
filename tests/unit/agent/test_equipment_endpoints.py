"""Where devices are reached, so that none is commanded twice."""

from vpp.agent.equipment_endpoints import driver_endpoints, shared_endpoints

BATTERY = {"kind": "modbus", "host": "10.0.0.4", "registers": "bess.toml"}
CHILLER = {"kind": "bacnet_chiller", "address": "10.0.0.6", "local_address": "10.0.0.1/24"}


def test_one_device_in_two_configurations_can_be_found_by_its_endpoint() -> None:
    said = {"kind": "modbus", "host": "10.0.0.4", "port": 502, "unit": 1, "timeout": 2}
    silent = {"kind": "sunspec", "host": "10.0.0.4"}
    assert driver_endpoints({"meters": {"a": said}}) == {"a": "modbus 10.0.0.4 502 1"}
    assert driver_endpoints({"devices": {"b": silent}}) == {"b": "modbus 10.0.0.4 502 1"}
    other = driver_endpoints({"devices": {"b": {**silent, "unit": 2}}})
    assert other != driver_endpoints({"devices": {"b": silent}})
    assert driver_endpoints({"meters": "nonsense", "devices": {"a": 5, "b": {"kind": "exec"}}}) == {}


def test_the_order_in_which_servers_are_listed_hides_nothing() -> None:
    servers = {"kind": "redfish", "base_url": "https://10.0.0.5", "chassis": ["a", "b"]}
    turned = servers | {"chassis": ["b", "a"]}
    assert driver_endpoints({"devices": {"x": servers}}) == driver_endpoints({"devices": {"x": turned}})


def test_one_device_under_two_names_is_told() -> None:
    (said,) = shared_endpoints({"first": BATTERY, "second": BATTERY | {"port": 502, "timeout": 1.0}})
    assert said == "driver.devices.second is the same device as driver.devices.first"
    assert not list(shared_endpoints({"first": BATTERY, "second": BATTERY | {"registers": "other.toml"}}))
    programs = {"kind": "exec", "read": ["read"]}
    assert not list(shared_endpoints({"first": programs, "second": programs}))


def test_two_chillers_need_two_ports_of_the_sites_own() -> None:
    first = CHILLER | {"setpoint": {"point": "analog-value,1"}}
    second = CHILLER | {"setpoint": {"point": "analog-value,2"}}
    (said,) = shared_endpoints({"first": first, "second": second})
    assert "driver.devices.second.local_address is 10.0.0.1/24, which driver.devices.first has" in said
    assert not list(
        shared_endpoints({"first": first, "second": second | {"local_address": "10.0.0.1/24:47809"}})
    )
