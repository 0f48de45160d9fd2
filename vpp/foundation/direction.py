"""Which way consumption is asked to move, and the one place in which that is a sign.

Every power of an event is a magnitude in the event's direction: with `LOAD_DOWN` a reduction of
consumption, with `LOAD_UP` an increase. What a meter shows becomes such a magnitude, and a magnitude a
reading, here and nowhere else, so that both directions are followed and settled by the same lines of code:

    delivered(baseline, metered) = s * (baseline - metered),   s = 1 for LOAD_DOWN, -1 for LOAD_UP
    level(baseline, moved)       = baseline - s * moved

so that `delivered(baseline, level(baseline, moved)) = moved`, and an event mirrored is the same event:
`LOAD_UP.delivered(-baseline, -metered) = LOAD_DOWN.delivered(baseline, metered)`.
"""

import enum
from typing import Any, TypeVar

Amount = TypeVar("Amount", bound=Any)
"""What can be subtracted from its like: a float, a Decimal, an array, a series."""


class Direction(enum.Enum):
    """Which way consumption is moved.

    Attributes:
        LOAD_DOWN: Less consumption.
        LOAD_UP: More consumption.
    """

    LOAD_DOWN = "load_down"
    LOAD_UP = "load_up"

    @property
    def other(self) -> "Direction":
        """The opposite direction."""
        return Direction.LOAD_UP if self is Direction.LOAD_DOWN else Direction.LOAD_DOWN

    def delivered(self, baseline: Amount, metered: Any) -> Amount:  # noqa: ANN401  as the baseline, or one number
        """Return what was delivered: how far a meter was moved in this direction.

        Args:
            baseline: Net consumption without the event, kW or kWh; NaN is a gap.
            metered: Net consumption, same unit; same shape, or one number for all of it.

        Returns:
            Same unit and shape, negative where consumption was moved the other way.

        Example:
            >>> Direction.LOAD_DOWN.delivered(100.0, 70.0), Direction.LOAD_UP.delivered(100.0, 130.0)
            (30.0, 30.0)
        """
        moved: Amount = baseline - metered if self is Direction.LOAD_DOWN else metered - baseline
        return moved

    def level(self, baseline: Amount, moved: Any) -> Amount:  # noqa: ANN401  as the baseline, or one number
        """Return the net consumption at which so much is delivered: the inverse of `delivered`.

        Args:
            baseline: Net consumption without the event, kW or kWh.
            moved: What is delivered, same unit, same shape or one number; may be negative.

        Example:
            >>> Direction.LOAD_DOWN.level(100.0, 30.0), Direction.LOAD_UP.level(100.0, 30.0)
            (70.0, 130.0)
        """
        metered: Amount = baseline - moved if self is Direction.LOAD_DOWN else baseline + moved
        return metered
