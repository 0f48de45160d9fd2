"""The trial of drafted bids: everything is called at once, and what cannot be kept is given up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vpp.flexibility.bounds import TOLERANCE_KW
from vpp.flexibility.planning.assembly import Assembly
from vpp.flexibility.planning.held import held, must_be_on
from vpp.flexibility.planning.ladder import forbid_recovery, window_goal
from vpp.flexibility.planning.planned_bid import BidWindow
from vpp.flexibility.planning.program import append_resources, assemble, finish
from vpp.flexibility.planning.promise_columns import append_promises
from vpp.flexibility.planning.schedule import NO_RATIOS
from vpp.flexibility.planning.step_bids import StepDraft, calls_of
from vpp.flexibility.planning.terms import SiteTerms, Values
from vpp.foundation.clock import stopwatch_s
from vpp.solver.highs_session import HighsSession

TRIALS = 3
KEPT_RATIO = 1.0 - 1e-6
"""A promise kept to this share is kept: the rest is the solver's tolerance."""
SMALLEST_RATIO = 0.01
LEAST_TIME_S = 0.1


@dataclass(frozen=True, slots=True)
class Trial:
    """What drafts are tried on.

    Attributes:
        site: The site as it is.
        divisible: The site without what is on or off, of which the drafts were made.
        window: What is bid for.
        groups: Keys under which bids exclude each other, by resource id.
        until_s: When to stop, on the stopwatch.
    """

    site: SiteTerms
    divisible: SiteTerms
    window: BidWindow
    groups: Mapping[str, str]
    until_s: float

    @property
    def left_s(self) -> float:
        """Time that is left, s; a little even if none is."""
        return max(self.until_s - stopwatch_s(), LEAST_TIME_S)


def tried(trial: Trial, drawn: Sequence[StepDraft]) -> tuple[list[StepDraft], int, bool]:
    """Return what is left of drafts that can be kept together however they are called.

    Beside them: how many programs were solved, and whether there was time for all of them; without, nothing
    is left.

    They are called as early and as late as they may be, resource by resource, and all at once at the
    point of connection, where work that must be done in the window counts too. Of resources that
    exclude each other one is tried at a time: no more than one is accepted.
    """
    kept, count = list(drawn), 0
    for turn in range(TRIALS):
        ratio = {draft.resource_id: 1.0 for draft in kept}
        for called in _choices(kept, trial.groups):
            if stopwatch_s() >= trial.until_s:
                return [], count, False
            for way in ("early", "late"):
                calls = {
                    draft.resource_id: calls_of(draft, trial.site, trial.window)[way] for draft in called
                }
                missing = _missing(trial, calls)
                at_site = missing_at_site(trial, calls, must_be_on(trial.site))
                count += 2
                for resource_id in calls:
                    share = max(missing.get(resource_id, 0.0), at_site)
                    ratio[resource_id] = min(ratio[resource_id], 1.0 - share)
        if min(ratio.values(), default=1.0) >= KEPT_RATIO:
            return kept, count, True
        # What is still missing after some rounds of giving way is not offered at all.
        least = KEPT_RATIO if turn == TRIALS - 1 else SMALLEST_RATIO
        kept = [
            draft if ratio[draft.resource_id] >= KEPT_RATIO else draft.scaled(ratio[draft.resource_id])
            for draft in kept
            if ratio[draft.resource_id] >= least
        ]
    return kept, count, True


def _choices(drawn: Sequence[StepDraft], groups: Mapping[str, str]) -> list[list[StepDraft]]:
    """List choices of one draft from each exclusive group, so that each is in one of them."""
    members: dict[str, list[StepDraft]] = {}
    for draft in drawn:
        members.setdefault(groups.get(draft.resource_id, f"alone {draft.resource_id}"), []).append(draft)
    count = max((len(each) for each in members.values()), default=0)
    return [[each[min(n, len(each) - 1)] for each in members.values()] for n in range(count)]


def _missing(trial: Trial, calls: Mapping[str, Values]) -> dict[str, float]:
    """Return the largest share of each call that its resource cannot keep, 0..1; all without an answer."""
    goal = window_goal(trial.divisible, trial.window)
    assembly = Assembly(trial.divisible, replace(goal, excess_cost_per_kwh=0.0))
    parts = append_resources(assembly)
    shorts = append_promises(assembly, parts, calls)
    built = finish(assembly, parts, NO_RATIOS)
    session = HighsSession(built.program)
    forbid_recovery(session, built, trial.window)
    answer = session.solve(time_limit_s=trial.left_s)
    if not answer.outcome.has_solution:
        return dict.fromkeys(calls, 1.0)
    return {
        key: max(
            float(answer.column_value[column]) / wanted if wanted > TOLERANCE_KW else 0.0
            for column, wanted in zip(columns, calls[key], strict=True)
        )
        for key, columns in shorts.items()
        if np.any(answer.column_value[columns] > TOLERANCE_KW)
    }


def missing_at_site(
    trial: Trial, calls: Mapping[str, Values], is_on: Mapping[str, tuple[bool, ...]]
) -> float:
    """Return the largest share of all calls together that the site cannot keep, 0..1.

    Only what is called moves.

    Args:
        trial: What it is tried on.
        calls: What is called of each resource, kW, by its id. Shape (N,) each.
        is_on: Which pauses and runs go on, by resource id. Shape (N,) each.
    """
    site, window = replace(trial.site, exclusions=()), trial.window
    least = np.sum(list(calls.values()), axis=0)
    goal = replace(window_goal(site, window), least_kw=tuple(least.tolist()), excess_cost_per_kwh=0.0)
    built = held(assemble(site, goal, NO_RATIOS), is_on)
    session = HighsSession(built.program)
    for part in built.parts:
        if part.resource_id not in calls:
            move = part.reduction if goal.sign > 0.0 else part.increase
            is_inside = (move.interval >= window.first) & (move.interval < window.end)
            columns = move.column[is_inside]
            low = built.program.column_low[columns]
            most = np.maximum(low, -move.constant[move.interval[is_inside]])
            high = np.minimum(built.program.column_high[columns], most)
            session.set_columns(columns.astype(np.int32), low, high)
    answer = session.solve(time_limit_s=trial.left_s)
    if not answer.outcome.has_solution:
        return 1.0
    owed = least[built.at_site.measured]
    missing = answer.column_value[built.at_site.missing]
    is_owed = owed > TOLERANCE_KW
    return float(np.max(missing[is_owed] / owed[is_owed], initial=0.0))
