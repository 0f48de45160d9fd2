r"""The marginal cost of moving energy in a window, rung by rung.

Let C(E) be the least cost of moving energy E within the window. At a price p per kWh the site moves
what maximises p E - C(E). C is convex, since nothing here is on or off, and made of straight parts.
Between two solutions (E_1, C_1) and (E_2, C_2) the program is solved at p = (C_2 - C_1) / (E_2 - E_1):
either it finds a better point between them, or p is the marginal cost of all that lies between. So a
ladder of K rungs takes about 2 K solves, and no grid of prices is guessed.

Source:
    M. J. Eisner and D. G. Severance, Mathematical techniques for efficient record segmentation in
    large shared databases, J. ACM 23 (1976): the method of tangents for parametric programs.
"""

import math
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.pause_columns import must_stay_paused
from vpp.flexibility.planning.planned_bid import BidWindow
from vpp.flexibility.planning.program import PlanProgram, assemble
from vpp.flexibility.planning.schedule import NO_RATIOS
from vpp.flexibility.planning.terms import GeneratorTerms, ResourceTerms, SiteTerms, WorkTerms
from vpp.foundation.clock import stopwatch_s
from vpp.solver.highs_session import HighsSession
from vpp.solver.linear_program import Floats

MAX_POINTS = 10
SMALLEST_KWH = 1e-3
KWH_PER_MWH = 1000.0
SHORTFALL_OVER_CAP = 10.0


@dataclass(frozen=True, slots=True)
class LadderPoint:
    """The best plan at some price.

    Attributes:
        energy_kwh: Moved in the window, kWh.
        cost: Of the whole horizon, without what is paid.
        change_kw: In the window's direction, by resource id, kW. Shape (N,) each.
        recovery_kw: Against it, by resource id, kW. Shape (N,) each.
    """

    energy_kwh: float
    cost: float
    change_kw: dict[str, Floats]
    recovery_kw: dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Ladder:
    """The vertices of the cost curve, from the least energy to the most.

    Attributes:
        points: At least one.
        solve_count: Programs solved for it.
        is_complete: Whether no vertex was left out for lack of time, or of rungs.
    """

    points: tuple[LadderPoint, ...]
    solve_count: int
    is_complete: bool

    def cost_per_kwh(self, rung: int) -> float:
        """Return the marginal cost between a point and the next."""
        low, high = self.points[rung], self.points[rung + 1]
        return (high.cost - low.cost) / (high.energy_kwh - low.energy_kwh)


def window_goal(site: SiteTerms, window: BidWindow) -> Goal:
    """Return the goal of moving any energy in a window; nothing recovers inside it."""
    inside = [window.first <= t < window.end for t in range(site.interval_count)]
    cap = float(window.cap_price_per_mwh) / KWH_PER_MWH
    return Goal(
        baseline_kw=tuple(
            load if each else math.nan for load, each in zip(site.load_kw, inside, strict=True)
        ),
        least_kw=(0.0,) * len(inside),
        most_kw=(math.inf,) * len(inside),
        direction=window.direction,
        shortfall_cost_per_kwh=SHORTFALL_OVER_CAP * (1.0 + abs(cap)),
    )


def climb(site: SiteTerms, window: BidWindow, *, time_limit_s: float) -> Ladder | None:
    """Find the ladder of a site whose resources are all divisible.

    Args:
        site: The site; nothing in it is on or off.
        window: What is bid for.
        time_limit_s: Longest time of all solves, s.

    Returns:
        The ladder up to the cap price; None if not even the first program is solved in time.
    """
    return _Climb(site, window, stopwatch_s() + time_limit_s).run()


class _Climb:
    """The programs of one ladder; each solve begins where the last has ended."""

    def __init__(self, site: SiteTerms, window: BidWindow, until_s: float) -> None:
        self._until_s, self._count = until_s, 0
        self._built: PlanProgram = assemble(site, window_goal(site, window), NO_RATIOS)
        self._session = HighsSession(self._built.program)
        forbid_recovery(self._session, self._built, window)
        self._cap = float(window.cap_price_per_mwh) / KWH_PER_MWH
        self._floor = max(0.0, float(Decimal(window.floor_price_per_mwh)) / KWH_PER_MWH)
        self._hours = site.step_hours

    def run(self) -> Ladder | None:
        least, most = self._at(self._floor), self._at(self._cap)
        if least is None or most is None:
            return None
        points, is_complete = [least], True
        stack = [(least, most)]
        while stack:
            low, high = stack.pop()
            if high.energy_kwh - low.energy_kwh < SMALLEST_KWH:
                continue
            slope = (high.cost - low.cost) / (high.energy_kwh - low.energy_kwh)
            middle = None
            if self._count < 2 * MAX_POINTS:
                middle = self._at(slope)
            is_complete &= middle is not None
            if middle is not None and _is_between(low, middle, high, slope):
                stack += [(middle, high), (low, middle)]
            else:
                points.append(high)
        return Ladder(tuple(points), self._count, is_complete)

    def _at(self, price: float) -> LadderPoint | None:
        """Return the best plan at a price."""
        left_s = self._until_s - stopwatch_s()
        if left_s <= 0.0:
            return None
        paid = self._built.at_site.paid
        self._session.set_costs(paid.astype(np.int32), np.full(len(paid), -self._hours * price))
        answer = self._session.solve(time_limit_s=left_s)
        self._count += 1
        if not answer.outcome.has_solution or answer.objective is None:
            return None
        value = answer.column_value
        energy = self._hours * float(value[paid].sum())
        is_down = self._built.goal.sign > 0.0
        reductions = {part.resource_id: part.reduction.at(value) for part in self._built.parts}
        increases = {part.resource_id: part.increase.at(value) for part in self._built.parts}
        change, recovery = (reductions, increases) if is_down else (increases, reductions)
        return LadderPoint(energy, answer.objective + price * energy, change, recovery)


def forbid_recovery(session: HighsSession, built: PlanProgram, window: BidWindow) -> None:
    """Keep every resource from moving the other way inside a window: nobody recovers in an event."""
    for part in built.parts:
        back = part.increase if built.goal.sign > 0.0 else part.reduction
        is_inside = (back.interval >= window.first) & (back.interval < window.end)
        columns = back.column[is_inside]
        most = -back.constant[back.interval[is_inside]]
        low = np.minimum(built.program.column_low[columns], most)
        high = np.minimum(built.program.column_high[columns], most)
        session.set_columns(columns.astype(np.int32), low, high)


def _is_between(low: LadderPoint, middle: LadderPoint, high: LadderPoint, slope: float) -> bool:
    """Tell whether a point lies between two others and below the line through them."""
    line = low.cost + slope * (middle.energy_kwh - low.energy_kwh)
    is_lower = middle.cost < line - 1e-7 * (1.0 + abs(line))
    return is_lower and low.energy_kwh + SMALLEST_KWH < middle.energy_kwh < high.energy_kwh - SMALLEST_KWH


def is_held(terms: ResourceTerms) -> bool:
    """Tell whether a group is paused and must stay so for now."""
    pause = terms.pause if isinstance(terms, WorkTerms) else None
    return pause is not None and bool(must_stay_paused(pause).any())


def divisible_only(site: SiteTerms) -> SiteTerms:
    """Return the site without what is on or off: pauses, generators, start costs, exclusions.

    A group whose pause must go on cannot be capped meanwhile, and its deadlines wait for it: it is
    left out.
    """
    resources = []
    for terms in site.resources:
        if isinstance(terms, GeneratorTerms) or is_held(terms):
            continue
        changes: dict[str, object] = {"start_cost": 0.0}
        if getattr(terms, "pause", None) is not None:
            changes["pause"] = None
        resources.append(replace(terms, **changes))  # type: ignore[arg-type]
    return replace(site, resources=tuple(resources), exclusions=())
