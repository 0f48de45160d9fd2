"""How far consumption is moved and which way, as people read it."""

from collections.abc import Sequence

from vpp.cli.output import power_range
from vpp.v1 import buyer_pb2 as wire


def moved(power_kw: Sequence[float], direction: wire.Direction.ValueType) -> str:
    """Write how far consumption is moved; where it is raised, that is said.

    Args:
        power_kw: Magnitudes per interval, kW.
        direction: Which way; a hub that does not say lowers it.

    Example:
        >>> moved([], wire.DIRECTION_LOAD_UP)
        '-'
        >>> moved([50.0, 80.0], wire.DIRECTION_LOAD_DOWN), moved([50.0], wire.DIRECTION_LOAD_UP)
        ('50 kW to 80 kW', '50 kW more')
    """
    text = power_range(power_kw)
    return f"{text} more" if power_kw and direction == wire.DIRECTION_LOAD_UP else text
