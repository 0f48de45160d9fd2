"""Why readings are flagged and what was done, in words."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from vpp.telemetry.reading_flag import ReadingFlag

_WORDS: Mapping[ReadingFlag, str] = MappingProxyType(
    {
        ReadingFlag.MISSING: "missing",
        ReadingFlag.NEGATIVE: "net export where none is expected",
        ReadingFlag.ZERO: "zero where the site never rests",
        ReadingFlag.SPIKE: "spike",
        ReadingFlag.STUCK: "the same value for hours",
        ReadingFlag.CONFLICT: "readings that differ",
        ReadingFlag.RESET: "the register went backwards",
        ReadingFlag.REPORTED_BAD: "reported as bad",
        ReadingFlag.REPORTED_ESTIMATE: "reported as an estimate",
        ReadingFlag.LINEAR: "a line between the neighbours",
        ReadingFlag.LIKE_DAYS: "the mean of like days x {scale:.3f}",
        ReadingFlag.BRIDGED: "scaled to the register's count",
        ReadingFlag.LONG_GAP: "not estimated: the gap is too long, or nothing like it is known",
    }
)


def edit_reasons(flag: npt.NDArray[np.int32], scale: npt.NDArray[np.float64]) -> npt.NDArray[np.object_]:
    """Say for each interval what was found and what was done.

    Args:
        flag: `ReadingFlag` bits. Shape (T,), int32.
        scale: What like days were multiplied by; NaN elsewhere. Shape (T,).

    Returns:
        Texts, findings before what was done; "" where there is no flag. Shape (T,).

    Example:
        >>> flag = np.array([0, ReadingFlag.SPIKE | ReadingFlag.LIKE_DAYS], dtype=np.int32)
        >>> edit_reasons(flag, np.array([np.nan, 1.05])).tolist()
        ['', 'spike; the mean of like days x 1.050']
    """
    reasons = np.full(len(flag), "", dtype=np.object_)
    for bits in np.unique(flag[flag != 0]):
        template = "; ".join(words for one, words in _WORDS.items() if int(bits) & one)
        for at in np.flatnonzero(flag == bits):
            reasons[at] = template.format(scale=scale[at])
    return reasons
