"""A plan: what every resource does in each interval, and what comes of it."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from vpp.flexibility.planning.values import Values
from vpp.solver.report import Outcome


class WhyNot(enum.Enum):
    """What keeps a resource from giving more where something is missing.

    Attributes:
        POWER: It gives all its power.
        ENERGY: Its store is at its floor, its energy is needed later, or its cycles are used up.
        TEMPERATURE: Its hall is as warm, or warms as fast, as it may.
        DEADLINE: Its work would be late.
        PERMIT: Its permit has no hours left, or it may not run.
        SITE: A limit of the site, or an exclusion, stands against it.
    """

    POWER = "power"
    ENERGY = "energy"
    TEMPERATURE = "temperature"
    DEADLINE = "deadline"
    PERMIT = "permit"
    SITE = "site"


@dataclass(frozen=True, slots=True)
class Plan:
    """What every resource does, and what comes of it.

    Attributes:
        outcome: How the search ended. Without a solution everything below is empty.
        reduction_kw: Reduction to command, by resource id, kW. Shape (N,) each.
        increase_kw: Increase allowed, by resource id, kW; for recovery or load-up; below 0 where a
            store charges less than its own programme. Shape (N,) each.
        net_kw: Net load to expect, kW. Shape (N,).
        delivered_kw: Delivered against the baseline, kW, in the goal's direction; 0 where none is
            measured. Shape (N,).
        shortfall_kw: Owed and not delivered, kW. Shape (N,).
        excess_kw: Delivered beyond the band, kW. Shape (N,).
        is_on: Whether a group is paused or a generator runs, by resource id. Shape (N,) each.
        stored: What a store holds, kWh, or how much warmer the air is, K, at the end of each interval,
            by resource id. Shape (N,) each.
        why_short: What keeps each resource from giving more in the first interval that falls short.
        cost: Energy, wear and work less what is paid, in the site's currency; penalties left out.
        objective: What was minimised; None without a solution.
        bound: No plan can have a lower objective; None if nothing was proved.
        gap_ratio: Distance between the two over the objective; None if either is missing.
        wall_s: How long it took, s.
    """

    outcome: Outcome
    reduction_kw: Mapping[str, Values] = field(default_factory=dict)
    increase_kw: Mapping[str, Values] = field(default_factory=dict)
    net_kw: Values = ()
    delivered_kw: Values = ()
    shortfall_kw: Values = ()
    excess_kw: Values = ()
    is_on: Mapping[str, tuple[bool, ...]] = field(default_factory=dict)
    stored: Mapping[str, Values] = field(default_factory=dict)
    why_short: Mapping[str, WhyNot] = field(default_factory=dict)
    cost: float = 0.0
    objective: float | None = None
    bound: float | None = None
    gap_ratio: float | None = None
    wall_s: float = 0.0

    @property
    def largest_shortfall_kw(self) -> float:
        """The most that is missing in an interval, kW."""
        return max(self.shortfall_kw, default=0.0)
