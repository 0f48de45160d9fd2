import asyncio
from pathlib import Path

from support.agent_site import MORNING, start_site, write_site

from vpp.agent.runner import SiteRunner
from vpp.agent.session import LinkLost
from vpp.foundation.clock import ManualClock


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
