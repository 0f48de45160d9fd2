r"""What the planner sees of a site: its resources over a horizon of equal intervals, as plain values.

The models of each kind write their state and forecast in these terms, and the planner knows nothing
else of them. Every power is a mean over an interval, at the point of connection, in kW; every
shape (N,) runs over the horizon's intervals t = 0..N-1 of h hours each. A resource's *reduction*
d_t >= 0 and *increase* u_t >= 0 are changes against `SiteTerms.load_kw`, the site's forecast load,
which already holds what every resource does when it is left alone. Net load: n_t = l_t - sum d_t + sum u_t.

Source:
    Design of this project (flexibility models, sections 1-9).
"""

from vpp.flexibility.planning.generator_terms import GeneratorTerms
from vpp.flexibility.planning.site_terms import ResourceTerms, SharedLimit, SiteTerms
from vpp.flexibility.planning.store_terms import StoreTerms
from vpp.flexibility.planning.thermal_terms import ThermalTerms
from vpp.flexibility.planning.values import Values, flat
from vpp.flexibility.planning.work_terms import CutSegment, PauseTerms, WorkTerms

__all__ = [
    "CutSegment",
    "GeneratorTerms",
    "PauseTerms",
    "ResourceTerms",
    "SharedLimit",
    "SiteTerms",
    "StoreTerms",
    "ThermalTerms",
    "Values",
    "WorkTerms",
    "flat",
]
