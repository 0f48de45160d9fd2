"""What is bought from whom: read out of a solved model, or found by merit order."""

from dataclasses import dataclass

import pyomo.environ as pyo

from vpp.auction.market_view import MarketView

_SNAP_KW = 1e-5  # an award within 10 mW of its end is at its end
_LEAST_SHORTFALL_KW = 2e-3  # GLPK's presolver overlooks 1 W


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What is bought from whom.

    Attributes:
        reduction_kw: Reduction of each bid per delivery interval, kW; bid id -> shape (N,).
        rebound_kw: Rebound of each bid per interval of the horizon, kW; bid id -> shape (T,).
        ratio: Accepted ratio of each block; bid id -> 0 or at least its minimum.
        shortfall_kw: Target that no bid serves, kW. Shape (N,).
    """

    reduction_kw: dict[str, tuple[float, ...]]
    rebound_kw: dict[str, tuple[float, ...]]
    ratio: dict[str, float]
    shortfall_kw: tuple[float, ...]

    def takes(self, bid_id: str) -> bool:
        """Whether anything is bought from a bid."""
        return any(value > 0 for value in self.reduction_kw[bid_id])


def read_dispatch(model: pyo.ConcreteModel, view: MarketView) -> Dispatch:
    """Read the dispatch out of a solved model, with the solver's noise taken off.

    Args:
        model: A solved model of the book.
        view: The book.

    Returns:
        The dispatch; values are rounded to 1e-6 kW.
    """
    steps_kw = {
        key: _snapped(pyo.value(model.step[key]), (0.0, step.reduction_kw))
        for key, step in view.steps.items()
    }
    ratio = {
        bid_id: _ratio(pyo.value(model.taken[bid_id]), view.size_kw[bid_id], block.min_acceptance_ratio)
        for bid_id, block in view.blocks.items()
    }
    returned_kw = {
        (bid_id, t): _snapped(pyo.value(model.returned[bid_id, t]), (0.0, rebound.max_return_kw))
        for bid_id, rebound in view.rebounds.items()
        for t in view.intervals
    }
    return make_dispatch(view, steps_kw, ratio, returned_kw)


def make_dispatch(
    view: MarketView,
    steps_kw: dict[tuple[str, int, int], float],
    ratio: dict[str, float],
    returned_kw: dict[tuple[str, int], float],
) -> Dispatch:
    """Assemble a dispatch from its parts; what is missing counts as 0."""
    delivery = range(view.book.delivery_interval_count)
    reduction, rebound = {}, {}
    for bid_id in view.bids:
        if bid_id in view.blocks:
            share = ratio.get(bid_id, 0.0)
            changes = [round(share * change, 6) for change in view.profile_kw[bid_id]]
            reduction[bid_id] = tuple(max(0.0, changes[t]) for t in delivery)
            rebound[bid_id] = tuple(max(0.0, -change) for change in changes)
        else:
            reduction[bid_id] = tuple(
                round(sum(steps_kw.get(key, 0.0) for key in view.steps_of.get((bid_id, t), ())), 6)
                for t in delivery
            )
            rebound[bid_id] = tuple(returned_kw.get((bid_id, t), 0.0) for t in view.intervals)
    shortfall = tuple(_shortfall_kw(view, reduction, rebound, t) for t in delivery)
    return Dispatch(reduction, rebound, {bid_id: ratio.get(bid_id, 0.0) for bid_id in view.blocks}, shortfall)


def _shortfall_kw(
    view: MarketView, reduction: dict[str, tuple[float, ...]], rebound: dict[str, tuple[float, ...]], t: int
) -> float:
    """Target less what counts towards it, kW; rebound where nothing is asked for is no shortfall."""
    if t not in view.has_target:
        return 0.0
    served_kw = sum(bid.delivery_ratio * reduction[bid_id][t] for bid_id, bid in view.bids.items())
    served_kw -= sum(returned[t] for returned in rebound.values())
    missing_kw = round(view.book.target_kw[t] - served_kw, 6)
    return missing_kw if missing_kw > _LEAST_SHORTFALL_KW else 0.0


def _snapped(value: float, ends: tuple[float, ...]) -> float:
    """Round a power to 1e-6 kW, and to an end that it has as good as reached."""
    for end in ends:
        if abs(value - end) <= _SNAP_KW:
            return end
    return round(max(value, 0.0), 6)


def _ratio(taken_kw: float, size_kw: float, low: float) -> float:
    for end in (0.0, low, 1.0):
        if abs(taken_kw - end * size_kw) <= _SNAP_KW:
            return end
    return taken_kw / size_kw
