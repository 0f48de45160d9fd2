"""Standing bids made ready for an emergency: their program is built and solved before anybody calls.

What a call brings is a target and a price cap. Both are numbers in a program that is there already,
and its solution for the expected target is a few pivots from the one that is wanted.

For callers who hold a book in memory. The hub does not: it collects the book anew at every call, because
what its sites can shed, what other events have bought of them and their connections' room all depend on
when delivery is, so that a book made ready beforehand would hardly ever be the one that is called. What it
would save, building and solving, is a twentieth of the way from a call to the last site's
acknowledgement; pricing, explaining and verifying remain. `tests/benchmarks/test_emergency.py` shows it.
"""

from dataclasses import replace

import numpy as np

from vpp.auction.book import Book
from vpp.auction.clearing import clear, finish
from vpp.auction.entry import check_book
from vpp.auction.market.accounts import Accounts
from vpp.auction.market.canonical import CanonicalBook
from vpp.auction.market.program import MarketProgram, assemble
from vpp.auction.result import Clearing
from vpp.auction.rules import ClearingRules
from vpp.auction.search.sessions import open_session
from vpp.auction.stages import Stages
from vpp.solver.linear_program import LinearSession

_OF_BIDS_ALONE = (
    "bids",
    "index",
    "rank",
    "interval_h",
    "is_aligned",
    "counted_shed",
    "counted_return",
    "steps",
    "block_places",
    "store_places",
    "groups",
    "profile_kw",
    "twin_chains",
)
"""What a canonical book has worked out that does not depend on the call."""


class StandingMarket:
    """A book of standing bids, ready to be called.

    One call uses it up: `ready` makes it ready again, in a quiet moment.
    """

    def __init__(self, book: Book, rules: ClearingRules) -> None:
        """Check and build a book for an expected target.

        Args:
            book: The standing bids over the intervals of a call, with a target above 0 in each.
            rules: Pay rule, solver and its limits.

        Raises:
            InvalidInput: The book cannot be cleared as it stands.
        """
        check_book(book)
        self._book, self._rules = book, rules
        self._market = assemble(CanonicalBook(book))
        self._session: LinearSession | None = None
        self.ready()

    def ready(self) -> None:
        """Solve the expected call, so that the next one starts from its basis."""
        self._session = open_session(self._market.program, self._rules.solver)
        self._session.solve(time_limit_s=self._rules.time_limit.total_seconds())

    def fits(self, book: Book) -> bool:
        """Tell whether a call differs from the expected one in its name, start, target and cap alone."""
        expected = self._book
        same = replace(
            book,
            auction_id=expected.auction_id,
            start=expected.start,
            target_kw=expected.target_kw,
            price_cap_per_mwh=expected.price_cap_per_mwh,
        )
        return (
            same == expected
            and len(book.target_kw) == len(expected.target_kw)
            and min(book.target_kw) > 0
            and min(expected.target_kw) > 0
            and book.price_cap_per_mwh >= expected.price_cap_per_mwh
            and expected.terms.min_site_count <= 1
            and self._rules.fixed_price_per_mwh is None
        )

    def clear(self, book: Book) -> Clearing:
        """Clear a call; one that does not fit, or finds the market used up, is cleared from scratch.

        Args:
            book: The standing bids with the call's target and cap.

        Returns:
            The clearing, the same as `clear` would find up to ties between equal costs.

        Raises:
            InvalidInput: The call is no book that can be cleared.
            BrokenPromise: The result breaks an invariant; a defect of the engine.
        """
        session, self._session = self._session, None
        if session is None or not self.fits(book):
            return clear(book, self._rules)
        stages = Stages("build")
        check_book(replace(book, bids=()))
        market = self._called(book)
        rows = _system_rows(market)
        session.set_rows(rows, market.program.row_low[rows], market.program.row_high[rows])
        columns = _shortage_columns(market)
        session.set_costs(columns, market.program.cost[columns])
        return finish(book, self._rules, market.canonical, stages, (market, session))

    def _called(self, book: Book) -> MarketProgram:
        """Put a call's target and cap into the program."""
        canonical = CanonicalBook(book)
        worked_out = vars(self._market.canonical)
        vars(canonical).update({name: worked_out[name] for name in _OF_BIDS_ALONE if name in worked_out})
        accounts = Accounts(canonical)
        vars(accounts).update(
            {name: held for name, held in vars(self._market.accounts).items() if name != "canonical"}
        )
        program = self._market.program
        low, high, cost = program.row_low.copy(), program.row_high.copy(), program.cost.copy()
        for (family, key), row in self._market.market.rows.items():
            if family == "system":
                target_kw = float(canonical.target_kw[int(key[0])])
                low[row] = target_kw
                high[row] = high[row] if np.isinf(high[row]) else target_kw
        cost[_shortage_columns(self._market)] = canonical.cap * canonical.interval_h
        return replace(
            self._market,
            canonical=canonical,
            accounts=accounts,
            program=replace(program, row_low=low, row_high=high, cost=cost),
        )


def _system_rows(market: MarketProgram) -> np.ndarray:
    rows = [row for (family, _), row in market.market.rows.items() if family == "system"]
    return np.array(sorted(rows), dtype=np.int32)


def _shortage_columns(market: MarketProgram) -> np.ndarray:
    columns = [*market.market.unserved.values(), *market.market.local_unserved.values()]
    return np.array(sorted(columns), dtype=np.int32)
