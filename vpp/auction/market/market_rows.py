"""The buyer's side of the market as a Pyomo model: one function per family of constraints.

Bids are not in it. `compiled` turns the model into arrays, to whose balance rows the bids are
appended as columns: a Pyomo object for each of a hundred thousand bid variables would take longer
to make than the solver needs.

Variables, in kW; cost is in thousandths of the currency:

    net[a,t]             counted net reduction of an account, within its limits
    unserved[t]          target that nobody serves
    local_unserved[a,t]  local target that nobody in the zone serves
    largest[t]           reduction of the site that serves most
"""

from dataclasses import dataclass

import numpy as np
import pyomo.environ as pyo
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

from vpp.auction.market.accounts import Accounts
from vpp.auction.market.canonical import CanonicalBook
from vpp.solver.columns import Columns


@dataclass(frozen=True, slots=True)
class MarketColumns:
    """Where the market's variables and rows are in a program.

    Attributes:
        model: The Pyomo model.
        net: Column of each account's net reduction. Shape (A, T).
        balance: Row of each account's balance. Shape (A, T).
        rows: Row of every other constraint, by family and key.
        unserved: Column of each interval's unserved target.
        local_unserved: Column of unserved local target by account and interval.
    """

    model: pyo.ConcreteModel
    net: np.ndarray
    balance: np.ndarray
    rows: dict[tuple[str, tuple[str | int, ...]], int]
    unserved: dict[int, int]
    local_unserved: dict[tuple[int, int], int]


def build_market(accounts: Accounts) -> pyo.ConcreteModel:
    """Build the buyer's side of a book.

    Args:
        accounts: The book's accounts.

    Returns:
        A Pyomo model that minimises the value of unserved target.
    """
    canonical, terms = accounts.canonical, accounts.canonical.book.terms
    count = canonical.horizon_count
    wanted = [t for t in range(count) if canonical.has_target[t]]
    local = [
        (a, t)
        for a, account in enumerate(accounts.all)
        for t in range(count)
        if account.local_target_kw[t] > 0
    ]
    model = pyo.ConcreteModel()
    model.net = pyo.Var(
        range(len(accounts.all)),
        range(count),
        bounds=lambda _, a, t: (
            _finite(float(accounts.all[a].low_kw[t])),
            _finite(float(accounts.all[a].high_kw[t])),
        ),
    )
    model.unserved = pyo.Var(wanted, domain=pyo.NonNegativeReals)
    model.local_unserved = pyo.Var(local, domain=pyo.NonNegativeReals)
    model.largest = pyo.Var(wanted if terms.has_loss_reserve else [], domain=pyo.NonNegativeReals)
    model.balance = pyo.Constraint(range(len(accounts.all)), range(count), rule=balance)
    model.system = pyo.Constraint(wanted, rule=lambda m, t: system(m, accounts, t))
    unwanted = [t for t in range(count) if not canonical.has_target[t]]
    has_headroom = canonical.book.rebound_headroom_kw is not None
    model.rebound_headroom = pyo.Constraint(
        unwanted if has_headroom else [], rule=lambda m, t: rebound_headroom(m, accounts, t)
    )
    model.local = pyo.Constraint(local, rule=lambda m, a, t: local_target(m, accounts, a, t))
    has_start, has_release = terms.max_start_ramp_kw is not None, terms.max_release_ramp_kw is not None
    model.start_ramp = pyo.Constraint(
        range(count) if has_start else [], rule=lambda m, t: start_ramp(m, accounts, t)
    )
    model.release_ramp = pyo.Constraint(
        range(count + 1) if has_release else [], rule=lambda m, t: release_ramp(m, accounts, t)
    )
    sites = [a for a, account in enumerate(accounts.all) if account.kind == "site"]
    model.loss = pyo.Constraint(sites if terms.has_loss_reserve else [], wanted, rule=loss)
    model.cost = pyo.Objective(expr=shortage_cost(model, canonical))
    return model


def balance(model: pyo.ConcreteModel, a: int, t: int) -> pyo.Constraint:
    """Balance of an account: contributions of its bids - net[a,t] = 0, kW.

    Only the market's half stands here; bids are appended. The dual per hour is the price of
    counted reduction in the account.

    Source:
        Design of the auction engine, section 2.1, row zone.
    """
    return -model.net[a, t] == 0.0


def system_net(model: pyo.ConcreteModel, accounts: Accounts, t: int) -> pyo.Expression:
    """Net reduction over all zones, kW."""
    return pyo.quicksum(model.net[a, t] for a in range(accounts.zone_count))


def system(model: pyo.ConcreteModel, accounts: Accounts, t: int) -> pyo.Constraint:
    """System: sum of net[z,t] + unserved[t] - largest[t] >= target[t], kW, or = without over-delivery.

    The target includes its margin; `largest` is the reserve against the loss of one site.

    Source:
        Design of the auction engine, section 2.1, row system.
    """
    served = system_net(model, accounts, t) + model.unserved[t]
    if accounts.canonical.book.terms.has_loss_reserve:
        served -= model.largest[t]
    target_kw = float(accounts.canonical.target_kw[t])
    return served >= target_kw if accounts.canonical.book.terms.allows_over_delivery else served == target_kw


def rebound_headroom(model: pyo.ConcreteModel, accounts: Accounts, t: int) -> pyo.Constraint:
    """Rebound headroom, where nothing is asked for: sum of net[z,t] >= -headroom, kW.

    Source:
        Design of the auction engine, section 2.1, row rebound.
    """
    return system_net(model, accounts, t) >= -float(accounts.canonical.book.rebound_headroom_kw or 0.0)


def local_target(model: pyo.ConcreteModel, accounts: Accounts, a: int, t: int) -> pyo.Constraint:
    """Local target: net[z,t] + local_unserved[z,t] >= local target, kW.

    Source:
        Design of the auction engine, section 2.1, row zone with L > 0.
    """
    return model.net[a, t] + model.local_unserved[a, t] >= float(accounts.all[a].local_target_kw[t])


def start_ramp(model: pyo.ConcreteModel, accounts: Accounts, t: int) -> pyo.Constraint:
    """Start ramp: N[t] - N[t-1] <= max_start_ramp, kW, with N the net over all zones and N[-1] = 0."""
    before = system_net(model, accounts, t - 1) if t else 0.0
    most_kw = accounts.canonical.book.terms.max_start_ramp_kw or 0.0
    return system_net(model, accounts, t) - before <= most_kw


def release_ramp(model: pyo.ConcreteModel, accounts: Accounts, t: int) -> pyo.Constraint:
    """Release ramp: N[t-1] - N[t] <= max_release_ramp, kW; N is 0 before and after the horizon."""
    before = system_net(model, accounts, t - 1) if t else 0.0
    after = system_net(model, accounts, t) if t < accounts.canonical.horizon_count else 0.0
    most_kw = accounts.canonical.book.terms.max_release_ramp_kw or 0.0
    return before - after <= most_kw


def loss(model: pyo.ConcreteModel, a: int, t: int) -> pyo.Constraint:
    """Loss reserve: largest[t] - net[site,t] >= 0, kW."""
    return model.largest[t] - model.net[a, t] >= 0.0


def shortage_cost(model: pyo.ConcreteModel, canonical: CanonicalBook) -> pyo.Expression:
    """Value of unserved target at the cap, in thousandths. Section 2.1, objective."""
    worth = canonical.cap * canonical.interval_h
    return worth * (pyo.quicksum(model.unserved.values()) + pyo.quicksum(model.local_unserved.values()))


def append_market(columns: Columns, accounts: Accounts) -> MarketColumns:
    """Compile the buyer's side and make it the first columns and rows of a program.

    Args:
        columns: An empty collection of columns.
        accounts: The book's accounts.

    Returns:
        Where everything is.

    Source:
        Design of the auction engine, section 4.2.
    """
    model = build_market(accounts)
    form = LinearStandardFormCompiler().write(model, mixed_form=True)
    lows, highs = np.full(len(form.rows), -np.inf), np.full(len(form.rows), np.inf)
    for place, row in enumerate(form.rows):
        if row.bound_type <= 0:  # -1 is >=, 1 is <=, 0 is =
            lows[place] = form.rhs[place]
        if row.bound_type >= 0:
            highs[place] = form.rhs[place]
    bounds = [variable.bounds for variable in form.columns]
    columns.add_columns(
        len(form.columns),
        low=[-np.inf if low is None else low for low, _ in bounds],
        high=[np.inf if high is None else high for _, high in bounds],
        cost=np.asarray(form.c.todense()).ravel() if form.c.nnz else 0.0,
    )
    columns.add_rows(len(form.rows), low=lows, high=highs)
    matrix = form.A.tocoo()
    columns.add_entries(matrix.row.astype(np.int64), matrix.col.astype(np.int64), matrix.data)
    column_of = {id(variable): place for place, variable in enumerate(form.columns)}
    row_of = {id(row.constraint): place for place, row in enumerate(form.rows)}
    shape = (len(accounts.all), accounts.canonical.horizon_count)
    net, balances = np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.int64)
    for (a, t), variable in model.net.items():
        net[a, t] = column_of[id(variable)]
        balances[a, t] = row_of[id(model.balance[a, t])]
    return MarketColumns(
        model=model,
        net=net,
        balance=balances,
        rows=_other_rows(model, accounts, row_of),
        unserved={t: column_of[id(variable)] for t, variable in model.unserved.items()},
        local_unserved={key: column_of[id(variable)] for key, variable in model.local_unserved.items()},
    )


def _other_rows(
    model: pyo.ConcreteModel, accounts: Accounts, row_of: dict[int, int]
) -> dict[tuple[str, tuple[str | int, ...]], int]:
    """Name the rows beside the balances as a certificate names them."""
    found: dict[tuple[str, tuple[str | int, ...]], int] = {}
    for family in ("system", "rebound_headroom", "start_ramp", "release_ramp"):
        for t, row in model.component(family).items():
            found[family, (t,)] = row_of[id(row)]
    for family in ("local", "loss"):
        for (a, t), row in model.component(family).items():
            found[family, (accounts.all[a].name, t)] = row_of[id(row)]
    return found


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
