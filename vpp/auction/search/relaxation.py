"""The relaxation of a book, tightened by cuts until whole choices cost little more."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_array

from vpp.auction.market.canonical import Integers
from vpp.auction.market.program import MarketProgram
from vpp.auction.rules import ClearingRules
from vpp.auction.search.best_response import Response, respond
from vpp.auction.search.components import Components
from vpp.foundation.clock import stopwatch_s
from vpp.solver.linear_program import Floats, LinearAnswer, LinearSession
from vpp.solver.report import Outcome

_MOST_ROUNDS = 12
_SMALL_GAIN = 0.1  # of the gap asked for
_TOLERANCE = 0.1  # of the gap asked for, per component
_MOST_INNER_BIDS = 150
_AT_LIMIT_KW = 1e-6
_NOISE = 1e-9


@dataclass(frozen=True, slots=True)
class Tightened:
    """A relaxation with its cuts.

    Attributes:
        first: The relaxation without a cut, solved: a proof by arithmetic.
        answer: With every cut, solved; its columns and rows are the relaxation's.
        whole: The answer's columns, those of fractional components replaced by whole ones. Shape (C,).
        decided: Columns of the components that were replaced. Shape (K,).
        bound: No choices can cost less, in thousandths.
        cut_count: Number of cuts; their rows follow the relaxation's.
    """

    first: LinearAnswer
    answer: LinearAnswer
    whole: Floats
    decided: Integers
    bound: float
    cut_count: int


def untightened(first: LinearAnswer) -> Tightened:
    """Begin with the relaxation as it is."""
    nothing = np.empty(0, dtype=np.int64)
    return Tightened(first, first, first.column_value, nothing, first.objective or 0.0, 0)


def with_responses(tightened: Tightened, responses: list[Response]) -> Tightened:
    """Put whole choices in the place of fractional ones."""
    whole = tightened.answer.column_value.copy()
    decided = [np.empty(0, dtype=np.int64)]
    for response in responses:
        if response.value is not None:
            whole[response.columns] = response.value
            decided.append(response.columns)
    return replace(tightened, whole=whole, decided=np.concatenate(decided))


def tighten(  # noqa: PLR0913  what a tightening needs
    session: LinearSession,
    components: Components,
    rules: ClearingRules,
    before: Tightened,
    *,
    deadline_s: float,
    enough: float,
) -> Tightened:
    """Cut off what no whole choices allow, round by round, while it pays.

    Each round asks every fractional component for its best whole choices at the prices; where
    they cost more than the relaxation believes, the difference is cut off.

    Args:
        session: Holds the relaxation with the cuts so far; afterwards with more.
        components: The book's components.
        rules: Solver and gap.
        before: What is known.
        deadline_s: Stop watch reading at which to stop.
        enough: A bound that makes the best awards known good enough, in thousandths.

    Returns:
        The tightened relaxation.
    """
    market = components.market
    answer, bound, cuts = before.answer, before.bound, before.cut_count
    responses: list[Response] = []
    for _ in range(_MOST_ROUNDS):
        objective = answer.objective or 0.0
        tolerance = _TOLERANCE * rules.relative_gap * abs(objective)
        responses = respond(market, components, answer, rules.solver, tolerance)
        gain = sum(response.gain for response in responses)
        bound = max(bound, objective + gain)
        useful = [response for response in responses if response.gain > _NOISE * abs(objective) + 1e-3]
        is_small = gain <= _SMALL_GAIN * rules.relative_gap * abs(objective)
        if not useful or is_small or bound >= enough or stopwatch_s() > deadline_s:
            break
        _cut(market, session, useful)
        cuts += len(useful)
        tightened = session.solve(time_limit_s=max(1.0, deadline_s - stopwatch_s()))
        if tightened.outcome is not Outcome.OPTIMAL:
            break
        answer = replace(tightened, row_dual=tightened.row_dual[: market.program.row_count])
        bound = max(bound, answer.objective or 0.0)
    known = replace(before, answer=answer, bound=bound, cut_count=cuts)
    return with_responses(known, responses)


def binding_accounts(market: MarketProgram, answer: LinearAnswer) -> tuple[int, ...]:
    """Return the accounts whose limits bind and that few bids share: the ones worth keeping whole.

    Args:
        market: The book.
        answer: Its relaxation, solved.

    Returns:
        Their places, in order.
    """
    accounts = market.accounts
    net = answer.column_value[market.market.net]
    places = [place for bid in market.canonical.bids for place in accounts.of_bid(bid)]
    members = np.bincount(np.array(places, dtype=np.int64), minlength=len(accounts.all))
    binding = []
    for place, account in enumerate(accounts.all):
        at_limit = (net[place] <= account.low_kw + _AT_LIMIT_KW) | (
            net[place] >= account.high_kw - _AT_LIMIT_KW
        )
        if members[place] <= _MOST_INNER_BIDS and at_limit.any():
            binding.append(place)
    return tuple(binding)


def _cut(market: MarketProgram, session: LinearSession, responses: list[Response]) -> None:
    """Cut: sum of weight[j] * column[j] >= least, in thousandths, over the columns of a component."""
    row = np.repeat(np.arange(len(responses)), [len(response.columns) for response in responses])
    column = np.concatenate([response.columns for response in responses])
    weight = np.concatenate([response.weight for response in responses])
    kept = weight != 0
    shape = (len(responses), market.program.column_count)
    rows = coo_array((weight[kept], (row[kept], column[kept])), shape=shape).tocsr()
    least = np.array([response.least for response in responses])
    session.add_rows(rows, least - _NOISE * np.abs(least) - 1e-6)


def drop_cuts(market: MarketProgram, session: LinearSession, tightened: Tightened) -> None:
    """Make every cut free, as prices must not depend on it."""
    index = np.arange(tightened.cut_count, dtype=np.int32) + market.program.row_count
    free = np.full(tightened.cut_count, np.inf)
    session.set_rows(index.astype(np.int32), -free, free)
