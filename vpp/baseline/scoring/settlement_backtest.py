"""Settlement backtest: what each rule would have settled placebo events by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from vpp.baseline.fleet_pool import FleetPool, run_fleet
from vpp.baseline.scoring.placebo_plan import PlaceboPlan
from vpp.baseline.scoring.score_rules import placebo_tasks
from vpp.baseline.scoring.settlement_row import SettlementResult
from vpp.baseline.scoring.settlement_scoring import SettledRule, joined, settle
from vpp.baseline.scoring.site_chunks import site_chunks
from vpp.baseline.site_meter import SiteMeter
from vpp.portfolio.baseline_rule import BaselineRule

NO_RULES: Mapping[str, BaselineRule] = {}
INLINE = FleetPool(kind="inline")


@dataclass(frozen=True, slots=True, eq=False)
class _Chunk:
    """One rule on some sites."""

    rule: BaselineRule
    sites: Mapping[str, SiteMeter]
    plan: PlaceboPlan
    library: Mapping[str, BaselineRule]


def backtest_settlement(  # noqa: PLR0913  what is tested, how, and where the work is done
    sites: Mapping[str, SiteMeter],
    rules: Sequence[BaselineRule],
    plan: PlaceboPlan,
    *,
    library: Mapping[str, BaselineRule] = NO_RULES,
    pool: FleetPool = INLINE,
    progress: Callable[[int, int], None] | None = None,
) -> SettlementResult:
    """Hold each rule's baseline of placebo events against the load, which nobody curtailed.

    Args:
        sites: By series name.
        rules: Rules, each id once.
        plan: Which placebo events.
        library: Rules that the rules may name.
        pool: Where to work.
        progress: Told after each finished part how many are done, and of how many.

    Returns:
        A row for every series and rule with a score.

    Raises:
        InvalidInput: A rule occurs twice, a meter's series is empty or not regular in UTC, or a placebo
            window does not fit its grid.
    """
    chunks = [_Chunk(rule, part, plan, library) for rule in rules for part in site_chunks(sites)]
    parts = run_fleet(_settled, chunks, pool=pool, on_done=progress)
    return joined((one for part in parts for one in part), list(sites), rules)


def _settled(chunk: _Chunk) -> list[SettledRule]:
    tasks = placebo_tasks(chunk.sites, chunk.plan)
    return settle(chunk.rule, chunk.sites, tasks, notice=chunk.plan.notice, library=chunk.library)
