"""What the image and docker-compose.yml promise: no root, nothing to write to, no rights to gain."""

import re
import runpy
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "tools" / "Dockerfile").read_text(encoding="utf-8")
INSTRUCTIONS = [
    line.split(maxsplit=1)
    for line in DOCKERFILE.replace("\\\n", " ").splitlines()
    if line.strip() and not line.lstrip().startswith("#")
]
PINNED = re.compile(r"[\w./-]+:[\w.-]*\d[\w.-]*")
"""An image with a version, not one that is another tomorrow."""


def arguments(name: str) -> list[str]:
    return [rest for instruction, rest in INSTRUCTIONS if instruction == name]


def test_the_image_runs_as_a_user_of_a_fixed_number() -> None:
    user = arguments("USER")[-1]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user), user
    after = [name for name, _ in INSTRUCTIONS[[name for name, _ in INSTRUCTIONS].index("USER") :]]
    assert not {"RUN", "COPY", "ADD"} & set(after), "nothing is put in that its user owns"
    number = user.partition(":")[0]
    assert any(f"--uid {number}" in run and "nologin" in run for run in arguments("RUN"))


def test_what_the_image_holds_is_pinned_and_nothing_is_fetched_by_the_way() -> None:
    assert all(PINNED.fullmatch(image.split()[0]) for image in arguments("FROM"))
    installs = [run for run in arguments("RUN") if "install -" in run or "pip install" in run]
    assert any("--require-hashes" in run and "--no-deps" in run for run in installs)
    assert not arguments("ADD")
    assert not any(re.search(r"\b(curl|wget|git clone)\b", run) for run in arguments("RUN"))


def test_no_secret_is_in_the_image() -> None:
    named = " ".join(arguments("ENV") + arguments("ARG")).lower()
    assert not re.search(r"password|secret|token|key", named)
    copied = {source for line in arguments("COPY") for source in line.split()[:-1]}
    assert copied <= {"vpp", "configs", "pyproject.toml", "tools/runtime.lock", "tools/image_metadata.py"}


def test_the_version_can_be_asked_for_where_nothing_is_installed(tmp_path: Path) -> None:
    write_metadata = runpy.run_path(str(ROOT / "tools" / "image_metadata.py"))["write_metadata"]
    write_metadata(ROOT / "pyproject.toml", tmp_path)
    [found] = Distribution.discover(path=[str(tmp_path)])
    assert (found.metadata["Name"], found.version) == ("vpp", "0.1.0")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_change_nothing_and_gain_nothing(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service.get("privileged", False)
    assert service["pids_limit"] > 0
    assert service["mem_limit"]
    assert service["tmpfs"]
    assert PINNED.fullmatch(service["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_sees_neither_the_machine_nor_its_network(name: str) -> None:
    service = SERVICES[name]
    assert service.get("network_mode", "") in {"", "service:hub", "none"}
    assert "ports" not in service or all(str(port).startswith("127.0.0.1:") for port in service["ports"])
    for volume in service.get("volumes", ()):
        assert not str(volume).startswith(("/", "~")), "volumes alone, no folders of the machine"
        assert "docker.sock" not in str(volume)
    assert service.get("pid", "") != "host"
    assert service.get("ipc", "") != "host"


def test_the_database_does_not_run_as_root() -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", SERVICES["database"]["user"])
