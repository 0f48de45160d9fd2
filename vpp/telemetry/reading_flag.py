"""What was found out about a single reading."""

import enum


class ReadingFlag(enum.IntFlag):
    """Findings about one interval; several may hold at once.

    Attributes:
        NONE: Nothing to remark.
        MISSING: No reading.
        NEGATIVE: Net export where none was announced.
        ZERO: A zero that a running site does not have.
        SPIKE: Far above everything of the weeks before.
        STUCK: Part of a long run of one value that is not zero.
        CONFLICT: Several readings of one interval that differ.
        RESET: The register went backwards by more than a rollover explains.
        LINEAR: The edited value lies on the line between the neighbours of a short gap.
        LIKE_DAYS: The edited value is the mean of like days, scaled by the gap's neighbours.
        BRIDGED: The edited values of the gap add up to what the register counted across it.
        LONG_GAP: Part of a gap too long to estimate; there is no edited value.
        REPORTED_BAD: The meter or the site itself said that the reading is wrong.
        REPORTED_ESTIMATE: The meter or the site itself estimated the value.
    """

    NONE = 0
    MISSING = 1
    NEGATIVE = 2
    ZERO = 4
    SPIKE = 8
    STUCK = 16
    CONFLICT = 32
    RESET = 64
    LINEAR = 128
    LIKE_DAYS = 256
    BRIDGED = 512
    LONG_GAP = 1024
    REPORTED_BAD = 2048
    REPORTED_ESTIMATE = 4096


# Values that were put in the place of a reading.
ESTIMATES = ReadingFlag.LINEAR | ReadingFlag.LIKE_DAYS | ReadingFlag.REPORTED_ESTIMATE
