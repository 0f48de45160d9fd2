"""How far the net position of every bid can reach, for columns without a limit of their own."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vpp.auction.bid import Rebound, ReboundProfile
from vpp.auction.verification.book_arrays import BookArrays
from vpp.auction.verification.rebound_checks import profile_ratios
from vpp.auction.verification.telling import Floats, sums_by


@dataclass(frozen=True)
class Reach:
    """Least and largest counted net reduction that bids can add up to, kW.

    Attributes:
        book: The book.
    """

    book: BookArrays

    @cached_property
    def _magnitudes(self) -> tuple[Floats, Floats]:
        """Largest reduction, shape (n, N), and largest rebound, shape (n, T), of each bid."""
        book, steps, blocks, stores = self.book, self.book.steps, self.book.blocks, self.book.stores
        reduced = np.zeros((len(book.bids), book.delivery))
        returned = np.zeros((len(book.bids), book.horizon))
        reduced[steps.bid] = steps.offered_kw
        whole = blocks.most[:, None] * blocks.profile_kw
        reduced[blocks.bid] = np.maximum(whole[:, : book.delivery], 0.0)
        returned[blocks.bid] = np.maximum(-whole, 0.0)
        reduced[stores.bid] = stores.discharge_kw[:, None]
        returned[stores.bid] = stores.charge_kw[:, None]
        stated = []
        for i in steps.bid.tolist():
            rebound = book.bids[i].rebound
            if isinstance(rebound, Rebound):
                returned[i] = rebound.max_return_kw
            elif rebound is not None:
                stated.append((i, rebound))
        if stated:
            rows = [i for i, _ in stated]
            returned[rows] = profiled(reduced[rows], [rebound for _, rebound in stated], book.horizon)
        return reduced, returned

    @cached_property
    def _counted(self) -> tuple[Floats, Floats]:
        reduced, returned = self._magnitudes
        aligned = self.book.is_aligned[:, None]
        counted = np.zeros_like(returned)
        counted[:, : self.book.delivery] = reduced * np.abs(self.book.counts_reduced)[:, None]
        return np.where(aligned, -returned, -counted), np.where(aligned, counted, returned)

    @cached_property
    def zones(self) -> tuple[Floats, Floats]:
        """Least and largest net reduction of each zone. Shape (Z, T) each."""
        book = self.book
        low, high = (sums_by(book.zone_of, len(book.zones), side) for side in self._counted)
        for i, migration in book.migrations:
            place = book.zones[migration.receiving_zone]
            taken_on = migration.receiving_ratio * self._magnitudes[0][i]
            (low if book.is_aligned[i] else high)[place, : book.delivery] += (
                book.counts_returned[i] * taken_on
            )
        return low, high

    @cached_property
    def sites(self) -> tuple[Floats, Floats]:
        """Least and largest net reduction of each site. Shape (S, T) each."""
        book = self.book
        low, high = (sums_by(book.site_of, len(book.sites), side) for side in self._counted)
        return low, high

    @cached_property
    def paths(self) -> Floats:
        """Largest load moved along each path. Shape (P, T)."""
        book = self.book
        moved = np.zeros((len(book.movers_of_path), book.horizon))
        for row, movers in enumerate(book.movers_of_path):
            moved[row, : book.delivery] = self._magnitudes[0][movers].sum(axis=0)
        return moved


def profiled(reduced_kw: Floats, profiles: list[ReboundProfile], horizon: int) -> Floats:
    """Return the rebound that stated profiles make of reductions.

    Args:
        reduced_kw: Reductions, kW. Shape (m, N).
        profiles: The profiles, m of them.
        horizon: Number of intervals of the horizon, T.

    Returns:
        The rebound, kW. Shape (m, T).

    Example:
        >>> profiled(np.array([[10.0, 20.0]]), [ReboundProfile((0.5, 0.1))], 4).tolist()
        [[0.0, 5.0, 11.0, 2.0]]
    """
    ratios = profile_ratios(profiles, horizon)
    shed = np.zeros((len(profiles), horizon))
    shed[:, : reduced_kw.shape[1]] = reduced_kw
    back = np.zeros_like(shed)
    for k in range(ratios.shape[1]):
        back[:, k + 1 :] += ratios[:, k, None] * shed[:, : horizon - k - 1]
    return back
