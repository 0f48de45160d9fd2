"""By what means a group of jobs draws less, and in which order by its class."""

import enum
from datetime import timedelta
from types import MappingProxyType

from vpp.flexibility.job_class import JobClass


class Knob(enum.Enum):
    """A means to draw less.

    Attributes:
        CAP: Power caps on the boards: any depth, at a small loss of speed.
        REPLICAS: Fewer replicas of a service, or fewer workers of a job.
        PAUSE: The whole group stops at a checkpoint and starts again: all or nothing.
        DELAY_START: What ends is not followed by new work for a while.
        POWER_DOWN: Machines that do nothing of worth are switched off.
    """

    CAP = "cap"
    REPLICAS = "replicas"
    PAUSE = "pause"
    DELAY_START = "delay_start"
    POWER_DOWN = "power_down"


KNOB_ORDER = MappingProxyType(
    {
        JobClass.INTERACTIVE_INFERENCE: (),  # users are waiting: only sent elsewhere, which is no local knob
        JobClass.BATCH_INFERENCE: (Knob.CAP, Knob.REPLICAS, Knob.PAUSE),
        JobClass.FINETUNE: (Knob.CAP, Knob.PAUSE),
        JobClass.PRETRAIN: (Knob.CAP, Knob.PAUSE),
        JobClass.ETL_RENDER_HPC: (Knob.DELAY_START,),
        JobClass.DEV_TEST_IDLE: (Knob.POWER_DOWN,),
    }
)
"""What is used first, by class. Source: design of this project."""

MOST_PAUSES = MappingProxyType({JobClass.PRETRAIN: 1})
"""How often a class may be paused in an activation; any number where it is not named."""

RESPONSE_TIME = MappingProxyType(
    {
        Knob.CAP: timedelta(seconds=30),
        Knob.REPLICAS: timedelta(minutes=13),
        Knob.PAUSE: timedelta(minutes=2),
    }
)
"""From command to the whole effect, where a checked source gives it.

Source:
    Caps: software path of 1 to 30 s. Pauses: 1 to 2 min to drop. Resizing: 8 to 13 min, taken from the
    per-job power of 1 May 2025 (ai-emerald/emerald-ai-demo-may-2025, Fig345_data.xlsx). The slowest
    figure each. What is not named here the site must state.
"""
