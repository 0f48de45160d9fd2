"""Steering faster than the meter settles, where the driver's meter shows more."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from support.agent_site import MORNING, STEP, baseline_notice, delivery, instruction, welcome, write_site

from vpp.agent.core import SiteAgent
from vpp.agent.journal import Journal
from vpp.agent.settings import AgentSettings
from vpp.foundation.device_terms import Applied, DeviceCondition, Health, Outcome, Setpoint

MINUTE = timedelta(minutes=1)
START = MORNING + timedelta(minutes=15)
LOAD_KW = 3000.0
BUMP_KW = 240.0


class SlowSite:
    """A site whose load steps up within a metering interval, with a battery that follows at once."""

    meter_begins_at = MORNING - timedelta(hours=7)

    def __init__(self) -> None:
        self.commands: dict[datetime, float] = {}
        self.actions: dict[str, Applied] = {}

    def load_kw(self, at: datetime) -> float:
        return LOAD_KW + (BUMP_KW if at >= START + 7 * MINUTE else 0.0)

    def reduction_kw(self, at: datetime) -> float:
        given = [kw for begun, kw in self.commands.items() if begun <= at < begun + 3 * STEP]
        return given[-1] if given else 0.0

    def net_kw(self, at: datetime) -> float:
        return self.load_kw(at) - self.reduction_kw(at)

    def meter(self, since: datetime, until: datetime) -> npt.NDArray[np.float64]:
        count = max(0, (until - since) // STEP)
        starts = [since + n * STEP for n in range(count)]
        return np.array([np.mean([self.net_kw(at + m * MINUTE) for m in range(5)]) for at in starts])

    def command(self, at: datetime, setpoints: Mapping[str, Setpoint]) -> None:
        self.commands[at] = setpoints["bess"].reduction_kw
        self.actions = dict.fromkeys(setpoints, Applied(Outcome.APPLIED, at))

    def condition(self, resource_id: str, at: datetime) -> DeviceCondition:
        return DeviceCondition(Health.OK, at, self.actions.get(resource_id))

    def state(self, resource_id: str, at: datetime) -> Mapping[str, float]:
        assert resource_id == "bess"
        return {
            "available": 1.0,
            "reduction_kw": float(np.mean([self.reduction_kw(at - (m + 1) * MINUTE) for m in range(5)])),
            "recent_reduction_kw": self.reduction_kw(at - MINUTE),
            "state_of_charge_ratio": 0.9,
        }


class MinuteSite(SlowSite):
    """The same, with a meter that is read every minute."""

    def recent_kw(self, since: datetime, until: datetime) -> float | None:
        assert until - since == MINUTE
        return self.net_kw(since)


def settings_of(tmp_path: Path, **changes: object) -> AgentSettings:
    settings = write_site(tmp_path, **changes)
    return settings.model_copy(update={"resources": {"battery": settings.resources["battery"]}})


def delivered_kw(settings: AgentSettings, plant: SlowSite, step: timedelta) -> list[float]:
    with Journal(settings.journal_path) as journal:
        agent = SiteAgent(settings, plant, journal, MORNING, lambda instant: instant)
        assert agent.control_step == step
        agent.hello(MORNING)
        agent.receive(welcome(MORNING), MORNING)
        agent.receive(delivery(1, instruction=instruction([200.0] * 4, start=START)), MORNING)
        notice = baseline_notice([LOAD_KW] * 4, start=START)
        agent.receive(delivery(2, baseline_notice=notice), MORNING)
        at = MORNING
        while at < START + timedelta(hours=1):
            agent.control(at)
            at += step
        sent = agent.memory.outbox.batches.values()
        assert all(batch.step == STEP for batch in sent)
    return [
        LOAD_KW - float(np.mean([plant.net_kw(START + (15 * q + m) * MINUTE) for m in range(15)]))
        for q in range(4)
    ]


def test_a_fast_loop_makes_good_within_the_interval_what_a_slow_one_sees_too_late(tmp_path: Path) -> None:
    slow = delivered_kw(settings_of(tmp_path / "slow"), MinuteSite(), STEP)
    fast_settings = settings_of(tmp_path / "fast", site__control_interval="PT1M")
    fast = delivered_kw(fast_settings, MinuteSite(), MINUTE)
    assert fast == pytest.approx([202.0] * 4, abs=3.0)
    assert abs(slow[0] - 202.0) > 20.0


def test_a_meter_that_shows_no_more_is_steered_at_its_own_pace(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, site__control_interval="PT1M")
    with Journal(settings.journal_path) as journal:
        agent = SiteAgent(settings, SlowSite(), journal, MORNING, lambda instant: instant)
        assert agent.control_step == STEP
