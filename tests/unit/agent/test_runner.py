import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.agent_site import MORNING, STEP, connected, start_site, write_site

from vpp.agent.runner import SiteRunner
from vpp.agent.session import LinkLost
from vpp.agent.steady_clock import SteadyClock
from vpp.foundation.clock import ManualClock
from vpp.v1 import session_pb2


class BreakingLinks(SiteRunner):
    """Holds links of which the first breaks just as it is to be closed."""

    opened: asyncio.Event
    count = 0

    async def _session(self) -> None:
        self.count += 1
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._link())
        except* LinkLost as errors:
            raise LinkLost("the hub went away") from errors

    async def _link(self) -> None:
        self.opened.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if self.count > 1:
                raise
            raise LinkLost("the hub went away") from None


async def test_an_agent_stops_although_its_link_breaks_at_that_moment(tmp_path: Path) -> None:
    with start_site(write_site(tmp_path)) as site:
        runner = BreakingLinks(site.agent, site.plant, ManualClock(MORNING))
        runner.opened = asyncio.Event()
        running = asyncio.create_task(runner.run())
        await runner.opened.wait()
        running.cancel()
        done, _ = await asyncio.wait([running], timeout=2.0)
    assert done == {running}
    assert running.cancelled()
    assert runner.count == 1


class HearingTheHub(SiteRunner):
    """Is told the hub's time instead of holding a session."""

    hub_clock: Callable[[], datetime]

    async def _session(self) -> None:
        assert self._heard(self.hub_clock())
        await asyncio.Event().wait()


class Machine:
    """A machine whose clock follows its stopwatch."""

    def __init__(self) -> None:
        self.passed_s = 0.0

    def now(self) -> datetime:
        return MORNING + timedelta(seconds=self.passed_s)

    def machine_time(self, instant: datetime) -> datetime:
        return instant

    async def sleep_until(self, instant: datetime) -> None:
        raise NotImplementedError

    async def wait(self, seconds: float) -> None:
        self.passed_s += seconds
        await asyncio.sleep(0)  # noqa: TID251  lets the others run, as a wait does


async def test_a_site_whose_journal_was_written_by_a_clock_far_ahead_works_on_at_the_hubs_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine, ahead = Machine(), MORNING + timedelta(days=20)
    with connected(start_site(write_site(tmp_path), ahead)) as site:
        site.run_until(ahead + 2 * STEP)
    with start_site(site.settings, MORNING) as site:
        agent, steps = site.agent, []
        assert agent.memory.latest_at == ahead + 2 * STEP
        connected(site)
        clock = SteadyClock(
            machine,
            earliest=agent.memory.latest_at,
            tolerance=agent.settings.limits.max_clock_skew,
            stopwatch=lambda: machine.passed_s,
            wait=machine.wait,
        )
        control = agent.control

        def watched(at: datetime) -> list[session_pb2.ConnectRequest]:
            steps.append(at)
            return control(at)

        monkeypatch.setattr(agent, "control", watched)
        runner = HearingTheHub(agent, site.plant, clock)
        runner.hub_clock = machine.now
        running = asyncio.create_task(runner.run())
        while len(steps) < 5:
            assert machine.passed_s < 3600, steps
            assert not running.done()
            await asyncio.sleep(0)  # noqa: TID251  lets the runner run
        running.cancel()
        await asyncio.wait([running])
        assert steps[0] == ahead + 2 * STEP
        assert steps[1:5] == [MORNING + n * STEP for n in range(4)]
        assert agent.memory.latest_at <= MORNING + 4 * STEP
        assert agent.memory.metered_until == MORNING + 3 * STEP  # readings flow again
