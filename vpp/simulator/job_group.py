"""What the jobs of one group of a cluster are really like; their owners' figures need not agree."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class JobGroupPlant(BaseModel):
    """A group of jobs of one class.

    Attributes:
        share_ratio: Share of the cluster's busy GPUs that the group holds.
        stream_count: Jobs that run at a time; as one ends the next begins.
        method: How its jobs are slowed: by power caps, by pausing, or not at all.
        max_cut_ratio: Deepest cut of a board's power by a cap.
        inert_ratio: How often a job draws so little that no cap changes its power, 0..1.
        loss_factor: Work lost at a full cut, extrapolated: loss = factor * cut ** exponent.
        loss_exponent: Exponent of the same.
        checkpoint_s: How often a job saves its progress, s.
        stop_s: From the command to pause until the boards idle, s.
        resume_s: From the command to resume until work goes on, s.
        resume_spread_ratio: By how much the same varies, as a share of it.
        idle_power_ratio: Power of a paused board over that of a running one.
        pause_failure_ratio: How often a job is told to pause and does not, 0..1.
        resume_failure_ratio: How often a job does not come back and is started once more, 0..1.
        job_hours: Mean length of a job at full speed, h.
        slack_hours: How much later than without interference a job may end, h.

    Source:
        Loss of work from the Zeus traces (loss = 1.95 cut ** 2.25), inert caps in 28 to 38 % of
        settings, resuming in 2 to 4 min: the domain reference "Flexibility models", 6.2 and 6.3.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    share_ratio: float = Field(gt=0, le=1)
    stream_count: int = Field(default=4, ge=1, le=200)
    method: Literal["cap", "pause", "none"] = "cap"
    max_cut_ratio: float = Field(default=0.35, gt=0, lt=1)
    inert_ratio: float = Field(default=0.33, ge=0, le=1)
    loss_factor: float = Field(default=1.95, ge=0, le=5)
    loss_exponent: float = Field(default=2.25, gt=0, le=5)
    checkpoint_s: float = Field(default=3600.0, gt=0)
    stop_s: float = Field(default=90.0, ge=0)
    resume_s: float = Field(default=210.0, ge=0)
    resume_spread_ratio: float = Field(default=0.2, ge=0, le=1)
    idle_power_ratio: float = Field(default=0.2, ge=0, lt=1)
    pause_failure_ratio: float = Field(default=0.05, ge=0, le=1)
    resume_failure_ratio: float = Field(default=0.03, ge=0, lt=1)
    job_hours: float = Field(default=12.0, gt=0)
    slack_hours: float = Field(default=12.0, gt=0)
