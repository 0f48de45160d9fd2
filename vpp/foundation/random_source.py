"""Random bytes: the only place that asks the machine for those that keep a secret.

Whatever makes transactions or seals is handed a `RandomSource`, as it is handed a clock, so that a
simulated day follows from its seed. A source that can be foretold is no part of this package.
"""

import secrets
from typing import Protocol


class RandomSource(Protocol):
    """Gives random bytes."""

    def random_bytes(self, count: int) -> bytes:
        """Return so many bytes, never given before.

        What commits bids and what encrypts them rests on nobody being able to foretell them.
        """
        ...


class SystemRandomSource:
    """The operating system's, fit for secrets.

    Example:
        >>> source = SystemRandomSource()
        >>> len(source.random_bytes(32)), source.random_bytes(32) == source.random_bytes(32)
        (32, False)
    """

    def random_bytes(self, count: int) -> bytes:
        """Return so many bytes."""
        return secrets.token_bytes(count)


SYSTEM_RANDOM_SOURCE = SystemRandomSource()
"""What everybody has to whom no other is handed."""
