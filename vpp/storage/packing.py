"""Numbers as bytes: no loss, and the same whatever machine this is."""

import numpy as np
import numpy.typing as npt

LITTLE_ENDIAN_DOUBLE = np.dtype("<f8")
LITTLE_ENDIAN_COUNT = np.dtype("<u4")


def packed(values_kw: npt.NDArray[np.float64]) -> bytes:
    """Pack values as little-endian doubles, whatever machine this is.

    Args:
        values_kw: Values, kW; NaN is a gap and survives. Shape (N,).

    Returns:
        8 N bytes.

    Example:
        >>> packed(np.array([1.0])).hex()
        '000000000000f03f'
    """
    return values_kw.astype(LITTLE_ENDIAN_DOUBLE, copy=False).tobytes()


def unpacked(content: bytes) -> npt.NDArray[np.float64]:
    """Return the values that were packed, kW. Shape (len(content) / 8,).

    Example:
        >>> unpacked(packed(np.array([1.5, np.nan]))).tolist()
        [1.5, nan]
    """
    return np.frombuffer(content, dtype=LITTLE_ENDIAN_DOUBLE).astype(np.float64)


def packed_counts(counts: npt.NDArray[np.uint32]) -> bytes:
    """Pack counts, four bytes each."""
    return counts.astype(LITTLE_ENDIAN_COUNT, copy=False).tobytes()


def unpacked_counts(content: bytes) -> npt.NDArray[np.uint32]:
    """Return the counts that were packed. Shape (len(content) / 4,).

    Example:
        >>> unpacked_counts(packed_counts(np.array([3, 0], dtype=np.uint32))).tolist()
        [3, 0]
    """
    return np.frombuffer(content, dtype=LITTLE_ENDIAN_COUNT).astype(np.uint32)
