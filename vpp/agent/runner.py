"""Runs one site's agent on a clock: a control loop that never waits for the hub, and its sessions."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

import grpc.aio
from tenacity import AsyncRetrying, RetryCallState, wait_random_exponential

from vpp.agent.bid_sender import BidSender
from vpp.agent.core import SiteAgent
from vpp.agent.driver import SiteDriver
from vpp.agent.enrol import enrol_products, enrol_resources, enrol_site
from vpp.agent.history import History
from vpp.agent.hub_client import HubClient
from vpp.agent.journal import Journal
from vpp.agent.session import GrpcLink, Link, LinkLost, Outgoing, hold_session, said
from vpp.agent.settings import AgentSettings, floor_to_grid
from vpp.agent.steady_clock import SteadyClock
from vpp.foundation.clock import Clock, SystemClock, pause
from vpp.foundation.errors import Overloaded, VppError
from vpp.foundation.log_format import log_about

DriverFactory = Callable[[AgentSettings], SiteDriver]
MOST_MADE_UP = 24
"""Control steps of a simulated site that are made up for if the machine is too slow for its clock."""
log = logging.getLogger(__name__)


async def run_site(settings: AgentSettings, driver_factory: DriverFactory) -> None:
    """Run one site's agent until it is cancelled.

    Raises:
        VppError: The configuration, the driver or the journal cannot be used.
    """
    log_about(site=settings.site_name)
    clock = settings.build_clock()
    driver = driver_factory(settings)
    with Journal(settings.folder / settings.journal_file) as journal:
        agent = SiteAgent(settings, driver, journal, clock.now(), clock.machine_time)
        await SiteRunner(agent, driver, _steady(clock, agent)).run()


def _steady(clock: Clock, agent: SiteAgent) -> Clock:
    """Keep a machine's clock from going back; an accelerated one is for simulations."""
    if not isinstance(clock, SystemClock):
        return clock
    tolerance = agent.settings.limits.max_clock_skew
    return SteadyClock(clock, earliest=agent.memory.latest_at, tolerance=tolerance)


class SiteRunner:
    """One site's agent between clock and hub."""

    def __init__(
        self,
        agent: SiteAgent,
        driver: SiteDriver,
        clock: Clock,
        connect: Callable[[AgentSettings], HubClient] = HubClient,
        make_link: Callable[[HubClient], Link] = GrpcLink,
    ) -> None:
        """Prepare the loops; `connect` opens a connection to the hub, `make_link` a session's stream."""
        self._agent = agent
        self._driver = driver
        self._clock = clock
        self._connect = connect
        self._make_link = make_link
        self._outgoing = Outgoing()
        self._stirred = asyncio.Event()
        self._bids = BidSender(agent, clock)
        self._is_enrolled = False
        self._is_stopping = False
        self._is_set_back = False
        is_simulated = agent.settings.clock is not None
        # Commands for intervals that have passed are no use to real devices. A simulated plant
        # still takes them, and a slow machine must not look like a slow site.
        self._made_up_count = MOST_MADE_UP if is_simulated else 0

    def _heard(self, hub_time: datetime) -> bool:
        went_back = isinstance(self._clock, SteadyClock) and self._clock.hear(hub_time)
        self._is_set_back |= went_back
        return went_back

    async def run(self) -> None:
        """Run both loops; if one dies, so does the other, and the caller hears of it."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._control_until_stopped())
            group.create_task(self._sessions())

    async def _control_until_stopped(self) -> None:
        """Run the control loop, and tell the other when it has ended.

        A session whose link breaks just as it is cancelled gives the break as its error and nothing of the
        cancellation: a task group keeps only the former. It would be taken for a hub that went away.
        """
        try:
            await self._control()
        finally:
            self._is_stopping = True

    async def _control(self) -> None:
        """Steer the site at every metering interval, whether or not the hub can be reached."""
        step = self._agent.settings.site.metering_interval
        at = floor_to_grid(self._clock.now(), step)
        while True:
            try:
                self._outgoing.put(self._agent.control(at))
            except Overloaded as error:
                log.warning("%s: %s", self._agent.settings.site_name, error)
            except (OSError, VppError):
                # The devices release what is not repeated, so one lost step cannot do harm.
                log.exception("%s: control step %s failed", self._agent.settings.site_name, at)
            self._stirred.set()
            at += step
            await self._clock.sleep_until(at)
            present = floor_to_grid(self._clock.now(), step)
            if self._is_set_back:  # what lay ahead lies far ahead now
                self._is_set_back, at = False, present
                self._agent.set_back(self._clock.now())
            elif (present - at) // step > self._made_up_count:
                at = present

    async def _sessions(self) -> None:
        """Hold one session after the other, backing off with jitter while the hub is away."""
        hub = self._agent.settings.hub
        wait = wait_random_exponential(multiplier=hub.reconnect_initial_s, max=hub.reconnect_longest_s)
        failures = RetryCallState(AsyncRetrying(), None, (), {})
        told = ""
        while True:
            welcome_count = self._agent.welcome_count
            try:
                await self._session()
            except (LinkLost, OSError, grpc.aio.AioRpcError) as error:
                if self._is_stopping:
                    return
                level = logging.DEBUG if said(error) == told else logging.WARNING  # once is enough
                told = said(error)
                log.log(level, "%s: no session: %s", self._agent.settings.site_name, told)
            has_failed = self._agent.welcome_count == welcome_count
            failures.attempt_number = failures.attempt_number + 1 if has_failed else 1
            await pause(wait(failures))

    async def _session(self) -> None:
        agent = self._agent
        async with self._connect(agent.settings) as client:
            await self._prepare(client)
            try:
                async with asyncio.TaskGroup() as group:
                    bidding = group.create_task(self._send_bids(client))
                    try:
                        await hold_session(
                            self._make_link(client),
                            agent,
                            self._outgoing,
                            self._clock,
                            self._stirred,
                            self._heard,
                        )
                    finally:
                        bidding.cancel()
            except* (LinkLost, OSError, grpc.aio.AioRpcError) as errors:
                raise LinkLost("; ".join(said(error) for error in errors.exceptions)) from errors

    async def _prepare(self, client: HubClient) -> None:
        """Enrol once per process, upload the history once per site."""
        agent = self._agent
        if self._is_enrolled:
            return
        await enrol_site(client, agent.settings)
        envelopes = await enrol_resources(client, agent.settings, agent.units)
        rules = await enrol_products(client, agent.settings)
        history = History(agent.settings, self._driver, agent.memory, self._clock.now())
        held_sequence = 0
        for request in history.requests:
            answer = await client.telemetry.BackfillReadings(request, metadata=client.metadata, timeout=60.0)
            held_sequence = answer.held_sequence
        if history.requests:
            history.uploaded(held_sequence)
        agent.enrolled(rules, envelopes, self._clock.now())
        self._is_enrolled = True

    async def _send_bids(self, client: HubClient) -> None:
        """Send due bids whenever something may have changed."""
        while True:
            await self._bids.send_due(client)
            self._stirred.clear()
            await self._stirred.wait()
