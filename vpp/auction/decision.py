"""What was decided of a book: awards, prices, and what is proved of them."""

from dataclasses import dataclass, field

import numpy as np

from vpp.auction.dispatch import Dispatch
from vpp.auction.market.canonical import CanonicalBook
from vpp.auction.market.program import MarketProgram
from vpp.auction.result import Certificate, ClearingMethod, ClearingStatus, PriceBranch
from vpp.auction.search.prices import Prices
from vpp.solver.linear_program import Floats


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided of a book.

    Attributes:
        canonical: The book.
        market: Its program; None where the merit order decided.
        dispatch: What is bought from whom.
        prices: Prices of every account over the horizon, capped.
        branch: Which rule set the system's price of each delivery interval. Shape (N,).
        bound: No awards can cost less, in currency; None if nothing was proved.
        certificate: Proof of a bound by arithmetic; None if nothing was proved.
        status: How good the decision is.
        method: What found it.
        version: Version of the solver; empty if none was needed.
        margin_cost: What the margin costs, in currency; None without one.
        lost_opportunity: What bids could have gained more at the prices, in currency; None if unknown.
        winning_price: Asks at which indivisible bids that did not fit would have fitted, by place:
            effective price per MWh.
    """

    canonical: CanonicalBook
    market: MarketProgram | None
    dispatch: Dispatch
    prices: Prices
    branch: tuple[PriceBranch, ...]
    bound: float | None
    certificate: Certificate | None
    status: ClearingStatus
    method: ClearingMethod
    version: str
    margin_cost: float | None = None
    lost_opportunity: float | None = None
    winning_price: dict[int, float] = field(default_factory=dict)
    _seen: dict[tuple[int, ...], Floats] = field(default_factory=dict)

    def seen_price(self, place: int) -> Floats:
        """Return what a kW counted for a bid is worth per MWh: its zone's price and its limits' rents.

        Args:
            place: The bid.

        Returns:
            Price per interval of the horizon. Shape (T,).
        """
        if self.market is None:
            return self._row(0)
        accounts = tuple(self.market.accounts.of_bid(self.canonical.bids[place]))
        known = self._seen.get(accounts)
        if known is None:
            known = self._seen[accounts] = self._sum(accounts)
        return known

    def _sum(self, accounts: tuple[int, ...]) -> Floats:
        seen: Floats = self.prices.account[list(accounts)].sum(axis=0)
        return seen + self._hidden(accounts[0])

    def hidden_ramp(self, place: int) -> Floats:
        """Return the rent of ramps that a bid's published price leaves out.

        A shortage is priced at the cap although a ramp may be what keeps bids from serving it.

        Args:
            place: The bid.

        Returns:
            Per interval of the horizon, mostly 0. Shape (T,).
        """
        if self.market is None:
            return np.zeros(self.canonical.horizon_count)
        return self._hidden(self.market.accounts.zone_account(self.canonical.bids[place].zone))

    def _hidden(self, account: int) -> Floats:
        hidden = np.zeros(self.canonical.horizon_count)
        short = [t for t, branch in enumerate(self.branch) if branch is PriceBranch.SHORTAGE]
        at_cap = [t for t in short if self.prices.account[account, t] >= self.canonical.cap]
        hidden[at_cap] = self.prices.ramp[at_cap]
        return hidden

    def _row(self, account: int) -> Floats:
        row: Floats = self.prices.account[account]
        return row

    def zone_price(self, zone: str) -> Floats:
        """Return the price of a zone per interval of the horizon. Shape (T,)."""
        return self._row(0 if self.market is None else self.market.accounts.zone_account(zone))
