"""A try of one resource, ordered at the site: command it, measure the site, learn how it responds.

The response is measured at the meter, against the load before and after:

    response_n = load - (net_n + reductions of all other resources in n)
    metered    = mean of response_n over the intervals of the test after the resource's response time
    load       = mean of the natural load (net + all reductions) before and after the test

and its noise is the scatter of the natural load around its mean, over the square root of the count.
"""

import enum
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from vpp.agent.journal import Entry
from vpp.flexibility.delivery_confidence import (
    DeliveryObservation,
    observation_document,
    observation_from,
)
from vpp.foundation.interval import Interval

CLEAR = 0.25
"""A result whose noise is more than this share of the command teaches nothing."""
FEWEST_READINGS = 2


class TrialState(enum.Enum):
    """Where a test is.

    Attributes:
        RUNNING: The resource is commanded.
        SETTLING: It has been released; the load after it is being measured.
        DONE: Its result is known.
        STOPPED: It ended early and has no result.
    """

    RUNNING = "running"
    SETTLING = "settling"
    DONE = "done"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class LocalTest:
    """One test.

    Attributes:
        test_id: The order that asked for it.
        resource_id: What is tried.
        kw: The change commanded: a reduction above 0, an increase below 0, kW.
        span: When it is commanded.
        state: Where it is.
        detail: Why it was stopped, or the result in words.
        observation: What was measured, if it was clear enough to learn from.
    """

    test_id: str
    resource_id: str
    kw: float
    span: Interval
    state: TrialState = TrialState.RUNNING
    detail: str = ""
    observation: DeliveryObservation | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is not over."""
        return self.state in {TrialState.RUNNING, TrialState.SETTLING}

    def entry(self) -> Entry:
        """Return its journal entry."""
        observed = self.observation
        return {
            "kind": "local_test",
            "test_id": self.test_id,
            "resource_id": self.resource_id,
            "kw": self.kw,
            "start": self.span.start.isoformat(),
            "end": self.span.end.isoformat(),
            "state": self.state.value,
            "detail": self.detail,
            "observation": None if observed is None else observation_document(observed),
        }


def local_test_of(entry: Entry) -> LocalTest:
    """Read a test from its journal entry."""
    observed = entry["observation"]
    return LocalTest(
        test_id=entry["test_id"],
        resource_id=entry["resource_id"],
        kw=entry["kw"],
        span=Interval(datetime.fromisoformat(entry["start"]), datetime.fromisoformat(entry["end"])),
        state=TrialState(entry["state"]),
        detail=entry["detail"],
        observation=None if observed is None else observation_from(observed),
    )


@dataclass(frozen=True, slots=True)
class Step:
    """What one control step showed.

    Attributes:
        span: The step.
        net_kw: Net power at the meter, kW.
        reduction_kw: What each resource's own instrument showed, kW, by resource id.
    """

    span: Interval
    net_kw: float
    reduction_kw: Mapping[str, float]

    def load_kw(self, without: str = "") -> float:
        """Return the load without any reduction, kW; that of one resource is left in if it is named."""
        return self.net_kw + math.fsum(kw for key, kw in self.reduction_kw.items() if key != without)


@dataclass(slots=True)
class TrialBench:
    """Watches the site around tests.

    Attributes:
        steps: The newest control steps, oldest first.
    """

    steps: list[Step] = field(default_factory=list)
    longest: timedelta = timedelta(hours=10)

    def see(self, step: Step) -> None:
        """Take up a control step."""
        since = step.span.end - self.longest
        self.steps = [*(each for each in self.steps if each.span.start >= since), step]

    def settles_at(self, test: LocalTest, step: timedelta) -> datetime:
        """Return when the load after a test has been measured."""
        return test.span.end + max(FEWEST_READINGS * step, min(test.span.duration, 6 * step))

    def result(self, test: LocalTest, response_time: timedelta) -> LocalTest:
        """Return a test with what was measured.

        Args:
            test: The test, settled.
            response_time: From command to the whole change.
        """
        before, during, after = _parts(self.steps, test, response_time)
        if min(len(before), len(during)) < FEWEST_READINGS or not after:
            detail = (
                f"{len(before)} readings before, {len(during)} during and {len(after)} after the test are "
                f"too few, expected {FEWEST_READINGS}, {FEWEST_READINGS} and 1"
            )
            return replace(test, state=TrialState.DONE, detail=detail)
        sign = 1.0 if test.kw > 0.0 else -1.0
        loads = [each.load_kw() for each in before], [each.load_kw() for each in after]
        load_kw = (_mean(loads[0]) + _mean(loads[1])) / 2.0
        metered = [sign * (load_kw - each.load_kw(without=test.resource_id)) for each in during]
        shown = [sign * each.reduction_kw.get(test.resource_id, math.nan) for each in during]
        noise_kw = _noise(*loads, count=len(during))
        shown_kw = _mean(shown)
        if not math.isfinite(noise_kw):
            return replace(test, state=TrialState.DONE, detail="the load's own scatter is not known")
        observation = DeliveryObservation(
            at=test.span.start,
            commanded_kw=abs(test.kw),
            metered_kw=_mean(metered),
            shown_kw=shown_kw if math.isfinite(shown_kw) else None,
            noise_kw=noise_kw,
        )
        detail = (
            f"commanded {abs(test.kw):.1f} kW, metered {observation.metered_kw:.1f} kW "
            f"(noise {noise_kw:.1f} kW), the device shows {shown_kw:.1f} kW"
        )
        if noise_kw > CLEAR * abs(test.kw):
            detail += "; too noisy to learn from: try more power, or a quieter hour"
            return replace(test, state=TrialState.DONE, detail=detail)
        return replace(test, state=TrialState.DONE, detail=detail, observation=observation)


def _parts(
    steps: Sequence[Step], test: LocalTest, response_time: timedelta
) -> tuple[list[Step], list[Step], list[Step]]:
    """Cut steps into those before, during and after a test; ramps count for none."""
    reach = max(test.span.duration, 6 * (steps[-1].span.duration if steps else timedelta(0)))
    begins = test.span.start + response_time
    before = [each for each in steps if test.span.start - reach <= each.span.start < test.span.start]
    during = [each for each in steps if begins <= each.span.start and each.span.end <= test.span.end]
    after = [each for each in steps if test.span.end + response_time <= each.span.start]
    return [each for each in before if each.span.end <= test.span.start], during, after


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _noise(before: Sequence[float], after: Sequence[float], *, count: int) -> float:
    """Return the standard deviation of the measured response, kW, from the load's own scatter."""
    changes = [later - earlier for part in (before, after) for earlier, later in pairwise(part)]
    if not changes:
        return math.inf
    variance = math.fsum(change**2 for change in changes) / len(changes) / 2.0
    ends = 0.25 / len(before) + 0.25 / len(after)
    drift = (_mean(before) - _mean(after)) ** 2 / 12.0  # a load that moves between the two, anywhere
    return math.sqrt(variance * (ends + 1.0 / count) + drift)


@dataclass(slots=True)
class LocalTests:
    """The site's tests; made of journal entries alone.

    Attributes:
        by_id: Tests by id, oldest first.
    """

    by_id: dict[str, LocalTest] = field(default_factory=dict)

    def apply(self, entry: Entry) -> None:
        """Take up a journal entry of kind `local_test`."""
        test = local_test_of(entry)
        self.by_id[test.test_id] = test

    @property
    def current(self) -> LocalTest | None:
        """The test that is not over; None if there is none."""
        return next((test for test in self.by_id.values() if test.is_open), None)

    def snapshot(self, most: int = 20) -> Iterator[Entry]:
        """Give the entries from which the newest tests can be restored."""
        for test in list(self.by_id.values())[-most:]:
            yield test.entry()
