"""What the workflows need of stored readings, as Protocols."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from vpp.foundation.interval import Interval
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.roll_up import RollUp, RollUpLevel


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard of a site's readings of a span.

    Attributes:
        number: The newest batch among them, counted in the order in which the site's were received.
        received_at: When it was received.
        is_repeated: Whether some of the span was certainly sent more than once.
    """

    number: int
    received_at: datetime
    is_repeated: bool


class TelemetryRepository(Protocol):
    """Raw batches of readings: written once, never changed, forgotten when nobody needs them."""

    def add(self, batches: Sequence[TelemetryBatch]) -> int:
        """Keep batches in bulk; known (site, sequence) pairs change nothing. Returns new readings."""
        ...

    def held_sequence(self, site_id: str) -> int:
        """Return the highest sequence held of a site, 0 for none."""
        ...

    def held_sequences(self, site_ids: Iterable[str]) -> dict[str, int]:
        """Return the highest sequence held of each of these sites; those without any are left out."""
        ...

    def last_number(self, site_id: str) -> int:
        """Return the number under which the site's newest batch was received, 0 for none."""
        ...

    def last_numbers(self, site_ids: Iterable[str]) -> dict[str, int]:
        """Return the same of each of these sites; those without any are left out."""
        ...

    def sites(self, *, after: str = "", limit: int = 1000) -> list[str]:
        """List sites that ever sent readings, by id, after one."""
        ...

    def load(self, site_id: str, interval: Interval, *, up_to: int | None = None) -> list[TelemetryBatch]:
        """Return the batches that overlap a span, in the order they were received, cut at midnight UTC.

        With `up_to`, only those received under that number or before: what was known then.
        """
        ...

    def load_many(
        self, site_ids: Iterable[str], interval: Interval, *, as_of: datetime | None = None
    ) -> dict[str, list[TelemetryBatch]]:
        """Return the same of many sites in one statement, by site; those without any are left out.

        With `as_of`, only those received by that instant.
        """
        ...

    def heard(
        self, site_ids: Iterable[str], interval: Interval, *, as_of: datetime | None = None
    ) -> Mapping[str, Heard]:
        """Return what was heard of many sites' readings of a span, by site; those without are left out."""
        ...

    def make_room(self, span: Interval) -> None:
        """Make ready for readings of a span, so that nobody has to when they come."""
        ...

    def forget(self, site_ids: Iterable[str], before: datetime) -> int:
        """Forget readings of sites before a midnight UTC, or of whole months of all sites.

        As much as one transaction should; returns how much, 0 if nothing more can be now.
        """
        ...


class RollUpRepository(Protocol):
    """Days of sites summed up from their readings: what long windows are read from."""

    def of_site(
        self, site_id: str, span: Interval, level: RollUpLevel, *, up_to: int | None = None
    ) -> list[RollUp]:
        """Return a site's days that begin in a span and are up to date, in order.

        With `up_to`, only days that hold nothing received after the batch of this number.
        """
        ...

    def of_sites(
        self, site_ids: Iterable[str], span: Interval, level: RollUpLevel, *, as_of: datetime | None = None
    ) -> dict[str, list[RollUp]]:
        """Return the same of many sites in one statement, by site; those without any are left out.

        With `as_of`, only days that were summed up by that instant: they hold what was known then.
        """
        ...

    def keep(self, roll_ups: Sequence[RollUp]) -> None:
        """Keep days in place of older versions of them."""
        ...

    def settled(self, days: Sequence[tuple[str, datetime, int]]) -> None:
        """Take note that days are up to date as of a site's batch: site, midnight UTC and its number."""
        ...

    def late_days(
        self, span: Interval, *, after: tuple[str, datetime] | None = None, limit: int = 1000
    ) -> list[tuple[str, datetime]]:
        """List days of a span that are to be summed up again, by site and midnight UTC, after one."""
        ...

    def forget(self, site_ids: Iterable[str], before: datetime, level: RollUpLevel) -> None:
        """Forget days of sites before a midnight UTC."""
        ...
