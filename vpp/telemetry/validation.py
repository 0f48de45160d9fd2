"""Which readings are not to be believed: spikes, stuck meters, zeros, signs."""

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.telemetry.edit_rules import EditRules
from vpp.telemetry.reading_flag import ReadingFlag
from vpp.telemetry.runs import Run, runs


def validate(raw_kw: npt.NDArray[np.float64], step: timedelta, rules: EditRules) -> npt.NDArray[np.int32]:
    """Flag readings; none is changed.

    Args:
        raw_kw: Readings, kW, consumption positive; NaN is a gap. Shape (T,).
        step: Length of an interval.
        rules: The limits.

    Returns:
        `ReadingFlag` bits: MISSING, NEGATIVE, ZERO, SPIKE, STUCK. Shape (T,), int32.

    Example:
        >>> from datetime import timedelta
        >>> flag = validate(np.array([5.0, -1.0, np.nan]), timedelta(hours=1), EditRules())
        >>> [ReadingFlag(int(bits)).name for bits in flag]
        ['NONE', 'NEGATIVE', 'MISSING']
    """
    flag = np.zeros(len(raw_kw), dtype=np.int32)
    flag[np.isnan(raw_kw)] |= ReadingFlag.MISSING
    if not rules.is_export_expected:
        flag[raw_kw < 0.0] |= ReadingFlag.NEGATIVE
    if rules.is_zero_missing:
        flag[raw_kw == 0.0] |= ReadingFlag.ZERO
    flag[_spikes(raw_kw, step, rules)] |= ReadingFlag.SPIKE
    flag[_stuck(raw_kw, step, rules)] |= ReadingFlag.STUCK
    return flag


def _stuck(raw_kw: npt.NDArray[np.float64], step: timedelta, rules: EditRules) -> npt.NDArray[np.bool_]:
    """Tell where one non-zero value repeats too long."""
    is_same = np.zeros(len(raw_kw), dtype=np.bool_)
    is_same[1:] = (np.diff(raw_kw) == 0.0) & (raw_kw[1:] != 0.0)
    stuck = np.zeros(len(raw_kw), dtype=np.bool_)
    for run in runs(is_same):
        if (run.length + 1) * step >= rules.stuck:  # the reading that is repeated counts too
            stuck[run.first - 1 : run.end] = True
    return stuck


def _spikes(raw_kw: npt.NDArray[np.float64], step: timedelta, rules: EditRules) -> npt.NDArray[np.bool_]:
    """Tell where readings are far above everything before them, and soon back.

    A reading found to be a spike no longer raises the line for those after it, so the search goes on
    from there with the line drawn anew.
    """
    size_kw = np.abs(raw_kw)
    spikes = np.zeros(len(raw_kw), dtype=np.bool_)
    begin = 0
    while True:
        line_kw = _spike_line(np.where(spikes, np.nan, size_kw), step, rules)
        above = np.flatnonzero((size_kw > line_kw) & (np.arange(len(size_kw)) >= begin))
        if not len(above):
            return spikes
        first = int(above[0])
        run = _run_above(size_kw, first, float(line_kw[first]))
        # The last run may still go on: whether it is a new level is not known yet, so it is flagged.
        spikes[run.first : run.end] = run.length * step <= rules.longest_spike
        begin = run.end


def _spike_line(
    size_kw: npt.NDArray[np.float64], step: timedelta, rules: EditRules
) -> npt.NDArray[np.float64]:
    """Return what each reading would have to exceed; NaN where too little precedes it."""
    window = max(rules.spike_history // step, 1)
    least = min(max(rules.min_spike_history // step, 1), window)
    largest_kw = pd.Series(size_kw).rolling(window, min_periods=least).max().shift(1).to_numpy()
    line_kw: npt.NDArray[np.float64] = rules.spike_ratio * largest_kw
    return np.where(line_kw > 0.0, line_kw, np.nan)


def _run_above(size_kw: npt.NDArray[np.float64], first: int, line_kw: float) -> Run:
    below = np.flatnonzero(~(size_kw[first:] > line_kw))
    return Run(first, first + int(below[0]) if len(below) else len(size_kw))
