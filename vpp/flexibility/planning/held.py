"""A program with some of what is on or off decided."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from vpp.flexibility.planning.generator_columns import running_bounds
from vpp.flexibility.planning.pause_columns import must_stay_paused
from vpp.flexibility.planning.program import PlanProgram
from vpp.flexibility.planning.terms import GeneratorTerms, SiteTerms, WorkTerms
from vpp.solver.columns import Integers
from vpp.solver.linear_program import Floats

HALF = 0.5


def must_be_on(site: SiteTerms) -> dict[str, tuple[bool, ...]]:
    """Return which pauses and runs must go on, and that no other begins, by resource id."""
    must = {}
    for terms in site.resources:
        if isinstance(terms, WorkTerms) and terms.pause is not None:
            must[terms.resource_id] = tuple((must_stay_paused(terms.pause) > 0.0).tolist())
        elif isinstance(terms, GeneratorTerms):
            must[terms.resource_id] = tuple((running_bounds(terms)[0] > 0.0).tolist())
    return must


def held(built: PlanProgram, is_on: Mapping[str, tuple[bool, ...]]) -> PlanProgram:
    """Return the program with some pauses and runs as bounds, no longer whole numbers.

    Args:
        built: The program.
        is_on: Whether a group is paused or a generator runs, by resource id. Shape (N,) each.
    """
    columns, values = [], []
    for part in built.parts:
        flags = is_on.get(part.resource_id)
        own = part.family.get("paused", part.family.get("running"))
        if flags is not None and own is not None:
            columns.append(own)
            values.append(np.array(flags, dtype=float))
    return _fixed(built, columns, values)


def rounded(built: PlanProgram, relaxed: Floats) -> PlanProgram:
    """Return the program with everything on or off decided, so that it surely has a solution.

    No pause and no run begins. Of an exclusion that resource is used which must go on, else the one
    used most in the relaxed solution; whatever has a start cost is called.

    Args:
        built: The program.
        relaxed: Solution of its relaxation. Shape (C,).
    """
    must = must_be_on(built.site)
    quiet = held(built, must)
    value = {key: np.ones(built.site.interval_count) for key in built.used}
    for exclusion in built.site.exclusions:
        members = sorted(key for key in exclusion if key in built.used)
        if members:
            # What must go on comes before what is wanted, which is at most 1.
            wanted = np.array(
                [relaxed[built.used[key]] + 2.0 * np.array(must.get(key, 0.0)) for key in members]
            )
            for place, key in enumerate(members):
                value[key] = np.where(wanted.argmax(axis=0) == place, value[key], 0.0)
    columns = [*(built.used[key] for key in value), built.called]
    values = [*value.values(), np.ones(len(built.called))]
    fixed = _fixed(quiet, columns, values)
    whole = fixed.program.is_integer
    rest: Integers = np.flatnonzero(whole) if whole is not None else np.empty(0, dtype=np.int64)
    # What is left says when a store charges, where waste would pay.
    return _fixed(fixed, [rest], [(relaxed[rest] > HALF).astype(float)])


def _fixed(built: PlanProgram, columns: list[Integers], values: list[Floats]) -> PlanProgram:
    if not columns:
        return built
    low, high = built.program.column_low.copy(), built.program.column_high.copy()
    whole = np.zeros(built.program.column_count, bool)
    if built.program.is_integer is not None:
        whole = built.program.is_integer.copy()
    for own, wanted in zip(columns, values, strict=True):
        low[own], high[own] = wanted, wanted
        whole[own] = False
    program = replace(built.program, column_low=low, column_high=high, is_integer=whole)
    return replace(built, program=program)
