"""The table of a cluster that Kubernetes manages."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from vpp.agent.drivers.table import DriverTable
from vpp.agent.table import Id
from vpp.flexibility.job_class import Tier

Workload = Literal["job", "deployment", "stateful_set"]
Namespace = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]


class KubernetesGroupTable(DriverTable):
    """Workloads of a kind.

    Attributes:
        workload: `job`: Jobs are suspended, which ends their pods; `deployment`, `stateful_set`: replicas are
            taken away.
        namespaces: Where they are.
        selector: Label selector; what nobody has labelled is left alone. Workloads that something else
            suspends or scales (a queue, an autoscaler) must not be among them.
        tier: How far they may be cut; the most flexible are paused first.
        kw_per_gpu: Power of a busy GPU with its share of the node, kW at the computers.
        kw_per_pod: The same of a pod, where pods are counted in place of GPUs; one of the two.
        gpu_resource: Name under which pods ask for GPUs.
        idle_power_ratio: Power of a board without work over that of a busy one, 0 to below 1.
        min_replicas: Replicas that every workload keeps; not for Jobs.
        board_count: GPUs, or pods with `kw_per_pod`, that the group can have. With it a paused work counts
            for nothing once others run on its boards.
    """

    workload: Workload
    namespaces: tuple[Namespace, ...] = Field(min_length=1)
    selector: str = Field(min_length=1)
    tier: Literal["flex1", "flex2", "flex3"]
    kw_per_gpu: float | None = Field(default=None, gt=0, le=100)
    kw_per_pod: float | None = Field(default=None, gt=0, le=1000)
    gpu_resource: str = Field(default="nvidia.com/gpu", pattern=r"^[A-Za-z0-9./_-]+$")
    idle_power_ratio: float = Field(ge=0, le=0.99)
    min_replicas: int = Field(default=1, ge=0)
    board_count: float | None = Field(default=None, gt=0, le=1e7)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.kw_per_gpu is None) == (self.kw_per_pod is None):
            raise ValueError("give kw_per_gpu or kw_per_pod")
        return self

    @property
    def kw_per_board(self) -> float:
        """Power of a busy board, kW at the computers."""
        return self.kw_per_gpu or self.kw_per_pod or 0.0

    @property
    def flexibility_ratio(self) -> float:
        """Largest cut that the tier allows, 0..1."""
        return float(Tier[self.tier.upper()].value)


class KubernetesTable(DriverTable):
    """A cluster that Kubernetes manages.

    Attributes:
        kubeconfig: File that says where the cluster is and how to sign in; one of this and `in_cluster`.
        context: Which of its contexts; None for the current one.
        in_cluster: The agent runs in the cluster itself, and signs in with its service account.
        timeout: Of each request, in the machine's time.
        overhead_slope_ratio: Overhead that follows IT power, kW per kW.
        groups: The groups of workloads by their id; a workload belongs to the first that it fits. For a
            resource of kind `job_groups` the ids are those of its groups.
        without_watchdog: Accepts that workloads stay paused if this machine dies: Kubernetes has no
            command that ends by itself.
    """

    kubeconfig: Path | None = None
    context: str | None = None
    in_cluster: bool = False
    timeout: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(minutes=2))] = timedelta(seconds=10)
    overhead_slope_ratio: float = Field(ge=0, le=2)
    groups: dict[Id, KubernetesGroupTable] = Field(min_length=1)
    without_watchdog: Literal[True]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.kubeconfig is None) != self.in_cluster:
            raise ValueError("give kubeconfig or in_cluster = true")
        if self.in_cluster and self.context is not None:
            raise ValueError("context goes with kubeconfig")
        return self
