"""Limits as a plan can hold them: never tighter than what happens if nothing is done.

A store below its floor, a hall above its budget and a backlog that is late whatever is done are
facts, not choices. Their limits follow them, so that a plan always exists, and none makes it worse.
"""

from collections.abc import Mapping

import numpy as np

from vpp.flexibility.planning.forced import undisturbed_kw
from vpp.flexibility.planning.terms import SiteTerms, StoreTerms, ThermalTerms, Values, WorkTerms
from vpp.solver.linear_program import Floats

SMALLEST_KW = 1e-3
"""A watt: below it a power is none, and only troubles a solver, whose tolerance is a milliwatt."""


def own_kw(values: Values, count: int) -> Floats:
    """Return an own programme, 0 where there is none. Shape (N,)."""
    return np.array(values) if values else np.zeros(count)


def powers_kw(values: Values) -> Floats:
    """Return powers, 0 for what is next to nothing: its reciprocal would upset a solver. Shape (N,)."""
    powers = np.array(values)
    return np.where(powers < SMALLEST_KW, 0.0, powers)


def stored_alone_kwh(terms: StoreTerms, hours: float) -> Floats:
    """Return what a store holds at the end of each interval if nothing is done. Shape (N,)."""
    count = len(terms.floor_kwh)
    change = terms.stored_per_charged * own_kw(terms.own_charge_kw, count)
    change = hours * (change - own_kw(terms.own_discharge_kw, count) / terms.delivered_per_stored)
    stored, course = terms.stored_kwh, np.empty(count)
    for t in range(count):
        stored = terms.hold_ratio * stored + change[t]
        course[t] = stored
    return course


def stored_bounds_kwh(terms: StoreTerms, hours: float) -> tuple[Floats, Floats]:
    """Return the least and most that a store may hold at the end of each interval. Shape (N,)."""
    alone = stored_alone_kwh(terms, hours)
    return np.minimum(terms.floor_kwh, alone), np.maximum(terms.ceiling_kwh, alone)


def deviation_alone_k(terms: ThermalTerms) -> Floats:
    """Return the deviation of (loop water, air) if nothing is done. Shape (N, 2)."""
    decay = np.array(terms.decay)
    deviation, course = np.array(terms.start_k), np.empty((len(decay), 2))
    for t, matrix in enumerate(decay):
        deviation = matrix @ deviation
        course[t] = deviation
    return course


def air_limits_k(terms: ThermalTerms) -> tuple[Floats, Floats, Floats]:
    """Return the least and most deviation of the air, and its largest rise, K. Shape (N,) each."""
    alone = deviation_alone_k(terms)[:, 1]
    rise = np.diff(alone, prepend=terms.start_k[1])
    return (
        np.minimum(-np.array(terms.under_k), alone),
        np.maximum(terms.over_k, alone),
        np.maximum(terms.rate_k, rise),
    )


def due_kwh(terms: WorkTerms) -> Mapping[int, float]:
    """Return how much of the backlog is due by the end of each interval, kWh."""
    due: dict[int, float] = {}
    for index, kwh in terms.backlog_kwh:
        due[index] = due.get(index, 0.0) + kwh
    return due


def net_bounds_kw(site: SiteTerms) -> tuple[Floats, Floats]:
    """Return the least and most net load. Shape (N,) each."""
    load, undisturbed = np.array(site.load_kw), undisturbed_kw(site)
    most = np.array(site.import_limit_kw)
    if site.transformer_limit_kw:
        most = np.minimum(most, site.transformer_limit_kw)
    feed_in = np.array(site.export_limit_kw) if site.export_limit_kw else np.zeros(len(load))
    return np.minimum(-feed_in, undisturbed), np.maximum(most, load)


def rise_limits_kw(site: SiteTerms) -> Floats:
    """Return the largest rise of the net load into each interval; infinite for any. Shape (N,)."""
    load = np.array(site.load_kw)
    if not site.max_rise_kw:
        return np.full(len(load), np.inf)
    before = site.previous_load_kw if site.previous_load_kw is not None else site.load_kw[0]
    limits = np.maximum(site.max_rise_kw, np.diff(load, prepend=before))
    # A pause or a run that must go on ends at once.
    limits[1:] = np.maximum(limits[1:], np.diff(undisturbed_kw(site)))
    if site.previous_net_kw is None:
        limits[0] = np.inf
    return limits
