"""Idle servers that may be switched off, as the agent sees them."""

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from vpp.agent.unit import Unit
from vpp.flexibility import idle_servers
from vpp.flexibility.envelope import Envelope
from vpp.flexibility.idle_servers import IdleServersParameters, IdleServersState
from vpp.flexibility.offer import Offer
from vpp.flexibility.planning.terms import WorkTerms
from vpp.v1 import portfolio_pb2


class IdleServersUnit(Unit[IdleServersState]):
    """Servers without work."""

    kind = portfolio_pb2.Resource.KIND_DEFERRABLE_LOAD
    urgency = 2

    def __init__(self, params: IdleServersParameters) -> None:
        """Take the servers' parameters."""
        super().__init__(params.resource_id)
        self._params = params

    def _state_of(self, reading: Mapping[str, float]) -> IdleServersState:
        # Half a server is none: what the site counts in parts is only partly idle.
        return IdleServersState(
            math.floor(max(0.0, reading["idle_servers"])), math.floor(max(0.0, reading["asleep_servers"]))
        )

    @property
    def overhead_slope_ratio(self) -> float:
        """Overhead that follows its IT power, k."""
        return self._params.overhead_slope_ratio

    def envelope(self) -> Envelope:
        """Return the envelope of the servers that are idle at present."""
        return idle_servers.envelope(self._params, self.observed)

    def available_kw(self, state: IdleServersState, step: timedelta) -> float:
        """Return what all but those kept awake draw, kW."""
        return idle_servers.available_kw(self._params, state, step)

    def energy_kwh(self, state: IdleServersState) -> float:  # noqa: ARG002  they sleep as long as need be
        """Return infinity: sleep uses nothing up."""
        return math.inf

    def recovery_kw(self, state: IdleServersState, step: timedelta) -> float:
        """Return 0: nothing is paid back."""
        return idle_servers.recovery_kw(self._params, state, step)

    def advance(
        self, state: IdleServersState, reduction_kw: float, step: timedelta
    ) -> tuple[IdleServersState, float]:
        """Let servers sleep or wake for a step."""
        after, change_kw = idle_servers.advance(self._params, state, reduction_kw, step)
        return after, max(0.0, -change_kw)

    def terms(
        self,
        state: IdleServersState,
        interval_count: int,
        step: timedelta,
        prices_per_kwh: Sequence[Decimal],
    ) -> WorkTerms:
        """Return what the planner sees of the servers."""
        del prices_per_kwh
        return idle_servers.terms(self._params, state, interval_count, step)

    def offer(
        self, state: IdleServersState, interval_count: int, step: timedelta, tariff_per_kwh: Decimal
    ) -> Offer | None:
        """Return an offer of the servers that are idle."""
        return idle_servers.offer(self._params, state, interval_count, step, tariff_per_kwh=tariff_per_kwh)
