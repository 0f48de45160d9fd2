from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from support.agent_site import QUARTER, connected, start_site, write_site

from vpp.agent.capacity_caps import CapacityCaps
from vpp.agent.capacity_table import CapacityTable
from vpp.agent.controller import Commands
from vpp.agent.settings import AgentSettings
from vpp.agent.unit import Unit
from vpp.agent.unit_tables import units_of
from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput

STEP = timedelta(minutes=15)
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
TARIFF = """
tariff_id = "two-prices"
display_name = "Two prices"
status = "example"
source = "made up"
currency = "GBP"
time_zone = "Europe/London"

[[periods]]
name = "dear"
price_per_kwh = "{dear}"
clock = [{{ start = 00:00:00, end = 18:00:00 }}]

[[periods]]
name = "cheap"
price_per_kwh = "{cheap}"
clock = [{{ start = 18:00:00, end = 00:00:00 }}]
"""
POOL: dict[str, Any] = {
    "job_class": "finetune",
    "tier": "flex2",
    "method": "capping",
    "gpu_count": 1000.0,
    "kw_per_gpu": 0.5,
    "overhead_slope_ratio": 0.0,
    "job_value_per_kwh": "1.00",
    "catch_up_within": "PT8H",
    "max_recovery_kw": 300.0,
    "response_time": "PT1M",
    "delivery_ratio": 0.9,
}
BATTERY: dict[str, Any] = {"capacity_kwh": 100.0}
CAPS = [200.0 if hour == 12 else 320.0 for hour in range(24)]


def curves(folder: Path, table: Mapping[str, Any], **changes: object) -> tuple[AgentSettings, Unit[Any]]:
    settings = write_site(folder, capacity_curve={"pool": dict(table)}, **changes)
    (unit,) = units_of({"deferrable_load": {"pool": POOL}}, None)
    return settings, unit


def seen(unit: Unit[Any], load_kw: float, backlog_kwh: float = 0.0, due_s: float = 28800.0) -> None:
    unit.observe(
        {
            "available": 1.0,
            "reduction_kw": 0.0,
            "batch_load_kw": load_kw,
            "backlog_kwh": backlog_kwh,
            "backlog_due_s": due_s,
        }
    )


def quiet(**changes: Any) -> Commands:  # noqa: ANN401  fields of any type
    return replace(Commands({"pool": 0.0}, {"pool": float("inf")}), **changes)


def test_work_above_the_cap_waits_and_below_it_catches_up_to_the_cap(tmp_path: Path) -> None:
    settings, unit = curves(tmp_path, {"caps_kw": CAPS})
    caps = CapacityCaps(settings, {"pool": unit})
    seen(unit, 250.0, 100.0)
    at_noon = caps.under(quiet(), [unit], NOON, STEP)
    assert (at_noon.change_kw["pool"], at_noon.recovery_limit_kw["pool"]) == (50.0, 0.0)
    later = caps.under(quiet(), [unit], NOON + timedelta(hours=1), STEP)
    assert (later.change_kw["pool"], later.recovery_limit_kw["pool"]) == (0.0, 70.0)


def test_a_deadline_comes_before_the_curve(tmp_path: Path) -> None:
    settings, unit = curves(tmp_path, {"caps_kw": CAPS})
    caps = CapacityCaps(settings, {"pool": unit})
    seen(unit, 250.0, 60.0, due_s=900.0)  # 60 kWh in the next quarter of an hour: 240 kW of 250 free
    found = caps.under(quiet(), [unit], NOON, STEP)
    assert (found.change_kw["pool"], found.recovery_limit_kw["pool"]) == (0.0, pytest.approx(240.0))


def test_an_event_may_cut_deeper_and_a_load_up_sets_the_curve_aside(tmp_path: Path) -> None:
    settings, unit = curves(tmp_path, {"caps_kw": CAPS})
    caps = CapacityCaps(settings, {"pool": unit})
    seen(unit, 250.0)
    deeper = caps.under(quiet(change_kw={"pool": 60.0}), [unit], NOON, STEP)
    assert deeper.change_kw["pool"] == 60.0
    up = quiet(change_kw={"pool": 40.0}, direction=Direction.LOAD_UP)
    assert caps.under(up, [unit], NOON, STEP) == up
    unit.is_available = False
    assert caps.under(quiet(), [unit], NOON, STEP).change_kw["pool"] == 0.0


def test_hours_are_those_of_the_clock_on_site(tmp_path: Path) -> None:
    settings, unit = curves(tmp_path, {"caps_kw": CAPS, "time_zone": "Asia/Shanghai"})
    caps = CapacityCaps(settings, {"pool": unit})
    assert caps.cap_kw("pool", NOON) == 320.0
    assert caps.cap_kw("pool", NOON - timedelta(hours=8)) == 200.0
    assert caps.cap_kw("other", NOON) is None


def test_caps_are_worked_out_from_what_power_costs(tmp_path: Path) -> None:
    table = {
        "arriving_kw": [60.0] * 24,
        "room_kw": 240.0,
        "longest_delay_hours": 4,
        "margin_ratio": 0.0,
        "time_zone": "Europe/London",
    }
    settings, unit = curves(tmp_path, table, tariff={"file": "tariff.toml"})
    (settings.folder / "tariff.toml").write_text(TARIFF.format(dear="0.30", cheap="0.10"))
    caps = CapacityCaps(settings, {"pool": unit})
    day = [caps.cap_kw("pool", NOON.replace(hour=hour)) or 0.0 for hour in range(24)]
    assert sum(day) == pytest.approx(24 * 60.0)  # the day's total is preserved
    assert max(day) <= 240.0
    assert day[14:18] == [0.0] * 4  # what may wait for four hours waits for the cheap ones
    assert day[10:14] == [60.0] * 4
    autumn = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # a civil day of 25 hours, from 23:00 on
    assert caps.cap_kw("pool", autumn) is not None
    assert caps.cap_kw("pool", autumn + timedelta(hours=23)) is not None


def test_a_day_whose_work_does_not_fit_has_no_curve(tmp_path: Path) -> None:
    settings, unit = curves(tmp_path, {"arriving_kw": [60.0] * 24, "room_kw": 50.0})
    assert CapacityCaps(settings, {"pool": unit}).cap_kw("pool", NOON) is None


def test_what_is_no_curve_is_refused(tmp_path: Path) -> None:
    for wrong in ({}, {"caps_kw": CAPS, "arriving_kw": CAPS, "room_kw": 1.0}, {"arriving_kw": CAPS}):
        with pytest.raises(ValidationError, match="arriving_kw"):
            CapacityTable.model_validate(wrong)
    with pytest.raises(ValidationError, match="caps_kw"):
        CapacityTable(caps_kw=(1.0,) * 23)
    settings, _ = curves(tmp_path, {"caps_kw": CAPS})
    with pytest.raises(InvalidInput, match="no job_groups or deferrable_load"):
        CapacityCaps(settings, {})


def test_a_whole_agent_keeps_the_curve_and_catches_up_after_it(tmp_path: Path) -> None:
    caps = [1000.0 if hour in {10, 11} else 1e6 for hour in range(24)]
    settings = write_site(tmp_path, capacity_curve={"batch": {"caps_kw": caps}})
    with connected(start_site(settings)) as site:
        start = site.now
        site.run_until(start + timedelta(hours=5))
        natural = site.natural_kw(start, 20)
        metered = site.metered_kw(start, 20)
        saved = [one - other for one, other in zip(natural, metered, strict=True)]
        held = saved[1:8]
        assert min(held) > 50.0
        (pool,) = (unit for unit in site.agent.units.values() if unit.resource_id == "batch")
        assert pool.observed.backlog.late_gpu_h == 0.0
        assert min(saved[8:]) < -5.0  # what waited is done later, within what recovery may draw
        assert start + 20 * QUARTER == site.now
