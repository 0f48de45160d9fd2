"""Whether the hub's database takes writes, and how far behind the hub is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from vpp.workflows.due_work import MARKET, next_due_at
from vpp.workflows.health_ports import SiteBacklog
from vpp.workflows.ports import UnitOfWorkFactory


@dataclass(frozen=True, slots=True)
class Situation:
    """How far behind the hub is.

    Attributes:
        at: When it was looked, UTC.
        backlog: What each site is owed that is owed anything.
        next_due_at: When the next deadline falls, or fell, due that has to be on time; None without one.
    """

    at: datetime
    backlog: Mapping[str, SiteBacklog]
    next_due_at: datetime | None

    @property
    def open_count(self) -> int:
        """How many messages are owed to all sites."""
        return sum(one.open_count for one in self.backlog.values())

    @property
    def oldest(self) -> datetime | None:
        """Since when the oldest of them has been owed, or None."""
        return min((one.since for one in self.backlog.values()), default=None)


def look_after(units: UnitOfWorkFactory) -> Situation:
    """Write one row, then look how far behind the hub is.

    Raises:
        Overloaded: The database takes no write now.
    """
    with units() as uow:
        uow.health.probe()
        uow.commit()
    due_at = next_due_at(units, MARKET)
    with units(write=False) as uow:
        return Situation(uow.now, uow.health.backlog(), due_at)
