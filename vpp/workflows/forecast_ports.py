"""What the workflows need from outside to keep forecasts, as Protocols."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from vpp.foundation.interval import Interval
from vpp.workflows.forecast_records import (
    ForecastErrorRecord,
    ForecastKind,
    ForecastRecord,
    SitePlanRecord,
)


@dataclass(frozen=True, slots=True)
class ForecastPlace:
    """Where a forecast stands in its site's list, which begins with the newest.

    Attributes:
        made_at: When it was made.
        horizon_start_at: Start of the span it covers.
        kind: Why it was made.
    """

    made_at: datetime
    horizon_start_at: datetime
    kind: ForecastKind

    @classmethod
    def of(cls, record: ForecastRecord) -> "ForecastPlace":
        """Return a forecast's place."""
        return cls(record.made_at, record.horizon.start, record.kind)


class ForecastRepository(Protocol):
    """Load forecasts: every making is kept as it was made."""

    def add(self, record: ForecastRecord) -> None:
        """Keep a forecast; the same site, kind, horizon start and instant again is ignored."""
        ...

    def is_made(self, site_id: str, kind: ForecastKind, horizon_start_at: datetime) -> bool:
        """Tell whether a site has a forecast of that kind whose horizon begins at an instant."""
        ...

    def covering(
        self, site_id: str, instant: datetime, kind: ForecastKind | None = None
    ) -> ForecastRecord | None:
        """Return the newest forecast, of a kind or any, whose horizon holds the instant, or None."""
        ...

    def covering_all(self, site_ids: Sequence[str], instant: datetime) -> dict[str, ForecastRecord]:
        """Return of each of these sites what `covering` returns; those without are left out."""
        ...

    def overlapping(
        self, site_ids: Sequence[str], kind: ForecastKind, span: Interval
    ) -> list[ForecastRecord]:
        """Return forecasts whose horizons share an instant with a span, by site, the newest made last."""
        ...

    def newest(
        self,
        site_id: str,
        *,
        after: ForecastPlace | None = None,
        limit: int = 1000,
        kind: ForecastKind | None = None,
    ) -> list[ForecastRecord]:
        """List a site's forecasts, newest first, after a place in the list."""
        ...

    def without_error(self, site_id: str, kind: ForecastKind, ended: Interval) -> list[ForecastRecord]:
        """Return forecasts whose horizons ended within a span and that have no error, oldest first."""
        ...

    def note_error(self, record: ForecastErrorRecord) -> None:
        """Keep what a forecast was wrong by; once noted, it stays."""
        ...

    def errors(
        self, site_ids: Sequence[str], kind: ForecastKind, started: Interval
    ) -> list[ForecastErrorRecord]:
        """Return the errors of forecasts whose horizons began within a span, by site, newest made last."""
        ...


class PlanRepository(Protocol):
    """Load that sites plan themselves: every plan is kept as it came."""

    def add(self, record: SitePlanRecord) -> None:
        """Keep a plan."""
        ...

    def overlapping(self, site_id: str, span: Interval) -> list[SitePlanRecord]:
        """Return the plans that share an instant with a span, in the order in which they came."""
        ...
