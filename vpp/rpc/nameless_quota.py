"""How many calls may be open whose callers need no identity: of probes, and of browsers of the schema."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from vpp.foundation.errors import Overloaded


class NamelessQuota:
    """Counts such calls by connection, by party, and all of them, apart from everybody else's.

    Without a bound for a party, one with certificates of its own could fill the bound of all, and then no
    probe would hear that the hub serves: who runs hubs by probes would end a hub that is well.

    Example:
        >>> quota = NamelessQuota(most_of_connection=1, most_of_all=2)
        >>> with quota.call_on("a"), quota.call_on("b"):
        ...     len(quota)
        2
    """

    def __init__(self, most_of_connection: int = 8, most_of_all: int = 200, most_of_party: int = 20) -> None:
        """Begin with none.

        Args:
            most_of_connection: Calls of one connection at a time.
            most_of_all: Calls of all connections together.
            most_of_party: Calls of one party's certificates together.
        """
        self._most_of_connection = most_of_connection
        self._most_of_party = most_of_party
        self._most_of_all = most_of_all
        self._open: Counter[str] = Counter()
        self._open_of_party: Counter[str] = Counter()

    def __len__(self) -> int:
        """Return how many are open."""
        return self._open.total()

    @contextmanager
    def call_on(self, connection: str, party_id: str | None = None) -> Iterator[None]:
        """Count a call for as long as it is open.

        Args:
            connection: On which it came.
            party_id: Whose certificate the connection has; None without one.

        Raises:
            Overloaded: There are too many.
        """
        counted = [(self._open, connection, self._most_of_connection)]
        if party_id is not None:
            counted.append((self._open_of_party, party_id, self._most_of_party))
        if len(self) >= self._most_of_all or any(counts[key] >= most for counts, key, most in counted):
            raise Overloaded("too many calls are open whose callers are not known; close one first")
        for counts, key, _ in counted:
            counts[key] += 1
        try:
            yield
        finally:
            for counts, key, _ in counted:
                counts[key] -= 1
                if not counts[key]:
                    del counts[key]
