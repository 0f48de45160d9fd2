"""How an unadjusted baseline is made: the methods that a rule can name, with their parameters."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vpp.foundation.names import ID_PATTERN

Id = Annotated[str, Field(pattern=f"^{ID_PATTERN}$")]
Span = Annotated[timedelta, Field(ge=timedelta(0))]
Count = Annotated[int, Field(ge=1, le=366)]


class Group(BaseModel):
    """A part of a rule; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class XOfY(Group):
    """Mean of X of the Y most recent like days.

    Attributes:
        kind: Discriminator.
        pick: Which X of the Y, by the ranking: the highest, the lowest, those in the middle, all (the
            Y = X most recent).
        rank_by: Mean load in the event's window, or energy of the whole day.
    """

    kind: Literal["x_of_y"]
    pick: Literal["high", "middle", "low", "all"]
    rank_by: Literal["event_mean", "day_energy"] = "event_mean"


class Exponential(Group):
    """The former baseline and each new like day, mixed for ever: `keep * old + (1 - keep) * day`.

    Attributes:
        kind: Discriminator.
        keep_ratio: Weight of the former baseline; 0.9 is "90/10".
        start_days: The recursion starts from the mean of this many oldest days.
    """

    kind: Literal["exponential"]
    keep_ratio: Annotated[float, Field(gt=0, lt=1)]
    start_days: Count


class NearestDays(Group):
    """Mean of the candidates most like the event's day.

    Attributes:
        kind: Discriminator.
        by: Load outside the event (`other_hours`), mean temperature of the day (`temperature`), or
            fewest days apart (`date`).
        skip: Time before and after the event that `other_hours` leaves out of the comparison.
    """

    kind: Literal["nearest_days"]
    by: Literal["other_hours", "temperature", "date"]
    skip: Span = timedelta(0)


class MatchingPair(Group):
    """The candidate day that, with the day before it, is most like the event's day and its eve.

    Attributes:
        kind: Discriminator.
        skip: Time before the event that is left out of the comparison.
    """

    kind: Literal["matching_pair"]
    skip: Span = timedelta(0)


class AroundEvent(Group):
    """One level: the mean over a time before the event and a time after it.

    Attributes:
        kind: Discriminator.
        before: Length of the window before the event; zero for none.
        skip_before: Time left out between that window and the event.
        after: Length of the window after the event; zero for none.
        skip_after: Time left out between the event and that window.
    """

    kind: Literal["around_event"]
    before: Span
    skip_before: Span = timedelta(0)
    after: Span = timedelta(0)
    skip_after: Span = timedelta(0)

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.before and not self.after:
            raise ValueError("before and after are both zero, expected a window")
        return self


class DailyEnergyRegression(Group):
    """The day's energy by regression, spread by hour and interval: `kWh_d * Frac[d,h] * Mult[d,h,int]`.

    Attributes:
        kind: Discriminator.
        fewest_days: Fewest days to fit on.
    """

    kind: Literal["daily_energy_regression"]
    fewest_days: Count


class FirmLevel(Group):
    """One level that does not depend on the event's day; what is delivered is what lies below it.

    Attributes:
        kind: Discriminator.
        basis: A level the site nominated (`nominated_kw`, such as a peak load contribution), the mean of
            the highest `average` of the like period's `candidates` peak hours, or the site's highest
            base load.
        average: Hours averaged, for `peak_hours`.
        candidates: Peak hours they are chosen from, for `peak_hours`.
        also_baseline_id: Delivery is counted from the lower of this level and that other rule.
    """

    kind: Literal["firm_level"]
    basis: Literal["nominated_kw", "peak_hours", "max_base_load"]
    average: Count | None = None
    candidates: Count | None = None
    also_baseline_id: Id | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.basis == "peak_hours") != (self.average is not None and self.candidates is not None):
            raise ValueError("average and candidates go with basis peak_hours, and only with it")
        return self


class Nominated(Group):
    """The site's own plan, told before the event.

    Attributes:
        kind: Discriminator.
    """

    kind: Literal["nominated"]


class ForecastMethod(Group):
    """The day-ahead load forecast.

    Attributes:
        kind: Discriminator.
        mix: Which members: two that large fleets can afford, three, three and a robust one, or those
            with gradient boosting (an extra must be installed).
    """

    kind: Literal["forecast"]
    mix: Literal["fast", "mean", "robust", "boosted"] = "robust"


class ControlGroup(Group):
    """The mean of sites that were not called, scaled to the site's own level.

    Attributes:
        kind: Discriminator.
        fewest_sites: Fewest sites in the group.
        match: The group's level is scaled to the site's over this long before the event.
    """

    kind: Literal["control_group"]
    fewest_sites: Annotated[int, Field(ge=1)]
    match: Annotated[timedelta, Field(gt=timedelta(0))]


Method = Annotated[
    XOfY
    | Exponential
    | NearestDays
    | MatchingPair
    | AroundEvent
    | DailyEnergyRegression
    | FirmLevel
    | Nominated
    | ForecastMethod
    | ControlGroup,
    Field(discriminator="kind"),
]
