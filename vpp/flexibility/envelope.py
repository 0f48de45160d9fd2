"""One envelope for every resource: what it can change, how fast, for how long, how often, at what cost.

The four dimensions magnitude, timing, duration and frequency are those of EPRI's Flex MOSAIC.
"""

import enum
import math
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from vpp.flexibility.bounds import check_above_zero, check_within
from vpp.flexibility.enrolment_envelope import EnrolmentEnvelope
from vpp.foundation.errors import InvalidInput


class FlexDirection(enum.Enum):
    """Which way consumption is moved.

    Attributes:
        LOAD_DOWN: Less is drawn from the grid.
        LOAD_UP: More is drawn from the grid.
    """

    LOAD_DOWN = "load_down"
    LOAD_UP = "load_up"


class Boundary(enum.Enum):
    """Where a change is measured.

    Attributes:
        GPU: At the accelerator boards.
        IT: At the computing equipment.
        FACILITY: All of the site's consumption, before own generation.
        POC: At the point of connection, where it is paid.
    """

    GPU = "gpu"
    IT = "it"
    FACILITY = "facility"
    POC = "poc"


class RecoveryShape(enum.Enum):
    """How the energy comes back after release.

    Attributes:
        NONE: It does not.
        FLAT: At constant power up to the cap: a recharge.
        DECAYING: Most at first, then less: cooling a hall down again.
        BACKLOG: As work on free machines; without free machines only later, with no power rebound.
    """

    NONE = "none"
    FLAT = "flat"
    DECAYING = "decaying"
    BACKLOG = "backlog"


@dataclass(frozen=True, slots=True)
class DeliveryConfidence:
    """Delivered over promised: quantiles of what is learned from tests and events.

    Attributes:
        p10_ratio: Reached nine times in ten; what a bid promises.
        p50_ratio: Reached every other time.
        p90_ratio: Reached once in ten times.
    """

    p10_ratio: float
    p50_ratio: float = 1.0
    p90_ratio: float = 1.0

    def __post_init__(self) -> None:
        """Refuse quantiles that are negative or out of order."""
        check_within(self.p10_ratio, "p10_ratio", 0.0, self.p50_ratio)
        check_within(self.p50_ratio, "p50_ratio", self.p10_ratio, self.p90_ratio)
        check_within(self.p90_ratio, "p90_ratio", self.p50_ratio)


@dataclass(frozen=True, slots=True)
class EnvelopeCost:
    """The reservation price of using a resource, in the site's currency.

    Attributes:
        per_start: Of being activated at all.
        per_kwh: Of each kWh changed.
        per_kw_h: Of each kW held ready for an hour.
    """

    per_start: Decimal = Decimal(0)
    per_kwh: Decimal = Decimal(0)
    per_kw_h: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class EnvelopeUse:
    """How often a resource may be used; None for no such limit.

    Attributes:
        rest: Time from the end of one activation to the start of the next.
        max_activations_per_day: In a civil day.
        max_activations_per_year: In a calendar year.
        max_hours_per_year: Hours of activation in a calendar year.
    """

    rest: timedelta = timedelta(0)
    max_activations_per_day: int | None = None
    max_activations_per_year: int | None = None
    max_hours_per_year: float | None = None


@dataclass(frozen=True, slots=True)
class EnvelopeRecovery:
    """What is paid back after the largest activation.

    Attributes:
        energy_kwh: Drawn again, or (load-up) saved again, kWh, 0 or more.
        shape: How it comes back.
        cap_kw: Largest power of it, kW.
        duration: How long it takes at that cap.
        backlog_gpu_h: Compute work put off, GPU hours.
    """

    energy_kwh: float = 0.0
    shape: RecoveryShape = RecoveryShape.NONE
    cap_kw: float = 0.0
    duration: timedelta = timedelta(0)
    backlog_gpu_h: float = 0.0


@dataclass(frozen=True, slots=True)
class Envelope:
    """What one resource can do, from its present state and forecast.

    Magnitudes are changes of consumption at `boundary`, in `direction`.

    Attributes:
        resource_id: The flexible resource.
        direction: Which way consumption is moved.
        boundary: Where the change is measured.
        p_max_kw: Largest change, kW.
        p_min_kw: Smallest change, kW; 0 means any.
        step_kw: Changes are whole multiples of this, kW; 0 means any.
        delay: From command to the first change.
        ramp_kw_per_s: Slope towards the change, kW/s; infinite for a jump.
        release_ramp_kw_per_s: Slope back, kW/s; infinite for a jump.
        min_duration: Shortest activation; zero means any.
        max_duration: Longest activation at `p_max_kw`, or until energy ends it.
        energy_budget_kwh: Largest energy of one activation, kWh.
        use: How often.
        recovery: What is paid back.
        cost: Reservation price.
        confidence: Delivered over promised.
        excludes: Resource ids that cannot be used at the same time.
        why_not: Why it offers nothing at present, in words; empty if it offers something.

    Source:
        EPRI, Flex MOSAIC (magnitude, timing, duration, frequency); further fields by design of
        this project.
    """

    resource_id: str
    direction: FlexDirection
    boundary: Boundary
    p_max_kw: float
    energy_budget_kwh: float
    max_duration: timedelta
    confidence: DeliveryConfidence
    p_min_kw: float = 0.0
    step_kw: float = 0.0
    delay: timedelta = timedelta(0)
    ramp_kw_per_s: float = math.inf
    release_ramp_kw_per_s: float = math.inf
    min_duration: timedelta = timedelta(0)
    use: EnvelopeUse = EnvelopeUse()
    recovery: EnvelopeRecovery = EnvelopeRecovery()
    cost: EnvelopeCost = EnvelopeCost()
    excludes: frozenset[str] = frozenset()
    why_not: str = ""

    def __post_init__(self) -> None:
        """Refuse negative quantities and limits that contradict each other."""
        check_within(self.p_max_kw, "p_max_kw")
        check_within(self.p_min_kw, "p_min_kw", 0.0, self.p_max_kw)
        check_within(self.step_kw, "step_kw")
        check_within(self.energy_budget_kwh, "energy_budget_kwh")
        for field in ("ramp_kw_per_s", "release_ramp_kw_per_s"):
            if getattr(self, field) != math.inf:
                check_above_zero(getattr(self, field), field)
        if not timedelta(0) <= self.min_duration <= self.max_duration:
            raise InvalidInput(
                f"min_duration is {self.min_duration}, expected zero to max_duration {self.max_duration}",
                min_duration=str(self.min_duration),
            )
        if self.delay < timedelta(0):
            raise InvalidInput(f"delay is {self.delay}, expected zero or more", delay=str(self.delay))
        if self.resource_id in self.excludes:
            raise InvalidInput(f"excludes holds {self.resource_id} itself", resource_id=self.resource_id)

    @property
    def response_time(self) -> timedelta:
        """From command to the whole change."""
        ramp_s = 0.0 if math.isinf(self.ramp_kw_per_s) else self.p_max_kw / self.ramp_kw_per_s
        return self.delay + timedelta(seconds=ramp_s)

    @property
    def promised_kw(self) -> float:
        """What a bid may promise of `p_max_kw`, kW: what is delivered nine times in ten."""
        return self.p_max_kw * min(1.0, self.confidence.p10_ratio)

    def for_enrolment(self) -> EnrolmentEnvelope:
        """Return the part that the hub is told at enrolment.

        Example:
            >>> bess = Envelope("bess", FlexDirection.LOAD_DOWN, Boundary.POC, 100.0, 200.0,
            ...     timedelta(hours=2), DeliveryConfidence(0.95), ramp_kw_per_s=50.0)
            >>> bess.for_enrolment().response_time.total_seconds()
            2.0
        """
        ratio = self.recovery.energy_kwh / self.energy_budget_kwh if self.energy_budget_kwh > 0.0 else 0.0
        return EnrolmentEnvelope(
            max_reduction_kw=self.p_max_kw,
            min_reduction_kw=self.p_min_kw,
            response_time=self.response_time,
            min_duration=self.min_duration,
            max_duration=self.max_duration,
            energy_budget_kwh=self.energy_budget_kwh,
            recovery_ratio=ratio,
            recovery_duration=self.recovery.duration,
        )
