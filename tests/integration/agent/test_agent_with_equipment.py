"""The agent steers a battery behind a real Modbus server: an event from its instruction to the meter."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from support.agent_site import baseline_notice, delivery, instruction, statuses, welcome
from support.equipment_bench import (
    LOAD_KW,
    STEP,
    BatteryAndMeter,
    Bench,
    bench_settings,
    manual_clock,
    started,
)
from support.modbus_peer import ModbusPeer

from vpp.agent.core import SiteAgent
from vpp.agent.journal import Journal
from vpp.agent.settings import AgentSettings
from vpp.foundation.clock import ManualClock
from vpp.v1 import session_pb2

TARGET_KW = 80.0


class Steered:
    """An agent with its equipment, one control step per minute."""

    def __init__(self, settings: AgentSettings, clock: ManualClock) -> None:
        self.settings = settings
        self.bench: Bench = started(settings, clock)
        self.journal = Journal(settings.folder / settings.journal_file)
        self.agent = SiteAgent(settings, self.bench.site, self.journal, clock.now(), lambda instant: instant)
        self.agent.hello(clock.now())
        self.agent.receive(welcome(clock.now()), clock.now())

    def run(self, minutes: int) -> list[session_pb2.ConnectRequest]:
        sent = []
        for _ in range(minutes):
            self.bench.go_on(60, by=20)
            sent += self.agent.control(self.bench.now)
            self.bench.settle()
        return sent

    def die(self) -> None:
        """End as a killed process does: nothing is released."""
        self.journal.close()
        self.bench.site.close()


@pytest.fixture
def peer() -> Iterator[ModbusPeer]:
    with ModbusPeer() as server:
        yield server


def test_an_event_is_delivered_at_the_meter_over_a_restart_of_the_agent(
    peer: ModbusPeer, tmp_path: Path
) -> None:
    clock = manual_clock()
    BatteryAndMeter(peer, clock)
    settings = bench_settings(tmp_path, peer.port, release_on_stop=False)
    steered = Steered(settings, clock)
    steered.run(2)
    start = clock.now() + timedelta(minutes=3)
    now = clock.now()
    told = steered.agent.receive(
        delivery(1, baseline_notice=baseline_notice([LOAD_KW], start=start)), now
    ) + steered.agent.receive(delivery(2, instruction=instruction([TARGET_KW], start=start)), now)
    assert ("ACCEPTED", "UNSPECIFIED") in statuses(told)
    steered.run(10)  # three minutes to go, seven of the event
    assert peer.holding[204] == 1
    steered.die()
    assert peer.holding[204] == 1, "a restart is not to be seen at the meter"
    again = Steered(settings, clock)
    sent = again.run(8)
    assert ("COMPLETED", "UNSPECIFIED") in statuses(sent)
    metered_kw = again.bench.site.meter(start, start + timedelta(minutes=15))
    known = np.isfinite(metered_kw)
    assert known.sum() >= 14, "but for the minute of the restart, all was measured"
    assert LOAD_KW - metered_kw[known].mean() == pytest.approx(TARGET_KW, rel=0.03)
    again.run(10)
    assert again.bench.site.meter(clock.now() - STEP, clock.now())[0] > LOAD_KW, "it recharges"
    again.die()
