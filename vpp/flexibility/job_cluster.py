"""A cluster of one kind of accelerator that runs several groups of jobs: parameters and state."""

from dataclasses import dataclass, field
from datetime import timedelta

from vpp.flexibility.bounds import TOLERANCE_KW, check_above_zero, check_within
from vpp.flexibility.job_group import GroupState, JobGroup
from vpp.flexibility.knob import Knob
from vpp.flexibility.measurement_boundary import at_connection_kw
from vpp.foundation.errors import InvalidInput
from vpp.foundation.names import checked_id


@dataclass(frozen=True, slots=True)
class JobClusterParameters:
    """What the site knows about a cluster. A site with two kinds of accelerator has two of them.

    Attributes:
        resource_id: The flexible resource.
        groups: Its groups of jobs.
        gpu_count: Its GPUs, busy or free.
        overhead_slope_ratio: Overhead that follows IT power, kW per kW.
        max_recovery_kw: Largest increase at the point of connection while work is caught up, kW.
        delivery_ratio: Share of a command delivered nine times in ten, in (0, 1]; what is learned
            takes its place.
        accelerator: Kind of the boards, in the site's words.
        notice: How long before a reduction is due it is known: in this time jobs may reach their
            next checkpoint.
        knobs: Which knobs may be used at all.
    """

    resource_id: str
    groups: tuple[JobGroup, ...]
    gpu_count: float
    overhead_slope_ratio: float
    max_recovery_kw: float
    delivery_ratio: float
    accelerator: str = ""
    notice: timedelta = timedelta(0)
    knobs: frozenset[Knob] = field(default=frozenset(Knob))

    def __post_init__(self) -> None:
        """Refuse quantities outside their range and groups that are there twice, or not at all."""
        check_above_zero(self.gpu_count, "gpu_count")
        check_within(self.overhead_slope_ratio, "overhead_slope_ratio")
        check_within(self.max_recovery_kw, "max_recovery_kw")
        check_above_zero(self.delivery_ratio, "delivery_ratio", 1.0)
        check_within(self.notice.total_seconds(), "notice")
        ids = [checked_id(each.group_id, "group_id") for each in self.groups]
        if not ids or len(set(ids)) < len(ids):
            raise InvalidInput(f"groups are {sorted(ids)}, expected at least one, and each once")

    def kw_per_gpu(self, group: JobGroup) -> float:
        """Return what a busy GPU of a group draws at the point of connection, kW."""
        return at_connection_kw(group.kw_per_gpu, self.overhead_slope_ratio)

    @property
    def largest_kw_per_gpu(self) -> float:
        """What a busy GPU of the hungriest group draws at the point of connection, kW."""
        return max(self.kw_per_gpu(each) for each in self.groups)


@dataclass(frozen=True, slots=True)
class JobClusterState:
    """What a cluster is doing.

    Attributes:
        groups: State of each group, in the order of the parameters.
        free_gpus: GPUs that have no work and could take some.
    """

    groups: tuple[GroupState, ...]
    free_gpus: float

    def __post_init__(self) -> None:
        """Refuse a negative number of GPUs."""
        check_within(self.free_gpus, "free_gpus")


def cluster_state(params: JobClusterParameters, groups: tuple[GroupState, ...]) -> JobClusterState:
    """Return the state with all GPUs free that no group holds.

    Raises:
        InvalidInput: The groups hold more GPUs than there are, or are not as many as the parameters'.
    """
    if len(groups) != len(params.groups):
        raise InvalidInput(f"groups has {len(groups)} states, expected {len(params.groups)}")
    busy = sum(each.running_gpus for each in groups)
    if busy > params.gpu_count * (1.0 + 1e-9):
        raise InvalidInput(f"running_gpus are {busy} in all, expected at most gpu_count {params.gpu_count}")
    return JobClusterState(groups, max(0.0, params.gpu_count - busy))


def catching_up_gpus(params: JobClusterParameters, state: JobClusterState) -> float:
    """Return the free GPUs that may work on what was put off.

    None at full utilisation: work put off then only makes the jobs finish later, and no rebound
    of power follows. The limit on recovery is taken as if the hungriest group used it.
    """
    if params.max_recovery_kw <= TOLERANCE_KW:
        return 0.0
    return min(state.free_gpus, params.max_recovery_kw / params.largest_kw_per_gpu)
