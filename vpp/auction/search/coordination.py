"""Clears a large book by prices: heavy bids answer them, and a restricted program finds the next ones.

This is Dantzig and Wolfe's decomposition with a price per account and interval. The restricted
program mixes the schedules that heavy bids have answered with; its duals, drawn towards the prices
that have proved the best bound, are asked next. Each round yields a bound that holds whatever the
prices are, and awards that could be bought: when the two are close enough, choices are rounded.
"""

from dataclasses import dataclass, replace

import numpy as np

from vpp.auction.market.program import MarketProgram
from vpp.auction.result import ClearingMethod
from vpp.auction.rules import ClearingRules
from vpp.auction.search.best_response import Response, respond
from vpp.auction.search.choices import Choices
from vpp.auction.search.diving import dive
from vpp.auction.search.found import Found, Proof
from vpp.auction.search.lagrangian import Evaluation, Lagrangian
from vpp.auction.search.prices import Prices, Side, prices_beside, read_prices
from vpp.auction.search.pricing import solve_without_margin
from vpp.auction.search.relaxation import untightened, with_responses
from vpp.auction.search.restricted import AsWhole, RestrictedProgram, WholeTest
from vpp.auction.search.rounding import round_down
from vpp.auction.search.sample import sampled_prices
from vpp.foundation.clock import stopwatch_s
from vpp.solver.highs_session import version
from vpp.solver.linear_program import Flags, Floats, LinearAnswer
from vpp.solver.report import Outcome

_MOST_ROUNDS = 40
_PULL = 0.3  # towards the prices of the best bound
_SHARE_OF_GAP = 0.5  # of the gap asked for is left to the relaxation, the rest to rounding
_IMPROVES = 1e-6
_ADAPTATIONS = 2
_TOLERANCE = 0.02  # of the gap asked for, per component


@dataclass(frozen=True, slots=True)
class _Relaxed:
    """The restricted program when its rounds have ended."""

    answer: LinearAnswer
    best: Evaluation


def coordinate(market: MarketProgram, rules: ClearingRules) -> Found | Proof:
    """Clear a large book.

    Args:
        market: The book.
        rules: Time limit and gap; the solver is HiGHS.

    Returns:
        The best awards found with a proven bound; the bound alone if there were none in time.

    Source:
        Design of the auction engine, section 9: column generation over bid schedules, per-zone
        decomposition and warm starts from a sample; the combination is ours.
    """
    return _Coordination(market, rules).run()


class _Coordination:
    """One clearing of a large book."""

    def __init__(self, market: MarketProgram, rules: ClearingRules) -> None:
        self._market, self._rules = market, rules
        self._limit_s = rules.time_limit.total_seconds()
        self._deadline_s = stopwatch_s() + self._limit_s
        self._parts = Lagrangian(market, self._limit_s)
        self._restricted: RestrictedProgram
        self._gains: dict[int, float] = {}

    def run(self) -> Found | Proof:
        relaxed = self._relax()
        chosen = None if isinstance(relaxed, Proof) else self._choose(relaxed)
        if isinstance(relaxed, Proof):
            return relaxed
        market, best = self._market, relaxed.best
        if chosen is None:
            return Proof(best.row_dual, best.bound, relaxed.answer.version)
        choices, answer, cost = chosen
        value = self._restricted.whole_value(answer)
        bound = min(best.bound + sum(self._gains.values()), cost)
        relative = self._rules.relative_gap
        return Found(
            choices=choices,
            answer=LinearAnswer(
                outcome=Outcome.OPTIMAL,
                objective=answer.objective,
                bound=answer.objective,
                column_value=value,
                row_dual=answer.row_dual[: market.market_row_count],
                reduced_cost=np.empty(0),
                wall_s=answer.wall_s,
                version=answer.version,
            ),
            bounds=None,
            cost=cost,
            bound=bound,
            proof=best.row_dual,
            proved=best.bound,
            pricing=_RestrictedPricing(market, self._restricted, best, self._limit_s),
            method=ClearingMethod.COORDINATED,
            is_proven=cost - bound <= (relative + 1e-9) * abs(cost),
            version=answer.version,
        )

    def _left_s(self) -> float:
        return max(1.0, self._deadline_s - stopwatch_s())

    def _relax(self) -> _Relaxed | Proof:
        """Round by round, ask prices and mix schedules, until the relaxation's own gap is small."""
        market, parts = self._market, self._parts
        best = parts.evaluate(sampled_prices(market, self._left_s()))
        self._restricted = RestrictedProgram(market, parts, best.price)
        self._restricted.add_schedules(best.heavy.value, np.flatnonzero(best.heavy.gain < -_IMPROVES))
        answer: LinearAnswer | None = None
        enough = _SHARE_OF_GAP * self._rules.relative_gap
        for _ in range(_MOST_ROUNDS):
            # Without an answer a limit has nothing to stop: the first one may take as long as all others.
            left_s = self._limit_s if answer is None else self._left_s()
            solved = self._restricted.session.solve(time_limit_s=left_s)
            if solved.outcome is not Outcome.OPTIMAL or solved.objective is None:
                break
            answer = solved
            if solved.objective - best.bound <= enough * abs(solved.objective) or self._is_late():
                break
            price = solved.row_dual[market.market.balance]
            asked = parts.evaluate(_PULL * best.price + (1 - _PULL) * price)
            if asked.bound > best.bound:
                best = asked
            saved = parts.heavy.weighted(asked.heavy.value, solved.row_dual[: market.market_row_count])
            saved += self._restricted.convexity_duals(solved)
            least = -_IMPROVES * max(1.0, abs(solved.objective) * 1e-7)
            self._restricted.add_schedules(asked.heavy.value, np.flatnonzero(saved < least))
            self._restricted.let_in(solved.row_dual)
        if answer is None:
            return Proof(best.row_dual, best.bound, version())
        return _Relaxed(answer, best)

    def _is_late(self) -> bool:
        return stopwatch_s() > self._deadline_s

    def _choose(self, relaxed: _Relaxed) -> tuple[Choices, LinearAnswer, float] | None:
        """Give bids that must be whole one schedule, round blocks, and let all others adapt."""
        market, restricted, parts = self._market, self._restricted, self._parts
        test = WholeTest(market, parts.heavy)
        single = self._whole_schedules(relaxed, test)
        firm = test.has_choice & (np.bincount(parts.heavy.component, weights=np.abs(single)) > 0)
        restricted.drop_schedules(test.has_choice)
        restricted.add_schedules(single, np.flatnonzero(firm), low=1.0)
        session = AsWhole(restricted)
        start = session.solve(time_limit_s=self._left_s())
        if start.outcome is not Outcome.OPTIMAL:
            return None
        responses = self._responses(start, relaxed.best)
        tightened = with_responses(untightened(start), responses)
        rounded = dive(market, session, tightened, self._deadline_s)
        for choices in (rounded, round_down(market, tightened.whole, rounded), self._without_blocks(rounded)):
            answer = self._solved(choices)
            if answer is not None:
                answer = self._adapted(answer, test.has_choice)
                fixed = float(market.blocks.fixed_cost[choices.blocks].sum())
                return choices, answer, (answer.objective or 0.0) + fixed
        return None

    def _whole_schedules(self, relaxed: _Relaxed, test: WholeTest) -> Floats:
        """Return a whole schedule for each component that needs one: its heaviest, or its best at the prices.

        Shape (H,).
        """
        market, restricted, heavy = self._market, self._restricted, self._parts.heavy
        single = restricted.heaviest(relaxed.answer, test)
        place = np.full(market.program.column_count, -1, dtype=np.int64)
        place[heavy.columns] = np.arange(len(heavy.columns))
        for response in self._responses(restricted.in_whole(relaxed.answer), relaxed.best):
            inside = place[response.columns]
            if response.value is not None and (inside >= 0).all():
                single[inside] = response.value
        return single

    def _responses(self, answer: LinearAnswer, best: Evaluation) -> list[Response]:
        """Ask fractional components for whole choices at the best prices, and raise the bound by their gain.

        Each component counts once, however often it is asked.
        """
        tolerance = _TOLERANCE * self._rules.relative_gap * abs(answer.objective or 0.0)
        priced = replace(answer, row_dual=best.row_dual)
        found = respond(self._market, self._parts.components, priced, self._rules.solver, tolerance)
        for response in found:
            self._gains[response.component] = max(self._gains.get(response.component, 0.0), response.gain)
        return found

    def _adapted(self, answer: LinearAnswer, has_choice: Flags) -> LinearAnswer:
        """Ask the bids that may adapt at the new prices, and leave no store that wastes."""
        restricted, parts, first = self._restricted, self._parts, self._market.market_row_count
        for _ in range(_ADAPTATIONS):
            dual = answer.row_dual[:first]
            asked = parts.heavy.answer(dual, self._limit_s)
            saved = parts.heavy.weighted(asked.value, dual) + restricted.convexity_duals(answer)
            useful = np.flatnonzero(
                (saved < -_IMPROVES * max(1.0, abs(answer.objective or 0.0) * 1e-7)) & ~has_choice
            )
            joined = restricted.let_in(answer.row_dual)
            if not len(useful) and not joined:
                break
            restricted.add_schedules(asked.value, useful)
            answer = self._again(answer)
        mixed = restricted.heavy_value(answer)
        lean = self._without_waste(mixed)
        wasteful = np.flatnonzero(
            np.bincount(parts.heavy.component, weights=np.abs(lean - mixed)) > _IMPROVES
        )
        if len(wasteful):
            is_wasteful = np.zeros(parts.heavy.count, dtype=bool)
            is_wasteful[wasteful] = True
            restricted.drop_schedules(is_wasteful)
            restricted.add_schedules(lean, wasteful)
            answer = self._again(answer)
        return answer

    def _again(self, answer: LinearAnswer) -> LinearAnswer:
        """Solve once more; an answer that is not to be had leaves the last one."""
        solved = self._restricted.session.solve(time_limit_s=max(self._left_s(), self._limit_s / 2))
        return solved if solved.outcome is Outcome.OPTIMAL else answer

    def _without_blocks(self, choices: Choices) -> Choices:
        return Choices(np.zeros_like(choices.blocks), np.zeros_like(choices.grouped), choices.on)

    def _solved(self, choices: Choices) -> LinearAnswer | None:
        """Solve the restricted program with some blocks and grouped offers accepted."""
        blocks, session = self._market.blocks, self._restricted.session
        index = self._restricted.places(blocks.column)
        held = index >= 0
        taken = choices.blocks.astype(float) * blocks.size_kw
        session.set_columns(
            index[held].astype(np.int32),
            (taken * np.minimum(blocks.low_ratio, blocks.high_ratio))[held],
            (taken * blocks.high_ratio)[held],
        )
        session.set_costs(index[held].astype(np.int32), (blocks.energy_cost / blocks.size_kw)[held])
        accepted = np.fromiter(self._market.steps.accepted.values(), dtype=np.int64)
        if len(accepted):
            places = self._restricted.places(accepted)
            wanted = choices.grouped.astype(float)
            inside = places >= 0
            session.set_columns(places[inside].astype(np.int32), wanted[inside], wanted[inside])
        answer = session.solve(time_limit_s=max(self._left_s(), self._limit_s / 2))
        return answer if answer.outcome is Outcome.OPTIMAL else None

    def _without_waste(self, value: Floats) -> Floats:
        """Take off what a mix of schedules both charges and discharges in an interval.

        Less of both, in the ratio of the losses, leaves the stored energy as it is.
        """
        market, heavy = self._market, self._parts.heavy
        stores = market.stores
        if not stores.discharged.size:
            return value
        place = np.full(market.program.column_count, -1, dtype=np.int64)
        place[heavy.columns] = np.arange(len(heavy.columns))
        out = place[stores.discharged]
        into = place[stores.charged[:, : stores.discharged.shape[1]]]
        losses = market.store_losses[:, None]
        mixed = value.copy()
        less = np.minimum(mixed[into], mixed[out] / losses)
        mixed[into] -= less
        mixed[out] -= less * losses
        return mixed


class _RestrictedPricing:
    """Prices from a restricted program; implements `Pricing`."""

    def __init__(
        self, market: MarketProgram, restricted: RestrictedProgram, best: Evaluation, time_limit_s: float
    ) -> None:
        self._market, self._restricted, self._best = market, restricted, best
        self._time_limit_s = time_limit_s

    def beside(self, side: Side) -> Prices | None:
        return prices_beside(self._market, self._restricted.session, side, self._time_limit_s)

    def hull(self) -> Prices | None:
        return read_prices(self._market, self._best.row_dual)

    def cost_without_margin(self) -> float | None:
        return solve_without_margin(self._market, self._restricted.session, self._time_limit_s)
