"""What the exit codes of `vpp` mean."""

import enum


class ExitCode(enum.IntEnum):
    """How a command ended.

    Attributes:
        OK: It did what was asked.
        NOT_SO: It ran, and the answer is no: a statement, a clearing or a demo's check does not hold, or
            no site has a baseline.
        USAGE: The command line is wrong; nothing was sent.
        REFUSED: The hub refused, or a file is missing or wrong; nothing changed. Mend it before
            trying again.
        UNREACHABLE: No hub answered, or it is overloaded; trying again may help.
        NOT_ALLOWED: The certificate or token is missing, unknown, revoked, or may not do this.
        DEFECT: The hub failed, and its log says why; or a clearing broke its own promise.
    """

    OK = 0
    NOT_SO = 1
    USAGE = 2
    REFUSED = 3
    UNREACHABLE = 4
    NOT_ALLOWED = 5
    DEFECT = 6


EXIT_CODES_HELP = (
    "Exit codes: 0 done; 1 ran, and the answer is no (what does not verify, or no baseline); 2 wrong "
    "command line; 3 the hub refused, or a file is missing or wrong; 4 no hub answered; 5 certificate or "
    "token missing, unknown or not allowed; 6 the hub or a clearing failed."
)
