"""A site's plan as one mixed-integer program, put together as arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vpp.flexibility.planning.assembly import Assembly, ResourceColumns
from vpp.flexibility.planning.generator_columns import append_generator
from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.site_columns import SiteColumns, append_site
from vpp.flexibility.planning.store_columns import append_store
from vpp.flexibility.planning.terms import GeneratorTerms, ResourceTerms, SiteTerms, StoreTerms, ThermalTerms
from vpp.flexibility.planning.thermal_columns import append_thermal
from vpp.flexibility.planning.work_columns import append_work
from vpp.foundation.errors import InvalidInput
from vpp.solver.columns import Integers
from vpp.solver.linear_program import Flags, LinearProgram


@dataclass(frozen=True, slots=True)
class PlanProgram:
    """A program and where everything is in it.

    Attributes:
        site: The site.
        goal: What the plan is for.
        program: The program, with its whole columns marked.
        parts: The resources, in the site's order.
        at_site: The site's own columns.
        used: Whether a resource of an exclusion may reduce, by resource id. Shape (N,) each.
        called: Whether a resource is called at all. Shape (any,).
        penalties: Columns of what is owed at the end, or broken. Shape (any,).
    """

    site: SiteTerms
    goal: Goal
    program: LinearProgram
    parts: tuple[ResourceColumns, ...]
    at_site: SiteColumns
    used: Mapping[str, Integers]
    called: Integers
    penalties: Integers

    @property
    def has_whole(self) -> bool:
        """Whether anything is on or off."""
        return self.program.is_integer is not None and bool(self.program.is_integer.any())


def assemble(site: SiteTerms, goal: Goal, response_ratio: Mapping[str, float]) -> PlanProgram:
    """Turn a site and a goal into a program.

    Args:
        site: The site.
        goal: What the plan is for.
        response_ratio: Share of a reduction that is delivered, by resource id; 1 for a missing one.

    Raises:
        InvalidInput: The goal has another horizon than the site, or a ratio lies outside [0, 1].
    """
    check_fit(site, goal, response_ratio)
    assembly = Assembly(site, goal)
    return finish(assembly, append_resources(assembly), response_ratio)


def append_resources(assembly: Assembly) -> tuple[ResourceColumns, ...]:
    """Append every resource of the site."""
    return tuple(_append(assembly, terms) for terms in assembly.site.resources)


def finish(
    assembly: Assembly, parts: tuple[ResourceColumns, ...], response_ratio: Mapping[str, float]
) -> PlanProgram:
    """Append the site to its resources, and put the program together."""
    at_site = append_site(assembly, parts, response_ratio)
    program = assembly.columns.program()
    is_whole: Flags = np.zeros(program.column_count, dtype=bool)
    for columns in assembly.whole:
        is_whole[columns] = True
    return PlanProgram(
        assembly.site,
        assembly.goal,
        program.with_integers(is_whole),
        parts,
        at_site,
        assembly.used,
        _joined(assembly.called),
        _joined(assembly.penalties),
    )


def check_fit(site: SiteTerms, goal: Goal, response_ratio: Mapping[str, float]) -> None:
    """Refuse a goal of another horizon and a ratio that would make energy.

    Raises:
        InvalidInput: The goal has another horizon than the site, or a ratio lies outside [0, 1].
    """
    if len(goal.baseline_kw) != site.interval_count:
        raise InvalidInput(
            f"baseline_kw has {len(goal.baseline_kw)} values, expected the site's {site.interval_count}"
        )
    for resource_id, ratio in response_ratio.items():
        if not 0.0 <= ratio <= 1.0:
            raise InvalidInput(
                f"response_ratio of {resource_id} is {ratio}, expected a number in [0, 1]",
                resource_id=resource_id,
            )


def _append(assembly: Assembly, terms: ResourceTerms) -> ResourceColumns:
    if isinstance(terms, StoreTerms):
        return append_store(assembly, terms)
    if isinstance(terms, ThermalTerms):
        return append_thermal(assembly, terms)
    if isinstance(terms, GeneratorTerms):
        return append_generator(assembly, terms)
    return append_work(assembly, terms)


def _joined(columns: Sequence[Integers]) -> Integers:
    return np.concatenate([np.empty(0, dtype=np.int64), *columns])
