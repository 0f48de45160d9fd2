"""A cluster with several groups of jobs, as the agent sees it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from vpp.agent.unit import Unit
from vpp.flexibility import job_group_offers, job_group_terms, job_groups
from vpp.flexibility.backlog import Backlog
from vpp.flexibility.bounds import TOLERANCE_KW
from vpp.flexibility.envelope import Envelope
from vpp.flexibility.job_cluster import JobClusterParameters, JobClusterState
from vpp.flexibility.job_group import GroupState, JobGroup, group_with_deadline
from vpp.flexibility.knob import KNOB_ORDER
from vpp.flexibility.knob_settings import GroupSetting, knob_settings
from vpp.flexibility.offer import Offer
from vpp.flexibility.planning.terms import WorkTerms
from vpp.v1 import portfolio_pb2


class JobGroupsUnit(Unit[JobClusterState]):
    """Groups of jobs on one cluster.

    Their ids stay on the site: what goes to the hub knows the cluster only.
    """

    kind = portfolio_pb2.Resource.KIND_DEFERRABLE_LOAD
    urgency = 1

    def __init__(self, params: JobClusterParameters) -> None:
        """Take the cluster's parameters."""
        super().__init__(params.resource_id)
        self._params = params
        self._pause_counts = dict.fromkeys((group.group_id for group in params.groups), 0)
        self._paused_for: dict[str, timedelta | None] = dict.fromkeys(self._pause_counts)

    @property
    def params(self) -> JobClusterParameters:
        """The cluster's parameters, with what has been learned."""
        return self._params

    def _state_of(self, reading: Mapping[str, float]) -> JobClusterState:
        is_held = reading["reduction_kw"] > TOLERANCE_KW
        owed = self._account(reading)
        groups = tuple(
            self._group_state(group, reading, owed[n], is_held=is_held)
            for n, group in enumerate(self._params.groups)
        )
        busy = sum(each.running_gpus for each in groups)
        free_gpus = reading.get("free_gpus", self._params.gpu_count - busy)
        return JobClusterState(groups, min(max(0.0, free_gpus), self._params.gpu_count))

    def _account(self, reading: Mapping[str, float]) -> tuple[Backlog, ...]:
        """Return what the groups owe by the unit's own account, for those of which no reading tells it."""
        names = [group.group_id for group in self._params.groups]
        if all(f"backlog_gpu_h.{name}" in reading for name in names):
            return (Backlog(),) * len(names)
        if self.state is None:
            if abs(self.reduction_kw) <= TOLERANCE_KW:
                return (Backlog(),) * len(names)
            return tuple(self._all_owed(group) for group in self._params.groups)
        if self.elapsed <= timedelta(0):
            return tuple(each.backlog for each in self.state.groups)
        after = job_groups.after_observed(self._params, self.state, self.reduction_kw, self.elapsed)
        return tuple(each.backlog for each in after.groups)

    def _all_owed(self, group: JobGroup) -> Backlog:
        """Return as much work as all GPUs could make up in time: nobody saw how much it is."""
        gpu_h = self._params.gpu_count * (group.catch_up_within / timedelta(hours=1))
        return Backlog.of_one(group.catch_up_within, gpu_h / len(self._params.groups))

    def _group_state(
        self, group: JobGroup, reading: Mapping[str, float], owed: Backlog, *, is_held: bool
    ) -> GroupState:
        name = group.group_id
        running_gpus = min(max(0.0, reading[f"running_gpus.{name}"]), self._params.gpu_count)
        owed_gpu_h = max(0.0, reading.get(f"backlog_gpu_h.{name}", owed.total_gpu_h))
        since = self._since_checkpoint(group, reading)
        if reading.get(f"due_s.{name}", -1.0) > 0.0:
            due_in = timedelta(seconds=reading[f"due_s.{name}"])
            remaining_gpu_h = max(0.0, reading[f"remaining_gpu_h.{name}"])
            state = group_with_deadline(running_gpus, remaining_gpu_h, due_in, owed_gpu_h)
        elif f"backlog_gpu_h.{name}" in reading:
            due_in = timedelta(seconds=reading[f"backlog_due_s.{name}"])
            state = GroupState(running_gpus, Backlog.of_one(min(due_in, group.catch_up_within), owed_gpu_h))
        else:
            state = GroupState(running_gpus, owed)
        paused_gpus = reading.get(f"paused_gpus.{name}", 0.0)
        # Where single jobs of a group pause, it stands still once most of it does.
        self._watch_pause(name, is_paused=paused_gpus > 0.5 * running_gpus, is_held=is_held)
        return replace(
            state,
            since_checkpoint=since,
            paused_for=self._paused_for[name],
            pause_count=self._pause_counts[name],
        )

    def _since_checkpoint(self, group: JobGroup, reading: Mapping[str, float]) -> timedelta:
        """Return how long ago a group saved its progress; if nothing tells it, as long as can be."""
        seconds = reading.get(f"since_checkpoint_s.{group.group_id}")
        if seconds is not None:
            return timedelta(seconds=max(0.0, seconds))
        return timedelta(0) if group.pause is None else group.pause.checkpoint_interval

    def _watch_pause(self, name: str, *, is_paused: bool, is_held: bool) -> None:
        """Count the pauses of an activation: readings show only whether a group stands still."""
        if self.state is None and is_held and not is_paused:
            self._pause_counts[name] = (
                1  # what went before in this activation nobody saw: it may have been one
            )
        if is_paused and self._paused_for[name] is None:
            self._pause_counts[name] += 1
        elif not is_paused and not is_held:
            self._pause_counts[name] = 0
        before = self._paused_for[name] or timedelta(0)
        self._paused_for[name] = before + self.elapsed if is_paused else None

    def settings(self, reduction_kw: float, step: timedelta) -> tuple[GroupSetting, ...]:
        """Return what a reduction means for each group; for the site's own journal and drivers."""
        return knob_settings(self._params, self.observed, reduction_kw, step)

    @property
    def overhead_slope_ratio(self) -> float:
        """Overhead that follows its IT power, k."""
        return self._params.overhead_slope_ratio

    def flexible_kw(self, state: JobClusterState) -> float:
        """Return what the groups that have any knob draw if left alone, kW."""
        return sum(
            each.running_gpus * self._params.kw_per_gpu(group)
            for group, each in zip(self._params.groups, state.groups, strict=True)
            if KNOB_ORDER[group.job_class]
        )

    def urgent_kw(self, state: JobClusterState, step: timedelta) -> float:
        """Return the increase that deadlines need in the next step, kW."""
        return job_groups.urgent_kw(self._params, state, step)

    def envelope(self) -> Envelope:
        """Return the envelope of the present work, if nothing were put off."""
        rested = tuple(
            replace(each, backlog=Backlog(), paused_for=None, pause_count=0) for each in self.observed.groups
        )
        return job_group_offers.envelope(self._params, replace(self.observed, groups=rested))

    def present_envelope(self) -> Envelope:
        """Return the envelope of the present work and what it owes."""
        return job_group_offers.envelope(self._params, self.observed)

    def available_kw(self, state: JobClusterState, step: timedelta) -> float:
        """Return the largest cut that keeps every deadline, kW."""
        return job_groups.available_kw(self._params, state, step)

    def available_increase_kw(self, state: JobClusterState, step: timedelta) -> float:
        """Return the largest increase by work caught up and brought forward, kW."""
        return job_groups.available_increase_kw(self._params, state, step)

    def energy_kwh(self, state: JobClusterState) -> float:  # noqa: ARG002  deadlines bound the power
        """Return infinity: deadlines bound the power, not an energy."""
        return math.inf

    def recovery_kw(self, state: JobClusterState, step: timedelta) -> float:
        """Return the increase of catching up, kW."""
        return job_groups.recovery_kw(self._params, state, step)

    def advance(
        self, state: JobClusterState, reduction_kw: float, step: timedelta
    ) -> tuple[JobClusterState, float]:
        """Cut or catch up for a step."""
        after, change_kw = job_groups.advance(self._params, state, reduction_kw, step)
        return after, max(0.0, -change_kw)

    def increase(
        self, state: JobClusterState, increase_kw: float, step: timedelta
    ) -> tuple[JobClusterState, float]:
        """Bring work forward for a step."""
        after, change_kw = job_groups.advance(self._params, state, 0.0, step, increase_kw=increase_kw)
        return after, max(0.0, change_kw)

    def terms(
        self,
        state: JobClusterState,
        interval_count: int,
        step: timedelta,
        prices_per_kwh: Sequence[Decimal],
    ) -> WorkTerms:
        """Return what the planner sees of the cluster as one resource."""
        del prices_per_kwh
        return job_group_terms.cluster_terms(self._params, state, interval_count, step)

    def group_terms(
        self, state: JobClusterState, interval_count: int, step: timedelta
    ) -> tuple[WorkTerms, ...]:
        """Return what the planner sees of each group, for a plan that knows them."""
        return job_group_terms.group_terms(self._params, state, interval_count, step)

    def offer(
        self, state: JobClusterState, interval_count: int, step: timedelta, tariff_per_kwh: Decimal
    ) -> Offer | None:
        """Return the first rung of the ladder: the divisible knobs, or else the cheapest pause."""
        rungs = self.offers(state, interval_count, step, tariff_per_kwh)
        return rungs[0] if rungs else None

    def offers(
        self, state: JobClusterState, interval_count: int, step: timedelta, tariff_per_kwh: Decimal
    ) -> tuple[Offer, ...]:
        """Return the whole ladder of knobs as offers that can be held together."""
        return job_group_offers.offers(
            self._params, state, interval_count, step, tariff_per_kwh=tariff_per_kwh
        )
