"""Validation, estimation and editing: from raw readings to values that can be calculated with."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.foundation.errors import InvalidInput
from vpp.telemetry.edit_reasons import edit_reasons
from vpp.telemetry.edit_rules import EditRules
from vpp.telemetry.edited_series import EditedSeries
from vpp.telemetry.gap_filling import GapFilling
from vpp.telemetry.grid import metering_step
from vpp.telemetry.meter_readings import RegisterBridge
from vpp.telemetry.quality import MeterQuality
from vpp.telemetry.reading_flag import ReadingFlag
from vpp.telemetry.runs import runs
from vpp.telemetry.validation import validate


def edited(  # noqa: PLR0913  each comes from another place, by keyword
    raw_kw: pd.Series,
    *,
    like: npt.NDArray[np.int64] | None = None,
    flag: npt.NDArray[np.int32] | None = None,
    hidden: npt.NDArray[np.bool_] | None = None,
    bridges: Sequence[RegisterBridge] = (),
    rules: EditRules | None = None,
    notes: tuple[str, ...] = (),
) -> EditedSeries:
    """Validate a site's readings and estimate what is missing or not to be believed.

    Gaps up to `linear_gap` are filled by a line, up to `like_gap` by the mean of like days scaled by the
    gap's neighbours, longer ones not at all. Estimates come from readings only, never from estimates.
    Where a register counted across a gap, the estimates are scaled to add up to what it counted.

    Args:
        raw_kw: Mean net power, kW, consumption positive; regular, UTC, labelled by interval starts; NaN
            is a gap. Shape (T,).
        like: Labels; intervals with the same label are alike, such as the same slot of like days. None
            where no like days are known: only lines are drawn then. Shape (T,).
        flag: `ReadingFlag` bits that are already known. Shape (T,), int32.
        hidden: Readings that stand for no others, such as those of events. Shape (T,).
        bridges: What a register counted across gaps.
        rules: The limits; None for the usual ones.
        notes: What was done before.

    Returns:
        Raw and edited values with flags and reasons.

    Raises:
        InvalidInput: The series is not regular, or an argument has another length.

    Example:
        >>> from datetime import UTC, datetime, timedelta
        >>> from vpp.foundation.series import regular
        >>> raw_kw = regular([10.0, np.nan, 30.0], datetime(2026, 3, 2, tzinfo=UTC), timedelta(hours=1))
        >>> series = edited(raw_kw)
        >>> series.edited_kw.tolist(), series.reason[1]
        ([10.0, 20.0, 30.0], 'missing; a line between the neighbours')
    """
    rules, step = rules or EditRules(), metering_step(raw_kw)
    values_kw = raw_kw.to_numpy(dtype=np.float64)
    for name, given in (("like", like), ("flag", flag), ("hidden", hidden)):
        if given is not None and given.shape != values_kw.shape:
            raise InvalidInput(
                f"{name} has the shape {given.shape}, expected that of the readings, {values_kw.shape}",
                field=name,
            )
    found = validate(values_kw, step, rules)
    if flag is not None:
        found |= flag
    is_gap = np.isnan(values_kw) | ((found & rules.replaced) != 0)
    measured_kw = np.where(is_gap, np.nan, values_kw)
    donors_kw = measured_kw if hidden is None else np.where(hidden, np.nan, measured_kw)
    edit = GapFilling(measured_kw, donors_kw, found, step, rules, like)
    for gap in runs(is_gap):
        edit.fill(gap)
    for bridge in bridges:
        edit.bridge(bridge, pd.DatetimeIndex(raw_kw.index), is_gap)
    edited_kw = pd.Series(edit.result_kw, index=raw_kw.index)
    return EditedSeries(raw_kw, edited_kw, found, edit_reasons(found, edit.scale), notes)


def reported_flags(quality: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
    """Return the flags of readings that came with a quality of their own.

    Args:
        quality: `MeterQuality` codes. Shape (T,).

    Example:
        >>> reported_flags(np.array([MeterQuality.OK, MeterQuality.BAD], dtype=np.int8)).tolist()
        [0, 2048]
    """
    flag = np.zeros(len(quality), dtype=np.int32)
    flag[quality == MeterQuality.BAD] = ReadingFlag.REPORTED_BAD
    flag[quality == MeterQuality.ESTIMATED] = ReadingFlag.REPORTED_ESTIMATE
    return flag
