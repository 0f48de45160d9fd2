"""`vpp baseline backtest`: how good methods would have been on the past of many series."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from rich.console import Console

from vpp.baseline.fleet_pool import FleetPool
from vpp.baseline.scoring.day_ahead_backtest import backtest_day_ahead
from vpp.baseline.scoring.day_ahead_plan import DayAheadPlan
from vpp.baseline.scoring.placebo_plan import PlaceboPlan, PlaceboWindow
from vpp.baseline.scoring.settlement_backtest import backtest_settlement
from vpp.baseline.site_meter import SiteMeter
from vpp.cli.auction.files import check_targets, write_all
from vpp.cli.auction.progress import working
from vpp.cli.baseline.backtest_choices import BacktestKind, DayPick
from vpp.cli.baseline.backtest_setup import chosen_rules, fleet_pool
from vpp.cli.baseline.backtest_summary import BacktestSummary
from vpp.cli.baseline.day_ahead_files import draw_day_ahead, summarise_day_ahead
from vpp.cli.baseline.progress import counting
from vpp.cli.baseline.rule_library import read_rules
from vpp.cli.baseline.settlement_files import draw_settlement, summarise_settlement
from vpp.cli.baseline.site_inputs import InputFiles, read_inputs
from vpp.cli.output import to_json
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.baseline_rule import BaselineRule

_DAY_AHEAD_DAYS = 20
_SETTLEMENT_DAYS = 60
_PICTURES = {
    BacktestKind.DAY_AHEAD: ("methods.png", "error_by_hour.png", "fan.png"),
    BacktestKind.SETTLEMENT: ("methods.png", "error_by_hour.png", "events.png"),
}


@dataclass(frozen=True, slots=True)
class BacktestTask:
    """What to test, and where the results go.

    Attributes:
        kind: What is asked of the methods.
        methods: Names of the methods; None for a small choice.
        day_count: Days tested; None for the usual number.
        pick: Which days, day-ahead.
        windows: When placebo events lie, settlement.
        notice: How long before a placebo event notice is given; None for its start.
        files: What is known of the sites.
        out: Folder of the results.
        workers: Processes; None for one per processor.
        scheduler: Address of a Dask cluster; None for none.
        rules: Folder of the rules; None for those that come with the project.
    """

    kind: BacktestKind
    methods: tuple[str, ...] | None
    day_count: int | None
    pick: DayPick
    windows: tuple[PlaceboWindow, ...]
    notice: timedelta | None
    files: InputFiles
    out: Path
    workers: int | None = None
    scheduler: str | None = None
    rules: Path | None = None


def backtest_files(task: BacktestTask, *, as_json: bool) -> bool:
    """Test methods, write scores, summary and drawings, then print the summary.

    Nothing is written unless everything succeeded.

    Returns:
        Whether anything could be scored.

    Raises:
        NotFound: A rule, a file or a site is missing.
        InvalidInput: A file does not hold what it should, a method cannot be tested so, or the folder
            cannot be written.
    """
    library = read_rules(task.rules)
    rules = chosen_rules(library, task.methods, task.kind)
    targets = {name: task.out / name for name in ("scores.csv", "summary.json", *_PICTURES[task.kind])}
    _make_folder(task.out)
    check_targets(targets, inputs=task.files.named())
    with working("Reading and checking meter files"):
        inputs = read_inputs(task.files)
    sites = {name: one.meter for name, one in inputs.items()}
    pool = fleet_pool(task.workers, task.scheduler, len(sites))
    run = _settlement if task.kind is BacktestKind.SETTLEMENT else _day_ahead
    summary, pictures = run(task, rules, library, sites, pool)
    contents = {
        targets["scores.csv"]: summary.scores.to_csv(index=False, float_format="%.6g").encode(),
        targets["summary.json"]: f"{to_json(summary.document)}\n".encode(),
    } | {targets[name]: picture for name, picture in pictures.items()}
    write_all(contents)
    console = Console(highlight=False)
    if as_json:
        console.out(to_json(summary.document))
    else:
        summary.show(console)
        names = ", ".join(path.name for path in contents)
        console.print(f"Wrote {names} to {task.out}.", soft_wrap=True, markup=False)
    return bool(len(summary.scores))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(
            f"--out {folder} cannot be a folder: {error.strerror}; choose another", path=str(folder)
        ) from None


def _day_ahead(
    task: BacktestTask,
    rules: Sequence[BaselineRule],
    library: Mapping[str, BaselineRule],
    sites: Mapping[str, SiteMeter],
    pool: FleetPool,
) -> tuple[BacktestSummary, dict[str, bytes]]:
    plan = DayAheadPlan(day_count=task.day_count or _DAY_AHEAD_DAYS, pick=task.pick.value)
    with counting(f"Forecasting {len(sites)} series with {len(rules)} methods", "parts") as report:
        result = backtest_day_ahead(sites, rules, plan, library=library, pool=pool, progress=report)
    with working("Drawing"):
        summary = summarise_day_ahead(result, rules, plan)
        return summary, draw_day_ahead(result, summary, sites)


def _settlement(
    task: BacktestTask,
    rules: Sequence[BaselineRule],
    library: Mapping[str, BaselineRule],
    sites: Mapping[str, SiteMeter],
    pool: FleetPool,
) -> tuple[BacktestSummary, dict[str, bytes]]:
    plan = PlaceboPlan(windows=task.windows, day_count=task.day_count or _SETTLEMENT_DAYS, notice=task.notice)
    with counting(f"Settling placebo events of {len(sites)} series by {len(rules)} rules", "parts") as report:
        result = backtest_settlement(sites, rules, plan, library=library, pool=pool, progress=report)
    with working("Drawing"):
        summary = summarise_settlement(result, rules, plan, sites)
        return summary, draw_settlement(result, summary, sites)
