"""The table of a cluster that Slurm manages."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from vpp.agent.drivers.http_peer import HttpTable
from vpp.agent.drivers.site_program import Command
from vpp.agent.drivers.table import DriverTable
from vpp.agent.table import Id
from vpp.flexibility.job_class import Tier

Action = Literal["suspend", "requeue", "drain", "cap"]
NEEDS_COMMANDS = frozenset({"suspend", "requeue"})
"""What Slurm's REST API has no way for."""


class RestTable(HttpTable):
    """Where slurmrestd is, and how it is asked.

    Attributes:
        user: Whose token it is.
        token_file: File that holds the token (JWT), as `scontrol token` prints it or bare; read anew for
            every request, so that it may be renewed.
        version: Version of the API that is spoken.
    """

    user: str = Field(pattern=r"^[!-~]+$")
    token_file: Path
    version: str = Field(default="v0.0.41", pattern=r"^v0\.0\.(39|[4-9][0-9])$")


class SlurmGroupTable(DriverTable):
    """Jobs of a kind, and what may be done to them.

    Attributes:
        partitions: Their partitions.
        qos: Their qualities of service; none for any.
        action: `suspend`: jobs stop where they are and keep their boards; `requeue`: jobs go back into the
            queue, held, and begin anew or from their checkpoint; `drain`: no job starts on nodes that are in
            use, so that they fall idle as their jobs end; `cap`: the site's own program caps their power.
        tier: How far they may be cut; the most flexible are paused first.
        kw_per_gpu: Power of a busy GPU with its share of the node, kW at the computers.
        kw_per_node: The same of a node, where nodes are counted in place of GPUs; one of the two.
        idle_power_ratio: Power of a board without work over that of a busy one, 0 to below 1.
        board_count: GPUs, or nodes with `kw_per_node`, of the group's partitions. With it a paused job counts
            for nothing once others run on its boards.
        no_new_starts: While jobs of the group are paused, no job starts on the partitions' nodes.
        power: Program that answers `{"power_kw": ...}`, the measured power of the group's running jobs at the
            computers; where it shows less than `kw_per_gpu`, that counts.
        cap: Program that caps the group's power: it gets `{"group", "partitions", "power_ratio", "hold_s"}`.
        step_ratio: Steps of the cap.
        largest_cut_ratio: Deepest cap.
    """

    partitions: tuple[str, ...] = Field(min_length=1)
    qos: tuple[str, ...] = ()
    action: Action
    tier: Literal["flex1", "flex2", "flex3"]
    kw_per_gpu: float | None = Field(default=None, gt=0, le=100)
    kw_per_node: float | None = Field(default=None, gt=0, le=1000)
    idle_power_ratio: float = Field(ge=0, le=0.99)
    board_count: float | None = Field(default=None, gt=0, le=1e7)
    no_new_starts: bool = False
    power: Command | None = None
    cap: Command | None = None
    step_ratio: float = Field(default=0.05, ge=0.01, le=0.5)
    largest_cut_ratio: float = Field(default=0.3, gt=0, le=0.9)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.kw_per_gpu is None) == (self.kw_per_node is None):
            raise ValueError("give kw_per_gpu or kw_per_node")
        if (self.cap is not None) != (self.action == "cap"):
            raise ValueError('cap goes with action = "cap"')
        if self.action == "cap" and self.power is None:
            raise ValueError("a cap needs power: many caps change nothing, and only measured power shows it")
        if self.action == "cap" and self.step_ratio > self.largest_cut_ratio:
            raise ValueError("step_ratio is larger than largest_cut_ratio")
        if self.no_new_starts and self.action not in NEEDS_COMMANDS:
            raise ValueError('no_new_starts goes with action = "suspend" or "requeue"')
        if self.action == "requeue" and not self.no_new_starts and self.board_count is None:
            raise ValueError(
                "a requeued job frees its boards: give board_count, so that what others start there is "
                "known, or no_new_starts = true"
            )
        if self.action == "drain" and self.qos:
            raise ValueError("drain is of nodes, which have no qos")
        return self

    @property
    def kw_per_board(self) -> float:
        """Power of a busy board, kW at the computers."""
        return self.kw_per_gpu or self.kw_per_node or 0.0

    @property
    def flexibility_ratio(self) -> float:
        """Largest cut that the tier allows, 0..1."""
        return float(Tier[self.tier.upper()].value)

    @property
    def watches_nodes(self) -> bool:
        """Whether its nodes are drained."""
        return self.no_new_starts or self.action == "drain"


class SlurmTable(DriverTable):
    """A cluster that Slurm manages.

    Attributes:
        interface: Whether Slurm is asked and told by its REST API or by commands.
        rest: Where the REST API is; with `interface = "rest"`.
        squeue: The command that lists jobs, with arguments that it always gets.
        scontrol: The command that suspends, resumes and requeues; needed with REST too, which cannot.
        timeout: A program that runs for longer is killed, in the machine's time.
        drain_reason: What is written as the reason where a node is drained; a node whose reason has become
            another one is left as it is.
        overhead_slope_ratio: Overhead that follows IT power, kW per kW.
        groups: The groups of jobs by their id; a job belongs to the first that it fits. For a resource of
            kind `job_groups` the ids are those of its groups.
        watchdog: Program that sees to it that jobs and nodes are resumed after `hold_s` seconds unless it is
            called again: it gets `{"hold_s", "jobs", "nodes"}`, empty lists to end it.
        without_watchdog: Accepts that jobs stay paused if this machine dies, where there is no `watchdog`.
    """

    interface: Literal["rest", "commands"]
    rest: RestTable | None = None
    squeue: Command = ("squeue",)
    scontrol: Command | None = None
    timeout: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(minutes=5))] = timedelta(seconds=20)
    drain_reason: str = Field(default="demand response", pattern=r"^[A-Za-z0-9 ._-]{1,60}$")
    overhead_slope_ratio: float = Field(ge=0, le=2)
    groups: dict[Id, SlurmGroupTable] = Field(min_length=1)
    watchdog: Command | None = None
    without_watchdog: bool = False

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.rest is not None) != (self.interface == "rest"):
            raise ValueError('rest goes with interface = "rest"')
        needing = sorted(name for name, group in self.groups.items() if group.action in NEEDS_COMMANDS)
        if self.interface == "rest" and self.scontrol is None and needing:
            raise ValueError(
                f"group {needing[0]} is suspended or requeued, which Slurm's REST API cannot: give scontrol"
            )
        if (self.watchdog is None) != self.without_watchdog:
            raise ValueError(
                "give watchdog, a program that lets jobs go on after a time, or accept by "
                "without_watchdog = true that they stay paused if this machine dies"
            )
        return self
