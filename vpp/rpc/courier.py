"""Wakes the sessions of sites that are owed something: after every effect, and again and again."""

import logging
from datetime import timedelta

from vpp.rpc.effects import Effects, rang_within
from vpp.rpc.session_registry import SessionRegistry
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.viewing import sites_owed

_log = logging.getLogger(__name__)


class Courier:
    """One query for all sites, however many effects rang the bell meanwhile.

    It looks again after `interval` of the machine's time even if nothing rang: another hub may have
    written, and what was sent may have been lost.
    """

    def __init__(
        self,
        units: UnitOfWorkFactory,
        calls: WorkflowCalls,
        effects: Effects,
        registry: SessionRegistry,
        interval: timedelta,
    ) -> None:
        """Keep the parts; `run` begins."""
        self._units = units
        self._calls = calls
        self._effects = effects
        self._registry = registry
        self._interval = interval

    async def run(self) -> None:
        """Wake sessions, for ever."""
        while True:
            ring = self._effects.next_ring()
            if len(self._registry):
                await self._wake_owed()
            await rang_within(ring, self._interval.total_seconds())

    async def _wake_owed(self) -> None:
        try:
            owed = await self._calls.read(sites_owed, self._units)
        except Exception:  # noqa: BLE001  the database may be away for a moment; the next round asks again
            _log.exception("could not read which sites are owed something")
            return
        self._registry.wake(owed)
