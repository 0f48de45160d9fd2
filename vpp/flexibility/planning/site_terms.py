"""What the planner sees of a site: its load, its limits and its resources over a horizon."""

import math
from dataclasses import dataclass

from vpp.flexibility.bounds import check_above_zero, check_within
from vpp.flexibility.planning.generator_terms import GeneratorTerms
from vpp.flexibility.planning.store_terms import StoreTerms
from vpp.flexibility.planning.thermal_terms import ThermalTerms
from vpp.flexibility.planning.values import Values, check_values, lengths
from vpp.flexibility.planning.work_terms import WorkTerms
from vpp.foundation.errors import InvalidInput

ResourceTerms = StoreTerms | WorkTerms | ThermalTerms | GeneratorTerms


@dataclass(frozen=True, slots=True)
class SharedLimit:
    """What several resources have in common: sum_r weight_r d_{r,t} <= limit_t.

    Cooling that an IT reduction has already saved cannot be saved again, for example.

    Attributes:
        weight: Share of each resource's reduction that counts, by resource id.
        limit_kw: Largest weighted sum, kW. Shape (N,).
    """

    weight: tuple[tuple[str, float], ...]
    limit_kw: Values


@dataclass(frozen=True, slots=True)
class SiteTerms:
    r"""A site over a horizon.

    With the net load n_t and the net load n_{-1} just before:

        n_t <= max(min(import_t, transformer_t), l_t),   -n_t <= max(export_t, -l_t)
        n_t - n_{t-1} <= max(ramp_t, l_t - l_{t-1})
        no two resources of an exclusion reduce in the same interval
        sum_r weight_r d_{r,t} <= limit_t for every shared limit

    A forecast beyond a limit is the site's own affair, but no plan adds to it.

    Attributes:
        step_hours: Length of an interval, h.
        load_kw: Forecast net load if nothing is done, generation behind the meter netted, kW.
            Shape (N,).
        energy_price_per_kwh: What a kWh drawn costs the site. Shape (N,).
        import_limit_kw: Largest net load, kW. Shape (N,).
        export_limit_kw: Largest feed-in, kW; 0 for none. Shape (N,).
        transformer_limit_kw: Largest net load the transformer takes, kW; empty for none. Shape (N,).
        max_rise_kw: Largest rise of the net load from one interval to the next, kW; empty for any.
            Shape (N,).
        previous_net_kw: Net load of the interval before the horizon, kW; None if it is not known.
        previous_load_kw: What it would have been without reductions and increases, kW; None if it
            is not known.
        resources: The resources.
        exclusions: Sets of resource ids of which at most one reduces at a time.
        shared_limits: Limits that several resources share.
    """

    step_hours: float
    load_kw: Values
    energy_price_per_kwh: Values
    import_limit_kw: Values
    resources: tuple[ResourceTerms, ...]
    export_limit_kw: Values = ()
    transformer_limit_kw: Values = ()
    max_rise_kw: Values = ()
    previous_net_kw: float | None = None
    previous_load_kw: float | None = None
    exclusions: tuple[frozenset[str], ...] = ()
    shared_limits: tuple[SharedLimit, ...] = ()

    def __post_init__(self) -> None:
        """Refuse shapes that differ, quantities out of range, and a resource that is there twice."""
        check_above_zero(self.step_hours, "step_hours")
        if not self.load_kw:
            raise InvalidInput("load_kw is empty, expected at least one interval")
        for value in (*self.load_kw, *self.energy_price_per_kwh):
            check_within(value, "load_kw or energy_price_per_kwh", -math.inf)
        names = (
            "energy_price_per_kwh",
            "import_limit_kw",
            "export_limit_kw",
            "transformer_limit_kw",
            "max_rise_kw",
        )
        for name in names:
            self._check_length(name, getattr(self, name), may_be_empty=name not in names[:2])
        ids = [each.resource_id for each in self.resources]
        if len(set(ids)) < len(ids):
            raise InvalidInput(f"resources are {sorted(ids)}, expected each once", resources=str(sorted(ids)))
        for resource in self.resources:
            for name, value in lengths(resource):
                if value != self.interval_count:
                    raise InvalidInput(
                        f"{name} of {resource.resource_id} has {value} values, not {self.interval_count}",
                        resource_id=resource.resource_id,
                    )
        for limit in self.shared_limits:
            self._check_length("limit_kw", limit.limit_kw)
            check_values(limit, "limit_kw")
        for name in ("import_limit_kw", "export_limit_kw", "transformer_limit_kw", "max_rise_kw"):
            check_values(self, name, may_be_empty=True)

    def _check_length(self, name: str, values: Values, *, may_be_empty: bool = False) -> None:
        if len(values) != self.interval_count and not (may_be_empty and not values):
            raise InvalidInput(
                f"{name} has {len(values)} values, expected {self.interval_count}", **{name: str(len(values))}
            )

    @property
    def interval_count(self) -> int:
        """Number of intervals, N."""
        return len(self.load_kw)

    def resource(self, resource_id: str) -> ResourceTerms:
        """Return one resource.

        Raises:
            InvalidInput: The site has no such resource.
        """
        for each in self.resources:
            if each.resource_id == resource_id:
                return each
        raise InvalidInput(f"the site has no resource {resource_id}", resource_id=resource_id)
