"""Every attack that is written down above the transport; what floods and breaks it is in `support.abuse`."""

from support.hostile import curious, malicious, strangers
from support.hostile.attack import ATTACKS

__all__ = ["ATTACKS", "curious", "malicious", "strangers"]
