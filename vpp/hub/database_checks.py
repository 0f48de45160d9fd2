"""What a hub asks of its database before it goes on from what it finds there."""

import logging

from vpp.foundation.clock import Clock
from vpp.storage.backup.restoring import check_restore_is_over
from vpp.storage.database_users import check_user
from vpp.storage.engine import Database
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.restoration import go_on_after_restore

_log = logging.getLogger(__name__)


def check_database(engine: Database, clock: Clock, *, after_restore: bool) -> None:
    """Refuse a database user without the rights that a hub needs, and a restore that nobody has confirmed.

    Args:
        engine: On a migrated database.
        clock: The hub's clock.
        after_restore: Whether the owner lets the hub go on from a restored database.

    Raises:
        InvalidInput: The database's user cannot keep tenants apart.
        WrongState: The database was restored from a backup, and nobody has confirmed it, or not to the end.
    """
    check_restore_is_over(engine)
    remark = check_user(engine)
    if remark is not None:
        _log.warning("%s", remark)
    count = go_on_after_restore(SqlUnitOfWorkFactory(engine, clock), confirmed=after_restore)
    if count:
        _log.warning("going on from a restored database, as its owner has confirmed")
    elif after_restore:
        _log.info("--after-restore confirms nothing: no restore waits for it")
