"""From a backtest's options to methods, placebo windows and workers."""

from collections.abc import Mapping, Sequence
from datetime import time, timedelta

import typer

from vpp.baseline.fleet_pool import FleetPool
from vpp.baseline.scoring.placebo_plan import PEAK_WINDOWS, PlaceboWindow
from vpp.cli.baseline.backtest_choices import BacktestKind
from vpp.cli.baseline.rule_library import rule_named
from vpp.portfolio.baseline_rule import BaselineRule

ALL = "all"
_USUAL = {
    BacktestKind.DAY_AHEAD: (
        "forecast-robust",
        "forecast-mean",
        "forecast-fast",
        "high-4-of-5",
        "ten-of-ten",
    ),
    BacktestKind.SETTLEMENT: ("high-4-of-5", "ten-of-ten", "forecast-robust"),
}
_MIXES = ("fast", "mean", "robust", "boosted")
_FEW = 6


def chosen_rules(
    library: Mapping[str, BaselineRule], names: Sequence[str] | None, kind: BacktestKind
) -> list[BaselineRule]:
    """Choose the methods of a backtest.

    Args:
        library: The rules at hand.
        names: Rule ids, or mixes of forecast members such as `robust`, which stand for the rule
            `forecast-robust`; `all` for every rule that can be tested so; None for a small choice.
        kind: What is asked of them: a rule that reads what comes after the start forecasts no day.

    Raises:
        NotFound: A name is neither.
        BadParameter: A name occurs twice, or nothing is named.
    """
    fit = [rule for rule in library.values() if kind is BacktestKind.SETTLEMENT or not rule.looks_past_start]
    if names is None:
        usual = [library[name] for name in _USUAL[kind] if name in library]
        return usual or fit[:_FEW]
    if tuple(names) == (ALL,):
        return fit
    wanted = [
        f"forecast-{name}" if name in _MIXES and name not in library else name for name in names if name
    ]
    if not wanted or len(set(wanted)) < len(wanted):
        raise typer.BadParameter(f"--methods {','.join(names)}: expected at least one, and each once")
    return [rule_named(library, name) for name in wanted]


def placebo_windows(texts: Sequence[str]) -> tuple[PlaceboWindow, ...]:
    """Read when placebo events lie; the afternoon and the evening peak if nothing is said.

    Raises:
        BadParameter: A text is not two times of the day.

    Example:
        >>> [window.duration for window in placebo_windows(["16:00-19:00", "22:00-01:00"])]
        [datetime.timedelta(seconds=10800), datetime.timedelta(seconds=10800)]
    """
    if not texts:
        return PEAK_WINDOWS
    windows = []
    for text in texts:
        start_text, _, end_text = text.partition("-")
        try:
            start, end = time.fromisoformat(start_text), time.fromisoformat(end_text)
        except ValueError:
            raise typer.BadParameter(f"--window {text!r} is not FROM-TO such as 14:00-18:00") from None
        length = _since_midnight(end) - _since_midnight(start)
        windows.append(PlaceboWindow(start, length if length > timedelta(0) else length + timedelta(days=1)))
    return tuple(windows)


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)


def fleet_pool(workers: int | None, scheduler: str | None, series_count: int) -> FleetPool:
    """Choose where to work: a cluster if there is one, this process for a single series, else processes.

    Raises:
        BadParameter: Both a number of processes and a cluster are given.
    """
    if scheduler is not None:
        if workers is not None:
            raise typer.BadParameter("--workers and --scheduler exclude each other; a cluster has its own")
        return FleetPool("dask", scheduler_address=scheduler)
    if workers == 1 or series_count == 1:
        return FleetPool("inline")
    return FleetPool("local", workers=workers)
