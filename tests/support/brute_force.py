"""The best awards of a small book, by trying everything that is one thing or another.

Every choice without a middle is enumerated: which blocks are accepted, which member of a group,
and in which intervals a bid with run limits is on. For each the rest is a linear program, written
here from what the bids mean and not from the engine's model: energy that comes back is shipped
from interval to interval instead of kept as a backlog, a store's energy is the sum of what went in
and out, and net reductions are sums without a variable of their own. A store that would charge and
discharge at once is tried both ways. HiGHS solves the linear programs, each from the last one's
basis; its integers are never used.

Cost is in currency, power in kW, energy in kWh.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby, product

import highspy
import numpy as np

from vpp.auction.bid import Bid, BlockOffer, Rebound, ReboundProfile, RunLimits, StepOffer, StoreOffer
from vpp.auction.book import Book

INF = highspy.kHighsInf
Terms = dict[int, float]  # column -> coefficient
Pattern = tuple[bool, ...]

_AT_ONCE_KW = 1e-6


@dataclass(frozen=True)
class BruteForceAnswer:
    """The best awards: cost, reduction (N,) and rebound (T,) of each bid, and unserved target (N,)."""

    cost: float
    reduction_kw: dict[str, tuple[float, ...]]
    rebound_kw: dict[str, tuple[float, ...]]
    unserved_kw: tuple[float, ...]


def brute_force(book: Book) -> BruteForceAnswer:
    """Find the best awards of a small book; raises if there are none, as doing nothing always is one."""
    market = _Market(book)
    best_cost, best = math.inf, np.zeros(0)
    for choice in market.choices():
        for cost, values in market.solutions(choice):
            if cost < best_cost - 1e-12:
                best_cost, best = cost, values
    if not math.isfinite(best_cost):
        raise AssertionError("no choice is feasible")
    return market.answer(best_cost, best)


def merit_order_cost(book: Book) -> float:
    """Cost of a book of plain steps without any terms: in each interval the cheapest counted kW first."""
    hours, cap = book.step.total_seconds() / 3600, float(book.price_cap_per_mwh)
    cost = 0.0
    for t, target_kw in enumerate(book.target_kw):
        offers = [
            (float(step.price_per_mwh) / bid.delivery_ratio, step.reduction_kw * bid.delivery_ratio)
            for bid in book.bids
            if isinstance(bid.offer, StepOffer)
            for step in bid.offer.steps[t]
        ]
        left_kw = target_kw
        for price, counted_kw in sorted(offers):
            taken_kw = counted_kw if price < 0 else min(left_kw, counted_kw)
            cost += hours * price * taken_kw / 1000
            left_kw = max(0.0, left_kw - taken_kw)
        cost += hours * cap * left_kw / 1000
    return cost


def patterns(limits: RunLimits, offered: Iterable[bool]) -> list[Pattern]:
    """Every way to be on or off that the run limits allow; on only where something is offered."""
    found = []
    for pattern in product((False, True), repeat=len(tuple(offered := tuple(offered)))):
        spans = [(on, len(list(span))) for on, span in groupby(pattern)]
        runs = [length for on, length in spans if on]
        rests = [length for place, (on, length) in enumerate(spans) if not on and 0 < place < len(spans) - 1]
        if (
            all(is_offered or not on for on, is_offered in zip(pattern, offered, strict=True))
            and all(length >= limits.min_run_intervals for length in runs)
            and (limits.max_run_intervals is None or all(run <= limits.max_run_intervals for run in runs))
            and all(length >= limits.rest_intervals for length in rests)
            and (limits.max_calls is None or len(runs) <= limits.max_calls)
        ):
            found.append(pattern)
    return found


def run_count(pattern: Pattern) -> int:
    """Number of runs in a pattern."""
    return sum(on for on, _ in groupby(pattern))


@dataclass(frozen=True)
class _Choice:
    """What is accepted of the bids that are accepted or not, and when each bid with run limits is on."""

    accepted: frozenset[str]
    on: Mapping[str, Pattern]


@dataclass
class _Program:
    """A linear program: columns with cost and bounds, rows with bounds."""

    cost: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    rows: list[tuple[Terms, float, float]] = field(default_factory=list)

    def column(self, high: float, cost: float = 0.0) -> Terms:
        self.cost.append(cost)
        self.low.append(0.0)
        self.high.append(high)
        return {len(self.cost) - 1: 1.0}

    def row(self, terms: Terms, low: float, high: float) -> int:
        self.rows.append((terms, low, high))
        return len(self.rows) - 1

    def solver(self) -> highspy.Highs:
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self.cost), len(self.rows)
        model.col_cost_, model.col_lower_, model.col_upper_ = (
            np.array(values, dtype=float) for values in (self.cost, self.low, self.high)
        )
        model.row_lower_ = np.array([low for _, low, _ in self.rows], dtype=float)
        model.row_upper_ = np.array([high for _, _, high in self.rows], dtype=float)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.cumsum([0, *(len(terms) for terms, _, _ in self.rows)], dtype=np.int32)
        model.a_matrix_.index_ = np.array([c for terms, _, _ in self.rows for c in terms], dtype=np.int32)
        model.a_matrix_.value_ = np.array(
            [v for terms, _, _ in self.rows for v in terms.values()], dtype=float
        )
        highs = highspy.Highs()  # type: ignore[no-untyped-call]  # highspy annotates only a part
        highs.setOptionValue("output_flag", False)  # noqa: FBT003  highspy takes it by position
        highs.setOptionValue("threads", 1)
        highs.setOptionValue("presolve", "off")
        for option in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
            highs.setOptionValue(option, 1e-9)
        highs.passModel(model)
        return highs


def _sum(*parts: tuple[float, Terms]) -> Terms:
    total: Terms = {}
    for factor, terms in parts:
        for column, value in terms.items():
            total[column] = total.get(column, 0.0) + factor * value
    return total


class _Market:
    """A book as a linear program whose bounds are the choices."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.hours = book.step.total_seconds() / 3600
        self.n, self.horizon = book.delivery_interval_count, book.horizon_interval_count
        self.program = _Program()
        self.step_columns: dict[tuple[str, int], list[int]] = {}
        self.block_column: dict[str, int] = {}
        self.store_columns: list[tuple[int, int]] = []
        self.level_row: dict[tuple[str, int], int] = {}
        self.reduction: dict[str, list[Terms]] = {}
        self.rebound: dict[str, list[Terms]] = {}
        for bid in book.bids:
            self._add_bid(bid)
        self.unserved: dict[int, Terms] = {}
        self._add_shared_limits()
        self._add_buyer()
        self.highs = self.program.solver()

    # What one bid may do.

    def _price(self, bid: Bid, price: object) -> float:
        """Price per kW over an interval, in currency: energy as far as it is called, availability always."""
        energy = self.book.terms.activation_ratio * float(str(price)) / 1000
        return self.hours * (energy + float(bid.availability_price_per_kw_h))

    def _add_bid(self, bid: Bid) -> None:
        if isinstance(bid.offer, StepOffer):
            self._add_steps(bid, bid.offer)
        elif isinstance(bid.offer, BlockOffer):
            self._add_block(bid, bid.offer)
        else:
            self._add_store(bid, bid.offer)
        if bid.energy_limit_kwh is not None and isinstance(bid.offer, StepOffer):
            energy = _sum(*((self.hours, terms) for terms in self.reduction[bid.bid_id]))
            self.program.row(energy, -INF, bid.energy_limit_kwh)

    def _add_steps(self, bid: Bid, offer: StepOffer) -> None:
        self.reduction[bid.bid_id] = []
        for t in range(self.horizon):
            columns = [
                self.program.column(step.reduction_kw, self._price(bid, step.price_per_mwh))
                for step in (offer.steps[t] if t < self.n else ())
            ]
            self.step_columns[bid.bid_id, t] = [next(iter(column)) for column in columns]
            self.reduction[bid.bid_id].append(_sum(*((1.0, column) for column in columns)))
            if bid.run_limits is not None and columns:
                self.level_row[bid.bid_id, t] = self.program.row(self.reduction[bid.bid_id][t], 0.0, INF)
        self.rebound[bid.bid_id] = [{} for _ in range(self.horizon)]
        if isinstance(bid.rebound, ReboundProfile):
            for t in range(self.n):
                for later, ratio in enumerate(bid.rebound.ratios, start=t + 1):
                    if later < self.horizon:
                        back = self.rebound[bid.bid_id]
                        back[later] = _sum((1.0, back[later]), (ratio, self.reduction[bid.bid_id][t]))
        elif isinstance(bid.rebound, Rebound):
            self._ship_back(bid, bid.rebound)

    def _ship_back(self, bid: Bid, rebound: Rebound) -> None:
        """Ship each interval's energy to the intervals in which it may come back."""
        for t in range(self.n):
            last = min(t + rebound.window_intervals, self.horizon - 1)
            shipped = {later: self.program.column(INF) for later in range(t, last + 1)}  # kW
            owed = (-rebound.ratio, self.reduction[bid.bid_id][t])
            self.program.row(_sum(owed, *((1.0, part) for part in shipped.values())), 0.0, 0.0)
            for later, part in shipped.items():
                self.rebound[bid.bid_id][later] = _sum((1.0, self.rebound[bid.bid_id][later]), (1.0, part))
        for terms in self.rebound[bid.bid_id]:
            self.program.row(terms, -INF, rebound.max_return_kw)

    def _add_block(self, bid: Bid, offer: BlockOffer) -> None:
        profile = [*offer.profile_kw, *(0.0 for _ in range(self.horizon - len(offer.profile_kw)))]
        shed_kw = sum(max(change, 0.0) for change in profile)
        ratio = self.program.column(0.0, shed_kw * self._price(bid, offer.price_per_mwh))
        self.block_column[bid.bid_id] = next(iter(ratio))
        self.reduction[bid.bid_id] = [_sum((max(change, 0.0), ratio)) for change in profile]
        self.rebound[bid.bid_id] = [_sum((max(-change, 0.0), ratio)) for change in profile]

    def _largest_ratio(self, bid: Bid, offer: BlockOffer) -> float:
        energy_kwh = self.hours * sum(max(change, 0.0) for change in offer.profile_kw)
        return 1.0 if bid.energy_limit_kwh is None else min(1.0, bid.energy_limit_kwh / energy_kwh)

    def _add_store(self, bid: Bid, store: StoreOffer) -> None:
        price = self._price(bid, store.price_per_mwh)
        discharge = [self.program.column(store.discharge_kw, price) for _ in range(self.n)]
        charge = [self.program.column(store.charge_kw) for _ in range(self.horizon)]
        self.reduction[bid.bid_id] = [*discharge, *({} for _ in range(self.horizon - self.n))]
        self.rebound[bid.bid_id] = list(charge)
        self.store_columns += [
            (next(iter(down)), next(iter(up))) for down, up in zip(discharge, charge, strict=False)
        ]
        for t in range(self.horizon):
            left_kwh = store.hold_ratio ** (t + 1) * store.start_kwh
            moved: list[tuple[float, Terms]] = []
            for k in range(t + 1):
                held = store.hold_ratio ** (t - k) * self.hours
                moved.append((held * store.charge_efficiency, charge[k]))
                moved.append((-held / store.discharge_efficiency, self.reduction[bid.bid_id][k]))
            least = store.reserve_kwh if t < self.horizon - 1 else max(store.reserve_kwh, store.end_kwh)
            self.program.row(_sum(*moved), least - left_kwh, store.capacity_kwh - left_kwh)
        if store.cycle_limit_kwh is not None:
            self.program.row(_sum(*((self.hours, d) for d in discharge)), -INF, store.cycle_limit_kwh)

    # What bids share.

    def _add_shared_limits(self) -> None:
        for (site_id, resource_id), limit_kw in self.book.resource_limit_kw.items():
            for t in range(self.n):
                owners = [
                    bid for bid in self.book.bids if (bid.site_id, bid.resource_id) == (site_id, resource_id)
                ]
                self.program.row(
                    _sum(*((1.0, self.reduction[bid.bid_id][t]) for bid in owners)), -INF, limit_kw
                )
        for bid in self.book.bids:
            if bid.parent_bid_id is not None:
                child, parent = self.block_column[bid.bid_id], self.block_column[bid.parent_bid_id]
                self.program.row({child: 1.0, parent: -1.0}, -INF, 0.0)

    def _counted(self, bids: Iterable[Bid], t: int) -> Terms:
        parts: list[tuple[float, Terms]] = []
        for bid in bids:
            down, back = self.reduction[bid.bid_id][t], self.rebound[bid.bid_id][t]
            if bid.direction is self.book.direction:
                parts += [(bid.delivery_ratio, down), (-1.0, back)]
            else:
                parts += [(-1.0, down), (1.0, back)]
        return _sum(*parts)

    def _zone_net(self, zone: str, t: int) -> Terms:
        own = self._counted((bid for bid in self.book.bids if bid.zone == zone), t)
        moved_in = [
            (-bid.migration.receiving_ratio if bid.direction is self.book.direction else
             bid.migration.receiving_ratio, self.reduction[bid.bid_id][t])
            for bid in self.book.bids
            if bid.migration is not None and bid.migration.receiving_zone == zone
        ]  # fmt: skip
        return _sum((1.0, own), *moved_in)

    def _zones(self) -> set[str]:
        receiving = {bid.migration.receiving_zone for bid in self.book.bids if bid.migration is not None}
        return receiving | {bid.zone for bid in self.book.bids} | {z.zone for z in self.book.terms.zones}

    # What the buyer asks.

    def _add_buyer(self) -> None:
        self.zone_net = {z: [self._zone_net(z, t) for t in range(self.horizon)] for z in self._zones()}
        self.site_net = {
            site: self._net_of(bid for bid in self.book.bids if bid.site_id == site)
            for site in {bid.site_id for bid in self.book.bids}
        }
        total = [_sum(*((1.0, net[t]) for net in self.zone_net.values())) for t in range(self.horizon)]
        for t in range(self.horizon):
            target_kw = self.book.target_kw[t] if t < self.n else 0.0
            if target_kw > 0:
                self._add_target(t, target_kw * (1 + self.book.terms.margin_ratio), total[t])
            elif self.book.rebound_headroom_kw is not None:
                self.program.row(total[t], -self.book.rebound_headroom_kw, INF)
        self._add_ramps(total)
        self._add_zones()
        for feeder in self.book.terms.feeders:
            net = self._net_of(bid for bid in self.book.bids if bid.site_id in feeder.site_ids)
            self._limit(net, feeder.max_rebound_kw, feeder.max_reduction_kw)
        for site in self.book.terms.sites:
            if site.site_id in self.site_net:
                self._limit(self.site_net[site.site_id], site.max_rebound_kw, None)
        for path in self.book.terms.paths:
            pair = (path.from_zone, path.to_zone)
            for t, most_kw in enumerate(path.max_moved_kw):
                moved = [
                    (1.0, self.reduction[bid.bid_id][t])
                    for bid in self.book.bids
                    if bid.migration is not None and (bid.zone, bid.migration.receiving_zone) == pair
                ]
                self.program.row(_sum(*moved), -INF, most_kw)

    def _net_of(self, bids: Iterable[Bid]) -> list[Terms]:
        counting = list(bids)
        return [self._counted(counting, t) for t in range(self.horizon)]

    def _cap(self) -> float:
        """What an unserved kW over an interval costs, in currency."""
        return self.hours * float(self.book.price_cap_per_mwh) / 1000

    def _add_target(self, t: int, required_kw: float, total: Terms) -> None:
        terms = self.book.terms
        self.unserved[t] = self.program.column(INF, self._cap())
        served = _sum((1.0, total), (1.0, self.unserved[t]))
        if terms.has_loss_reserve:  # with any one site, or none, out of service
            self.program.row(served, required_kw, INF)
            for net in self.site_net.values():
                self.program.row(_sum((1.0, served), (-1.0, net[t])), required_kw, INF)
        else:
            self.program.row(served, required_kw, INF if terms.allows_over_delivery else required_kw)
        if terms.min_site_count > 1:
            for net in self.site_net.values():
                self.program.row(net[t], -INF, required_kw / terms.min_site_count)

    def _add_zones(self) -> None:
        for zone in self.book.terms.zones:
            net = self.zone_net[zone.zone]
            self._limit(net, zone.max_rebound_kw, zone.max_reduction_kw)
            for t, local_kw in enumerate(zone.local_target_kw or ()):
                if local_kw > 0:
                    short = self.program.column(INF, self._cap())
                    self.program.row(_sum((1.0, net[t]), (1.0, short)), local_kw, INF)

    def _add_ramps(self, total: list[Terms]) -> None:
        rise, fall = self.book.terms.max_start_ramp_kw, self.book.terms.max_release_ramp_kw
        before: Terms = {}
        for net in total:
            change = _sum((1.0, net), (-1.0, before))
            self.program.row(change, -INF if fall is None else -fall, INF if rise is None else rise)
            before = net
        self.program.row(before, -INF, INF if fall is None else fall)

    def _limit(
        self, net: list[Terms], max_rebound_kw: tuple[float, ...] | None, max_kw: tuple[float, ...] | None
    ) -> None:
        for t, terms in enumerate(net):
            least = -INF if max_rebound_kw is None else -max_rebound_kw[t]
            self.program.row(terms, least, INF if max_kw is None else max_kw[t])

    # All choices, and the linear program of each.

    def choices(self) -> Iterator[_Choice]:
        """Everything that can be accepted or not, or on or off, in every combination."""
        groups: dict[object, list[str]] = {}
        for bid in self.book.bids:
            if bid.exclusive_group is not None:
                groups.setdefault((bid.site_id, bid.exclusive_group), []).append(bid.bid_id)
            elif isinstance(bid.offer, BlockOffer):
                groups[bid.bid_id] = [bid.bid_id]
        running = {
            bid.bid_id: patterns(bid.run_limits, (bool(steps) for steps in bid.offer.steps))
            for bid in self.book.bids
            if bid.run_limits is not None and isinstance(bid.offer, StepOffer)
        }
        for picked in product(*((None, *members) for members in groups.values())):
            accepted = frozenset(bid_id for bid_id in picked if bid_id is not None)
            if not self._can_accept(accepted):
                continue
            out = {bid.bid_id for bid in self.book.bids if bid.exclusive_group is not None} - accepted
            possible = [[p for p in found if b not in out or not any(p)] for b, found in running.items()]
            for on in product(*possible):
                yield _Choice(accepted, dict(zip(running, on, strict=True)))

    def _can_accept(self, accepted: frozenset[str]) -> bool:
        """Whether parents are there, and blocks not larger than their energy limit at the least ratio."""
        by_id = {bid.bid_id: bid for bid in self.book.bids}
        for bid_id in accepted:
            bid = by_id[bid_id]
            if bid.parent_bid_id is not None and bid.parent_bid_id not in accepted:
                return False
            if isinstance(bid.offer, BlockOffer):
                least = bid.offer.min_acceptance_ratio
                if self._largest_ratio(bid, bid.offer) < least:
                    return False
        return True

    def solutions(self, choice: _Choice) -> Iterator[tuple[float, np.ndarray]]:
        """The best of a choice: its cost and columns; several where a store had to be tried both ways."""
        fixed_cost = self._apply(choice)
        waiting: list[dict[int, float]] = [{}]
        while waiting:
            blocked = waiting.pop()
            for column in blocked:
                self.highs.changeColBounds(column, 0.0, 0.0)
            self.highs.run()
            status = self.highs.getModelStatus()
            values = np.array(self.highs.getSolution().col_value)
            cost = fixed_cost + self.highs.getInfo().objective_function_value
            for column in blocked:
                self.highs.changeColBounds(column, 0.0, self.program.high[column])
            if status == highspy.HighsModelStatus.kInfeasible:
                continue
            if status not in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty):
                raise AssertionError(f"HiGHS says {status}")
            both = [
                pair for pair in self.store_columns if min(values[pair[0]], values[pair[1]]) > _AT_ONCE_KW
            ]
            if both:
                waiting += [blocked | {column: 0.0} for column in both[0]]
            else:
                yield cost, values

    def _apply(self, choice: _Choice) -> float:
        """Set the bounds of a choice and return what it costs by itself."""
        cost = 0.0
        for bid in self.book.bids:
            is_in = bid.bid_id in choice.accepted
            if isinstance(bid.offer, BlockOffer):
                least, most = bid.offer.min_acceptance_ratio, self._largest_ratio(bid, bid.offer)
                self.highs.changeColBounds(
                    self.block_column[bid.bid_id], least if is_in else 0.0, most if is_in else 0.0
                )
                cost += float(bid.offer.fixed_cost) if is_in else 0.0
            if not isinstance(bid.offer, StepOffer):
                continue
            on = choice.on.get(bid.bid_id, (bid.exclusive_group is None or is_in,) * self.n)
            for t in range(self.n):
                for column in self.step_columns[bid.bid_id, t]:
                    self.highs.changeColBounds(column, 0.0, self.program.high[column] if on[t] else 0.0)
                if (bid.bid_id, t) in self.level_row and bid.run_limits is not None:
                    least = bid.run_limits.min_level_kw if on[t] else 0.0
                    self.highs.changeRowBounds(self.level_row[bid.bid_id, t], least, INF)
            if bid.run_limits is not None:
                cost += float(bid.run_limits.start_cost) * run_count(on)
        return cost

    def answer(self, cost: float, values: np.ndarray) -> BruteForceAnswer:
        """Read the columns of the best choice."""

        def worth(terms: Terms) -> float:
            return float(sum(factor * values[column] for column, factor in terms.items()))

        return BruteForceAnswer(
            cost,
            {
                bid_id: tuple(worth(terms) for terms in down[: self.n])
                for bid_id, down in self.reduction.items()
            },
            {bid_id: tuple(worth(terms) for terms in back) for bid_id, back in self.rebound.items()},
            tuple(worth(self.unserved.get(t, {})) for t in range(self.n)),
        )
