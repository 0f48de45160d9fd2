"""Every file in configs/ loads, and what docker-compose.yml says is what the command takes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from vpp.agent.equipment_check import driver_problems
from vpp.agent.settings import load_settings
from vpp.agent.unit_tables import units_of
from vpp.foundation.errors import InvalidInput
from vpp.hub.emission_factor_file import load_emission_factors
from vpp.hub.load_settings import load_settings as load_hub_settings

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "configs"


def test_every_file_is_known_to_a_test() -> None:
    here = {path.relative_to(CONFIGS).as_posix() for path in CONFIGS.rglob("*.toml")}
    products = {path.relative_to(CONFIGS).as_posix() for path in (CONFIGS / "products").glob("*.toml")}
    rules = {path.relative_to(CONFIGS).as_posix() for path in (CONFIGS / "baselines").glob("*.toml")}
    tariffs = {path.relative_to(CONFIGS).as_posix() for path in (CONFIGS / "tariffs").glob("*.toml")}
    registers = {path.relative_to(CONFIGS).as_posix() for path in (CONFIGS / "registers").glob("*.toml")}
    drivers = {path.relative_to(CONFIGS).as_posix() for path in (CONFIGS / "drivers").glob("*.toml")}
    sites = {"site.toml", "site_with_equipment.toml"}
    assert (
        here
        == {"hub.toml", "emission_factors.toml"} | sites | products | rules | tariffs | registers | drivers
    )


def test_the_hubs_example_loads() -> None:
    settings = load_hub_settings(CONFIGS / "hub.toml")
    assert settings.server.listen_address == "127.0.0.1"


def test_the_example_of_emission_factors_loads() -> None:
    factors = load_emission_factors(CONFIGS / "emission_factors.toml")
    assert set(factors) == {"north", "GB"}


def test_the_sites_example_loads() -> None:
    settings = load_settings(CONFIGS / "site.toml")
    assert set(settings.resources) == {"battery", "ups", "chiller", "deferrable_load"}


def test_the_example_with_equipment_names_devices_that_can_be_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPS_AUTHENTICATION", "made-up-authentication")
    monkeypatch.setenv("UPS_PRIVACY", "made-up-privacy")
    settings = load_settings(CONFIGS / "site_with_equipment.toml")
    kinds = {name: kind for kind, each in settings.resources.items() for name in each}
    interval, limit_kw = settings.site.metering_interval, settings.site.import_limit_kw
    assert driver_problems(settings.driver, settings.folder, kinds, interval, limit_kw) == []
    units = units_of(settings.resources, None)
    assert {unit.resource_id for unit in units} == set(settings.driver["devices"])


@pytest.mark.parametrize("name", ["hub.toml", "site.toml"])
def test_a_misspelt_key_is_refused_by_name(name: str, tmp_path: Path) -> None:
    text = (CONFIGS / name).read_text().replace("[telemetry]", "[telemetrie]", 1)
    assert "[telemetrie]" in text
    (tmp_path / name).write_text(text)
    load = load_hub_settings if name == "hub.toml" else load_settings
    with pytest.raises(InvalidInput, match="telemetrie"):
        load(tmp_path / name)


COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_images_are_pinned_and_the_parts_are_there() -> None:
    services = COMPOSE["services"]
    assert set(services) == {"database", "configuration", "schema", "hub", "agent-001", "agent-002"}
    dockerfile = (ROOT / "tools" / "Dockerfile").read_text()
    images = [service["image"] for service in services.values()] + re.findall(
        r"^FROM (\S+)", dockerfile, re.MULTILINE
    )
    assert all(re.search(r":\d+\.\d+", image) for image in images)


def test_the_containers_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the configuration container writes is what the other containers start from."""
    command = [
        part.replace("/data", str(tmp_path)) for part in COMPOSE["services"]["configuration"]["command"]
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for _ in range(2):  # a second start changes nothing
        subprocess.run(
            [sys.executable, "-m", "vpp.cli.main", *command], cwd=tmp_path, env=environment, check=True
        )
    for name, value in COMPOSE["services"]["hub"]["environment"].items():
        monkeypatch.setenv(name, value)
    settings = load_hub_settings(tmp_path / "hub.toml")
    assert settings.database.url.get_secret_value().startswith("postgresql+psycopg://vpp_hub:")
    for name in ("agent-001", "agent-002"):
        service = COMPOSE["services"][name]
        *_, config = service["command"]
        site = load_settings(Path(config.replace("/data", str(tmp_path))))
        assert site.hub.address == f"hub:{settings.server.port}"  # the service's name is the hub's host
        assert site.hub.tls is not None
    assert settings.server.listen_address == "0.0.0.0"  # noqa: S104  with mutual TLS
    assert not settings.server.plaintext
