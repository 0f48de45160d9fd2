"""What scores of sites need from storage, as a Protocol."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from vpp.dispatch.reliability import Shown
from vpp.dispatch.site_score import SiteScore


@dataclass(frozen=True, slots=True)
class ScorePlace:
    """A place in a list of scores, the newest event first.

    Attributes:
        delivery_start_at: Start of delivery, UTC.
        score_id: Of events that began at once, the lower id comes first.
    """

    delivery_start_at: datetime
    score_id: str


class ScoreRepository(Protocol):
    """Scores under `{event}-{site}`, written once and never changed."""

    def add_all(self, scores: Sequence[SiteScore]) -> None:
        """Keep scores in few statements; raises AlreadyExists if one is there."""
        ...

    def scored_sites(self, event_id: str) -> frozenset[str]:
        """Return the sites that have been scored for an event."""
        ...

    def newest(
        self, site_ids: Iterable[str] | None, *, after: ScorePlace | None, limit: int
    ) -> list[SiteScore]:
        """List scores of sites, or of all, the newest event first, from a place on."""
        ...

    def shown_since(self, since: datetime, site_ids: Collection[str]) -> dict[str, list[Shown]]:
        """Return what each of these sites has shown in events that began since, in two statements."""
        ...
