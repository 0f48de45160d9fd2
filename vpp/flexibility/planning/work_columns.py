"""Columns of work that can wait: cuts by segment, pauses, catching up, and what is owed when."""

import numpy as np

from vpp.flexibility.planning.assembly import Assembly, ResourceColumns
from vpp.flexibility.planning.deadline_columns import append_deadlines
from vpp.flexibility.planning.expression import Expression
from vpp.flexibility.planning.pause_columns import append_pauses
from vpp.flexibility.planning.settled import SMALLEST_KW, powers_kw
from vpp.flexibility.planning.terms import WorkTerms
from vpp.flexibility.planning.waste import segments_in_use
from vpp.solver.columns import Integers


def append_work(assembly: Assembly, terms: WorkTerms) -> ResourceColumns:
    """Append a group of jobs.

    in turn: sum_k c[k,t] + S[t] p[t] + S[t]/G[t] g[t] <= S[t], where S is the largest cut
    ahead: H[t] - H[t-1] - lost[t] + h g[t] = 0, H >= -ahead, with the backlog on the right for t = 0

    Source:
        `WorkTerms`.
    """
    columns, count, hours = assembly.columns, assembly.count, assembly.hours
    load, most_g = powers_kw(terms.load_kw), powers_kw(terms.catch_up_kw)
    segments = segments_in_use(terms, assembly.site, assembly.goal)
    width = np.array([segment.width_ratio for segment in segments])
    lost = np.array([segment.lost_ratio for segment in segments])
    per_lost = terms.value_per_kwh + terms.later_price_per_kwh
    cuts = columns.add_columns(
        len(width) * count,
        low=0.0,
        high=np.outer(width, load).ravel(),
        cost=np.repeat(hours * (per_lost * lost + terms.cost_per_kwh), count),
    ).reshape(len(width), count)
    catch_up = columns.add_columns(count, low=0.0, high=most_g, cost=-hours * terms.later_price_per_kwh)
    families, reductions, weights = {"catch_up": catch_up}, [cuts], [np.ones((len(width), count))]
    lost_columns: list[Integers] = [cuts]
    lost_weights = [np.repeat(hours * lost[:, None], count, axis=1)]
    paused = None
    if terms.pause is not None and terms.pause.idle_power_ratio < 1.0:
        paused, begins = append_pauses(assembly, terms, terms.pause)
        families["paused"] = paused
        reductions.append(paused[None, :])
        weights.append(((1.0 - terms.pause.idle_power_ratio) * load)[None, :])
        lost_columns += [paused[None, :], begins[None, :]]
        lost_weights += [
            (hours * terms.pause.lost_ratio * load)[None, :],
            np.full((1, count), terms.pause.restart_kwh),
        ]
    whole_cut = load * (width.sum() if len(width) else 1.0)
    is_bound = (whole_cut >= SMALLEST_KW) & ((most_g > 0.0) | (paused is not None))
    _append_turns(assembly, cuts, catch_up, paused, whole_cut, most_g, is_bound)
    lost_sum = Expression.of(np.vstack(lost_columns), np.vstack(lost_weights), np.zeros(count))
    if most_g.max() > 0.0:
        _append_backlog(assembly, terms, lost_sum, catch_up)
    append_deadlines(assembly, terms, lost_sum, catch_up)
    idle = terms.pause.idle_power_ratio if paused is not None and terms.pause is not None else 1.0
    part = ResourceColumns(
        terms.resource_id,
        reduction=Expression.of(np.vstack(reductions), np.vstack(weights), np.zeros(count)),
        increase=Expression.of(catch_up, np.ones(1), np.zeros(count)),
        largest_kw=load * max(width.sum(), 1.0 - idle),
        family=families,
    )
    assembly.add_start_cost(part, terms.start_cost)
    return part


def _append_turns(  # noqa: PLR0913, PLR0917  what shares an interval
    assembly: Assembly,
    cuts: Integers,
    catch_up: Integers,
    paused: Integers | None,
    whole_cut: np.ndarray,
    most_g: np.ndarray,
    is_bound: np.ndarray,
) -> None:
    """Let a group be cut, paused and catching up one after the other, not at once."""
    at = np.flatnonzero(is_bound)
    if not len(at):
        return
    columns = assembly.columns
    rows = columns.add_rows(len(at), low=-np.inf, high=whole_cut[at])
    for segment in cuts:
        columns.add_entries(rows, segment[at], 1.0)
    share = np.divide(whole_cut, most_g, out=np.zeros(len(most_g)), where=most_g > 0.0)
    columns.add_entries(rows, catch_up[at], share[at])
    if paused is not None:
        columns.add_entries(rows, paused[at], whole_cut[at])


def _append_backlog(assembly: Assembly, terms: WorkTerms, lost: Expression, catch_up: Integers) -> None:
    """Bound what is done ahead by the work there is."""
    columns, count, hours = assembly.columns, assembly.count, assembly.hours
    backlog = columns.add_columns(count, low=-terms.ahead_kwh, high=np.inf, cost=0.0)
    right = np.zeros(count)
    right[0] = sum(kwh for _, kwh in terms.backlog_kwh)
    rows = columns.add_rows(count, low=right, high=right)
    columns.add_entries(rows, backlog, 1.0)
    columns.add_entries(rows[1:], backlog[:-1], -1.0)
    columns.add_entries(rows[lost.interval], lost.column, -lost.value)
    columns.add_entries(rows, catch_up, hours)
