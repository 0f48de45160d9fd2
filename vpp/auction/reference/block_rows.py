"""Blocks: one accepted ratio for every interval, a least ratio, links.

Variables:

    taken[b]       accepted part of a block's size, its largest reduction, 0 to the size, kW
    accepted[b]    whether it is accepted at all, 0 or 1

The accepted ratio is taken / size. It is counted in kW because GLPK's presolver overlooks
anything below 0.001.
"""

import pyomo.environ as pyo

from vpp.auction.reference.view import ReferenceView


def add_block_variables(model: pyo.ConcreteModel, view: ReferenceView) -> None:
    """Add what is taken of each block."""
    model.taken = pyo.Var(list(view.blocks), bounds=lambda _, b: (0.0, view.size_kw[b]), initialize=0.0)


def add_blocks(model: pyo.ConcreteModel, view: ReferenceView) -> None:
    """Add the rows of blocks."""
    model.minimum_ratio = pyo.Constraint(list(view.blocks), rule=lambda m, b: minimum_ratio(m, view, b))
    model.maximum_ratio = pyo.Constraint(list(view.blocks), rule=lambda m, b: maximum_ratio(m, view, b))
    model.link = pyo.Constraint(list(view.parents), rule=lambda m, b: link(m, view, b))


def minimum_ratio(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str) -> pyo.Constraint:
    """Block minimum: taken - min_acceptance_ratio * size * accepted >= 0, kW.

    Source:
        Design of the auction engine, section 2.2, block.
    """
    least_kw = view.blocks[bid_id].min_acceptance_ratio * view.size_kw[bid_id]
    return model.taken[bid_id] - least_kw * model.accepted[bid_id] >= 0.0


def maximum_ratio(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str) -> pyo.Constraint:
    """Block maximum: taken - size * accepted <= 0, kW.

    An energy limit below the block's energy makes it smaller, in its own row.

    Source:
        Design of the auction engine, section 2.2, block.
    """
    return model.taken[bid_id] - view.size_kw[bid_id] * model.accepted[bid_id] <= 0.0


def link(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str) -> pyo.Constraint:
    """Link: taken[child] - size[child] / size[parent] * taken[parent] <= 0, kW; one row per child.

    Source:
        Design of the auction engine, section 2.2, link: a child's ratio is at most its parent's.
    """
    parent_id = view.parents[bid_id]
    share = view.size_kw[bid_id] / view.size_kw[parent_id]
    return model.taken[bid_id] - share * model.taken[parent_id] <= 0.0
