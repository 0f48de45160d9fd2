"""The limit of open files, checked at start: later it would show as refused connections."""

import resource

from vpp.foundation.errors import InvalidInput

OWN_FILES = 256
"""Files beside the agents' connections: database, logs, worker processes, operators."""


def allow_open_files(session_count: int) -> None:
    """Raise the process's limit of open files to what the sessions need.

    Raises:
        InvalidInput: The system does not allow that many.
    """
    needed = session_count + OWN_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise InvalidInput(
            f"work.max_sessions is {session_count}, which needs {needed} open files; "
            f"the system allows {hard}",
            max_sessions=str(session_count),
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
