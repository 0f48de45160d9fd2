"""Going on after a restore from a backup, which has forgotten what others still know.

Agents hold deliveries, and parties statements, that the restored database knows nothing of. So a hub on such
a database does not start until its owner says that it may. Then every site's count of deliveries leaps ahead
of whatever the site may have been given in the forgotten time: a number that is given twice would be taken
for a repeat, and the order in it lost.
"""

import math
from dataclasses import replace
from datetime import datetime

from vpp.foundation.errors import WrongState
from vpp.workflows.ports import Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import HUB, audit
from vpp.workflows.restoration_records import Restoration

LEAP = 1_000_000
"""Deliveries that a site's count leaps by in any case."""
LEAP_PER_SECOND = 10
"""And for each second of the forgotten time: more than any site is given. So a backup that is restored a
second time, days after the first, leaps beyond what was given in between as well."""


def note_restore(units: UnitOfWorkFactory, backup_made_at: datetime, manifest_sha256: str) -> Restoration:
    """Write down that the database was restored; a hub does not start on it until it is confirmed."""
    with units() as uow:
        restoration = Restoration(
            f"restored-{uow.now:%Y%m%dt%H%M%S%f}", backup_made_at, uow.now, manifest_sha256
        )
        uow.restorations.add(restoration.restoration_id, restoration)
        audit(
            uow,
            HUB,
            "restore",
            f"restorations/{restoration.restoration_id}",
            backup_made_at=backup_made_at.isoformat(),
            manifest_sha256=manifest_sha256,
        )
        uow.commit()
    return restoration


def go_on_after_restore(units: UnitOfWorkFactory, *, confirmed: bool) -> int:
    """Let a hub go on from a restored database, or refuse to.

    Args:
        units: Makes transactions.
        confirmed: Whether the hub's owner has looked at what was forgotten.

    Returns:
        How many restores were confirmed: 0 where there was nothing to.

    Raises:
        WrongState: The database was restored, and nobody has confirmed it.
    """
    with units(write=False) as uow:
        waiting = _unconfirmed(uow)
    if not waiting:
        return 0
    if not confirmed:
        oldest = min(stored.value.backup_made_at for stored in waiting)
        raise WrongState(
            f"the database was restored from a backup of {oldest.isoformat()}: agents, operators and parties "
            "may know what it has forgotten. Compare with the newest statements and audit heads that they "
            "hold, then start once with --after-restore",
            backup_made_at=oldest.isoformat(),
        )
    with units() as uow:
        waiting = _unconfirmed(uow)
        for stored in waiting:
            leap = _leap_of(stored.value)
            uow.outbox.leap(leap)
            confirmed_now = replace(stored.value, confirmed_at=uow.now)
            uow.restorations.update(stored.value.restoration_id, confirmed_now, revision=stored.revision)
            audit(uow, HUB, "go_on_after_restore", f"restorations/{stored.value.restoration_id}", leap=leap)
        uow.commit()
    return len(waiting)


def _leap_of(restoration: Restoration) -> int:
    forgotten = restoration.restored_at - restoration.backup_made_at
    return LEAP + LEAP_PER_SECOND * max(math.ceil(forgotten.total_seconds()), 0)


def _unconfirmed(uow: UnitOfWork) -> list[Stored[Restoration]]:
    return [stored for stored in uow.restorations.page() if stored.value.confirmed_at is None]
