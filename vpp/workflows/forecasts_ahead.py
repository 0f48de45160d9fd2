"""The forecasts of many sites over a span, read in few statements."""

from collections.abc import Iterable
from datetime import datetime

from vpp.workflows.forecast_records import ForecastRecord
from vpp.workflows.ports import UnitOfWork


class ForecastsAhead:
    """The newest forecast of each site at an instant; sites and instants may be asked for in any order.

    All sites are read at the first instant, and at a later one only those that no forecast read before
    covers: at most one statement per instant, however many sites have no forecast at all.
    """

    def __init__(self, uow: UnitOfWork, site_ids: Iterable[str]) -> None:
        """Take the sites; nothing is read yet.

        Args:
            uow: Knows forecasts.
            site_ids: Every site that may be asked for.
        """
        self._uow = uow
        self._known: dict[str, list[ForecastRecord]] = {site_id: [] for site_id in sorted(set(site_ids))}
        self._asked: set[datetime] = set()

    def covering(self, site_id: str, at: datetime) -> ForecastRecord | None:
        """Return the newest forecast of a site whose horizon holds an instant, or None."""
        held = self._held(site_id, at)
        if held is None and at not in self._asked:
            self._read(at)
            held = self._held(site_id, at)
        return held

    def _held(self, site_id: str, at: datetime) -> ForecastRecord | None:
        return next(
            (each for each in self._known.get(site_id, ()) if each.horizon.start <= at < each.horizon.end),
            None,
        )

    def _read(self, at: datetime) -> None:
        wanted = [site_id for site_id in self._known if self._held(site_id, at) is None]
        for site_id, found in self._uow.forecasts.covering_all(wanted, at).items():
            self._known[site_id].append(found)
        self._asked.add(at)
