"""Files of spans: past events with their rebound, and peak hours."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from vpp.cli.baseline.csv_table import cell, read_csv_table
from vpp.cli.baseline.stamps import instant
from vpp.foundation.interval import Interval


@dataclass(frozen=True, slots=True)
class PastEvent:
    """An event that is over.

    Attributes:
        interval: Delivery, UTC.
        site: Which site was called; "" for every site.
        rebound: How long after it the load is not what it would have been.
    """

    interval: Interval
    site: str
    rebound: timedelta

    @property
    def hidden(self) -> tuple[Interval, ...]:
        """The span after delivery whose readings are hidden; none without a rebound."""
        if not self.rebound:
            return ()
        return (Interval(self.interval.end, self.interval.end + self.rebound),)


def read_past_events(path: Path, rebound: timedelta) -> tuple[PastEvent, ...]:
    """Read past events from `start_time,end_time[,rebound_minutes][,site]`.

    Args:
        path: The file; one with a header alone says that there were none.
        rebound: Rebound of events whose row gives none.

    Raises:
        NotFound: There is no such file.
        InvalidInput: The message names file, line, column, value and what was expected.
    """
    frame = read_csv_table(path, "--past-events", ("start_time", "end_time"), ("rebound_minutes", "site"))
    events = []
    for row, cells in enumerate(frame.to_dict("records")):
        text = str(cells.get("rebound_minutes", "")).strip()
        span = Interval(*_bounds(path, row, frame))
        own = rebound if not text else timedelta(minutes=_minutes(path, row, text))
        events.append(PastEvent(span, str(cells.get("site", "")).strip(), own))
    return tuple(events)


def read_peak_hours(path: Path) -> tuple[Interval, ...]:
    """Read peak hours from `start_time,end_time`, highest system load first.

    Raises:
        NotFound: There is no such file.
        InvalidInput: The message names file, line, column, value and what was expected.
    """
    frame = read_csv_table(path, "--peak-hours", ("start_time", "end_time"))
    return tuple(Interval(*_bounds(path, row, frame)) for row in range(len(frame)))


def _bounds(path: Path, row: int, frame: pd.DataFrame) -> tuple[datetime, datetime]:
    bounds = []
    for column in ("start_time", "end_time"):
        text = str(frame[column].iloc[row])
        try:
            bounds.append(instant(text))
        except ValueError:
            expected = "an ISO 8601 time with its offset from UTC, such as 2026-01-19T17:00Z"
            raise cell(path, row, column, text, expected) from None
    start, end = bounds
    if end <= start:
        raise cell(path, row, "end_time", str(frame["end_time"].iloc[row]), "a time after start_time")
    return start, end


def _minutes(path: Path, row: int, text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = -1.0
    if not 0 <= minutes <= 7 * 24 * 60:
        raise cell(path, row, "rebound_minutes", text, "minutes from 0 to a week, or nothing")
    return minutes
