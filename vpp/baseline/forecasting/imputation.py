"""Filling gaps with what a model that never saw them expects."""

from dataclasses import replace

import numpy as np

from vpp.baseline.forecasting.calendar_columns import day_kinds, kinds_told
from vpp.baseline.forecasting.fourier import calendar_terms, own_columns
from vpp.baseline.forecasting.member import ComputedBy
from vpp.baseline.forecasting.normal_equations import solve_stacked
from vpp.baseline.forecasting.panel import Bools, Floats, LoadPanel
from vpp.baseline.forecasting.shared_design import SharedDesign, shared_design
from vpp.baseline.forecasting.shared_fit import fit_reference
from vpp.baseline.forecasting.windows import WINDOW_DAYS


def imputed(panel: LoadPanel, *, by: ComputedBy = "batched") -> LoadPanel:
    """Fill gaps, among them hidden events and rebound, from the calendar and the readings around.

    The regression on the calendar and the temperature leaves the gaps out; what the readings on either
    side deviate from it by is carried across in a straight line. Nothing is invented outside the range
    of what was seen. Long histories are filled in spans of 8 weeks, from the newest.

    Args:
        panel: Load with gaps; every site has a value.
        by: Whether the regressions are computed together or one by one with statsmodels.

    Returns:
        The same without gaps.
    """
    is_gap = np.isnan(panel.load_kw)
    gappy = np.flatnonzero(is_gap.any(axis=1))
    if len(gappy) == 0:
        return panel
    load_kw = panel.load_kw.copy()
    load_kw[gappy] = _filled(panel.take(gappy), ~is_gap[gappy], by)
    return replace(panel, load_kw=load_kw)


def _filled(panel: LoadPanel, known: Bools, by: ComputedBy) -> Floats:
    calendar_kw = np.empty_like(panel.load_kw)
    for begin, end in _spans(panel):
        calendar_kw[:, begin:end] = _calendar_load(panel, known, begin, end, by)
    deviation_kw = across_gaps(panel.load_kw - calendar_kw, known)
    lowest = np.where(known, panel.load_kw, np.inf).min(axis=1)[:, None]
    highest = np.where(known, panel.load_kw, -np.inf).max(axis=1)[:, None]
    return np.where(known, panel.load_kw, np.clip(calendar_kw + deviation_kw, lowest, highest))


def across_gaps(values: Floats, known: Bools) -> Floats:
    """Interpolate linearly between known values; before the first and after the last, hold.

    Args:
        values: Shape (S, n).
        known: Which of them are known, at least one of each site. Shape (S, n).

    Returns:
        Shape (S, n).

    Example:
        >>> across_gaps(np.array([[0.0, 1.0, 0.0, 3.0, 0.0]]), np.array([[0, 1, 0, 1, 0]]) == 1).tolist()
        [[1.0, 1.0, 2.0, 3.0, 3.0]]
    """
    length = values.shape[1]
    slot = np.arange(length)
    before = np.maximum.accumulate(np.where(known, slot, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, slot, length)[:, ::-1], axis=1)[:, ::-1]
    left = np.where(before < 0, after, before)
    right = np.where(after == length, before, after)
    share = (slot - left) / np.maximum(right - left, 1)
    at_left = np.take_along_axis(values, left, axis=1)
    at_right = np.take_along_axis(values, right, axis=1)
    return np.asarray(at_left + np.clip(share, 0.0, 1.0) * (at_right - at_left))


def _spans(panel: LoadPanel) -> list[tuple[int, int]]:
    """Cut the history into spans of 8 weeks from its end; the oldest takes the rest."""
    m = panel.slots_per_day
    whole_end = panel.length // m
    starts = list(range(max(whole_end - WINDOW_DAYS, 0), 0, -WINDOW_DAYS))
    if not starts or starts[-1] >= WINDOW_DAYS:
        starts.append(0)
    starts[-1] = 0
    ends = [panel.length, *(start * m for start in starts[:-1])]
    return [(start * m, end) for start, end in zip(starts, ends, strict=True)]


def _calendar_load(panel: LoadPanel, known: Bools, begin: int, end: int, by: ComputedBy) -> Floats:
    """Fit the load to the calendar where it is known; kW of the slots begin..end. Shape (S, T)."""
    span = replace(
        panel,
        load_kw=panel.load_kw[:, begin:end],
        first_day=panel.first_day + begin // panel.slots_per_day,
        temperature_c=None if panel.temperature_c is None else panel.temperature_c[:, begin:end],
        plan_kw=None if panel.plan_kw is None else panel.plan_kw[:, begin:end],
    )
    seen = known[:, begin:end]
    told = kinds_told(day_kinds(panel, np.arange(begin, end)), seen, panel.slots_per_day)
    fitted_kw = np.empty_like(span.load_kw)
    for pattern in np.unique(told, axis=0):
        rows = (told == pattern).all(axis=1)
        fitted_kw[rows] = _fitted(span.take(rows), seen[rows], pattern, by)
    empty = ~seen.any(axis=1)
    if empty.any():  # nothing to learn from: the mean of the whole history
        fitted_kw[empty] = np.where(known[empty], panel.load_kw[empty], 0.0).sum(axis=1, keepdims=True)
        fitted_kw[empty] /= known[empty].sum(axis=1, keepdims=True)
    return fitted_kw


def _fitted(span: LoadPanel, seen: Bools, told: Bools, by: ComputedBy) -> Floats:
    length = span.length
    design = shared_design(span, calendar_terms(length, length, tuple(told.tolist())))
    own = own_columns(span, length, length, design)
    load_kw = np.where(seen, span.load_kw, 0.0)
    fitted_kw = np.full_like(load_kw, np.nan)
    if by == "batched":
        gram, moment = _products(design, own, load_kw, seen)
        found = solve_stacked(gram, moment)
        on_shared, on_own = np.split(found, [design.weighted.shape[1]], axis=1)
        fitted_kw = on_shared @ design.columns.T + (on_own[:, None, :] @ own)[:, 0]
    for site in np.flatnonzero(np.isnan(fitted_kw).any(axis=1) & seen.any(axis=1)).tolist():
        columns = np.hstack([design.columns, own[site].T])
        rows = seen[site]
        fitted_kw[site] = columns @ fit_reference(columns[rows], load_kw[site, rows], design.root[rows] ** 2)
    return fitted_kw


def _products(design: SharedDesign, own: Floats, load_kw: Floats, seen: Bools) -> tuple[Floats, Floats]:
    """Return the products of every site's columns, over the slots seen, with each other and its load.

    Args:
        design: The shared columns and the weights of T slots.
        own: Shape (S, K, T).
        load_kw: 0 where not seen. Shape (S, T).
        seen: Shape (S, T).

    Returns:
        Shapes (S, P + K, P + K) and (S, P + K).
    """
    shared, shared_count = design.weighted, design.weighted.shape[1]
    count = shared_count + own.shape[1]
    gram, moment = np.empty((len(seen), count, count)), np.empty((len(seen), count))
    moment[:, :shared_count] = (load_kw * design.root) @ shared
    whole = shared.T @ shared
    for site in range(len(seen)):
        is_seen = seen[site]
        # A few gaps are taken out of the products of all slots; with many, those seen are fewer.
        if 2 * int(is_seen.sum()) > len(is_seen):
            gaps = shared[~is_seen]
            gram[site, :shared_count, :shared_count] = whole - gaps.T @ gaps
        else:
            known = shared[is_seen]
            gram[site, :shared_count, :shared_count] = known.T @ known
    if own.shape[1]:
        weighted = own * (design.root * seen[:, None, :])
        cross = weighted @ shared
        gram[:, shared_count:, :shared_count] = cross
        gram[:, :shared_count, shared_count:] = cross.transpose(0, 2, 1)
        gram[:, shared_count:, shared_count:] = weighted @ weighted.transpose(0, 2, 1)
        moment[:, shared_count:] = (weighted @ (load_kw * design.root)[:, :, None])[:, :, 0]
    return gram, moment
