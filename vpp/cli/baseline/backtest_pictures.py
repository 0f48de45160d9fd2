"""What the drawings of both kinds of backtest are made from."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from vpp.cli.baseline.backtest_summary import BacktestSummary
from vpp.cli.charts.baseline_hours import HourErrors
from vpp.cli.charts.baseline_methods import MethodScores
from vpp.cli.charts.baseline_style import NAIVE, Footnote, method_colours

Examples = list[tuple[str, str]]

_HOURS = 24
_LINES = 6
_FEW = 3


def colours(summary: BacktestSummary, reference: str | None) -> dict[str, str]:
    """Give every method its colour, best first; the reference is grey."""
    coloured = method_colours([one.method for one in summary.methods if one.method != reference])
    return coloured if reference is None else coloured | {reference: NAIVE}


def method_rows(summary: BacktestSummary, reference: str | None = "naive-7d") -> list[MethodScores]:
    """Lay out the methods that scored, best first, without the reference that they are held against."""
    coloured = colours(summary, reference)
    return [
        MethodScores(
            label=one.method,
            colour=coloured[one.method],
            scores=one.scores,
            middle=one.middle,
            cells=one.cells,
            is_marked=not one.is_verified,
        )
        for one in summary.methods
        if one.method != reference and np.isfinite(one.scores).any()
    ]


def hour_errors(frame: pd.DataFrame, summary: BacktestSummary, reference: str | None) -> list[HourErrors]:
    """Average errors by hour of the site's day: over each series, then over series.

    Args:
        frame: Columns series, method, hour, actual_kw, estimate_kw.
        summary: The methods, best first; the best few are drawn.
        reference: The method that others are held against.
    """
    known = frame[frame["actual_kw"].notna() & frame["estimate_kw"].notna()]
    load_kw = known.groupby("series")["actual_kw"].transform("mean")
    known = known[load_kw > 0]
    error = (known["estimate_kw"] - known["actual_kw"]) / load_kw
    table = pd.DataFrame(
        {
            "method": known["method"],
            "series": known["series"],
            "hour": np.floor(known["hour"]).astype(int),
            "absolute": error.abs(),
            "bias": error,
        }
    )
    by_series = table.groupby(["method", "series", "hour"])[["absolute", "bias"]].mean()
    by_hour = by_series.groupby(["method", "hour"]).mean()
    means = {str(name): rows.droplevel("method") for name, rows in by_hour.groupby("method")}
    coloured = colours(summary, reference)
    names = [one.method for one in summary.methods if one.method in means and one.method != reference]
    names = names[:_LINES] + ([reference] if reference is not None and reference in means else [])
    return [
        HourErrors(
            label=name,
            colour=coloured[name],
            absolute_ratio=means[name]["absolute"].reindex(range(_HOURS)).to_numpy(dtype=np.float64),
            bias_ratio=means[name]["bias"].reindex(range(_HOURS)).to_numpy(dtype=np.float64),
            is_reference=name == reference,
        )
        for name in names
    ]


def hour_words(summary: BacktestSummary, reference: str | None) -> str:
    """Say how errors by hour were averaged, and whether methods are left out."""
    shown = len([one for one in summary.methods if one.method != reference])
    left_out = f"; the best {_LINES} of {shown} methods" if shown > _LINES else ""
    return f"{summary.title.partition(': ')[2]}; every series counts the same{left_out}"


def examples(scores: pd.Series) -> Examples:
    """Choose series to show: all of a few, else the best, the middle one and the worst.

    Args:
        scores: One score per series, lower is better; index of names.

    Returns:
        Names, and why each is shown, ready to be followed by its score.
    """
    ordered = scores.sort_values(kind="stable", na_position="last")
    names = [str(name) for name in ordered.index]
    if len(names) <= _FEW:
        return [(name, "") for name in names]
    known = [str(name) for name in ordered.dropna().index] or names
    count = len(known)
    return [
        (known[0], f"best of {count} series, "),
        (known[count // 2], f"in the middle of {count} series, "),
        (known[-1], f"worst of {count} series, "),
    ]


def warning_notes(warnings: Sequence[str], method: str | None = None) -> list[Footnote]:
    """Turn warnings into footnotes: those of one method, or a single line that names all methods.

    Args:
        warnings: Sentences as of `unverified_words`.
        method: Only what is about this method; None for all.
    """
    if method is not None:
        return [Footnote(text, is_warning=True) for text in warnings if f" of {method}," in text]
    if not warnings:
        return []
    text = (
        "Methods marked unverified use values that were checked against no source; summary.json names them."
    )
    return [Footnote(text, is_warning=True)]
