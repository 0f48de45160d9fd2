"""What a flexible resource can deliver at most, as a site states it at enrolment."""

from dataclasses import dataclass
from datetime import timedelta

from vpp.flexibility.bounds import check_within
from vpp.foundation.errors import InvalidInput

LONGEST_ACTIVATION = timedelta(days=1)
"""Stated where only the energy budget ends an activation: a day, longer than any event."""


@dataclass(frozen=True, slots=True)
class EnrolmentEnvelope:
    """What a flexible resource can deliver at most, measured at the point of connection.

    Field for field the envelope of the portfolio, kept apart from it so that a site agent loads
    nothing of the hub.

    Attributes:
        max_reduction_kw: Largest reduction, kW.
        min_reduction_kw: Smallest reduction, kW; 0 means any.
        response_time: From command to full reduction.
        min_duration: Shortest activation; zero means any.
        max_duration: Longest activation.
        energy_budget_kwh: Largest reduction energy per activation, kWh.
        recovery_ratio: Energy paid back per energy reduced, 0 or more.
        recovery_duration: Time after release in which the whole budget is paid back.
        max_increase_kw: Largest increase, kW; 0 where consumption cannot be raised.
        increase_budget_kwh: Largest increase energy per activation, kWh; None where only the longest
            activation ends it.
    """

    max_reduction_kw: float
    min_reduction_kw: float
    response_time: timedelta
    min_duration: timedelta
    max_duration: timedelta
    energy_budget_kwh: float
    recovery_ratio: float
    recovery_duration: timedelta
    max_increase_kw: float = 0.0
    increase_budget_kwh: float | None = None

    def __post_init__(self) -> None:
        """Refuse negative quantities and limits that contradict each other."""
        check_within(self.max_reduction_kw, "max_reduction_kw")
        check_within(self.min_reduction_kw, "min_reduction_kw", 0.0, self.max_reduction_kw)
        check_within(self.energy_budget_kwh, "energy_budget_kwh")
        check_within(self.recovery_ratio, "recovery_ratio")
        check_within(self.max_increase_kw, "max_increase_kw")
        if self.increase_budget_kwh is not None:
            check_within(self.increase_budget_kwh, "increase_budget_kwh")
        if not timedelta(0) <= self.min_duration <= self.max_duration:
            raise InvalidInput(
                f"min_duration is {self.min_duration}, expected zero to max_duration {self.max_duration}",
                min_duration=str(self.min_duration),
            )
        if min(self.response_time, self.recovery_duration) < timedelta(0):
            raise InvalidInput("response_time and recovery_duration must not be negative")
