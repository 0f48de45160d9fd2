"""What goes on whatever is decided: a pause that has not lasted its shortest, a run that must be finished.

Limits of the site follow it as they follow the load: where it alone is beyond them, that is a fact, and a
plan only makes it no worse.
"""

import numpy as np

from vpp.flexibility.planning.generator_columns import running_bounds
from vpp.flexibility.planning.pause_columns import must_stay_paused
from vpp.flexibility.planning.terms import GeneratorTerms, SharedLimit, SiteTerms, WorkTerms
from vpp.solver.linear_program import Floats


def forced_kw(site: SiteTerms) -> dict[str, Floats]:
    """Return the reductions that go on, by resource id, kW. Shape (N,) each; what owes none is left out."""
    forced = {}
    for terms in site.resources:
        if isinstance(terms, WorkTerms) and terms.pause is not None:
            saved = (1.0 - terms.pause.idle_power_ratio) * np.array(terms.load_kw)
            kw = must_stay_paused(terms.pause) * saved
        elif isinstance(terms, GeneratorTerms):
            kw = running_bounds(terms)[0] * np.minimum(terms.min_kw, terms.max_kw)
        else:
            continue
        if kw.any():
            forced[terms.resource_id] = kw
    return forced


def undisturbed_kw(site: SiteTerms) -> Floats:
    """Return the net load if nothing is decided, kW. Shape (N,)."""
    return np.array(site.load_kw) - sum(forced_kw(site).values(), np.zeros(site.interval_count))


def shared_limit_kw(site: SiteTerms, limit: SharedLimit) -> Floats:
    """Return a shared limit as a plan can hold it, kW. Shape (N,)."""
    forced, weight = forced_kw(site), dict(limit.weight)
    used = sum(
        (weight[key] * kw for key, kw in forced.items() if key in weight), np.zeros(site.interval_count)
    )
    return np.maximum(limit.limit_kw, used)


def most_used(site: SiteTerms, exclusion: frozenset[str]) -> Floats:
    """Return how many resources of an exclusion may reduce at once: one, or those that must. Shape (N,)."""
    forced = forced_kw(site)
    going = sum(
        (forced[key] > 0.0 for key in sorted(exclusion) if key in forced), np.zeros(site.interval_count)
    )
    return np.maximum(1.0, going)
