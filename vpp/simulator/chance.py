"""Chance that a restart does not change: the n-th draw of a named source is always the same."""

import hashlib
import math

_BYTES = 8


def chance(seed: int, source: str, count: int) -> float:
    """Return the n-th number of a source, uniform in [0, 1).

    A device that keeps only `count` over a restart draws on as if it had not stopped.

    Args:
        seed: Of the plant.
        source: What is drawn, such as `"genset start"`.
        count: Which draw, 0 or more.

    Example:
        >>> chance(1, "start", 0) == chance(1, "start", 0), chance(1, "start", 0) == chance(1, "start", 1)
        (True, False)
    """
    digest = hashlib.blake2b(f"{seed}/{source}/{count}".encode(), digest_size=_BYTES).digest()
    return int.from_bytes(digest, "big") / 2.0 ** (8 * _BYTES)


def bell(seed: int, source: str, count: int) -> float:
    """Return the n-th number of a source, standard normal (Box and Muller 1958)."""
    radius = math.sqrt(-2.0 * math.log(1.0 - chance(seed, f"{source}/radius", count)))
    return radius * math.cos(2.0 * math.pi * chance(seed, f"{source}/angle", count))
