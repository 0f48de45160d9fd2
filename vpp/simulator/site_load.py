"""What a site uses when nobody commands it, as a file."""

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from vpp.foundation.errors import InvalidInput

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class SiteLoad:
    """A site's natural load on a regular grid.

    Attributes:
        start: Start of the first interval, UTC.
        step: Length of one interval.
        net_kw: Net power at the point of connection, kW. Shape (T,), T at least one week.
        it_kw: Power of the computing equipment in it, kW. Shape (T,).
        cooling_kw: Electrical power of the chillers in it, kW. Shape (T,).
    """

    start: datetime
    step: timedelta
    net_kw: npt.NDArray[np.float64]
    it_kw: npt.NDArray[np.float64]
    cooling_kw: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse naive times, unequal lengths, too short and non-finite series."""
        if self.start.utcoffset() != timedelta(0):
            raise InvalidInput(f"start {self.start.isoformat()} is not in UTC", start=self.start.isoformat())
        if self.step <= timedelta(0) or WEEK % self.step:
            raise InvalidInput(f"step {self.step} does not divide a week", step=str(self.step))
        for name, series in (("net_kw", self.net_kw), ("it_kw", self.it_kw), ("cooling_kw", self.cooling_kw)):
            if series.shape != self.net_kw.shape or len(series) < WEEK // self.step:
                raise InvalidInput(
                    f"{name} has shape {series.shape}, expected one dimension, as long as net_kw and "
                    f"at least {WEEK // self.step}",
                    field=name,
                )
            if not np.isfinite(series).all():
                raise InvalidInput(f"{name} holds values that are not finite", field=name)

    def position(self, index: int) -> int:
        """Return where interval `index` is found: after the file's end its last week repeats."""
        length = len(self.net_kw)
        if index < length:
            return index
        week = WEEK // self.step
        return length - week + (index - length) % week


def save_load(path: Path, load: SiteLoad) -> None:
    """Write a site's natural load."""
    np.savez_compressed(
        path,
        start_s=np.array(load.start.timestamp()),
        step_s=np.array(load.step.total_seconds()),
        net_kw=load.net_kw,
        it_kw=load.it_kw,
        cooling_kw=load.cooling_kw,
    )


def read_load(path: Path) -> SiteLoad:
    """Read a site's natural load.

    Args:
        path: A `.npz` file written by `save_load`; or a `.csv` file with the header
            `start_time,net_kw,it_kw,cooling_kw` and ISO 8601 start times on a regular grid.

    Raises:
        InvalidInput: The file cannot be read, lacks a column, or is no regular series.
    """
    try:
        return _from_csv(path) if path.suffix == ".csv" else _from_npz(path)
    except (OSError, KeyError, ValueError, BadZipFile) as error:
        raise InvalidInput(f"load_file {path} cannot be read: {error}", load_file=str(path)) from error


def _from_npz(path: Path) -> SiteLoad:
    with np.load(path, allow_pickle=False) as file:
        return SiteLoad(
            start=datetime.fromtimestamp(float(file["start_s"]), UTC),
            step=timedelta(seconds=float(file["step_s"])),
            net_kw=np.asarray(file["net_kw"], dtype=np.float64),
            it_kw=np.asarray(file["it_kw"], dtype=np.float64),
            cooling_kw=np.asarray(file["cooling_kw"], dtype=np.float64),
        )


def _from_csv(path: Path) -> SiteLoad:
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or lines[0] != "start_time,net_kw,it_kw,cooling_kw":
        raise ValueError("the header must be start_time,net_kw,it_kw,cooling_kw")
    rows = [line.split(",") for line in lines[1:]]
    instants = [datetime.fromisoformat(row[0]).astimezone(UTC) for row in rows]
    steps = {later - earlier for earlier, later in itertools.pairwise(instants)}
    if len(steps) != 1:
        raise ValueError(f"start times are not on one regular grid, steps are {sorted(steps)[:3]}")
    values = np.array([[float(value) for value in row[1:4]] for row in rows], dtype=np.float64)
    return SiteLoad(instants[0], steps.pop(), values[:, 0], values[:, 1], values[:, 2])
