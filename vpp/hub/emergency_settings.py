"""What the hub's owner sets about emergencies."""

from datetime import timedelta

from pydantic import Field

from vpp.hub.setting_types import Group, Wait


class EmergencySettings(Group):
    """How emergencies are cleared while everybody waits.

    Attributes:
        worker_processes: Processes that are kept free for emergencies, so that none waits for an
            auction's clearing; 0 shares those of [work].
        solver_time_limit: How long a clearing may look for a better answer once it has one, a whole
            number of seconds; never longer than in an auction.
    """

    worker_processes: int = Field(default=1, ge=0, le=16)
    solver_time_limit: Wait = timedelta(seconds=5)
