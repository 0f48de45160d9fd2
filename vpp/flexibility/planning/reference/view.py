"""What the reference model reads of a site and a goal."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from vpp.flexibility.planning.assembly import HARD_RATIO, OWED_RATIO
from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.terms import (
    GeneratorTerms,
    SiteTerms,
    StoreTerms,
    ThermalTerms,
    Values,
    WorkTerms,
)
from vpp.flexibility.planning.waste import segments_in_use


@dataclass(frozen=True, slots=True)
class PlanView:
    """A site, a goal, and the learned responses.

    Attributes:
        site: The site.
        goal: What the plan is for.
        response_ratio: Share of a reduction that is delivered, by resource id.
    """

    site: SiteTerms
    goal: Goal
    response_ratio: Mapping[str, float]

    @property
    def horizon(self) -> range:
        """The intervals."""
        return range(self.site.interval_count)

    @property
    def hours(self) -> float:
        """Length of an interval, h."""
        return self.site.step_hours

    @property
    def measured(self) -> list[int]:
        """Intervals in which deliveries are measured."""
        return [t for t in self.horizon if self.goal.is_measured[t]]

    @property
    def stores(self) -> dict[str, StoreTerms]:
        """Stores by id."""
        return {each.resource_id: each for each in self.site.resources if isinstance(each, StoreTerms)}

    @property
    def groups(self) -> dict[str, WorkTerms]:
        """Groups of jobs by id, with their cap response as a plan may use it."""
        return {
            each.resource_id: replace(each, segments=segments_in_use(each, self.site, self.goal))
            for each in self.site.resources
            if isinstance(each, WorkTerms)
        }

    @property
    def halls(self) -> dict[str, ThermalTerms]:
        """Halls by id."""
        return {each.resource_id: each for each in self.site.resources if isinstance(each, ThermalTerms)}

    @property
    def generators(self) -> dict[str, GeneratorTerms]:
        """Generators by id."""
        return {each.resource_id: each for each in self.site.resources if isinstance(each, GeneratorTerms)}

    @property
    def owed_cost(self) -> float:
        """Of a kWh not paid back by the end of the horizon."""
        return OWED_RATIO * self.goal.shortfall_cost_per_kwh

    @property
    def hard_cost(self) -> float:
        """Of a kWh of what is never to happen."""
        return HARD_RATIO * self.goal.shortfall_cost_per_kwh


def value_at(values: Values, t: int) -> float:
    """Return a value of an interval, 0 where there are none."""
    return values[t] if values else 0.0
