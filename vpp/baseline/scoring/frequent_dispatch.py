"""What frequent dispatch does to each rule: cuts and rebound put into load that nobody curtailed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time, timedelta

import numpy as np
import pandas as pd

from vpp.baseline.fleet_pool import FleetPool, run_fleet
from vpp.baseline.scoring.placebo_plan import PlaceboPlan, PlaceboWindow, placebo_events
from vpp.baseline.scoring.placebo_run import PlaceboTask
from vpp.baseline.scoring.settlement_row import SettlementResult
from vpp.baseline.scoring.settlement_scoring import SettledRule, joined, settle
from vpp.baseline.scoring.site_chunks import site_chunks
from vpp.baseline.scoring.site_days import SiteDays
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_rule import BaselineRule

NO_RULES: Mapping[str, BaselineRule] = {}
INLINE = FleetPool(kind="inline")
EVENING = PlaceboWindow(time(17), timedelta(hours=4))
EVERY_DAY = 100_000  # days; longer than any history


@dataclass(frozen=True, slots=True)
class DispatchPlan:
    """How often a site is dispatched, and what its load does then.

    Attributes:
        share_ratio: Share of the workdays with an event, 0..1.
        window: When events lie.
        cut_ratio: Share of its load that a site drops.
        rebound_ratio: How much above its load it runs afterwards.
        rebound: For how long.
        masked: Whether the baseline is told of events and rebound; without, it learns from them.
        day_count: Latest workdays that are settled. Each is, whether it was dispatched or not: the load
            in its own window is never used by a rule that can be told before delivery.
        history_days: Days of metering before the first day settled.
        seed: Chooses the days; the same days for every site that has them.
    """

    share_ratio: float
    window: PlaceboWindow = EVENING
    cut_ratio: float = 0.2
    rebound_ratio: float = 0.05
    rebound: timedelta = timedelta(hours=2)
    masked: bool = True
    day_count: int = 40
    history_days: int = 14
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse shares that are none."""
        for name in ("share_ratio", "cut_ratio", "rebound_ratio"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise InvalidInput(f"{name} is {value}, expected 0..1", **{name: str(value)})


@dataclass(frozen=True, slots=True, eq=False)
class _Chunk:
    """One rule on some sites."""

    rule: BaselineRule
    sites: Mapping[str, SiteMeter]
    plan: DispatchPlan
    library: Mapping[str, BaselineRule]


def backtest_frequent_dispatch(  # noqa: PLR0913  what is tested, how, and where the work is done
    sites: Mapping[str, SiteMeter],
    rules: Sequence[BaselineRule],
    plan: DispatchPlan,
    *,
    library: Mapping[str, BaselineRule] = NO_RULES,
    pool: FleetPool = INLINE,
    progress: Callable[[int, int], None] | None = None,
) -> SettlementResult:
    """Settle workdays of sites that are dispatched often, against the load they would have had.

    Args:
        sites: By series name; their load as if they had never been called.
        rules: Rules, each id once.
        plan: How often, and how.
        library: Rules that the rules may name.
        pool: Where to work.
        progress: Told after each finished part how many are done, and of how many.

    Returns:
        A row for every series and rule with a score.

    Raises:
        InvalidInput: As `backtest_settlement`.
    """
    chunks = [_Chunk(rule, part, plan, library) for rule in rules for part in site_chunks(sites)]
    parts = run_fleet(_settled, chunks, pool=pool, on_done=progress)
    return joined((one for part in parts for one in part), list(sites), rules)


def _settled(chunk: _Chunk) -> list[SettledRule]:
    tasks = [task for name, site in chunk.sites.items() for task in dispatch_tasks(name, site, chunk.plan)]
    return settle(chunk.rule, chunk.sites, tasks, notice=None, library=chunk.library)


def dispatch_tasks(series: str, site: SiteMeter, plan: DispatchPlan) -> list[PlaceboTask]:
    """List the days of a site that are settled, each with the meter as dispatch would have left it.

    Args:
        series: The site's name.
        site: Its load as if it had never been called.
        plan: How often it is called.
    """
    truth = SiteDays.of(site)
    every = placebo_events(
        site, PlaceboPlan(windows=(plan.window,), day_count=EVERY_DAY, history_days=0, complete_ratio=0.0)
    )
    order = np.random.default_rng(plan.seed).permutation(len(every))
    called = [every[n] for n in sorted(order[: round(plan.share_ratio * len(every))])]
    rebounds = [Interval(event.end, event.end + plan.rebound) for event in called]
    metered_kw = site.net_power_kw.copy()
    index = pd.DatetimeIndex(metered_kw.index)
    values = metered_kw.to_numpy(dtype=np.float64, copy=True)
    for spans, factor in ((called, 1.0 - plan.cut_ratio), (rebounds, 1.0 + plan.rebound_ratio)):
        for span in spans:
            begin, end = (int(index.searchsorted(pd.Timestamp(at))) for at in (span.start, span.end))
            values[begin:end] *= factor
    metered_kw[:] = values
    settled = placebo_events(
        site, PlaceboPlan(windows=(plan.window,), day_count=plan.day_count, history_days=plan.history_days)
    )
    week_before_kw = truth.week_before()
    tasks = []
    for event in settled:
        known = [n for n, one in enumerate(called) if plan.masked and one != event]
        then = replace(
            site,
            net_power_kw=metered_kw,
            events=(*site.events, *(called[n] for n in known)),
            masked=(*site.masked, *(rebounds[n] for n in known)),
        )
        tasks.append(PlaceboTask(series, then, event, truth, week_before_kw))
    return tasks
