"""Readings as bytes: eight per value, no loss."""

import numpy as np
import numpy.typing as npt

LITTLE_ENDIAN_DOUBLE = np.dtype("<f8")


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
