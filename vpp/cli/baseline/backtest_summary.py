"""What a backtest comes to: a table of scores, a document, and a table for people."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from rich.console import Console
from rich.markup import escape

from vpp.baseline.engine_version import ENGINE_VERSION
from vpp.cli.baseline.compute_document import Document, number
from vpp.cli.baseline.rule_words import unverified_words
from vpp.cli.output import make_table
from vpp.portfolio.baseline_rule import BaselineRule

_MOST_REMARKS = 8


@dataclass(frozen=True, slots=True, eq=False)
class MethodFigures:
    """One method over all series.

    Attributes:
        method: Its name.
        is_verified: Whether every value of the rule was checked against a source.
        scores: The score by which methods are compared, one per series. Shape (S,).
        middle: That of all series together.
        cells: Further figures in words, in the order of the columns.
        document: All figures.
    """

    method: str
    is_verified: bool
    scores: npt.NDArray[np.float64]
    middle: float
    cells: tuple[str, ...]
    document: Document


@dataclass(frozen=True, slots=True, eq=False)
class BacktestSummary:
    """A backtest, summed up.

    Attributes:
        title: What was tested.
        score_name: The score by which methods are compared.
        is_share: Whether it is written in percent.
        columns: Names of the further figures.
        methods: Methods, best first.
        remarks: What a reader must know.
        warnings: What no reader may miss.
        scores: One row per series and method.
        document: Everything but the rows.
    """

    title: str
    score_name: str
    is_share: bool
    columns: tuple[str, ...]
    methods: tuple[MethodFigures, ...]
    remarks: tuple[str, ...]
    warnings: tuple[str, ...]
    scores: pd.DataFrame
    document: Document

    def show(self, console: Console) -> None:
        """Print it for people."""
        columns = (f">{name}" for name in self.columns)
        table = make_table(self.title, "method", f">{self.score_name}", *columns)
        for column in table.columns[1:]:
            column.no_wrap = True
        for figures in self.methods:
            mark = "" if figures.is_verified else "[red]*[/]"
            middle = score_words(figures.middle, is_share=self.is_share)
            table.add_row(f"{escape(figures.method)}{mark}", middle, *figures.cells)
        console.print(table)
        for remark in self.remarks[:_MOST_REMARKS]:
            console.print(f"  - {remark}", markup=False, soft_wrap=True)
        if len(self.remarks) > _MOST_REMARKS:
            console.print(f"  - {len(self.remarks) - _MOST_REMARKS} more in summary.json", markup=False)
        for warning in self.warnings:
            console.print(f"[red]* {escape(warning)}[/]", soft_wrap=True)


def score_words(value: float, *, is_share: bool) -> str:
    """Write a score.

    Example:
        >>> score_words(0.0553, is_share=True), score_words(0.5812, is_share=False)
        ('5.53 %', '0.581')
    """
    if not np.isfinite(value):
        return "-"
    return f"{value * 100:.2f} %" if is_share else f"{value:.3f}"


def percent(value: float | None, *, signed: bool = False, digits: int = 2) -> str:
    """Write a share in percent; nothing known is a dash.

    Example:
        >>> percent(0.0031, signed=True), percent(None)
        ('+0.31 %', '-')
    """
    if value is None or not np.isfinite(value):
        return "-"
    sign = "+" if signed else ""
    return f"{value * 100:{sign}.{digits}f} %"


def geometric_mean(values: npt.ArrayLike) -> float:
    """Return the geometric mean of what is known and above 0; NaN if nothing is.

    Example:
        >>> round(geometric_mean([0.5, 2.0, float("nan")]), 6)
        1.0
    """
    array = np.asarray(values, dtype=np.float64)
    known = array[np.isfinite(array) & (array > 0)]
    return float(np.exp(np.log(known).mean())) if len(known) else float("nan")


def middle(values: pd.Series, how: str) -> float | None:
    """Return the mean or median of what is known; None if nothing is."""
    known = pd.to_numeric(values, errors="coerce").dropna()
    if known.empty:
        return None
    return float(known.median() if how == "median" else known.mean())


def series_count(scores: pd.DataFrame) -> int:
    """Count the series that any method was scored on."""
    return len(set(scores["series"]))


def head_document(kind: str, rules: Sequence[BaselineRule], count: int) -> Document:
    """Begin a summary: what was tested, with which rules and engine."""
    return {
        "kind": kind,
        "engine_version": ENGINE_VERSION,
        "series_count": count,
        "rules": [
            {
                "baseline_id": rule.baseline_id,
                "version": rule.version,
                "digest": rule.digest,
                "verified": rule.is_verified,
                "unverified": list(rule.source.unverified),
            }
            for rule in rules
        ],
    }


def rule_warnings(rules: Sequence[BaselineRule]) -> tuple[str, ...]:
    """List the warnings of unverified rules."""
    return tuple(warning for rule in rules if (warning := unverified_words(rule)) is not None)


def optional(value: float | None) -> float | None:
    """Return a figure that JSON can hold."""
    return None if value is None else number(value)
