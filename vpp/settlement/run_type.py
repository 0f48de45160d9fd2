"""Why a version of a statement is written."""

import enum


class RunType(enum.Enum):
    """Why a version of a statement is written.

    Attributes:
        INITIAL: First settlement of the events in it; readings may be estimated.
        RECALC: Again, with better readings.
        FINAL: Last regular version.
        ADJUSTMENT: After a dispute.
    """

    INITIAL = "initial"
    RECALC = "recalc"
    FINAL = "final"
    ADJUSTMENT = "adjustment"
