"""Offers of each kind as plain arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Self

import numpy as np

from vpp.auction.bid import BlockOffer, PriceStep, StepOffer, StoreOffer
from vpp.auction.verification.telling import Floats, Integers


@dataclass(frozen=True)
class StepArrays:
    """Step offers, m of them. Intervals whose steps are one and the same tuple share a ladder.

    Attributes:
        bid: Place of each offer's bid. Shape (m,).
        ladder: Ladder of each interval. Shape (m, N).
        first: Where each ladder's steps begin. Shape (L,).
        length: Number of each ladder's steps. Shape (L,).
        kw: Quantity of each step, kW. Shape (S,).
        price: Price of each step per MWh. Shape (S,).
    """

    bid: Integers
    ladder: Integers
    first: Integers
    length: Integers
    kw: Floats
    price: Floats

    @classmethod
    def read(cls, offers: Sequence[tuple[int, StepOffer]], delivery: int) -> Self:
        """Read step offers.

        Args:
            offers: Place of the bid, and its offer.
            delivery: Number of delivery intervals.

        Returns:
            The arrays.
        """
        cells = list(chain.from_iterable([offer.steps for _, offer in offers]))
        names = list(map(id, cells))
        ladders: dict[int, tuple[PriceStep, ...]] = dict(zip(names, cells, strict=True))
        rank = dict(zip(ladders, range(len(ladders)), strict=True))
        ladder = np.fromiter(map(rank.__getitem__, names), dtype=np.int64, count=len(names))
        length = np.fromiter(map(len, ladders.values()), dtype=np.int64, count=len(ladders))
        rungs = list(chain.from_iterable(ladders.values()))
        return cls(
            bid=np.array([place for place, _ in offers], dtype=np.int64),
            ladder=ladder.reshape(len(offers), delivery),
            first=np.cumsum(length) - length,
            length=length,
            kw=np.array([step.reduction_kw for step in rungs], dtype=float),
            price=np.array([float(step.price_per_mwh) for step in rungs], dtype=float),
        )

    @cached_property
    def offered_kw(self) -> Floats:
        """What each offer offers per delivery interval, kW. Shape (m, N)."""
        sums = np.zeros(len(self.length))
        filled = self.length > 0
        if filled.any():
            sums[filled] = np.add.reduceat(self.kw, self.first[filled])
        return sums[self.ladder]

    @cached_property
    def rungs(self) -> tuple[tuple[Integers, Integers], ...]:
        """For each step position: the cells (offer and interval, as one index) that have it, and the step."""
        cells = self.ladder.ravel()
        length, first = self.length[cells], self.first[cells]
        found = []
        for position in range(int(self.length.max(initial=0))):
            having = np.flatnonzero(length > position)
            found.append((having, first[having] + position))
        return tuple(found)

    def cost(self, reduction_kw: Floats) -> Floats:
        """Return kW times price per MWh of each interval, steps filled from the cheapest on.

        Args:
            reduction_kw: What is accepted. Shape (m, N).

        Returns:
            The products. Shape (m, N).
        """
        left, total = reduction_kw.ravel().copy(), np.zeros(reduction_kw.size)
        for cells, step in self.rungs:
            part = np.minimum(left[cells], self.kw[step])
            total[cells] += part * self.price[step]
            left[cells] -= part
        return total.reshape(reduction_kw.shape)


@dataclass(frozen=True)
class BlockArrays:
    """Blocks, m of them.

    Attributes:
        bid: Place of each block's bid. Shape (m,).
        profile_kw: Change per interval, 0 beyond its end, kW. Shape (m, T).
        energy_kwh: Energy reduced if it is accepted whole, kWh. Shape (m,).
        price: Price per MWh. Shape (m,).
        fixed: Fixed cost, in currency. Shape (m,).
        least: Least ratio if accepted. Shape (m,).
        most: Largest ratio, 1 or what its energy and its resource allow; 0 where that is below the least.
            Shape (m,).
    """

    bid: Integers
    profile_kw: Floats
    energy_kwh: Floats
    price: Floats
    fixed: Floats
    least: Floats
    most: Floats

    @classmethod
    def read(
        cls, offers: Sequence[tuple[int, BlockOffer, float | None, float]], horizon: int, interval_h: float
    ) -> Self:
        """Read blocks.

        Args:
            offers: Place of the bid, its offer, its energy limit, kWh, and its resource's limit, kW.
            horizon: Number of intervals of the horizon.
            interval_h: Length of an interval, h.

        Returns:
            The arrays.
        """
        profile = np.zeros((len(offers), horizon))
        for row, (_, offer, _, _) in enumerate(offers):
            profile[row, : len(offer.profile_kw)] = offer.profile_kw
        energy = np.maximum(profile, 0.0).sum(axis=1) * interval_h
        limit = np.array([np.inf if limit is None else limit for _, _, limit, _ in offers], dtype=float)
        resource_kw = np.array([limit_kw for *_, limit_kw in offers], dtype=float)
        least = np.array([offer.min_acceptance_ratio for _, offer, _, _ in offers], dtype=float)
        most = np.minimum(np.minimum(1.0, limit / energy), resource_kw / profile.max(axis=1, initial=0.0))
        return cls(
            bid=np.array([place for place, _, _, _ in offers], dtype=np.int64),
            profile_kw=profile,
            energy_kwh=energy,
            price=np.array([float(offer.price_per_mwh) for _, offer, _, _ in offers], dtype=float),
            fixed=np.array([float(offer.fixed_cost) for _, offer, _, _ in offers], dtype=float),
            least=least,
            most=np.where(most >= least - 1e-12, most, 0.0),
        )

    @cached_property
    def row_of(self) -> dict[int, int]:
        """Row of each block by the place of its bid."""
        return dict(zip(self.bid.tolist(), range(len(self.bid)), strict=True))

    def ratio(self, reduction_kw: Floats) -> Floats:
        """Return the ratio in which each block is accepted, from its largest interval.

        Args:
            reduction_kw: What is accepted. Shape (m, N).

        Returns:
            The ratios. Shape (m,).
        """
        rows = np.arange(len(self.bid))
        shed_kw = self.profile_kw[:, : reduction_kw.shape[1]]
        largest = shed_kw.argmax(axis=1)
        return np.asarray(reduction_kw[rows, largest] / shed_kw[rows, largest], dtype=float)


@dataclass(frozen=True)
class StoreArrays:
    """Stores, m of them; fields are those of the offer, each of shape (m,).

    Attributes:
        bid: Place of each store's bid.
        discharge_kw: Largest reduction, kW.
        charge_kw: Largest increase, kW.
        capacity_kwh: Most energy stored, kWh.
        reserve_kwh: Least energy stored, kWh.
        start_kwh: Energy stored at the start, kWh.
        end_kwh: Least energy stored at the end, kWh.
        price: Price per MWh of discharged energy.
        charging: Energy stored per energy drawn.
        discharging: Reduction per energy taken from the store.
        hold: Share of the stored energy left after an interval.
        cycle_kwh: Largest reduction energy, kWh; inf for none.
    """

    bid: Integers
    discharge_kw: Floats
    charge_kw: Floats
    capacity_kwh: Floats
    reserve_kwh: Floats
    start_kwh: Floats
    end_kwh: Floats
    price: Floats
    charging: Floats
    discharging: Floats
    hold: Floats
    cycle_kwh: Floats

    @classmethod
    def read(cls, offers: Sequence[tuple[int, StoreOffer]]) -> Self:
        """Read stores.

        Args:
            offers: Place of the bid, and its offer.

        Returns:
            The arrays.
        """
        fields = [
            (
                offer.discharge_kw,
                offer.charge_kw,
                offer.capacity_kwh,
                offer.reserve_kwh,
                offer.start_kwh,
                offer.end_kwh,
                float(offer.price_per_mwh),
                offer.charge_efficiency,
                offer.discharge_efficiency,
                offer.hold_ratio,
                np.inf if offer.cycle_limit_kwh is None else offer.cycle_limit_kwh,
            )
            for _, offer in offers
        ]
        table = np.array(fields, dtype=float).reshape(len(offers), 11)
        return cls(np.array([place for place, _ in offers], dtype=np.int64), *table.T)
