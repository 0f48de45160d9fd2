"""A site's plan as one Pyomo model, kind by kind; the rows are one function each.

Powers are in kW, energies in kWh, deviations in K, cost in the site's currency.
"""

from collections.abc import Mapping

import pyomo.environ as pyo

from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.program import check_fit
from vpp.flexibility.planning.reference.generator_rows import (
    add_generator_variables,
    add_generators,
    generator_cost,
)
from vpp.flexibility.planning.reference.site_rows import add_site, add_site_variables, site_cost
from vpp.flexibility.planning.reference.store_rows import add_store_variables, add_stores, store_cost
from vpp.flexibility.planning.reference.thermal_rows import add_thermal, add_thermal_variables, thermal_cost
from vpp.flexibility.planning.reference.view import PlanView
from vpp.flexibility.planning.reference.work_rows import add_work, add_work_variables, work_cost
from vpp.flexibility.planning.terms import SiteTerms
from vpp.flexibility.planning.weighed import weighed


def build_reference(site: SiteTerms, goal: Goal, response_ratio: Mapping[str, float]) -> pyo.ConcreteModel:
    """Build the model of a site and a goal.

    Args:
        site: The site.
        goal: What the plan is for.
        response_ratio: Share of a reduction that is delivered, by resource id; 1 for a missing one.

    Returns:
        A Pyomo model that minimises `cost`. Its variables and rows are described in the modules
        of this folder.

    Raises:
        InvalidInput: The goal has another horizon than the site, or a ratio lies outside [0, 1].
    """
    check_fit(site, goal, response_ratio)
    view = PlanView(site, weighed(goal, site), response_ratio)
    model = pyo.ConcreteModel()
    for add_variables in (
        add_store_variables,
        add_work_variables,
        add_thermal_variables,
        add_generator_variables,
        add_site_variables,
    ):
        add_variables(model, view)
    for add_rows in (add_stores, add_work, add_thermal, add_generators, add_site):
        add_rows(model, view)
    costs = (store_cost, work_cost, thermal_cost, generator_cost, site_cost)
    model.cost = pyo.Objective(expr=pyo.quicksum(each(model, view) for each in costs))
    return model
