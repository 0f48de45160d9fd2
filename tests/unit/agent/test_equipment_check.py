"""What is wrong with a site's equipment is told in one go, before the agent relies on it."""

import copy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.equipment_bench import CONFIGS, bench_settings

from vpp.agent.equipment_check import driver_problems
from vpp.agent.equipment_parts import facts_of, groups_of, parts_of
from vpp.agent.equipment_settings import FULL_RESPONSE
from vpp.flexibility.stagger import command_offset
from vpp.foundation.clock import SystemClock

KINDS = {"bess": "battery"}


def table_of() -> dict[str, Any]:
    return copy.deepcopy(bench_settings(CONFIGS, 5020).driver)


def problems(table: dict[str, Any], kinds: dict[str, str] | None = None) -> list[str]:
    return driver_problems(table, CONFIGS, KINDS if kinds is None else kinds, timedelta(minutes=1), 1600.0)


def test_a_right_table_has_no_problems() -> None:
    assert problems(table_of()) == []


def test_a_driver_that_knows_other_groups_than_its_resource_is_told() -> None:
    """The unit would find no reading for its groups."""
    groups = groups_of({"job_groups": {"bess": {"groups": [{"group_id": "train"}, {"group_id": "serve"}]}}})
    table = table_of()
    table["devices"]["bess"] = {"kind": "slurm", "groups": {"train": {}, "batch": {}}}
    told = driver_problems(table, CONFIGS, {"bess": "job_groups"}, groups=groups)
    expected = (
        "driver.devices.bess.groups are batch, train, expected those of resources.job_groups.bess: "
        "serve, train"
    )
    assert expected in told
    table["devices"]["bess"]["groups"] = {"train": {}, "serve": {}}
    assert not any("expected those" in each for each in driver_problems(table, CONFIGS, KINDS, groups=groups))
    assert groups_of({"job_groups": {"a": {"groups": "none"}, "b": 3}}) == groups_of(None) == {}


def test_a_device_that_is_gone_from_the_configuration_with_works_paused_is_told(tmp_path: Path) -> None:
    table = {**table_of(), "state_folder": str(tmp_path)}
    for name, text in (("cluster", '{"works": {}}'), ("bess", '{"works": {}}'), ("idle", "{}"), ("odd", "{")):
        (tmp_path / f"{name}.driver.json").write_text(text)
    told = problems(table)
    assert [each.split(" ")[0] for each in told] == ["driver.devices.cluster", "driver.devices.odd"]


def test_all_that_is_wrong_is_told_at_once() -> None:
    table = table_of()
    table["command_hold"] = "PT1M"
    table["meters"]["grid"]["port"] = 70_000
    table["devices"]["bess"]["kind"] = "telepathy"
    table["devices"]["ghost"] = {**table["devices"]["bess"], "kind": "modbus", "port": 0}
    table["meters"]["bess"] = dict(table_of()["meters"]["grid"])
    told = problems(table, {**KINDS, "ups": "ups"})
    for expected in (
        "driver.devices.ghost is no resource of this site",
        "driver.devices.ups is missing: a resource without a device",
        "driver.meters.bess is also a resource",
        "driver.command_hold is 0:01:00, expected more than metering_interval 0:01:00",
        "driver.meters.grid.port is 70000",
        "driver.devices.bess: kind is 'telepathy'",
        "driver.devices.ghost.port is 0",
    ):
        assert any(expected in each for each in told), (expected, told)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("state_folder",), None, "driver.state_folder: Field required"),
        (("meters",), {}, "driver.meters"),
        (("least_coverage_ratio",), 1.5, "driver.least_coverage_ratio is 1.5"),
        (("devices", "bess", "poll_interval"), "PT0S", "driver.devices.bess.poll_interval"),
        (("devices", "bess", "bounds"), {"reduction_kw": [5, -5]}, "bounds.reduction_kw are 5.0 and -5.0"),
        (("unknown_key",), 1, "driver.unknown_key is 1"),
    ],
)
def test_a_wrong_key_of_the_site_is_told_by_name(path: tuple[str, ...], value: object, expected: str) -> None:
    table = table_of()
    *parents, last = path
    inner = table
    for parent in parents:
        inner = inner[parent]
    inner[last] = value
    if value is None:
        del inner[last]
    assert any(expected in each for each in problems(table))


def test_a_meter_beyond_the_connection_is_not_believed_and_a_device_has_its_kinds_time(
    tmp_path: Path,
) -> None:
    settings = bench_settings(tmp_path, 5020)
    parts = {part.name: part for part in parts_of(settings.driver, facts_of(settings), SystemClock()).parts}
    assert parts["grid"].table.bounds["net_power_kw"] == (-3200.0, 3200.0)
    assert parts["bess"].confirm_within == FULL_RESPONSE["battery"]
    assert parts["bess"].table.stagger_of("battery") == timedelta(0)


def test_the_ups_of_two_sites_do_not_move_on_one_tick(tmp_path: Path) -> None:
    table = parts_of(table_of(), facts_of(bench_settings(tmp_path, 5020)), SystemClock()).parts[1].table
    spread = table.stagger_of("ups")
    assert spread > timedelta(0)
    offsets = {command_offset(f"sites/{n}", "ups", spread) for n in range(100)}
    assert len(offsets) == 100
    assert max(offsets) < spread
