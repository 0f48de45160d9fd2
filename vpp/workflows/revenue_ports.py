"""What the workflows need of stored readings of revenue meters, as a Protocol."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from vpp.foundation.interval import Interval
from vpp.workflows.revenue_records import RevenueImport, RevenuePiece, RevenueReadings


class RevenueRepository(Protocol):
    """Readings of revenue meters: imported by version, never changed, never forgotten."""

    def add(self, revenue_import: RevenueImport, readings: RevenueReadings) -> None:
        """Keep an import; raises AlreadyExists for a known version of a meter."""
        ...

    def imports(self, site_id: str, device_id: str | None = None) -> Sequence[RevenueImport]:
        """Return a site's imports, of one meter or of all, by device and version."""
        ...

    def load_many(
        self, site_ids: Iterable[str], interval: Interval, *, as_of: datetime | None = None
    ) -> Mapping[str, Sequence[RevenuePiece]]:
        """Return the pieces that overlap a span by site, by device, version and time; sites without none.

        With `as_of`, only those imported by that instant.
        """
        ...

    def sites(self) -> frozenset[str]:
        """Return the sites that have an import."""
        ...
