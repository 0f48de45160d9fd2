"""What `--kind` and `--pick` may be."""

import enum


class BacktestKind(enum.Enum):
    """What a backtest asks of a method.

    Attributes:
        DAY_AHEAD: Whole days, forecast at the local midnight before them.
        SETTLEMENT: Placebo events, as if they were settled.
    """

    DAY_AHEAD = "day-ahead"
    SETTLEMENT = "settlement"


class DayPick(enum.Enum):
    """Which days a day-ahead backtest takes.

    Attributes:
        LAST: The last ones in a row.
        EVEN: Ones spread evenly over all that have the history.
    """

    LAST = "last"
    EVEN = "even"
