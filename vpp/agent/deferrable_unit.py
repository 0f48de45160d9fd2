"""A pool of compute work that can wait, as the agent sees it."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from vpp.agent.unit import Unit
from vpp.flexibility import deferrable_load
from vpp.flexibility.backlog import Backlog, Piece
from vpp.flexibility.deferrable_pool import (
    DeferrableLoadParameters,
    DeferrableLoadState,
    kw_per_running_gpu,
)
from vpp.flexibility.enrolment_envelope import EnrolmentEnvelope
from vpp.flexibility.offer import Offer
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
        backlog = Backlog()
        if reading["backlog_kwh"] > 0.0:
            gpu_h = reading["backlog_kwh"] / kw_per_gpu
            if reading["backlog_due_s"] > 0.0:
                backlog = Backlog((Piece(timedelta(seconds=reading["backlog_due_s"]), gpu_h),))
            else:
                backlog = Backlog(overdue_gpu_h=gpu_h, late_gpu_h=gpu_h)
        return DeferrableLoadState(running_gpus, backlog)

    def envelope(self) -> EnrolmentEnvelope:
        """Return the envelope under the present work."""
        return deferrable_load.envelope(self._params, self.observed)

    def available_kw(self, state: DeferrableLoadState, step: timedelta) -> float:
        """Return the largest cut that keeps every deadline, kW."""
        return deferrable_load.available_kw(self._params, state, step)

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
        return deferrable_load.offer(self._params, fresh, interval_count, step, tariff_per_kwh=tariff_per_kwh)
