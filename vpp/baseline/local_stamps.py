"""Stamps of a local clock, as meters and markets publish them, become instants."""

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.baseline.calendar import SiteCalendar
from vpp.foundation.errors import InvalidInput


def utc_starts(
    wall: pd.DatetimeIndex,
    time_zone: str,
    *,
    end_step: timedelta | None = None,
    sites: npt.NDArray[np.int64] | None = None,
    first_row: int = 1,
) -> pd.DatetimeIndex:
    """Return the instants at which intervals start whose stamps are of a local clock.

    An hour that occurs twice is told apart by the order of the rows: of two equal stamps of a site the
    first is the earlier instant; one that comes alone is the earlier one. Stamps of ends are published in
    two ways, and the rows around a clock change show which: "hour ending" names the clock's time of the
    start, plus the interval's length (02:00 then 04:00 in spring, 02:00 twice in autumn, in the United
    States); the other names what the clock shows at the end (01:00 then 03:00; 01:00 twice). Where the rows
    do not show it, "hour ending" is taken.

    Args:
        wall: Stamps without a zone. Shape (N,).
        time_zone: IANA name of the clock's zone.
        end_step: Length of the intervals where stamps name their ends; None where they name starts.
        sites: Which rows belong together; None where all do. Shape (N,).
        first_row: Number of the first row, for errors.

    Returns:
        Interval starts, UTC. Shape (N,).

    Raises:
        InvalidInput: The zone is unknown, or the clock never showed a stamp, which it names.

    Example:
        The clocks of New York went back an hour on 2 November 2014.

        >>> wall = pd.DatetimeIndex(["2014-11-02 01:00", "2014-11-02 02:00", "2014-11-02 02:00"])
        >>> starts = utc_starts(wall, "America/New_York", end_step=timedelta(hours=1))
        >>> [at.hour for at in starts]
        [4, 5, 6]
    """
    zone = SiteCalendar(time_zone).time_zone  # refuses an unknown zone
    groups = np.zeros(len(wall), dtype=np.int64) if sites is None else sites
    if end_step is None:
        starts, wrong = _localized(wall, zone, groups)[:2]
    else:
        starts, wrong, doubtful = _localized(wall - end_step, zone, groups)
        if (wrong | doubtful).any():
            ends, other_wrong, other_doubtful = _localized(wall, zone, groups)
            if np.count_nonzero(other_wrong | other_doubtful) < np.count_nonzero(wrong | doubtful):
                starts, wrong = ends - end_step, other_wrong
    if wrong.any():
        at = int(np.argmax(wrong))
        raise InvalidInput(
            f"row {first_row + at}, time: {wall[at]} was skipped by the clock of {zone}, expected a time "
            "that it showed",
            row=str(first_row + at),
            value=str(wall[at]),
            time_zone=zone,
        )
    return starts


def _localized(
    wall: pd.DatetimeIndex, zone: str, groups: npt.NDArray[np.int64]
) -> tuple[pd.DatetimeIndex, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return instants, which stamps were skipped, and which are given twice though they occur once."""
    occurrence = pd.DataFrame({"wall": wall, "group": groups}).groupby(["wall", "group"]).cumcount()
    nth = occurrence.to_numpy(dtype=np.int64)
    is_second = nth > 0
    earlier = wall.tz_localize(zone, ambiguous=np.ones(len(wall), dtype=np.bool_), nonexistent="NaT")
    later = wall.tz_localize(zone, ambiguous=np.zeros(len(wall), dtype=np.bool_), nonexistent="NaT")
    skipped = np.asarray(earlier.isna(), dtype=np.bool_)
    is_twofold = np.asarray(earlier != later, dtype=np.bool_) & ~skipped
    instants = earlier.where(~(is_twofold & is_second), later).tz_convert("UTC")
    return instants.as_unit("us"), skipped, is_second & ~is_twofold & ~skipped
