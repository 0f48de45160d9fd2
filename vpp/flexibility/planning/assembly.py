"""What the parts of a plan's program share while it is put together."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from vpp.flexibility.planning.expression import Expression
from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.terms import SiteTerms
from vpp.flexibility.planning.weighed import weighed
from vpp.solver.columns import Columns, Integers
from vpp.solver.linear_program import Floats

OWED_RATIO = 0.1
"""Cost of not recharging or cooling down in time, over that of a shortfall: what is sold comes first."""
HARD_RATIO = 100.0
"""Cost of missing a deadline that could not be held for sure, over that of a shortfall."""


@dataclass(frozen=True, slots=True)
class ResourceColumns:
    """Where a resource is in a program.

    Attributes:
        resource_id: The resource.
        reduction: Its reduction, kW.
        increase: Its increase, kW.
        largest_kw: The largest reduction. Shape (N,).
        family: Further columns by what they are: `stored`, `paused`, `running`, `air`, ... Shape (N,) each.
    """

    resource_id: str
    reduction: Expression
    increase: Expression
    largest_kw: Floats
    family: Mapping[str, Integers] = field(default_factory=dict)


@dataclass(slots=True)
class Assembly:
    """A program that is being put together.

    Attributes:
        site: The site.
        goal: What the plan is for, with penalties that outweigh the site's costs.
        columns: Its columns, rows and entries.
        whole: Columns that are whole numbers.
        used: Of these, whether a resource of an exclusion may reduce, by resource id. Shape (N,) each.
        called: Of these, whether a resource is called at all.
        penalties: Columns of what is owed at the end, or broken.
    """

    site: SiteTerms
    goal: Goal
    columns: Columns = field(default_factory=Columns)
    whole: list[Integers] = field(default_factory=list)
    used: dict[str, Integers] = field(default_factory=dict)
    called: list[Integers] = field(default_factory=list)
    penalties: list[Integers] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Let the goal's penalties outweigh the site's own costs."""
        self.goal = weighed(self.goal, self.site)

    @property
    def count(self) -> int:
        """Number of intervals, N."""
        return self.site.interval_count

    @property
    def hours(self) -> float:
        """Length of an interval, h."""
        return self.site.step_hours

    @property
    def owed_cost_per_kwh(self) -> float:
        """Of energy that is not paid back by the end of the horizon."""
        return OWED_RATIO * self.goal.shortfall_cost_per_kwh

    @property
    def hard_cost_per_kwh(self) -> float:
        """Of what is never to happen."""
        return HARD_RATIO * self.goal.shortfall_cost_per_kwh

    def add_flags(self, count: int, *, low: Floats | float = 0.0, high: Floats | float = 1.0) -> Integers:
        """Add columns that are 0 or 1 and return their indices."""
        columns = self.columns.add_columns(count, low=low, high=high, cost=0.0)
        self.whole.append(columns)
        return columns

    def add_penalties(self, count: int, cost: float) -> Integers:
        """Add columns of what should not be, at a cost far from any price, and return their indices."""
        columns = self.columns.add_columns(count, low=0.0, high=np.inf, cost=cost)
        self.penalties.append(columns)
        return columns

    def hold_below(self, rows: Integers, expression: Expression, weight: float = 1.0) -> None:
        """Add an expression's columns to rows, one for each interval; its constant is the caller's."""
        self.columns.add_entries(rows[expression.interval], expression.column, weight * expression.value)

    def gate(self, resource: ResourceColumns, flags: Integers) -> None:
        """Allow reductions only where a flag is 1: d_t - D_t flag_t <= 0, kW. Shape (N,)."""
        rows = self.columns.add_rows(self.count, low=-np.inf, high=-resource.reduction.constant)
        self.hold_below(rows, resource.reduction)
        self.columns.add_entries(rows, flags, -resource.largest_kw)

    def add_start_cost(self, resource: ResourceColumns, cost: float) -> None:
        """Charge for a resource's being called at all."""
        if cost > 0.0:
            called = self.columns.add_columns(1, low=0.0, high=1.0, cost=cost)
            self.whole.append(called)
            self.called.append(called)
            self.gate(resource, np.repeat(called, self.count))
