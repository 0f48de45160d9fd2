"""What is left of a site after what has been sold of its resources."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from vpp.flexibility.planning.settled import own_kw
from vpp.flexibility.planning.terms import ResourceTerms, SharedLimit, SiteTerms, StoreTerms, Values
from vpp.solver.linear_program import Floats


def without_sold(site: SiteTerms, sold_kw: Mapping[str, Values]) -> SiteTerms:
    """Return the site with what was sold taken out, so that nothing is sold twice.

    What was sold of a store becomes its own programme, which stays, so that its energy is there when
    it is due and is recharged afterwards. Anything else that was sold, in any interval of the horizon,
    is not offered again within it: its temperature and its deadlines are promised already. Nor is what
    excludes a sold resource; and shared limits are less by what was sold.

    Args:
        site: The site.
        sold_kw: Reduction sold of each resource, kW, by resource id. Shape (N,) each.
    """
    load = np.array(site.load_kw)
    left: list[ResourceTerms] = []
    gone: dict[str, Floats] = {}
    barred = _barred(site, {key for key, kw in sold_kw.items() if any(kw)})
    for terms in site.resources:
        sold = np.array(sold_kw.get(terms.resource_id, (0.0,) * site.interval_count))
        if not sold.any():
            if terms.resource_id not in barred:
                left.append(terms)
            continue
        gone[terms.resource_id] = sold
        if isinstance(terms, StoreTerms):
            own = own_kw(terms.own_discharge_kw, site.interval_count)
            most = np.maximum(np.array(terms.max_discharge_kw) - own, 0.0)
            taken = np.minimum(sold, most)
            programme = tuple((own + taken).tolist())
            full = programme if terms.resource_id in barred else terms.max_discharge_kw
            left.append(replace(terms, own_discharge_kw=programme, max_discharge_kw=full))
            load = load - taken
        else:
            load = load - sold
    return replace(
        site,
        resources=tuple(left),
        load_kw=tuple(load.tolist()),
        shared_limits=tuple(_rest(limit, gone) for limit in site.shared_limits),
    )


def _barred(site: SiteTerms, sold: set[str]) -> set[str]:
    """Return the resources that exclude one that was sold; of two that were, each the other."""
    return {
        key
        for exclusion in site.exclusions
        for key in exclusion
        if any(other in sold for other in exclusion - {key})
    }


def _rest(limit: SharedLimit, gone: Mapping[str, Floats]) -> SharedLimit:
    used = sum(
        (weight * gone[key] for key, weight in limit.weight if key in gone), np.zeros(len(limit.limit_kw))
    )
    return replace(limit, limit_kw=tuple(np.maximum(np.array(limit.limit_kw) - used, 0.0).tolist()))
