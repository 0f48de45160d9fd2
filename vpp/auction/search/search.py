"""Finds what to buy: the linear relaxation, rounded and solved again, then searched where that is not enough.

Rounded awards stand long before any search begins, so a time limit can only fail to improve them.
"""

from dataclasses import replace

import numpy as np

from vpp.auction.market.program import MarketProgram
from vpp.auction.result import ClearingMethod
from vpp.auction.rules import ClearingRules
from vpp.auction.search.choices import (
    Choices,
    choice_bounds,
    choice_columns,
    fix,
    free,
    in_order,
    nothing,
    one_way,
    without_idle,
)
from vpp.auction.search.components import Components
from vpp.auction.search.coordination import coordinate
from vpp.auction.search.diving import dive
from vpp.auction.search.exact import exact_program, search_exactly
from vpp.auction.search.found import Found, Proof
from vpp.auction.search.pricing import WholePricing
from vpp.auction.search.relaxation import (
    Tightened,
    binding_accounts,
    drop_cuts,
    tighten,
    untightened,
    with_responses,
)
from vpp.auction.search.rounding import round_down, round_relaxation
from vpp.auction.search.sessions import open_session
from vpp.auction.search.waste import is_wasteful, without_idle_charging, without_waste
from vpp.foundation.clock import stopwatch_s
from vpp.foundation.errors import BrokenPromise
from vpp.solver.linear_program import LinearAnswer, LinearSession
from vpp.solver.report import Outcome, SolverName

_NOISE = 1e-9
_NOISE_MILLI = 1e-3
_SMALL = 4000  # columns
_LARGE = 150_000  # columns


def find_awards(
    market: MarketProgram, rules: ClearingRules, session: LinearSession | None = None
) -> Found | Proof | None:
    """Find what to buy.

    In steps, each only if the gap is still too wide: the relaxation, tightened by each fractional
    component's best whole choices, rounded; a dive from it; the same with tight limits of zones and
    feeders kept inside components; a mixed-integer search from the best so far. Large books go another
    way: their bids answer prices.

    Args:
        market: The book.
        rules: Solver, time limit and gap.
        session: Holds the relaxation already, perhaps with the basis of a similar one; None to load it.

    Returns:
        The best awards known; without any in time a bound, or None if not even that.

    Source:
        Design of the auction engine, section 4; the tightening is ours.
    """
    if session is None and market.program.column_count > _LARGE and rules.solver is SolverName.HIGHS:
        return coordinate(market, rules)
    search = Search(market, rules, session)
    if not search.relax():
        return None
    if not market.has_discrete and search.is_within:
        return search.finished()
    search.tighten(Components(market))
    search.round()
    improvements = (search.dive, search.dive_freely)
    for improve in (*improvements, search.tighten_further, search.round, *improvements):
        if search.is_done or search.is_small:
            break
        improve()
    if not search.is_done:
        search.search_exactly()
    return search.finished() if search.choices is not None else None


def cost_of_choices(market: MarketProgram, choices: Choices, answer: LinearAnswer) -> float:
    """Return the cost of a solved fixing with the fixed costs of what it accepts, in thousandths."""
    return (answer.objective or 0.0) + float(market.blocks.fixed_cost[choices.blocks].sum())


class Search:
    """The state of a search: the best awards and the best bound so far."""

    def __init__(self, market: MarketProgram, rules: ClearingRules, session: LinearSession | None) -> None:
        """Load the relaxation of a book, unless a session holds it already."""
        self._market, self._rules = market, rules
        self._deadline_s = stopwatch_s() + rules.time_limit.total_seconds()
        self._session = session or open_session(market.program, rules.solver)
        self._answer: LinearAnswer | None = None
        self._method = ClearingMethod.ROUNDED
        self._cost = np.inf
        self._tried: set[bytes] = set()
        self._is_searched = False
        self.choices: Choices | None = None
        self.tightened: Tightened

    @property
    def is_within(self) -> bool:
        """Whether the gap is as small as was asked for."""
        gap = self._cost - self.tightened.bound
        return gap <= (self._rules.relative_gap + _NOISE) * abs(self._cost) + _NOISE_MILLI

    @property
    def is_done(self) -> bool:
        """Whether the gap is small enough, or time has run out with an answer."""
        return self._answer is not None and (self.is_within or stopwatch_s() >= self._deadline_s)

    @property
    def is_small(self) -> bool:
        """Whether a mixed-integer search of the whole book is quicker than anything else."""
        return self._answer is not None and self._market.program.column_count <= _SMALL

    def relax(self) -> bool:
        """Solve the relaxation; tell whether that succeeded."""
        relaxed = self._session.solve(time_limit_s=self._rules.time_limit.total_seconds())
        if relaxed.outcome is not Outcome.OPTIMAL or relaxed.objective is None:
            return False
        self.tightened = untightened(relaxed)
        if not self._market.has_discrete:
            self._keep(nothing(self._market), relaxed)
            self._method = ClearingMethod.LINEAR
        return True

    def tighten(self, components: Components) -> None:
        """Raise the bound by the best whole choices of components."""
        free(self._session, self._market)
        self.tightened = tighten(
            self._session,
            components,
            self._rules,
            self.tightened,
            deadline_s=self._deadline_s,
            enough=self._cost - self._rules.relative_gap * abs(self._cost),
        )

    def tighten_further(self) -> None:
        """Raise the bound with the limits that bind kept inside components."""
        self.tighten(Components(self._market, binding_accounts(self._market, self.tightened.first)))

    def round(self) -> None:
        """Try the relaxation's rounded choices, or what is left of them, or nothing at all."""
        value = self.tightened.whole
        rounded = round_relaxation(self._market, value)
        if self._try(rounded) or self._try(round_down(self._market, value, rounded)):
            return
        if self.choices is None:
            self._try(nothing(self._market))

    def dive(self) -> None:
        """Try what a dive finds."""
        free(self._session, self._market)
        self._try(dive(self._market, self._session, self.tightened, self._deadline_s))

    def dive_freely(self) -> None:
        """Try what a dive finds that takes no component's own choice for settled."""
        free(self._session, self._market)
        open_start = with_responses(self.tightened, [])
        self._try(dive(self._market, self._session, open_start, self._deadline_s))

    def search_exactly(self) -> None:
        """Search the whole book from the best awards known until the gap or the time limit."""
        if self.choices is None or self._answer is None:
            return
        relaxed = self.tightened.answer
        room = self._cost - (relaxed.objective or 0.0) + _NOISE * abs(self._cost) + _NOISE_MILLI
        found = search_exactly(
            self._market,
            exact_program(self._market, reduced_cost=relaxed.reduced_cost, room=room),
            self._rules,
            start=(self.choices, self._answer.column_value),
            time_limit_s=max(1.0, self._deadline_s - stopwatch_s()),
            relative_gap=self._rules.relative_gap,
        )
        if found.bound is not None:
            bound = max(self.tightened.bound, min(self._cost, found.bound))
            self.tightened = replace(self.tightened, bound=bound)
        if found.choices is not None and self._try(found.choices):
            self._method = ClearingMethod.EXACT
            # A solver that says optimal has kept to the gap; its bound may be printed a trifle lower.
            self._is_searched = found.outcome is Outcome.OPTIMAL

    def finished(self) -> Found:
        """Return the best awards, with the session at their linear program and free of cuts."""
        market, session, choices, answer = self._market, self._session, self.choices, self._answer
        if choices is None or answer is None:
            raise BrokenPromise("a search has ended without awards and says it has some")
        limit_s = self._rules.time_limit.total_seconds()
        drop_cuts(market, session, self.tightened)
        if market.has_discrete or len(choices.shut):
            choices = without_idle(market, choices, answer.column_value)
            if len(choices.shut):
                choices = replace(choices, shut=one_way(market, answer.column_value))
            fix(session, market, choices)
            solved = session.solve(time_limit_s=limit_s)
            answer = solved if solved.outcome is Outcome.OPTIMAL else answer
        answer, idle = without_idle_charging(market, session, answer, limit_s)
        low, high = market.program.column_low.copy(), market.program.column_high.copy()
        if market.has_discrete:
            columns = choice_columns(market)
            low[columns], high[columns] = choice_bounds(market, choices)
        going = one_way(market, answer.column_value)  # so that settling ties brings no waste back
        low[going] = high[going] = 0.0
        low[idle] = high[idle] = 0.0
        # What is shut only to leave stores alone has no say in prices.
        open_again = np.setdiff1d(idle, choices.shut).astype(np.int32)
        program = market.program
        session.set_columns(open_again, program.column_low[open_again], program.column_high[open_again])
        self._cost = cost_of_choices(market, choices, answer)
        self.tightened = replace(self.tightened, bound=min(self.tightened.bound, self._cost))
        return Found(
            choices=choices,
            answer=answer,
            bounds=(low, high),
            cost=self._cost,
            bound=self.tightened.bound,
            proof=self.tightened.first.row_dual[: market.program.row_count],
            proved=self.tightened.first.objective or 0.0,
            pricing=WholePricing(market, session, choices, limit_s),
            method=self._method,
            is_proven=self.is_within or self._is_searched,
            version=answer.version,
        )

    def _try(self, choices: Choices) -> bool:
        """Solve the linear program of some choices and keep them if they are the best; tell if allowed."""
        market, session = self._market, self._session
        choices = in_order(market, choices)
        flags = (choices.blocks, choices.grouped, choices.on, choices.shut)
        key = b"|".join(one.tobytes() for one in flags)
        if key in self._tried:
            return True
        fix(session, market, choices)
        answer = session.solve(time_limit_s=max(1.0, self._deadline_s - stopwatch_s()))
        if answer.outcome is not Outcome.OPTIMAL:
            return False
        if not self._keep(choices, answer):
            return False
        self._tried.add(key)
        return True

    def _keep(self, choices: Choices, answer: LinearAnswer) -> bool:
        """Take the waste off an answer that the session holds, keep it if best; tell if allowed."""
        market = self._market
        limit_s = max(1.0, self._deadline_s - stopwatch_s())
        answer, wasted = without_waste(market, self._session, answer, limit_s)
        if is_wasteful(market, answer):
            return False
        choices = replace(choices, shut=np.concatenate((choices.shut, wasted)))
        cost = cost_of_choices(market, choices, answer)
        if cost < self._cost:
            self.choices, self._cost = choices, cost
            self._answer = replace(answer, row_dual=answer.row_dual[: market.program.row_count])
        return True
