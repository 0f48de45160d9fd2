"""Random bytes that follow from a seed, for days that are played again; they keep nothing secret."""

import random


class SeededRandomSource:
    """Stands for `vpp.foundation.random_source.SystemRandomSource`."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def random_bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)
