"""The limit of open files, checked at start: later it would show as refused connections."""

import resource

from vpp.foundation.errors import InvalidInput

OWN_FILES = 256
"""Files beside the connections: database, logs, worker processes."""


def allow_open_files(connection_count: int) -> None:
    """Raise the process's limit of open files to what the connections need.

    Raises:
        InvalidInput: The system does not allow that many.
    """
    needed = connection_count + OWN_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise InvalidInput(
            f"server.max_connections is {connection_count}, which needs {needed} open files; "
            f"the system allows {hard}",
            max_connections=str(connection_count),
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
