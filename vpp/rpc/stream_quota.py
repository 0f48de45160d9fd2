"""How many streams one caller may have open at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from vpp.foundation.errors import Overloaded


class StreamQuota:
    """Counts the streams of each principal, over all its connections.

    gRPC bounds the streams of a connection, and a caller can open more connections.
    """

    def __init__(self, most: int) -> None:
        """Begin with none.

        Args:
            most: Streams of one principal. Two are needed for a moment when an agent comes back
                before the hub has noticed that it was gone.
        """
        self._most = most
        self._counts: dict[str, int] = {}

    @contextmanager
    def stream_of(self, principal_id: str) -> Iterator[None]:
        """Count a stream for as long as it is open.

        Raises:
            Overloaded: The principal has too many.
        """
        count = self._counts.get(principal_id, 0)
        if count >= self._most:
            raise Overloaded(
                f"{principal_id} has {count} streams open, expected at most {self._most}; close one first"
            )
        self._counts[principal_id] = count + 1
        try:
            yield
        finally:
            left = self._counts[principal_id] - 1
            if left:
                self._counts[principal_id] = left
            else:
                del self._counts[principal_id]
