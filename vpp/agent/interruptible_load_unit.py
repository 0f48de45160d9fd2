"""A load that can be let go, whatever it is, as the agent sees it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from vpp.agent.plausible_reading import power_of
from vpp.agent.unit import Unit
from vpp.flexibility import interruptible_load
from vpp.flexibility.envelope import Envelope
from vpp.flexibility.interruptible_load import InterruptibleLoadParameters, InterruptibleLoadState
from vpp.flexibility.offer import Offer
from vpp.flexibility.planning.terms import WorkTerms
from vpp.v1 import portfolio_pb2


class InterruptibleLoadUnit(Unit[InterruptibleLoadState]):
    """Cold rooms, pumps, lighting, ventilation, charging.

    A device that does not tell how long it has been without power, or has rested, is taken to be
    fresh: its own controller then has to hold those limits.
    """

    kind = portfolio_pb2.Resource.KIND_DEFERRABLE_LOAD
    urgency = 1

    def __init__(self, params: InterruptibleLoadParameters) -> None:
        """Take the load's parameters."""
        super().__init__(params.resource_id)
        self._params = params

    def _state_of(self, reading: Mapping[str, float]) -> InterruptibleLoadState:
        rested_s = reading.get("rested_s")
        return InterruptibleLoadState(
            load_kw=power_of(reading, "load_kw"),
            held_for=timedelta(seconds=max(0.0, reading.get("held_s", 0.0))),
            rested_for=None if rested_s is None else timedelta(seconds=max(0.0, rested_s)),
            owed_kwh=max(0.0, reading.get("owed_kwh", 0.0)),
            uses_today=int(max(0.0, reading.get("uses_today", 0.0))),
        )

    def envelope(self) -> Envelope:
        """Return the envelope of the load, not used before."""
        return interruptible_load.envelope(self._params, interruptible_load.rested(self.observed))

    def present_envelope(self) -> Envelope:
        """Return the envelope of the load as it has been used."""
        return interruptible_load.envelope(self._params, self.observed)

    def available_kw(self, state: InterruptibleLoadState, step: timedelta) -> float:
        """Return the load that can be let go for a step, kW."""
        return interruptible_load.available_kw(self._params, state, step)

    def energy_kwh(self, state: InterruptibleLoadState) -> float:
        """Return the energy that its longest time without power leaves, kWh."""
        return interruptible_load.envelope(self._params, state).energy_budget_kwh

    def recovery_kw(self, state: InterruptibleLoadState, step: timedelta) -> float:
        """Return the rebound that it would draw, kW."""
        return interruptible_load.recovery_kw(self._params, state, step)

    def advance(
        self, state: InterruptibleLoadState, reduction_kw: float, step: timedelta
    ) -> tuple[InterruptibleLoadState, float]:
        """Let it go or run for a step."""
        after, change_kw = interruptible_load.advance(self._params, state, reduction_kw, step)
        return after, max(0.0, -change_kw)

    def terms(
        self,
        state: InterruptibleLoadState,
        interval_count: int,
        step: timedelta,
        prices_per_kwh: Sequence[Decimal],
    ) -> WorkTerms:
        """Return what the planner sees of the load."""
        del prices_per_kwh
        return interruptible_load.terms(self._params, state, interval_count, step)

    def offer(
        self, state: InterruptibleLoadState, interval_count: int, step: timedelta, tariff_per_kwh: Decimal
    ) -> Offer | None:
        """Return an offer of the whole window."""
        return interruptible_load.offer(
            self._params, state, interval_count, step, tariff_per_kwh=tariff_per_kwh
        )
