"""What is bought from whom, as arrays: read out of a solved program, or found by merit order."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vpp.auction.market.canonical import CanonicalBook
from vpp.auction.market.program import MarketProgram
from vpp.auction.search.choices import Choices
from vpp.solver.linear_program import Flags, Floats

_SNAP_KW = 1e-5  # an award within 10 mW of its end is at its end
_LEAST_SHORTFALL_KW = 2e-3  # GLPK's presolver overlooks 1 W
_DIGITS = 6


@dataclass(frozen=True)
class Dispatch:
    """What is bought from whom; powers are rounded to 1e-6 kW.

    Attributes:
        canonical: The book.
        reduction_kw: Reduction of each bid per delivery interval, kW. Shape (B, N).
        rebound_kw: Rebound, or charge, of each bid per interval of the horizon, kW. Shape (B, T).
        step_kw: Part taken of each step of the canonical step table, kW. Shape (S,).
        ratio: Accepted ratio of each block. Shape (blocks,).
        shortfall_kw: Target that no bid serves, kW. Shape (N,).
        local_shortfall_kw: Local target that no bid serves, kW, by zone. Shape (N,) each.
        starts: Number of runs of each bid with run limits, by place; what start costs are paid for.
    """

    canonical: CanonicalBook
    reduction_kw: Floats
    rebound_kw: Floats
    step_kw: Floats
    ratio: Floats
    shortfall_kw: Floats
    local_shortfall_kw: dict[str, Floats]
    starts: dict[int, int]

    @cached_property
    def taken(self) -> Flags:
        """Whether anything is bought from each bid. Shape (B,)."""
        return _any(self.reduction_kw) | _any(self.rebound_kw)


def _any(power_kw: Floats) -> Flags:
    """Tell in which rows any power is above 0."""
    found: Flags = np.asarray((power_kw > 0).any(axis=1), dtype=bool)
    return found


def read_dispatch(market: MarketProgram, choices: Choices, value: Floats) -> Dispatch:
    """Read a dispatch out of a solved program, with the solver's noise taken off.

    Args:
        market: The book.
        choices: What is accepted at all.
        value: Value of each column. Shape (C,).

    Returns:
        The dispatch.
    """
    canonical, program = market.canonical, market.program
    table, blocks, stores = canonical.steps, market.blocks, market.stores
    step_kw = _snapped(value[market.steps.column], table.quantity_kw)
    ratio = np.zeros(len(blocks.column))
    if len(blocks.column):
        ratio = value[blocks.column] / blocks.size_kw
        for end in (blocks.low_ratio, blocks.high_ratio):
            near = np.abs(ratio - end) * blocks.size_kw <= _SNAP_KW
            ratio = np.where(near, end, ratio)
        ratio = np.where(choices.blocks, ratio, 0.0)
    returned = _snapped(value[market.rebounds.returned], program.column_high[market.rebounds.returned])
    discharged = _snapped(value[stores.discharged], program.column_high[stores.discharged])
    charged = _snapped(value[stores.charged], program.column_high[stores.charged])
    return make_dispatch(
        canonical,
        step_kw=step_kw,
        ratio=ratio,
        returned=(market.rebounds.bid, market.rebounds.interval, returned),
        stores_kw=(discharged, charged),
        starts=_starts(market, choices),
    )


def make_dispatch(  # noqa: PLR0913  one argument per part
    canonical: CanonicalBook,
    *,
    step_kw: Floats,
    ratio: Floats,
    returned: tuple[np.ndarray, np.ndarray, Floats] | None = None,
    stores_kw: tuple[Floats, Floats] | None = None,
    starts: dict[int, int] | None = None,
) -> Dispatch:
    """Assemble a dispatch from its parts; what is missing is 0.

    Args:
        canonical: The book.
        step_kw: Part taken of each step, kW. Shape (S,).
        ratio: Accepted ratio of each block. Shape (blocks,).
        returned: Chosen rebounds: places of bids, intervals, kW. Shape (K,) each.
        stores_kw: Discharge and charge of each store, kW. Shapes (stores, N) and (stores, T).
        starts: Number of runs of each bid with run limits, by place.

    Returns:
        The dispatch.
    """
    delivery, horizon, count = canonical.delivery_count, canonical.horizon_count, len(canonical.bids)
    table = canonical.steps
    cell = table.bid * delivery + table.interval
    # Without a step bincount would make whole numbers of it.
    summed = np.bincount(cell, weights=step_kw, minlength=count * delivery).astype(float)
    reduction = summed.reshape(count, delivery)
    rebound = np.zeros((count, horizon))
    if returned is not None:
        bids, intervals, kw = returned
        rebound[bids, intervals] = kw
    _add_profiled_rebounds(canonical, reduction, rebound)
    if len(canonical.block_places):
        changes = ratio[:, None] * canonical.profile_kw
        reduction[canonical.block_places] = np.maximum(changes[:, :delivery], 0.0)
        rebound[canonical.block_places] = np.maximum(-changes, 0.0)
    if stores_kw is not None and len(canonical.store_places):
        reduction[canonical.store_places], rebound[canonical.store_places] = stores_kw
    reduction, rebound = np.round(reduction, _DIGITS) + 0.0, np.round(rebound, _DIGITS) + 0.0
    shortfall, local = _shortfalls(canonical, reduction, rebound)
    return Dispatch(canonical, reduction, rebound, step_kw, ratio, shortfall, local, starts or {})


def counted_net(canonical: CanonicalBook, reduction_kw: Floats, rebound_kw: Floats) -> Floats:
    """Return what each bid counts for in its own accounts, kW. Shape (B, T)."""
    net = canonical.counted_return[:, None] * rebound_kw
    net[:, : canonical.delivery_count] += canonical.counted_shed[:, None] * reduction_kw
    return net


def zone_nets(canonical: CanonicalBook, reduction_kw: Floats, rebound_kw: Floats) -> dict[str, Floats]:
    """Return counted net reduction of each zone with what migrates into it, kW. Shape (T,) each."""
    net = counted_net(canonical, reduction_kw, rebound_kw)
    members: dict[str, list[int]] = {}
    for place, bid in enumerate(canonical.bids):
        members.setdefault(bid.zone, []).append(place)
    nets = {zone: net[places].sum(axis=0) for zone, places in members.items()}
    for place, bid in enumerate(canonical.bids):
        if bid.migration is not None:
            zone = bid.migration.receiving_zone
            moved = canonical.counted_return[place] * bid.migration.receiving_ratio * reduction_kw[place]
            nets.setdefault(zone, np.zeros(canonical.horizon_count))
            nets[zone] = nets[zone] + np.pad(moved, (0, canonical.horizon_count - len(moved)))
    return nets


def _shortfalls(
    canonical: CanonicalBook, reduction: Floats, rebound: Floats
) -> tuple[Floats, dict[str, Floats]]:
    """Target, with margin and loss reserve, less what counts towards it, kW; local targets alike."""
    book, delivery = canonical.book, canonical.delivery_count
    nets = zone_nets(canonical, reduction, rebound)
    served = sum(nets.values(), np.zeros(canonical.horizon_count))
    needed = canonical.target_kw.copy()
    if book.terms.has_loss_reserve:
        net = counted_net(canonical, reduction, rebound)
        sites = np.unique([bid.site_id for bid in canonical.bids], return_inverse=True)[1]
        largest = np.zeros(canonical.horizon_count)
        for site in range(int(sites.max(initial=-1)) + 1):
            largest = np.maximum(largest, net[sites == site].sum(axis=0))
        needed = np.where(needed > 0, needed + largest, 0.0)
    missing = np.where(canonical.has_target, needed - served, 0.0)[:delivery]
    local = {}
    for limit in book.terms.zones:
        if limit.local_target_kw is not None:
            net = nets.get(limit.zone, np.zeros(canonical.horizon_count))[:delivery]
            asked = np.array(limit.local_target_kw, dtype=float)
            local[limit.zone] = _cleaned(np.where(asked > 0, asked - net, 0.0))
    return _cleaned(missing), dict(sorted(local.items()))


def _cleaned(missing: Floats) -> Floats:
    missing = np.round(missing, _DIGITS)
    return np.where(missing > _LEAST_SHORTFALL_KW, missing, 0.0)


def _add_profiled_rebounds(canonical: CanonicalBook, reduction: Floats, rebound: Floats) -> None:
    for place, bid in enumerate(canonical.bids):
        ratios = getattr(bid.rebound, "ratios", None)
        if ratios is None:
            continue
        for k, ratio in enumerate(ratios):
            first = k + 1
            width = min(canonical.delivery_count, canonical.horizon_count - first)
            if width > 0:
                rebound[place, first : first + width] += ratio * reduction[place, :width]


def _starts(market: MarketProgram, choices: Choices) -> dict[int, int]:
    """Count the runs of each bid with run limits."""
    begun = market.runs.bid[choices.starts(market)]
    return {
        int(place): int(count) for place, count in zip(*np.unique(begun, return_counts=True), strict=True)
    }


def _snapped(value: Floats, high: Floats) -> Floats:
    """Round powers to 1e-6 kW, and to an end that they have as good as reached."""
    rounded = np.round(np.maximum(value, 0.0), _DIGITS)
    rounded = np.where(np.abs(value) <= _SNAP_KW, 0.0, rounded)
    return np.where(np.abs(value - high) <= _SNAP_KW, high, rounded)
