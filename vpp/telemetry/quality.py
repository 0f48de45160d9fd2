"""How far a meter reading can be trusted."""

import enum

import numpy as np
import numpy.typing as npt


class MeterQuality(enum.IntEnum):
    """Trust in a reading; the codes are those of the wire.

    Attributes:
        OK: Measured.
        ESTIMATED: Estimated by the site; paid only in initial statements.
        MISSING: Not there.
        BAD: Measured and known to be wrong; never paid.
    """

    OK = 1
    ESTIMATED = 2
    MISSING = 3
    BAD = 4


# From best to worst. A missing sample is worse than a bad one: without it there is no mean to state.
_BEST_TO_WORST = np.array(
    [MeterQuality.OK, MeterQuality.ESTIMATED, MeterQuality.BAD, MeterQuality.MISSING], dtype=np.int8
)


def worst_quality(codes: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """Return the worst quality code of each row.

    Args:
        codes: `MeterQuality` codes. Shape (N, K), K samples in each of N intervals, K above 0.

    Returns:
        One code per row. Shape (N,).

    Example:
        >>> worst_quality(np.array([[1, 2], [4, 1], [3, 4]], dtype=np.int8)).tolist()
        [2, 4, 3]
    """
    rank_of_code = np.zeros(len(_BEST_TO_WORST) + 1, dtype=np.int8)
    rank_of_code[_BEST_TO_WORST] = np.arange(len(_BEST_TO_WORST), dtype=np.int8)
    worst: npt.NDArray[np.int8] = _BEST_TO_WORST[rank_of_code[codes].max(axis=1)]
    return worst
