"""A pool of accelerators whose jobs can wait: what the site knows about it, and its state."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from vpp.flexibility.backlog import Backlog
from vpp.flexibility.bounds import TOLERANCE_KW, check_above_zero, check_within, hours_of
from vpp.flexibility.cap_response import largest_measured_cut_ratio
from vpp.flexibility.job_class import JobClass, Tier
from vpp.foundation.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Capping:
    """Power caps: any cut up to the largest, at a small loss of speed."""


@dataclass(frozen=True, slots=True)
class Pausing:
    """Whole jobs stop and start again: all of the offered cut or none.

    Attributes:
        checkpoint_interval: How often the jobs save their progress.
        restart_time: From the command to resume until work goes on: restore and warm-up.
            Resuming took 3 to 4 min for pretraining, 2 to 3 min for inference in the Phoenix
            trial of May 2025 (Fig345_data.xlsx).
        idle_power_ratio: Power of a paused GPU over that of a running one, 0 to below 1.
    """

    checkpoint_interval: timedelta
    restart_time: timedelta
    idle_power_ratio: float

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        hours_of(self.checkpoint_interval, "checkpoint_interval")
        check_within(self.restart_time.total_seconds(), "restart_time")
        check_within(self.idle_power_ratio, "idle_power_ratio", 0.0, 0.99)


@dataclass(frozen=True, slots=True)
class DeferrableLoadParameters:
    """What the site knows about a pool of accelerators.

    Attributes:
        resource_id: The flexible resource.
        job_class: What the pool works on.
        tier: How far its jobs may be cut.
        method: How they are cut.
        gpu_count: GPUs of the pool, busy or free.
        kw_per_gpu: Power of a busy GPU at full speed, kW, at the computers.
        overhead_slope_ratio: Overhead that follows IT power, kW per kW.
        job_value_per_kwh: What a kWh at full speed, at the point of connection, is worth to the
            owners of the jobs if they must wait for it.
        catch_up_within: Time in which work put off must be done again on free GPUs.
        max_recovery_kw: Largest increase at the point of connection while it is done, kW.
        response_time: From command to full reduction.
        delivery_ratio: Share of a command delivered nine times in ten, in (0, 1]; learned per
            class by a test dispatch, since some jobs hardly react to a cap.
        max_late_gpu_h: Work that may miss `catch_up_within`, GPU hours: the jobs' owners accept
            that they finish later by as much. Above 0 only where that is agreed.
        agreed_cut_ratio: Largest cut agreed with the owners of the jobs in place of the
            tier's, 0..1; None for the tier's.
    """

    resource_id: str
    job_class: JobClass
    tier: Tier
    method: Capping | Pausing
    gpu_count: float
    kw_per_gpu: float
    overhead_slope_ratio: float
    job_value_per_kwh: Decimal
    catch_up_within: timedelta
    max_recovery_kw: float
    response_time: timedelta
    delivery_ratio: float
    max_late_gpu_h: float = 0.0
    agreed_cut_ratio: float | None = None

    def __post_init__(self) -> None:
        """Refuse quantities outside their range and classes that may not be cut like this."""
        check_above_zero(self.gpu_count, "gpu_count")
        check_above_zero(self.kw_per_gpu, "kw_per_gpu")
        check_within(self.overhead_slope_ratio, "overhead_slope_ratio")
        hours_of(self.catch_up_within, "catch_up_within")
        check_within(self.max_recovery_kw, "max_recovery_kw")
        check_above_zero(self.delivery_ratio, "delivery_ratio", 1.0)
        check_within(self.max_late_gpu_h, "max_late_gpu_h")
        if self.agreed_cut_ratio is not None:
            check_within(self.agreed_cut_ratio, "agreed_cut_ratio", 0.0, 1.0)
        if self.job_class is JobClass.INTERACTIVE_INFERENCE and self.largest_cut_ratio > 0.0:
            raise InvalidInput(
                f"largest_cut_ratio is {self.largest_cut_ratio}, expected 0 for interactive inference: "
                "its users are waiting",
                largest_cut_ratio=str(self.largest_cut_ratio),
            )
        if isinstance(self.method, Capping) and self.largest_cut_ratio > 0.0:
            deepest = largest_measured_cut_ratio(self.job_class)
            check_within(self.largest_cut_ratio, "largest_cut_ratio", 0.0, deepest)

    @property
    def largest_cut_ratio(self) -> float:
        """Largest share of the pool's power, or of its jobs, that may be cut, 0..1."""
        return self.tier.value if self.agreed_cut_ratio is None else self.agreed_cut_ratio


@dataclass(frozen=True, slots=True)
class DeferrableLoadState:
    """What the pool is doing.

    Attributes:
        running_gpus: GPUs that would be busy now without an event.
        backlog: Work put off and not yet done.
        paused: Whether the jobs stand still now.
        since_checkpoint: Time since the jobs last saved their progress.
        waiting_gpu_h: Work in the queue that could be done before its time, GPU hours.
    """

    running_gpus: float
    backlog: Backlog = field(default_factory=Backlog)
    paused: bool = False
    since_checkpoint: timedelta = timedelta(0)
    waiting_gpu_h: float = 0.0

    def __post_init__(self) -> None:
        """Refuse negative quantities."""
        check_within(self.running_gpus, "running_gpus")
        check_within(self.waiting_gpu_h, "waiting_gpu_h")
        check_within(self.since_checkpoint.total_seconds(), "since_checkpoint")


def kw_per_running_gpu(params: DeferrableLoadParameters) -> float:
    """Return what a busy GPU draws at the point of connection, kW."""
    return params.kw_per_gpu * (1.0 + params.overhead_slope_ratio)


def catching_up_gpus(params: DeferrableLoadParameters, state: DeferrableLoadState) -> float:
    """Return the GPUs that can work on the backlog once the pool is released.

    None at full utilisation: work put off then only makes the jobs finish later, and no rebound
    of power follows. None either where recovery is limited to next to nothing: the backlog would
    take longer than any number of intervals.
    """
    if params.max_recovery_kw <= TOLERANCE_KW:
        return 0.0
    free_gpus = max(0.0, params.gpu_count - state.running_gpus)
    return min(free_gpus, params.max_recovery_kw / kw_per_running_gpu(params))
