"""The market as one mixed-integer model, kind by kind; the rows are one function each.

Powers are in kW, energies in kWh, cost in thousandths of the currency.
"""

import pyomo.environ as pyo

from vpp.auction.book import Book
from vpp.auction.reference.block_rows import add_block_variables, add_blocks
from vpp.auction.reference.market_rows import add_market, add_market_variables
from vpp.auction.reference.rebound_rows import add_rebound_variables, add_rebounds
from vpp.auction.reference.run_rows import add_run_variables, add_runs
from vpp.auction.reference.security_rows import add_security, add_security_variables
from vpp.auction.reference.step_rows import add_step_variables, add_steps
from vpp.auction.reference.store_rows import add_store_variables, add_stores
from vpp.auction.reference.view import MILLI, ReferenceView


def build_reference(book: Book) -> pyo.ConcreteModel:
    """Build the model of a book.

    Args:
        book: A book that `check_book` lets pass.

    Returns:
        A Pyomo model that minimises `cost`. Its variables and rows are described in the modules
        of this folder.
    """
    view = ReferenceView(book)
    model = pyo.ConcreteModel()
    for add_variables in (
        add_step_variables,
        add_block_variables,
        add_rebound_variables,
        add_run_variables,
        add_store_variables,
        add_market_variables,
        add_security_variables,
    ):
        add_variables(model, view)
    for add_rows in (add_market, add_security, add_steps, add_blocks, add_rebounds, add_runs, add_stores):
        add_rows(model, view)
    model.cost = pyo.Objective(expr=cost(model, view))
    return model


def cost(model: pyo.ConcreteModel, view: ReferenceView) -> pyo.Expression:
    """Cost of what is accepted and, at the cap, of what is not served, in thousandths.

    hours * price * reduction    of every step, block and store, price as `view.price_per_mwh`
    fixed_cost * accepted        of every block
    start_cost * start           of every run
    hours * cap * unserved       of target and local targets

    Source:
        Design of the auction engine, section 2.1, objective, and section 2.2, costs.
    """
    hours, terms = view.interval_h, []
    for key, step in view.steps.items():
        terms.append(hours * view.price_per_mwh(key[0], step.price_per_mwh) * model.step[key])
    for bid_id, block in view.blocks.items():
        whole = view.price_per_mwh(bid_id, block.price_per_mwh) * view.block_energy_kwh(bid_id)
        terms.append(whole / view.size_kw[bid_id] * model.taken[bid_id])
        terms.append(MILLI * float(block.fixed_cost) * model.accepted[bid_id])
    for bid_id, store in view.stores.items():
        price = view.price_per_mwh(bid_id, store.price_per_mwh)
        terms.extend(hours * price * model.discharge[bid_id, t] for t in view.delivery)
    terms.extend(MILLI * float(view.runs[b].start_cost) * model.start[b, t] for b, t in model.start)
    cap = hours * float(view.book.price_cap_per_mwh)
    terms.extend(cap * short for short in model.unserved.values())
    terms.extend(cap * short for short in model.local_unserved.values())
    return pyo.quicksum(terms)
