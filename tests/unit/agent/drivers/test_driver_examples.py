"""Every driver has an example of its table, and every example can be built."""

import json
import shutil
import tomllib
from pathlib import Path

import pytest
from support.driver_place import place_for
from support.kubernetes_api import kubeconfig

from vpp.agent.driver_tables import MODULES, device_of
from vpp.agent.equipment_settings import DeviceTable

CONFIGS = Path(__file__).resolve().parents[4] / "configs"
KINDS = {
    "bacnet_chiller": "chiller",
    "exec": "battery",
    "kubernetes": "job_groups",
    "modbus": "battery",
    "mqtt_meter": "meter",
    "redfish": "deferrable_load",
    "slurm": "job_groups",
    "snmp_ups": "ups",
    "sunspec": "battery",
}
"""Kind of the resource in each driver's example."""
SECRETS = ("UPS_AUTHENTICATION", "UPS_PRIVACY", "REDFISH_PASSWORD", "MQTT_PASSWORD")


@pytest.mark.parametrize("kind", sorted(MODULES))
def test_the_example_can_be_built(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, "made-up-secret")
    shutil.copytree(CONFIGS / "registers", tmp_path / "registers")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "slurm.jwt").write_text("SLURM_JWT=made-up\n")
    (tmp_path / "secrets" / "kubeconfig.json").write_text(json.dumps(kubeconfig("https://192.0.2.60:6443")))
    driver = tomllib.loads((CONFIGS / "drivers" / f"{kind}.toml").read_text())["driver"]
    ((content,),) = [list(each.values()) for each in driver.values()]
    table = DeviceTable.model_validate(content)
    assert table.kind == kind
    assert list(driver) == ["meters" if KINDS[kind] == "meter" else "devices"]
    device = device_of(kind, table.own, place_for(tmp_path, kind=KINDS[kind]))
    device.close()


def test_every_example_is_of_a_driver() -> None:
    assert {path.stem for path in (CONFIGS / "drivers").iterdir()} == set(MODULES)
