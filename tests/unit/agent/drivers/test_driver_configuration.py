"""What is wrong in the table of a Modbus, SunSpec or SNMP device is told when it is configured."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from support.driver_place import place_for

from vpp.agent.driver_tables import MODULES, device_of
from vpp.agent.drivers.register_map import Switch
from vpp.agent.drivers.snmp_ups import SwitchObject
from vpp.foundation.errors import InvalidInput

CONFIGS = Path(__file__).resolve().parents[4] / "configs"
LIMITS = {"max_reduction_kw": 100.0}
MODBUS = {"host": "bess", "registers": "registers/example_battery.toml", "limits": LIMITS}
SNMP = {"host": "ups", "user": "site", "authentication_environment": "HOME", "conversion_ratio": 0.95}


@pytest.mark.parametrize(
    ("kind", "table", "expected"),
    [
        ("modbus", {**MODBUS, "port": 0}, "driver.devices.unit.port is 0"),
        ("modbus", {**MODBUS, "prt": 502}, "driver.devices.unit.prt"),
        ("modbus", {**MODBUS, "limits": {"max_reduction_kw": -5}}, "limits.max_reduction_kw is -5"),
        ("modbus", {**MODBUS, "registers": "nowhere.toml"}, "nowhere.toml cannot be read"),
        ("modbus", {**MODBUS, "registers": "site.toml"}, "site.toml"),
        ("modbus", {"host": "bess", "registers": MODBUS["registers"]}, "limits is missing"),
        ("modbus", {**MODBUS, "registers": "registers/example_meter.toml"}, "has no reduction_kw"),
        ("modbus", {**MODBUS, "limits": {**LIMITS, "recharge": "commanded"}}, "needs max_increase_kw"),
        ("sunspec", {"host": "bess"}, "limits is missing"),
        ("sunspec", {"host": "bess", "limits": LIMITS, "command_model": 123}, "command_model is 123"),
        ("snmp_ups", {**SNMP, "version": "1"}, "version is 1"),
        ("snmp_ups", {**SNMP, "version": "2c"}, "version 2c takes community_file"),
        ("snmp_ups", {"host": "ups", "conversion_ratio": 0.95}, "version 3 takes a user"),
        ("snmp_ups", {**SNMP, "conversion_ratio": 1.5}, "conversion_ratio is 1.5"),
        ("snmp_ups", {**SNMP, "authentication_environment": "VPP_NOT_SET"}, "VPP_NOT_SET is empty"),
        ("snmp_ups", {"host": "ups", "user": "site", "conversion_ratio": 0.9}, "authentication is missing"),
        ("snmp_ups", {**SNMP, "objects": "registers/example_ups_objects.toml"}, "limits is missing"),
    ],
)
def test_a_wrong_table_is_refused_by_name(kind: str, table: Mapping[str, object], expected: str) -> None:
    with pytest.raises(InvalidInput, match=r"driver\.devices\.unit|toml") as caught:
        device_of(kind, table, place_for(CONFIGS))
    assert expected in str(caught.value)


def test_a_device_that_keeps_its_command_when_the_site_dies_must_be_accepted(tmp_path: Path) -> None:
    text = (CONFIGS / "registers/example_battery.toml").read_text().split("[command.expiry]")[0]
    (tmp_path / "map.toml").write_text(text)
    table = {**MODBUS, "registers": "map.toml"}
    with pytest.raises(InvalidInput, match="without_watchdog = true"):
        device_of("modbus", table, place_for(tmp_path))
    device_of("modbus", {**table, "without_watchdog": True}, place_for(tmp_path)).close()
    objects = (CONFIGS / "registers/example_ups_objects.toml").read_text().split("[expiry]")[0]
    (tmp_path / "objects.toml").write_text(objects)
    with pytest.raises(InvalidInput, match="without_watchdog = true"):
        device_of("snmp_ups", {**SNMP, "objects": "objects.toml", "limits": LIMITS}, place_for(tmp_path))


def test_a_switch_must_turn_something() -> None:
    for switch in (Switch, SwitchObject):
        address = {"address": 1} if switch is Switch else {"oid": "1.3.6"}
        with pytest.raises(ValidationError, match="on and off are both 1"):
            switch.model_validate({**address, "on": 1, "off": 1})


def test_a_secret_that_was_written_into_the_table_is_not_repeated() -> None:
    with pytest.raises(InvalidInput, match=r"driver\.devices\.unit\.password is \.\.\.") as caught:
        device_of("modbus", {**MODBUS, "password": "made-up-secret"}, place_for(CONFIGS))
    assert "made-up-secret" not in str(caught.value)


def test_a_hold_that_the_device_cannot_count_is_refused() -> None:
    with pytest.raises(InvalidInput, match="command_hold"):
        device_of("modbus", MODBUS, place_for(CONFIGS, hold=timedelta(hours=19)))


def test_a_meter_needs_power_or_energy_and_no_limits() -> None:
    meter = {"host": "grid", "registers": "registers/example_meter.toml"}
    device_of("modbus", meter, place_for(CONFIGS, kind="meter")).close()
    with pytest.raises(InvalidInput, match="neither net_power_kw nor import_kwh"):
        device_of("modbus", MODBUS, place_for(CONFIGS, kind="meter"))
    with pytest.raises(InvalidInput, match="no meter"):
        device_of("snmp_ups", SNMP, place_for(CONFIGS, kind="meter"))


def test_every_driver_can_be_imported() -> None:
    for kind in MODULES:
        with pytest.raises(InvalidInput, match=r"driver\.devices\.unit"):
            device_of(kind, {"no_such_key": 1}, place_for(CONFIGS))
