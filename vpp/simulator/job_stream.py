"""One place in a cluster where a job runs: as it ends, the next one of its group begins."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vpp.simulator.chance import chance
from vpp.simulator.device import SECONDS_PER_HOUR
from vpp.simulator.job_group import JobGroupPlant

RUNNING, STOPPING, PAUSED, RESUMING = "running", "stopping", "paused", "resuming"
_INERT_CUT_RATIO = 0.02
"""What a cap changes where it changes next to nothing."""


@dataclass(slots=True)
class Job:
    """A job and how far it has come.

    Attributes:
        number: Which of its stream.
        remaining_h: Work left, hours at full speed.
        delay_h: How much later than without interference it ends by now, h.
        since_checkpoint_s: Time since it saved its progress, s.
        mode: What it is doing.
        timer_s: Time until it has stopped or come back, s.
        pause_count: How often the stream has been told to pause.
        resume_count: How often a job of the stream was started again.
    """

    number: int
    remaining_h: float
    delay_h: float = 0.0
    since_checkpoint_s: float = 0.0
    mode: str = RUNNING
    timer_s: float = 0.0
    pause_count: int = 0
    resume_count: int = 0


class JobStream:
    """A place that always holds a job of its group, with traits drawn anew for each job."""

    def __init__(self, plant: JobGroupPlant, seed: int, name: str) -> None:
        """Begin somewhere within the first job."""
        self._plant, self._seed, self._name = plant, seed, name
        self._trait = (-1, False)  # number of the job it holds for, and whether that job is inert
        length_h = self._length_h(0)
        done = chance(seed, f"{name}/begun", 0)
        self.job = Job(
            0,
            length_h * (1.0 - 0.9 * done),
            since_checkpoint_s=plant.checkpoint_s * self._draw("checkpoint", 0),
        )

    def _draw(self, what: str, count: int) -> float:
        return chance(self._seed, f"{self._name}/{what}", count)

    def _length_h(self, number: int) -> float:
        """Return a job's length: exponential, but no shorter than half an hour."""
        return max(0.5, -self._plant.job_hours * math.log(1.0 - self._draw("length", number)))

    @property
    def is_inert(self) -> bool:
        """Whether caps change nothing for the present job."""
        number, is_inert = self._trait
        if number != self.job.number:  # asked for in every step, and the same for a whole job
            number, is_inert = self.job.number, self._draw("inert", self.job.number) < self._plant.inert_ratio
            self._trait = number, is_inert
        return is_inert

    @property
    def due_h(self) -> float:
        """Time until the present job must have ended, h."""
        return self.job.remaining_h - self.job.delay_h + self._plant.slack_hours

    def step(
        self, cut_ratio: float, *, is_pausing: bool, extra_ratio: float, span_s: float
    ) -> tuple[float, float]:
        """Advance the job.

        Args:
            cut_ratio: Cut of the board power that the cap would make of a job that reacts.
            is_pausing: Whether the job is to stand still.
            extra_ratio: Free boards that work on it beside its own, as a share of them.
            span_s: Length of the step, s.

        Returns:
            Power over that without interference; and, if a job ended in this step, by how much
            it beat its deadline, h, else infinity.
        """
        self._turn(is_pausing=is_pausing, span_s=span_s)
        plant, job = self._plant, self.job
        power_ratio, speed_ratio = 1.0, 1.0
        if job.mode in {PAUSED, RESUMING}:
            idle_ratio = plant.idle_power_ratio
            power_ratio = idle_ratio if job.mode == PAUSED else 0.5 * (1.0 + idle_ratio)
            speed_ratio = 0.0
        elif cut_ratio > 0.0:
            cut_ratio = min(cut_ratio, _INERT_CUT_RATIO) if self.is_inert else cut_ratio
            power_ratio = 1.0 - cut_ratio
            speed_ratio = 1.0 - min(1.0, plant.loss_factor * cut_ratio**plant.loss_exponent)
        span_h = span_s / SECONDS_PER_HOUR
        if speed_ratio > 0.0:
            job.since_checkpoint_s = (job.since_checkpoint_s + span_s) % plant.checkpoint_s
        job.remaining_h -= (speed_ratio + extra_ratio) * span_h
        job.delay_h = max(0.0, job.delay_h + (1.0 - speed_ratio - extra_ratio) * span_h)
        margin_h = math.inf
        if job.remaining_h <= 0.0:
            margin_h = plant.slack_hours - job.delay_h
            job.number += 1
            job.remaining_h, job.delay_h, job.since_checkpoint_s = self._length_h(job.number), 0.0, 0.0
        return power_ratio + extra_ratio, margin_h

    def _turn(self, *, is_pausing: bool, span_s: float) -> None:
        """Let the job go from running to paused and back as it is told, in its own time."""
        job = self.job
        if job.mode == RUNNING:
            if not is_pausing:
                job.timer_s = 0.0
            elif job.timer_s <= 0.0:
                self._told_to_pause()
        elif job.mode == PAUSED:
            if not is_pausing:
                job.mode = RESUMING
                job.resume_count += 1
                job.timer_s = self._resume_s(job.resume_count)
        elif job.timer_s > span_s:
            job.timer_s -= span_s
        elif job.mode == STOPPING:
            self._stopped()
        else:
            self._resumed()

    def _told_to_pause(self) -> None:
        """Begin to stop, at the next checkpoint if it is near; or go on, deaf to this activation."""
        job, plant = self.job, self._plant
        job.pause_count += 1
        obeys = self._draw("pause", job.pause_count) >= plant.pause_failure_ratio
        job.timer_s = max(1.0, min(plant.stop_s, plant.checkpoint_s - job.since_checkpoint_s))
        job.mode = STOPPING if obeys else RUNNING

    def _stopped(self) -> None:
        """Stand still; what was done since the checkpoint must be done again."""
        job = self.job
        lost_h = job.since_checkpoint_s / SECONDS_PER_HOUR
        job.mode = PAUSED
        job.remaining_h += lost_h
        job.delay_h += lost_h
        job.since_checkpoint_s = 0.0

    def _resumed(self) -> None:
        """Go on with the work, or fail to and be started once more."""
        job = self.job
        if self._draw("resume", job.resume_count) < self._plant.resume_failure_ratio:
            job.resume_count += 1
            job.timer_s = self._resume_s(job.resume_count)
        else:
            job.mode, job.timer_s = RUNNING, 0.0

    def _resume_s(self, count: int) -> float:
        spread = 2.0 * self._draw("resume time", count) - 1.0
        return self._plant.resume_s * (1.0 + self._plant.resume_spread_ratio * spread)

    def memory(self) -> dict[str, object]:
        """Return the job, as JSON-able values."""
        job = self.job
        return {
            "number": job.number,
            "remaining_h": job.remaining_h,
            "delay_h": job.delay_h,
            "since_checkpoint_s": job.since_checkpoint_s,
            "mode": job.mode,
            "timer_s": job.timer_s,
            "pause_count": job.pause_count,
            "resume_count": job.resume_count,
        }

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take up the job."""
        self.job = Job(**memory)
