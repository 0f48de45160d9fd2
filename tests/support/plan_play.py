"""Plays a day on a site interval by interval: what a rule or the planner commands, and what it costs.

The play knows the true loads and responses; a player sees the forecast, the state, and how the resources
have responded so far. Hard limits are kept by the play itself: what cannot be given is not given.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TypeVar

import numpy as np

from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.replan import replan
from vpp.flexibility.planning.terms import ResourceTerms, SiteTerms, StoreTerms, ThermalTerms, WorkTerms

T = TypeVar("T")
SHORTFALL_COST = 1.2
OWED_COST = 0.1 * SHORTFALL_COST
"""What the planner charges for warmth that is left: a tenth of a shortfall's cost."""
HORIZON_FIELDS_NOT = {"segments", "backlog_kwh", "start_k", "resources", "exclusions", "shared_limits"}
"""Tuples that are not over the horizon."""


@dataclass
class Play:
    """A day that is being played.

    Attributes:
        forecast: The site as it is expected; its resources' states are those of now.
        truth: The site as it will be.
        goal: What was sold.
        response: What each resource really delivers of a command, by resource id.
        learned: What it has been seen to deliver, by resource id.
        energy_cost: Of the energy drawn, and of wear and work, so far.
        delivered_kw: Delivered so far.
    """

    forecast: SiteTerms
    truth: SiteTerms
    goal: Goal
    response: Mapping[str, float]
    learned: dict[str, float] = field(default_factory=dict)
    cost: float = 0.0
    delivered_kw: list[float] = field(default_factory=list)


Commands = Mapping[str, tuple[float, float]]
"""Reduction and increase, kW, by resource id."""
Player = Callable[[Play], Commands]


def tail(terms: T, count: int) -> T:
    """Return terms or a goal without the first intervals."""
    changes = {
        each.name: getattr(terms, each.name)[count:]
        for each in fields(terms)  # type: ignore[arg-type]
        if isinstance(getattr(terms, each.name), tuple) and each.name not in HORIZON_FIELDS_NOT
    }
    return replace(terms, **changes)  # type: ignore[type-var]


def available_kw(terms: ResourceTerms, hours: float) -> float:
    """Return the largest reduction of the present interval, as a rule can tell it from the state."""
    if isinstance(terms, StoreTerms):
        above = max(0.0, terms.hold_ratio * terms.stored_kwh - terms.floor_kwh[0])
        return min(terms.max_discharge_kw[0], above * terms.delivered_per_stored / hours)
    if isinstance(terms, ThermalTerms):
        now = np.array(terms.decay[0]) @ np.array(terms.start_k)
        room = min(terms.over_k[0] - now[1], terms.rate_k[0] - (now[1] - terms.start_k[1]))
        return min(terms.max_reduction_kw[0], max(0.0, room) / terms.gain_k_per_kw[0][1])
    if isinstance(terms, WorkTerms):
        return _cut_in_time_kw(terms, hours)
    return 0.0


def _cut_in_time_kw(terms: WorkTerms, hours: float) -> float:
    """Return the largest cut after which all that is put off can still be done in time."""
    width = sum(segment.width_ratio for segment in terms.segments)
    doable = hours * min(sum(terms.catch_up_kw[1 : 1 + terms.due_after[0]]), math.inf)
    beyond = max(0, terms.due_after[0] + 1 - len(terms.load_kw))
    doable += hours * beyond * terms.later_catch_up_kw
    room_kwh = doable - sum(kwh for _, kwh in terms.backlog_kwh)
    lost = max(segment.lost_ratio for segment in terms.segments)
    return max(0.0, min(width * terms.load_kw[0], room_kwh / (lost * hours)))


def wanted_back_kw(terms: ResourceTerms, hours: float) -> float:
    """Return the increase that recovery would draw if left alone, kW."""
    if isinstance(terms, StoreTerms):
        missing = max(0.0, terms.end_kwh - terms.stored_kwh)
        return min(terms.max_charge_kw[0], missing / (terms.stored_per_charged * hours))
    if isinstance(terms, ThermalTerms):
        gain = sum(terms.gain_k_per_kw[0]) * terms.return_ratio / 2.0
        return min(terms.max_increase_kw[0], max(0.0, sum(terms.start_k) / 2.0) / gain)
    if isinstance(terms, WorkTerms):
        return min(terms.catch_up_kw[0], sum(kwh for _, kwh in terms.backlog_kwh) / hours)
    return 0.0


def price_of(terms: ResourceTerms, energy_price: float) -> float:
    """Return what a rule holds the next kWh of a resource to cost."""
    if isinstance(terms, StoreTerms):
        return terms.wear_cost_per_kwh + energy_price * (1.0 / terms.stored_per_charged - 1.0)
    if isinstance(terms, WorkTerms):
        return terms.value_per_kwh * terms.segments[-1].lost_ratio - energy_price
    return getattr(terms, "cost_per_kwh", 0.0)


def greedy(play: Play) -> Commands:
    """Call the cheapest first."""
    price = play.forecast.energy_price_per_kwh[0]
    return _called(play, lambda terms: (price_of(terms, price), terms.resource_id))


def battery_first(play: Play) -> Commands:
    """Call the batteries first, then the cheapest."""
    price = play.forecast.energy_price_per_kwh[0]
    return _called(play, lambda terms: (not isinstance(terms, StoreTerms), price_of(terms, price)))


def pro_rata(play: Play) -> Commands:
    """Call all in proportion to what they can give."""
    hours, wanted = play.forecast.step_hours, play.goal.least_kw[0]
    if not play.goal.is_measured[0]:
        return _recovering(play)
    can = {
        each.resource_id: available_kw(each, hours) * play.learned.get(each.resource_id, 1.0)
        for each in play.forecast.resources
    }
    share = min(1.0, wanted / sum(can.values())) if sum(can.values()) > 0.0 else 0.0
    return {key: (share * kw / play.learned.get(key, 1.0), 0.0) for key, kw in can.items()}


def _called(play: Play, order: Callable[[ResourceTerms], tuple[object, ...]]) -> Commands:
    if not play.goal.is_measured[0]:
        return _recovering(play)
    left, commands = play.goal.least_kw[0], {}
    for terms in sorted(play.forecast.resources, key=order):  # type: ignore[arg-type]
        ratio = play.learned.get(terms.resource_id, 1.0)
        kw = min(left, available_kw(terms, play.forecast.step_hours) * ratio)
        commands[terms.resource_id] = (kw / ratio, 0.0)
        left -= kw
    return commands


def _recovering(play: Play) -> Commands:
    """Pay back what is owed, work with deadlines first, inside the import limit."""
    room = max(0.0, play.forecast.import_limit_kw[0] - play.forecast.load_kw[0])
    commands = {}
    for terms in sorted(play.forecast.resources, key=lambda each: not isinstance(each, WorkTerms)):
        kw = min(room, wanted_back_kw(terms, play.forecast.step_hours))
        room -= kw
        commands[terms.resource_id] = (0.0, kw)
    return commands


def planner(play: Play) -> Commands:
    """Plan anew in each interval, on the forecast and on what was learned."""
    # As the rules do, it takes the target off its own load: nobody is told how far the forecast errs.
    own_load = tuple(
        load if measured else math.nan
        for load, measured in zip(play.forecast.load_kw, play.goal.is_measured, strict=True)
    )
    plan = replan(
        priced_at_the_end(play.forecast),
        replace(play.goal, baseline_kw=own_load),
        response_ratio=play.learned,
        time_limit_s=30.0,
    )
    if plan is None:
        return greedy(play)
    return {key: (plan.reduction_kw[key][0], plan.increase_kw[key][0]) for key in plan.reduction_kw}


def priced_at_the_end(site: SiteTerms) -> SiteTerms:
    """Return the site with what its stores hold at the end priced, instead of owed."""
    return replace(
        site,
        resources=tuple(
            replace(each, end_kwh=0.0) if isinstance(each, StoreTerms) else each for each in site.resources
        ),
    )


def play_day(play: Play, player: Player) -> Play:
    """Play a day to its end, and settle what is left owed."""
    start = {each.resource_id: each for each in play.forecast.resources}
    count = play.truth.interval_count
    for n in range(count):
        if n == count - 1:
            return _settled(play, start, player)
        play = step(play, player(play))
    return play


def _settled(play: Play, start: Mapping[str, ResourceTerms], player: Player) -> Play:
    """Play the last interval; what stores hold less than at first costs its value, warmth its cooling."""
    last = replace(play)
    done = step(_doubled(last), player(last))
    left = {each.resource_id: each for each in done.forecast.resources}
    cost = done.cost
    for key, terms in left.items():
        before = start[key]
        if isinstance(terms, StoreTerms) and isinstance(before, StoreTerms):
            cost += before.end_value_per_kwh * (before.stored_kwh - terms.stored_kwh)
        if isinstance(terms, ThermalTerms):
            for node in (0, 1):
                warm = max(0.0, terms.start_k[node] - terms.end_k)
                cost += OWED_COST * warm * play.forecast.step_hours / terms.gain_k_per_kw[0][node]
    return replace(done, cost=cost)


def step(play: Play, commands: Commands) -> Play:
    """Carry a day through one interval."""
    hours, truth = play.truth.step_hours, play.truth
    left, net = [], truth.load_kw[0]
    learned = dict(play.learned)
    cost = 0.0
    for known, terms in zip(play.forecast.resources, truth.resources, strict=True):
        less, more = commands.get(known.resource_id, (0.0, 0.0))
        state = replace(terms, **_state(known))  # type: ignore[arg-type]
        response = play.response[known.resource_id]
        given = min(max(0.0, less), available_kw(state, hours)) * response
        taken = max(0.0, more) if less <= 0.0 else 0.0
        taken = min(taken, _most_back_kw(state, hours), max(0.0, truth.import_limit_kw[0] - net + given))
        net += taken - given
        if given > 0.0:
            learned[known.resource_id] = response
        after, own_cost = _after(state, given / response, taken, hours)
        cost += own_cost
        left.append(replace(tail(known, 1), **_state(after)))  # type: ignore[arg-type]
    cost += hours * truth.energy_price_per_kwh[0] * net
    delivered = play.goal.baseline_kw[0] - net if play.goal.is_measured[0] else 0.0
    forecast = _site_tail(play.forecast, tuple(left))
    rest = _site_tail(truth, tuple(tail(each, 1) for each in truth.resources))
    return Play(
        forecast,
        rest,
        tail(play.goal, 1),
        play.response,
        learned,
        play.cost + cost,
        [*play.delivered_kw, delivered],
    )


def _site_tail(site: SiteTerms, resources: tuple[ResourceTerms, ...]) -> SiteTerms:
    changes = {
        each.name: getattr(site, each.name)[1:]
        for each in fields(site)
        if isinstance(getattr(site, each.name), tuple) and each.name not in HORIZON_FIELDS_NOT
    }
    return replace(site, resources=resources, **changes)


def _doubled(play: Play) -> Play:
    """Return the last interval followed by itself, as terms need an interval to stand for."""

    def twice(terms: T) -> T:
        changes = {
            each.name: getattr(terms, each.name) * 2
            for each in fields(terms)  # type: ignore[arg-type]
            if isinstance(getattr(terms, each.name), tuple) and each.name not in HORIZON_FIELDS_NOT
        }
        if isinstance(terms, SiteTerms):
            changes["resources"] = tuple(twice(each) for each in terms.resources)
        return replace(terms, **changes)  # type: ignore[type-var]

    return replace(play, forecast=twice(play.forecast), truth=twice(play.truth), goal=twice(play.goal))


def _state(terms: ResourceTerms) -> dict[str, object]:
    if isinstance(terms, StoreTerms):
        return {"stored_kwh": terms.stored_kwh, "throughput_limit_kwh": terms.throughput_limit_kwh}
    if isinstance(terms, ThermalTerms):
        return {"start_k": terms.start_k}
    if isinstance(terms, WorkTerms):
        return {"backlog_kwh": terms.backlog_kwh, "ahead_kwh": terms.ahead_kwh}
    return {}


def _most_back_kw(terms: ResourceTerms, hours: float) -> float:
    if isinstance(terms, StoreTerms):
        return min(
            terms.max_charge_kw[0],
            max(0.0, terms.ceiling_kwh - terms.hold_ratio * terms.stored_kwh)
            / (terms.stored_per_charged * hours),
        )
    if isinstance(terms, ThermalTerms):
        return terms.max_increase_kw[0]
    return wanted_back_kw(terms, hours)


def _after(terms: ResourceTerms, less: float, more: float, hours: float) -> tuple[ResourceTerms, float]:
    """Return a resource after an interval, and what its wear or its lost work cost."""
    if isinstance(terms, StoreTerms):
        stored = terms.hold_ratio * terms.stored_kwh + hours * (
            terms.stored_per_charged * more - less / terms.delivered_per_stored
        )
        used = terms.throughput_limit_kwh - hours * less
        stored = min(max(stored, 0.0), terms.ceiling_kwh)
        return replace(terms, stored_kwh=stored, throughput_limit_kwh=max(0.0, used)), (
            hours * less * terms.wear_cost_per_kwh
        )
    if isinstance(terms, ThermalTerms):
        change = less - terms.return_ratio * more
        now = np.array(terms.decay[0]) @ np.array(terms.start_k) + np.array(terms.gain_k_per_kw[0]) * change
        return replace(terms, start_k=(float(now[0]), float(now[1]))), hours * less * terms.cost_per_kwh
    if isinstance(terms, WorkTerms):
        lost, left = 0.0, less
        for segment in terms.segments:
            width = min(left, segment.width_ratio * terms.load_kw[0])
            lost += hours * segment.lost_ratio * width
            left -= width
        done, owed = hours * more, []
        for index, kwh in sorted(terms.backlog_kwh):
            paid = min(done, kwh)
            done -= paid
            if kwh - paid > 1e-9:
                owed.append((max(0, index - 1), kwh - paid))
        if lost > 0.0:
            owed.append((terms.due_after[0] - 1, lost))
        cost = lost * (terms.value_per_kwh + terms.later_price_per_kwh)
        return replace(terms, backlog_kwh=tuple(owed)), cost - hours * more * terms.later_price_per_kwh
    return terms, 0.0
