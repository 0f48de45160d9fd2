r"""When a battery charges and discharges for its own site: prices of a day, at most so many cycles.

With charge y_t and discharge x_t (kWh at the point of connection), prices p_t, wear w, round trip
r, floor F, ceiling C and the stored energy S_t at the end of interval t:

    max  sum_t (p_t - w) x_t - p_t y_t
    S_t = S_{t-1} + r y_t - x_t,   F <= S_t <= C,   S_{N-1} >= S_{-1}
    0 <= x_t <= h X,   0 <= y_t <= h Y,   sum_t x_t <= cycles x (C - F)

This is a flow of least cost along a chain of intervals: energy bought in one and sold in another,
before or after it, within the room of every S_t between. It is solved by always taking the pair of
intervals that earns most, which is exact for every total discharge, so that the limit on cycles
just ends it early: a purchase or sale once made is never taken back, because a shortest path from a
source to a sink uses neither twice.

Where a price is below zero, buying earns by itself: room that is left until the end is then filled, the
cheapest interval first. No interval both buys and sells to burn power; with prices below zero the answer
is therefore a good one, and the best one only without them.

Source:
    Two cycles a day: case K4 of this project (90 MWh, two charges and two discharges a day).
    Successive shortest paths: Ahuja, Magnanti, Orlin, "Network Flows" (1993), section 9.7.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from vpp.flexibility.battery import BatteryParameters, BatteryState
from vpp.flexibility.bounds import check_within, hours_of
from vpp.foundation.errors import InvalidInput

SMALLEST_KWH = 1e-9
NO_PAIR = (-1, -1)


@dataclass(frozen=True, slots=True)
class OwnSchedule:
    """What a battery does for its own site.

    Attributes:
        discharge_kw: Mean discharge, kW. Shape (N,).
        charge_kw: Mean charge, kW. Shape (N,).
        stored_kwh: Deliverable energy at the end of each interval, kWh. Shape (N,).
        value: What it earns after wear, in the currency of the prices.
    """

    discharge_kw: tuple[float, ...]
    charge_kw: tuple[float, ...]
    stored_kwh: tuple[float, ...]
    value: float


def own_schedule(
    params: BatteryParameters,
    state: BatteryState,
    price_per_kwh: Sequence[float],
    step: timedelta,
    *,
    max_cycles: float,
) -> OwnSchedule:
    """Plan a battery's own charges and discharges over a horizon.

    Args:
        params: The battery.
        state: At the start of the horizon; it ends with at least as much stored.
        price_per_kwh: What a kWh costs, and what one not drawn saves. Shape (N,).
        step: Length of an interval.
        max_cycles: Most discharges of the whole window, 0 or more: 2 a day, for example.

    Raises:
        InvalidInput: No price, one that is not finite, or a negative number of cycles.
    """
    check_within(max_cycles, "max_cycles")
    if not price_per_kwh or not all(math.isfinite(price) for price in price_per_kwh):
        raise InvalidInput(f"price_per_kwh is {tuple(price_per_kwh)}, expected at least one finite price")
    chain = _Chain(params, state, tuple(price_per_kwh), hours_of(step))
    left_kwh = max_cycles * max(0.0, params.ceiling_kwh - params.floor_kwh)
    while left_kwh > SMALLEST_KWH:
        gain, buy, sell = chain.best_pair()
        if gain <= 0.0 or (buy, sell) == NO_PAIR:
            break
        left_kwh -= chain.trade(buy, sell, left_kwh)
    chain.fill()
    return chain.schedule()


class _Chain:
    """The energy bought, sold and held so far; all in deliverable kWh."""

    def __init__(
        self, params: BatteryParameters, state: BatteryState, prices: tuple[float, ...], step_hours: float
    ) -> None:
        count = len(prices)
        self._prices, self._hours, self._ratio = prices, step_hours, params.round_trip_ratio
        self._floor_kwh = min(params.floor_kwh, state.stored_kwh)
        self._ceiling_kwh = max(params.ceiling_kwh, state.stored_kwh)
        self._wear = float(params.wear_cost_per_kwh)
        self._most_bought = params.max_charge_kw * step_hours * self._ratio
        self._most_sold = params.max_discharge_kw * step_hours
        self._bought, self._sold = [0.0] * count, [0.0] * count
        self._stored = [state.stored_kwh] * count

    def best_pair(self) -> tuple[float, int, int]:
        """Return what the best purchase and sale earn per deliverable kWh, and their intervals."""
        return max(self._best_in_order(), self._best_in_advance())

    def _best_in_order(self) -> tuple[float, int, int]:
        """Buy first, sell later: nothing between may be full."""
        best, source = (0.0, *NO_PAIR), -1
        for n, price in enumerate(self._prices):
            if source >= 0 and self._may_sell(n):
                best = max(best, (price - self._wear - self._cost(source), source, n))
            if self._may_buy(n) and (source < 0 or self._cost(n) < self._cost(source)):
                source = n
            if self._stored[n] >= self._ceiling_kwh - SMALLEST_KWH:
                source = -1
        return best

    def _best_in_advance(self) -> tuple[float, int, int]:
        """Sell first out of what is held, buy it back later: nothing between may be empty."""
        best, sink = (0.0, *NO_PAIR), -1
        for n in range(len(self._prices)):
            if sink >= 0 and self._may_buy(n):
                best = max(best, (self._prices[sink] - self._wear - self._cost(n), n, sink))
            if self._may_sell(n) and (sink < 0 or self._prices[n] > self._prices[sink]):
                sink = n
            if self._stored[n] <= self._floor_kwh + SMALLEST_KWH:
                sink = -1
        return best

    def trade(self, buy: int, sell: int, limit_kwh: float) -> float:
        """Buy and sell as much as the pair allows, and return it, kWh."""
        between = range(min(buy, sell), max(buy, sell))
        room = (
            self._ceiling_kwh - self._stored[n] if buy < sell else self._stored[n] - self._floor_kwh
            for n in between
        )
        amount = min(
            limit_kwh, self._most_bought - self._bought[buy], self._most_sold - self._sold[sell], *room
        )
        self._bought[buy] += amount
        self._sold[sell] += amount
        for n in between:
            self._stored[n] += amount if buy < sell else -amount
        return amount

    def fill(self) -> None:
        """Buy what still has room until the end wherever somebody pays for it."""
        for n in sorted(range(len(self._prices)), key=lambda each: self._prices[each]):
            if self._prices[n] >= 0.0:
                return
            if self._sold[n] > 0.0:
                continue
            room = self._ceiling_kwh - max(self._stored[n:])
            amount = max(0.0, min(self._most_bought - self._bought[n], room))
            self._bought[n] += amount
            for later in range(n, len(self._stored)):
                self._stored[later] += amount

    def schedule(self) -> OwnSchedule:
        """Return what has been traded."""
        value = math.fsum(
            (price - self._wear) * sold - self._cost(n) * bought
            for n, (price, sold, bought) in enumerate(
                zip(self._prices, self._sold, self._bought, strict=True)
            )
        )
        return OwnSchedule(
            tuple(kwh / self._hours for kwh in self._sold),
            tuple(kwh / self._ratio / self._hours for kwh in self._bought),
            tuple(self._stored),
            value,
        )

    def _cost(self, n: int) -> float:
        return self._prices[n] / self._ratio

    def _may_buy(self, n: int) -> bool:
        return self._bought[n] < self._most_bought - SMALLEST_KWH and self._sold[n] <= 0.0

    def _may_sell(self, n: int) -> bool:
        return self._sold[n] < self._most_sold - SMALLEST_KWH and self._bought[n] <= 0.0
