"""Runs one site's agent on a clock: a control loop that never waits for the hub, and its sessions."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import grpc.aio
from tenacity import AsyncRetrying, RetryCallState, wait_random_exponential

from vpp.agent.activation_desk import ActivationDesk
from vpp.agent.bid_planning import BidPlanning
from vpp.agent.bid_sender import BidSender
from vpp.agent.certificate_watch import CertificateWatch
from vpp.agent.core import SiteAgent
from vpp.agent.driver import ClosingDriver, SiteDriver
from vpp.agent.enrol import enrol_products, enrol_resources, enrol_site
from vpp.agent.history import History
from vpp.agent.hub_client import HubClient
from vpp.agent.hub_credentials import read_tls
from vpp.agent.journal import Journal
from vpp.agent.kept_heads import KeptHeads, heads_path
from vpp.agent.local_desk import LocalDesk
from vpp.agent.order_folder import OrderFolder
from vpp.agent.planner_room import planner_room
from vpp.agent.process_lock import ProcessLock
from vpp.agent.session import GrpcLink, Link, LinkLost, Outgoing, hold_session, said
from vpp.agent.settings import AgentSettings, floor_to_grid
from vpp.agent.site_status import status_path, write_status
from vpp.agent.steady_clock import SteadyClock
from vpp.foundation.clock import Clock, SystemClock, pause
from vpp.foundation.errors import InvalidInput, Overloaded, VppError
from vpp.foundation.log_format import log_about

DriverFactory = Callable[[AgentSettings], SiteDriver]
MOST_MADE_UP = 24
"""Control steps of a simulated site that are made up for if the machine is too slow for its clock."""
ATTEND_S = 1.0
"""How often local orders and complaints of devices are looked for, s of the machine."""
SHOW_S = 10.0
"""How old the status page's file may be, s of the machine."""
log = logging.getLogger(__name__)


async def run_site(
    settings: AgentSettings, driver_factory: DriverFactory, *, moves_devices: bool = True
) -> None:
    """Run one site's agent until it is cancelled.

    Args:
        settings: The site's configuration.
        driver_factory: Builds the site's driver.
        moves_devices: Whether devices are commanded. Otherwise the agent judges and says what it would
            have done, agrees to nothing, and keeps a journal of its own.

    Raises:
        VppError: The configuration, the driver or the journal cannot be used.
    """
    log_about(site=settings.site_name)
    read_tls(settings)  # what cannot be used at the start is a slip of configuration; later it may pass
    clock = settings.build_clock()
    with ProcessLock(settings.journal_path), _driven(driver_factory, settings) as driver:
        if not moves_devices:
            dry = settings.journal_file.with_name(settings.journal_file.name + ".dry")
            settings = settings.model_copy(update={"journal_file": dry})
        with Journal(settings.journal_path) as journal, planner_room(settings) as planner:
            agent = SiteAgent(
                settings,
                driver,
                journal,
                clock.now(),
                clock.machine_time,
                planner,
                moves_devices=moves_devices,
            )
            agent.kept_heads = KeptHeads(heads_path(settings.journal_path))
            runner = SiteRunner(agent, driver, _steady(clock, agent))
            runner.status_file = status_path(settings.journal_path)
            runner.attends = settings.clock is None
            await runner.run()


@contextmanager
def _driven(driver_factory: DriverFactory, settings: AgentSettings) -> Iterator[SiteDriver]:
    driver = driver_factory(settings)
    try:
        yield driver
    finally:
        if isinstance(driver, ClosingDriver):
            driver.close()


def _steady(clock: Clock, agent: SiteAgent) -> Clock:
    """Keep a machine's clock from going back; an accelerated one is for simulations."""
    if not isinstance(clock, SystemClock):
        return clock
    tolerance = agent.settings.limits.max_clock_skew
    return SteadyClock(clock, earliest=agent.memory.latest_at, tolerance=tolerance)


class SiteRunner:
    """One site's agent between clock and hub.

    Attributes:
        status_file: Where the site's status page reads; None to write none.
        attends: Whether orders and complaints of devices are looked for between control steps too; not
            on a simulated clock, whose steps are short.
    """

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
        self._activations = ActivationDesk(agent)
        self._is_enrolled = False
        self._is_stopping = False
        self._is_set_back = False
        self._watch = CertificateWatch(agent.settings, SystemClock())
        self._renewed: HubClient | None = None
        self.status_file: Path | None = None
        self.attends = False
        self._local = LocalDesk(agent, OrderFolder(agent.settings.journal_path))
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
            if self.attends:
                group.create_task(self._attend())

    async def _control_until_stopped(self) -> None:
        """Run the control loop, and tell the other when it has ended.

        A session whose link breaks just as it is cancelled gives the break as its error and nothing of the
        cancellation: a task group keeps only the former. It would be taken for a hub that went away.
        """
        try:
            await self._control()
        finally:
            self._is_stopping = True
            if self._renewed is not None:
                await self._renewed.close()

    async def _control(self) -> None:
        """Steer the site at every metering interval, whether or not the hub can be reached."""
        step = self._agent.control_step
        at = floor_to_grid(self._clock.now(), step)
        while True:
            self._attended(at)
            self._steer(at)
            at += step
            await self._clock.sleep_until(at)
            present = floor_to_grid(self._clock.now(), step)
            if self._is_set_back:  # what lay ahead lies far ahead now
                self._is_set_back, at = False, present
                self._agent.set_back(self._clock.now())
            elif (present - at) // step > self._made_up_count:
                at = present

    def _steer(self, at: datetime) -> None:
        try:
            self._outgoing.put(self._agent.control(at))
            self._activations.note(at)
        except Overloaded as error:
            log.warning("%s: %s", self._agent.settings.site_name, error)
        except (OSError, VppError, ArithmeticError, ValueError):
            # The devices release what is not repeated, so one lost step cannot do harm; no agent would.
            log.exception("%s: control step %s failed", self._agent.settings.site_name, at)
        self._stirred.set()
        self._show(at)

    def _attended(self, now: datetime) -> bool:
        try:
            is_changed = self._local.attend(now)
            self._outgoing.put(self._local.due_answers(now))
        except VppError:
            log.exception("%s: orders cannot be taken up", self._agent.settings.site_name)
            return False
        return is_changed

    async def _attend(self) -> None:
        """Take up local orders and complaints of devices at once, not only at the next control step."""
        since_shown_s = 0.0
        while True:
            await pause(ATTEND_S)
            since_shown_s += ATTEND_S
            now = self._clock.now()
            if self._attended(now):
                self._steer(floor_to_grid(now, self._agent.control_step))
            elif since_shown_s >= SHOW_S:
                self._show(now)
                since_shown_s = 0.0

    def _show(self, now: datetime) -> None:
        """Write the status page's file; that it cannot be written must not harm the site."""
        if self.status_file is None:
            return
        try:
            write_status(self._agent, self.status_file, now)
        except (OSError, VppError):
            log.exception("%s: the status cannot be written", self._agent.settings.site_name)

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
                if self._renewed is not None:
                    log.info("%s: %s", self._agent.settings.site_name, said(error))
                    continue
                level = logging.DEBUG if said(error) == told else logging.WARNING  # once is enough
                told = said(error)
                log.log(level, "%s: no session: %s", self._agent.settings.site_name, told)
            has_failed = self._agent.welcome_count == welcome_count
            failures.attempt_number = failures.attempt_number + 1 if has_failed else 1
            await pause(wait(failures))

    async def _session(self) -> None:
        agent = self._agent
        async with self._client() as client:
            await self._prepare(client)
            try:
                async with asyncio.TaskGroup() as group:
                    beside = [
                        group.create_task(self._send_bids(client)),
                        group.create_task(self._renew(client)),
                    ]
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
                        for task in beside:
                            task.cancel()
            except* (LinkLost, OSError, grpc.aio.AioRpcError) as errors:
                raise LinkLost("; ".join(said(error) for error in errors.exceptions)) from errors

    def _client(self) -> HubClient:
        """Return the connection that is ready for the next session, or prepare one.

        Raises:
            LinkLost: Certificate or token cannot be used now. The site goes on without the hub, and tries
                again: what was good when the agent started may be good again.
        """
        client, self._renewed = self._renewed, None
        if client is not None:
            return client
        settings = self._agent.settings
        try:
            client = self._connect(settings)
        except InvalidInput as error:
            raise LinkLost(str(error)) from error
        if settings.hub.tls is not None and client.tls is not None:
            self._watch.warn(client.tls)  # one that has ended begins no session in which it could be told
        return client

    async def _renew(self, client: HubClient) -> None:
        """Move to a renewed certificate: connect with it first, and only then end this session.

        Raises:
            LinkLost: The hub has accepted the new one; the next session is on its connection.
        """
        if self._agent.settings.hub.tls is None or client.tls is None:
            return
        told = ""
        while True:
            await self._watch.renewed(client.tls)
            renewed = None
            try:
                renewed = self._connect(self._agent.settings)
                await renewed.prove(self._agent.settings.site_name)
            except (InvalidInput, OSError, grpc.aio.AioRpcError) as error:
                level = logging.DEBUG if said(error) == told else logging.WARNING  # once is enough
                told = said(error)
                log.log(
                    level,
                    "%s: the renewed certificate is of no use: %s; the session stays on the old one",
                    self._agent.settings.site_name,
                    told,
                )
                await pause(self._agent.settings.hub.reconnect_longest_s)
            else:
                self._renewed, renewed = renewed, None
                raise LinkLost("the certificate is renewed, the session moves to a new connection")
            finally:
                if renewed is not None:
                    await renewed.close()

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
        """Decide and send due bids whenever something may have changed."""
        planner = self._agent.planner
        planning = None if planner is None else BidPlanning(self._agent, planner, self._clock)
        while True:
            if planning is not None:
                await planning.make_bids()
            await self._bids.send_due(client)
            self._stirred.clear()
            await self._stirred.wait()
