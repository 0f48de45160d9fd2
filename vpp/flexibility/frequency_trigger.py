"""How fast a fast frequency reserve must be there, by the frequency it is set to."""

from datetime import timedelta
from types import MappingProxyType

from vpp.foundation.errors import InvalidInput

FULL_RESPONSE_BY_MILLIHERTZ = MappingProxyType(
    {
        49_700: timedelta(milliseconds=1300),
        49_600: timedelta(milliseconds=1000),
        49_500: timedelta(milliseconds=700),
    }
)
SHORT_SUPPORT = timedelta(seconds=5)
LONG_SUPPORT = timedelta(seconds=30)
READY_AGAIN = timedelta(minutes=15)
SLOW_RELEASE_RATIO_PER_S = 0.2


def required_full_response(trigger_hz: float) -> timedelta:
    """Return the time in which the full reduction must be there after the trigger.

    Args:
        trigger_hz: Frequency the device is set to, Hz: 49.7, 49.6 or 49.5.

    Returns:
        Longest time from the trigger to the full reduction.

    Raises:
        InvalidInput: The product has no such trigger.

    Source:
        Fingrid, The technical requirements and the prequalification process of Fast Frequency
        Reserve (FFR), alternatives for activation.

    Example:
        >>> required_full_response(49.5).total_seconds()
        0.7
    """
    response = FULL_RESPONSE_BY_MILLIHERTZ.get(round(trigger_hz * 1000))
    if response is None:
        raise InvalidInput(
            f"trigger_hz is {trigger_hz}, expected 49.7, 49.6 or 49.5", trigger_hz=str(trigger_hz)
        )
    return response


def required_support(release_ratio_per_s: float) -> timedelta:
    """Return how long the reduction must hold, by how fast it is released afterwards.

    Args:
        release_ratio_per_s: Share of the reduction released per second, above 0.

    Returns:
        5 s for a release of at most 20 % per second, else 30 s.

    Source:
        Fingrid, as above, short and long support duration.

    Example:
        >>> required_support(1.0).total_seconds()
        30.0
    """
    return SHORT_SUPPORT if release_ratio_per_s <= SLOW_RELEASE_RATIO_PER_S else LONG_SUPPORT
