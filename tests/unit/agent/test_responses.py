"""What devices have shown lately of their commands."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.agent_site import start_site, write_site

from vpp.agent.responses import LEAST_RATIO, Responses
from vpp.agent.unit import Unit
from vpp.foundation.device_terms import Setpoint

STEP = timedelta(minutes=5)
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def units(tmp_path: Path) -> dict[str, Unit[object]]:
    with start_site(write_site(tmp_path)) as site:
        return site.agent.units


def run(units: dict[str, Unit[object]], told_kw: list[float], shown_kw: list[float]) -> Responses:
    responses = Responses(STEP)
    for n, (told, shown) in enumerate(zip(told_kw, shown_kw, strict=True)):
        responses.told(
            {"bess": Setpoint(reduction_kw=max(0.0, told), increase_kw=max(0.0, -told))}, NOON + n * STEP
        )
        units["bess"].reduction_kw = shown
        responses.see(NOON + (n + 1) * STEP, units)
    return responses


def test_the_newest_responses_count_most(units: dict[str, Unit[object]]) -> None:
    assert run(units, [100.0, 100.0], [80.0, 80.0]).ratio["bess"] == pytest.approx(0.8)
    assert run(units, [100.0, 100.0, 100.0], [80.0, 80.0, 100.0]).ratio["bess"] == pytest.approx(0.9)
    assert run(units, [-100.0, -100.0], [-80.0, -80.0]).ratio["bess"] == pytest.approx(0.8)


def test_a_device_that_is_called_anew_begins_anew(units: dict[str, Unit[object]]) -> None:
    assert run(units, [100.0, 100.0, 0.0], [60.0, 60.0, 0.0]).ratio == {}
    assert run(units, [100.0, 100.0, -100.0], [60.0, 60.0, 0.0]).ratio.get("bess", 1.0) != pytest.approx(0.6)


def test_a_device_that_shows_little_is_no_reason_to_command_without_bound(
    units: dict[str, Unit[object]],
) -> None:
    assert run(units, [100.0, 100.0], [1.0, 1.0]).ratio["bess"] == LEAST_RATIO
    assert run(units, [100.0, 100.0], [300.0, 300.0]).ratio["bess"] == 1.0


def test_a_device_that_is_left_out_shows_nothing(units: dict[str, Unit[object]]) -> None:
    units["bess"].is_available = False
    assert run(units, [100.0, 100.0], [80.0, 80.0]).ratio == {}
