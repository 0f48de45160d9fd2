"""A pool of compute work that can wait, as the agent sees it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from vpp.agent.unit import Unit
from vpp.flexibility import deferrable_load, deferrable_terms
from vpp.flexibility.backlog import Backlog
from vpp.flexibility.bounds import TOLERANCE_KW
from vpp.flexibility.deferrable_pool import (
    DeferrableLoadParameters,
    DeferrableLoadState,
    Pausing,
    kw_per_running_gpu,
)
from vpp.flexibility.envelope import Envelope
from vpp.flexibility.observed_work import after_observed, first_account
from vpp.flexibility.offer import Offer
from vpp.flexibility.planning.terms import WorkTerms
from vpp.v1 import portfolio_pb2


class DeferrableLoadUnit(Unit[DeferrableLoadState]):
    """Compute work that may run slower or later."""

    kind = portfolio_pb2.Resource.KIND_DEFERRABLE_LOAD
    urgency = 1

    def __init__(self, params: DeferrableLoadParameters) -> None:
        """Take the pool's parameters."""
        super().__init__(params.resource_id)
        self._params = params

    def _state_of(self, reading: Mapping[str, float]) -> DeferrableLoadState:
        kw_per_gpu = kw_per_running_gpu(self._params)
        running_gpus = min(max(0.0, reading["batch_load_kw"]) / kw_per_gpu, self._params.gpu_count)
        backlog = self._backlog(reading, DeferrableLoadState(running_gpus))
        waiting_gpu_h = max(0.0, reading.get("waiting_kwh", 0.0)) / kw_per_gpu
        return replace(
            DeferrableLoadState(running_gpus, backlog, waiting_gpu_h=waiting_gpu_h),
            paused=isinstance(self._params.method, Pausing) and self.reduction_kw > TOLERANCE_KW,
            since_checkpoint=self._since_checkpoint(reading),
        )

    def _since_checkpoint(self, reading: Mapping[str, float]) -> timedelta:
        """Return how long ago the jobs saved their progress; if nothing tells it, as long as can be."""
        method = self._params.method
        if "since_checkpoint_s" in reading or not isinstance(method, Pausing):
            return timedelta(seconds=max(0.0, reading.get("since_checkpoint_s", 0.0)))
        return method.checkpoint_interval

    def _backlog(self, reading: Mapping[str, float], now: DeferrableLoadState) -> Backlog:
        """Return what the pool owes: as it is read, or else by the unit's own account."""
        if "backlog_kwh" in reading:
            gpu_h = max(0.0, reading["backlog_kwh"]) / kw_per_running_gpu(self._params)
            return Backlog.of_one(timedelta(seconds=reading["backlog_due_s"]), gpu_h)
        if self.state is None:
            return first_account(self._params, now, self.reduction_kw)
        before = replace(now, backlog=self.state.backlog)
        if self.elapsed <= timedelta(0):
            return before.backlog
        return after_observed(self._params, before, self.reduction_kw, self.elapsed).backlog

    @property
    def overhead_slope_ratio(self) -> float:
        """Overhead that follows its IT power, k."""
        return self._params.overhead_slope_ratio

    def flexible_kw(self, state: DeferrableLoadState) -> float:
        """Return what the pool draws if left alone, kW."""
        return state.running_gpus * kw_per_running_gpu(self._params)

    def urgent_kw(self, state: DeferrableLoadState, step: timedelta) -> float:
        """Return the increase that deadlines need in the next step, kW."""
        return deferrable_load.urgent_kw(self._params, state, step)

    def envelope(self) -> Envelope:
        """Return the envelope under the present work."""
        return deferrable_load.envelope(self._params, self.observed)

    def available_kw(self, state: DeferrableLoadState, step: timedelta) -> float:
        """Return the largest cut that keeps every deadline, kW."""
        return deferrable_load.available_kw(self._params, state, step)

    def available_increase_kw(self, state: DeferrableLoadState, step: timedelta) -> float:
        """Return the largest increase by work caught up and brought forward, kW."""
        return deferrable_load.available_increase_kw(self._params, state, step)

    def increase(
        self, state: DeferrableLoadState, increase_kw: float, step: timedelta
    ) -> tuple[DeferrableLoadState, float]:
        """Bring work forward for a step."""
        after, change_kw = deferrable_load.advance(self._params, state, 0.0, step, increase_kw=increase_kw)
        return after, max(0.0, change_kw)

    def terms(
        self,
        state: DeferrableLoadState,
        interval_count: int,
        step: timedelta,
        prices_per_kwh: Sequence[Decimal],
    ) -> WorkTerms:
        """Return what the planner sees of the pool."""
        del prices_per_kwh
        return deferrable_terms.terms(self._params, state, interval_count, step)

    def energy_kwh(self, state: DeferrableLoadState) -> float:  # noqa: ARG002  deadlines bound the power
        """Return infinity: deadlines bound the power, not an energy."""
        return math.inf

    def recovery_kw(self, state: DeferrableLoadState, step: timedelta) -> float:
        """Return the increase of catching up, kW."""
        return deferrable_load.recovery_kw(self._params, state, step)

    def advance(
        self, state: DeferrableLoadState, reduction_kw: float, step: timedelta
    ) -> tuple[DeferrableLoadState, float]:
        """Cut or catch up for a step."""
        after, change_kw = deferrable_load.advance(self._params, state, reduction_kw, step)
        return after, max(0.0, -change_kw)

    def offer(
        self, state: DeferrableLoadState, interval_count: int, step: timedelta, tariff_per_kwh: Decimal
    ) -> Offer | None:
        """Return an offer of the cut that all intervals can hold together."""
        fresh = replace(state, paused=False)
        if isinstance(
            self._params.method, Pausing
        ):  # nobody knows when the jobs of that hour will have saved
            fresh = replace(fresh, since_checkpoint=self._params.method.checkpoint_interval)
        return deferrable_load.offer(self._params, fresh, interval_count, step, tariff_per_kwh=tariff_per_kwh)
