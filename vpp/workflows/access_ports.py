"""What deciding about access needs from storage, as a Protocol."""

from typing import Protocol

from vpp.workflows.access_records import Barred


class BarredRepository(Protocol):
    """Everybody who is refused, for a hub that asks every second."""

    def all(self) -> Barred:
        """Return them in few statements, by their ids alone."""
        ...
