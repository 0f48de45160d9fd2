"""Readings with what was made of them, and why."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.telemetry.edit_rules import EDITING_VERSION
from vpp.telemetry.grid import metering_step
from vpp.telemetry.metered_series import MeteredSeries
from vpp.telemetry.quality import MeterQuality
from vpp.telemetry.reading_flag import ESTIMATES, ReadingFlag


@dataclass(frozen=True, slots=True, eq=False)
class EditedSeries:
    """Raw and edited values side by side; nothing is overwritten.

    Attributes:
        raw_kw: Mean net power as read, kW, consumption positive. Regular UTC index of interval starts; NaN
            is a gap. Shape (T,).
        edited_kw: The value to calculate with: the reading, its estimate, or NaN where there is none.
            Same index.
        flag: `ReadingFlag` bits. Shape (T,), int32.
        reason: Why the interval is flagged and what was done, "" where nothing was. Shape (T,).
        notes: What was done to the readings as a whole.
        version: Of the rules in code that made the edits.
    """

    raw_kw: pd.Series
    edited_kw: pd.Series
    flag: npt.NDArray[np.int32]
    reason: npt.NDArray[np.object_]
    notes: tuple[str, ...] = ()
    version: str = EDITING_VERSION

    @property
    def step(self) -> timedelta:
        """Length of an interval."""
        return metering_step(self.raw_kw)

    @property
    def quality(self) -> npt.NDArray[np.int8]:
        """`MeterQuality` codes of the edited values. Shape (T,), int8."""
        quality = np.full(len(self.flag), MeterQuality.OK, dtype=np.int8)
        quality[(self.flag & ESTIMATES) != 0] = MeterQuality.ESTIMATED
        is_as_read = self.edited_kw.to_numpy() == self.raw_kw.to_numpy()
        quality[((self.flag & ReadingFlag.REPORTED_BAD) != 0) & is_as_read] = MeterQuality.BAD
        quality[np.isnan(self.edited_kw.to_numpy(dtype=np.float64))] = MeterQuality.MISSING
        return quality

    @property
    def is_edited(self) -> npt.NDArray[np.bool_]:
        """Where the edited value is not the reading. Shape (T,)."""
        same = self.raw_kw.to_numpy() == self.edited_kw.to_numpy()
        result: npt.NDArray[np.bool_] = ~same & ~(np.isnan(self.raw_kw) & np.isnan(self.edited_kw)).to_numpy()
        return result

    def count(self, flag: ReadingFlag) -> int:
        """Return how many intervals carry a flag."""
        return int(np.count_nonzero(self.flag & flag))

    def counts(self) -> dict[str, int]:
        """Return how many intervals carry each flag, by its name in lower case; flags of none left out."""
        found = {str(flag.name).lower(): self.count(flag) for flag in ReadingFlag}
        return {name: count for name, count in found.items() if count}

    def metered(self) -> MeteredSeries:
        """Return the edited values with the quality of each."""
        conflicts = self.count(ReadingFlag.CONFLICT)
        return MeteredSeries(self.edited_kw, self.quality, conflicts)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per interval: raw_kw, edited_kw, quality, flag and reason.

        Returns:
            Index `start_time`, UTC. The quality is a name in lower case, the flags are names joined by
            "+". Shape (T, 5).
        """
        qualities, flags = self.quality, self.flag
        quality_names = {code: MeterQuality(code).name.lower() for code in np.unique(qualities)}
        flag_names = {code: _flag_names(int(code)) for code in np.unique(flags)}
        return pd.DataFrame(
            {
                "raw_kw": self.raw_kw,
                "edited_kw": self.edited_kw,
                "quality": [quality_names[code] for code in qualities],
                "flag": [flag_names[code] for code in flags],
                "reason": self.reason,
            },
            index=self.raw_kw.index.rename("start_time"),
        )


def _flag_names(bits: int) -> str:
    return "+".join(str(flag.name).lower() for flag in ReadingFlag if bits & flag)
