"""A capacity curve that the site's flexible work follows, hour by hour.

Either the caps are given, or they are worked out for each civil day from what power costs: see
`vpp.flexibility.capacity_curve`. With the load w of a resource's flexible work and the cap c of the hour,
each control step commands

    reduction >= max(0, w - c),    recovery <= max(c - w, what deadlines need)

so that deadlines come before the curve: the work of the day is moved, and none of it is lost. An event may
ask for a deeper reduction; while consumption is to be raised the curve rests.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from vpp.agent.capacity_table import CapacityTable
from vpp.agent.controller import Commands
from vpp.agent.settings import AgentSettings
from vpp.agent.site_tariff import SiteTariff
from vpp.agent.unit import Unit
from vpp.flexibility.bounds import TOLERANCE_KW
from vpp.flexibility.capacity_curve import CapacityShortfall, FlexibleDay, capacity_curve
from vpp.flexibility.civil_place import civil_place
from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput

HOUR = timedelta(hours=1)
log = logging.getLogger(__name__)


@runtime_checkable
class FlexibleWork(Protocol):
    """A resource with work that can wait."""

    def flexible_kw(self, state: Any) -> float:  # noqa: ANN401  each kind's own
        """Return what its flexible work draws if left alone, kW."""

    def urgent_kw(self, state: Any, step: timedelta) -> float:  # noqa: ANN401  each kind's own
        """Return the increase that deadlines need in the next step, kW."""


class CapacityCaps:
    """The capacity curves of one site."""

    def __init__(self, settings: AgentSettings, units: Mapping[str, Unit[Any]]) -> None:
        """Take the curves.

        Raises:
            InvalidInput: A curve is of no resource, or of one without flexible work.
        """
        for resource_id in settings.capacity_curve:
            if not isinstance(units.get(resource_id), FlexibleWork):
                raise InvalidInput(
                    f"capacity_curve.{resource_id} is of no job_groups or deferrable_load of this site",
                    resource_id=resource_id,
                )
        self._settings = settings
        self._tariff = SiteTariff(settings)
        self._worked_out: dict[str, tuple[date, tuple[float, ...]]] = {}

    def cap_kw(self, resource_id: str, at: datetime) -> float | None:
        """Return the cap of the hour that holds at an instant, kW; None where there is none."""
        table = self._settings.capacity_curve.get(resource_id)
        if table is None:
            return None
        place = civil_place(table.time_zone)
        if table.caps_kw is not None:
            return table.caps_kw[_wall_hour(table, at)]
        day = place.civil_date(at)
        known = self._worked_out.get(resource_id)
        if known is None or known[0] != day:
            known = (day, self._day_caps(resource_id, table, day))
            self._worked_out[resource_id] = known
        hours = known[1]
        return hours[(at - place.day(day).start) // HOUR] if hours else None

    def _day_caps(self, resource_id: str, table: CapacityTable, day: date) -> tuple[float, ...]:
        """Return the caps of a civil day of 23, 24 or 25 hours; none if they cannot be worked out."""
        span = civil_place(table.time_zone).day(day)
        starts = [span.start + n * HOUR for n in range(-(-span.duration // HOUR))]
        arriving = table.arriving_kw or ()
        try:
            prices = self._tariff.prices().prices_over(span.start, HOUR, len(starts), resource_id)
            found = capacity_curve(
                FlexibleDay(
                    tuple(arriving[_wall_hour(table, start)] for start in starts),
                    (table.room_kw or 0.0,) * len(starts),
                    tuple(float(price) for price in prices),
                    table.longest_delay_hours,
                ),
                table.margin_ratio,
            )
        except InvalidInput:
            log.exception("%s/%s: no capacity curve for %s", self._settings.site_name, resource_id, day)
            return ()
        if isinstance(found, CapacityShortfall):
            log.warning("%s: no caps hold %.0f kWh of %s", resource_id, found.missing_kwh, day)
            return ()
        return found.cap_kw

    def under(
        self, commands: Commands, units: Sequence[Unit[Any]], at: datetime, step: timedelta
    ) -> Commands:
        """Return commands under which flexible work follows its curve.

        Args:
            commands: What the site's promises ask for.
            units: The resources, observed.
            at: Start of the control step, UTC.
            step: Its length.
        """
        is_up = commands.direction is Direction.LOAD_UP and any(
            kw > TOLERANCE_KW for kw in commands.change_kw.values()
        )
        if is_up or not self._settings.capacity_curve:
            return commands
        change_kw, recovery_kw = dict(commands.change_kw), dict(commands.recovery_limit_kw)
        for unit in units:
            key = unit.resource_id
            cap_kw = self.cap_kw(key, at) if unit.is_available and key in change_kw else None
            if cap_kw is None or not isinstance(unit, FlexibleWork):
                continue
            above_kw = unit.flexible_kw(unit.observed) - cap_kw
            cut_kw = min(max(0.0, above_kw), unit.available_kw(unit.observed, step))
            change_kw[key] = max(change_kw[key], cut_kw)
            room_kw = max(0.0, -above_kw, unit.urgent_kw(unit.observed, step))
            recovery_kw[key] = min(recovery_kw[key], room_kw)
        return replace(
            commands, change_kw=change_kw, recovery_limit_kw=recovery_kw, direction=Direction.LOAD_DOWN
        )


def _wall_hour(table: CapacityTable, at: datetime) -> int:
    offset = civil_place(table.time_zone).utc_offset(at)
    return (at + offset).hour
