"""How fast this machine starts programs, so that the demo's clock leaves it the time it needs."""

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta

from vpp.cli.demo.processes import program_environment
from vpp.foundation.clock import stopwatch_s

REFERENCE_S = 1.0
"""Two agent programs load side by side on two idle cores in 0.8 s; a little more does no harm."""
_LONGEST = 4.0
_START = timedelta(seconds=9)
_PROBE = "import vpp.cli.main, vpp.agent.main, vpp.cli.simulated_driver"
_PROBES = 2


@dataclass(frozen=True, slots=True)
class Pace:
    """What the clock has to allow for.

    Attributes:
        slowness: 1 on the reference machine or a faster one; 2 takes twice as long.
        start_allowance: How long the programs take to start, in the machine's time.
    """

    slowness: float
    start_allowance: timedelta


def measured_pace() -> Pace:
    """Load two agent programs and see how long it takes.

    The first time is not counted: on a fresh clone it compiles the modules.
    """
    _load_programs()
    begun_s = stopwatch_s()
    _load_programs()
    return pace_of(stopwatch_s() - begun_s)


def pace_of(load_s: float) -> Pace:
    """Turn the time of the probe into a pace.

    Args:
        load_s: How long the probe took, s.

    Example:
        >>> pace_of(0.8).slowness, pace_of(2.0).slowness, pace_of(60.0).slowness
        (1.0, 2.0, 4.0)
    """
    slowness = min(max(1.0, load_s / REFERENCE_S), _LONGEST)
    return Pace(slowness, _START * slowness)


def _load_programs() -> None:
    probes = [
        subprocess.Popen([sys.executable, "-c", _PROBE], env=program_environment(os.environ))  # noqa: S603  ours
        for _ in range(_PROBES)
    ]
    for probe in probes:
        probe.wait()
