"""A cluster of jobs with its own manager, which turns an ordered reduction into caps and pauses.

The manager sees the power of the boards it caps, so it deepens the caps as long as what it
measures falls short of the order, and pauses jobs for what the caps cannot reach. It cannot know
beforehand which job reacts, which job pauses when told to, and which comes back.
"""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from vpp.simulator.device import SECONDS_PER_HOUR, Conditions, Order, approach, number
from vpp.simulator.job_group import JobGroupPlant
from vpp.simulator.job_stream import PAUSED, JobStream
from vpp.simulator.limit_watch import LimitWatch

_LEAST_RESPONSE = 0.2
"""The manager never takes its boards for less responsive than this."""


class JobClusterPlant(BaseModel):
    """The physical cluster.

    Attributes:
        groups: Groups of jobs by their id at the site.
        batch_ratio: Share of the IT load that the cluster's busy boards draw.
        kw_per_gpu: Power of a busy board with its share of the server, kW.
        facility_ratio: Change at the point of connection per change of IT power, 1 or more.
        free_ratio: Free boards as a share of the busy ones.
        cap_time_constant_s: Lag from cap to power: the software path, s.
        seed: Of the jobs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    groups: dict[str, JobGroupPlant] = Field(min_length=1)
    batch_ratio: float = Field(gt=0, le=1)
    kw_per_gpu: float = Field(default=0.7, gt=0)
    facility_ratio: float = Field(default=1.1, ge=1, le=3)
    free_ratio: float = Field(default=0.1, ge=0, le=1)
    cap_time_constant_s: float = Field(default=20.0, ge=0)
    seed: int = Field(default=0, ge=0)


class JobCluster:
    """A cluster in operation."""

    def __init__(self, plant: JobClusterPlant) -> None:
        """Begin with every stream somewhere within a job."""
        self._plant = plant
        self._streams = {
            name: [JobStream(group, plant.seed, f"{name}/{n}") for n in range(group.stream_count)]
            for name, group in plant.groups.items()
        }
        self._cut_ratio = 0.0
        self._response = 1.0
        self._pausing: list[str] = []
        self._change_kw = 0.0
        self._watch = LimitWatch()

    def step(self, order: Order, conditions: Conditions, span_s: float) -> float:
        """Cap and pause as ordered, else let everything run and catch up on free boards."""
        busy_gpus = self._busy_gpus(conditions)
        kw_per_gpu = self._plant.kw_per_gpu * self._plant.facility_ratio
        self._command(order, busy_gpus * kw_per_gpu, span_s)
        extra_gpus = self._extra_gpus(order, busy_gpus, kw_per_gpu, span_s)
        late_gpus = sum(gpus for gpus, stream in self._placed(busy_gpus) if stream.job.delay_h > 0.0)
        change_kw = capped_kw = cappable_kw = 0.0
        for name, group in self._plant.groups.items():
            gpus = busy_gpus * group.share_ratio / group.stream_count
            for n, stream in enumerate(self._streams[name]):
                is_late = stream.job.delay_h > 0.0 and late_gpus > 0.0
                power_ratio, margin_h = stream.step(
                    min(self._cut_ratio, group.max_cut_ratio) if group.method == "cap" else 0.0,
                    is_pausing=f"{name}/{n}" in self._pausing,
                    extra_ratio=extra_gpus / late_gpus if is_late else 0.0,
                    span_s=span_s,
                )
                change_kw += (power_ratio - 1.0) * gpus * kw_per_gpu
                if group.method == "cap":
                    capped_kw += (1.0 - power_ratio) * gpus * kw_per_gpu
                    cappable_kw += min(self._cut_ratio, group.max_cut_ratio) * gpus * kw_per_gpu
                self._watch.note("deadline_h", min(margin_h, stream.due_h))
        if cappable_kw > 0.0 and self._cut_ratio > 0.0:
            self._response = max(_LEAST_RESPONSE, min(1.0, capped_kw / cappable_kw))
        self._change_kw = change_kw
        return change_kw

    def _busy_gpus(self, conditions: Conditions) -> float:
        return self._plant.batch_ratio * conditions.it_kw / self._plant.kw_per_gpu

    def _placed(self, busy_gpus: float) -> list[tuple[float, JobStream]]:
        """List the streams with the boards that each holds."""
        return [
            (busy_gpus * group.share_ratio / group.stream_count, stream)
            for name, group in self._plant.groups.items()
            for stream in self._streams[name]
        ]

    def _command(self, order: Order, busy_kw: float, span_s: float) -> None:
        """Choose caps and pauses for an order, from what the caps have brought so far."""
        if order.reduction_kw <= 0.0:
            self._pausing = []
            self._cut_ratio, self._response = 0.0, 1.0
            return
        caps = [group for group in self._plant.groups.values() if group.method == "cap"]
        cappable_kw = sum(group.share_ratio for group in caps) * busy_kw
        deepest = max((group.max_cut_ratio for group in caps), default=0.0)
        reach_kw = sum(group.share_ratio * group.max_cut_ratio for group in caps) * busy_kw * self._response
        left_kw = order.reduction_kw - reach_kw
        for name, group in self._plant.groups.items():
            if group.method != "pause":
                continue
            each_kw = group.share_ratio / group.stream_count * busy_kw * (1.0 - group.idle_power_ratio)
            for n in range(group.stream_count):
                if f"{name}/{n}" in self._pausing:
                    left_kw -= each_kw
                elif left_kw > 0.5 * each_kw:
                    self._pausing.append(f"{name}/{n}")
                    left_kw -= each_kw
        by_caps_kw = min(reach_kw, reach_kw + left_kw)
        wanted_ratio = by_caps_kw / (cappable_kw * self._response) if cappable_kw > 0.0 else 0.0
        wanted_ratio = min(deepest, max(0.0, wanted_ratio))
        self._cut_ratio = approach(self._cut_ratio, wanted_ratio, span_s, self._plant.cap_time_constant_s)

    def _extra_gpus(self, order: Order, busy_gpus: float, kw_per_gpu: float, span_s: float) -> float:
        """Return the free boards that catch up in a step."""
        if order.reduction_kw > 0.0:
            return 0.0
        limit_kw = order.increase_kw if order.increase_kw > 0.0 else order.recovery_limit_kw
        backlog_gpu_h = sum(gpus * stream.job.delay_h for gpus, stream in self._placed(busy_gpus))
        return min(
            self._plant.free_ratio * busy_gpus,
            limit_kw / kw_per_gpu,
            backlog_gpu_h / (span_s / SECONDS_PER_HOUR),
        )

    def reading(self, conditions: Conditions) -> dict[str, float]:
        """Return the boards, the backlog and the next deadline of each group, and the present power."""
        busy_gpus = self._busy_gpus(conditions)
        shown = {"free_gpus": self._plant.free_ratio * busy_gpus, "reduction_kw": -self._change_kw}
        for name, group in self._plant.groups.items():
            gpus = busy_gpus * group.share_ratio
            jobs = [stream.job for stream in self._streams[name]]
            late = [stream for stream in self._streams[name] if stream.job.delay_h > 0.0]
            paused = sum(job.mode == PAUSED for job in jobs)
            due_h = min([stream.due_h for stream in late], default=group.slack_hours)
            shown |= {
                f"running_gpus.{name}": gpus,
                f"paused_gpus.{name}": gpus * paused / group.stream_count,
                f"backlog_gpu_h.{name}": sum(job.delay_h for job in jobs) * gpus / group.stream_count,
                f"backlog_due_s.{name}": max(0.0, due_h) * SECONDS_PER_HOUR,
                f"since_checkpoint_s.{name}": max(job.since_checkpoint_s for job in jobs),
            }
        return shown

    def alarms(self) -> tuple[str, ...]:
        """Return nothing: it complains only by a fault of the plant."""
        return ()

    def margins(self) -> Mapping[str, float]:
        """Return the smallest time by which a job beat, or can still beat, its deadline, h."""
        return self._watch.margins

    def memory(self) -> dict[str, object]:
        """Return jobs, caps and pauses."""
        return {
            "streams": {name: [stream.memory() for stream in part] for name, part in self._streams.items()},
            "cut_ratio": self._cut_ratio,
            "response": self._response,
            "pausing": list(self._pausing),
            "margins": self._watch.memory(),
        }

    def recall(self, memory: Mapping[str, object]) -> None:
        """Take up jobs, caps and pauses."""
        streams, pausing = memory["streams"], memory["pausing"]
        if not isinstance(streams, Mapping) or not isinstance(pausing, list):
            raise TypeError("streams or pausing of a cluster cannot be read")
        for name, part in streams.items():
            for stream, job in zip(self._streams[name], part, strict=True):
                stream.recall(job)
        self._cut_ratio = number(memory, "cut_ratio")
        self._response = number(memory, "response")
        self._pausing = [str(each) for each in pausing]
        self._watch.recall(memory["margins"])
