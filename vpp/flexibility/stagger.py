"""When each of many sites moves: at an instant of its own, never all on one tick of the clock.

A frequency falls for all sites at once, and a command goes to all at once. If every UPS answered in
the same millisecond, the answer would be a step of its own on the grid, and so would the release. Each
site therefore waits for a share of the time it has, drawn from its own name: without a list of sites,
without a coordinator, and the same after every restart. The shares are spread evenly, so that about
n/k of n sites fall into each of k equal ticks, and none is preferred over the years.

Source:
    Rule "never on one clock tick across sites": a choice of this project.
"""

import hashlib
from datetime import timedelta

from vpp.foundation.errors import InvalidInput

HASH_BYTES = 8


def own_share(*names: str) -> float:
    """Return a site's own share of a waiting time, in [0, 1), the same on every machine.

    Args:
        names: What names the site, and whatever else the share is to depend on.

    Example:
        >>> own_share("site-001") == own_share("site-001") != own_share("site-002")
        True
    """
    digest = hashlib.sha256("/".join(names).encode()).digest()
    return int.from_bytes(digest[:HASH_BYTES], "big") / 2.0 ** (8 * HASH_BYTES)


def command_offset(site_name: str, resource_id: str, spread: timedelta) -> timedelta:
    """Return how long a device waits before it follows a command.

    Args:
        site_name: The site.
        resource_id: The flexible resource.
        spread: Longest wait that the product's notice allows.

    Raises:
        InvalidInput: The spread is negative.
    """
    if spread < timedelta(0):
        raise InvalidInput(f"spread is {spread}, expected zero or more", spread=str(spread))
    return own_share("command", site_name, resource_id) * spread


def trigger_offset(
    site_name: str, resource_id: str, required: timedelta, response_time: timedelta
) -> timedelta | None:
    """Return how long a device waits after a local frequency trigger.

    Args:
        site_name: The site.
        resource_id: The flexible resource.
        required: Longest time from the trigger to the full change, by the product.
        response_time: Time that the device itself needs.

    Returns:
        The wait, within what the product leaves; None if the device is too slow for the product.

    Example:
        >>> wait = trigger_offset("site-001", "ups", timedelta(seconds=0.7), timedelta(seconds=0.2))
        >>> timedelta(0) <= wait < timedelta(seconds=0.5)
        True
    """
    slack = required - response_time
    if slack < timedelta(0):
        return None
    return own_share("trigger", site_name, resource_id) * slack


def release_offset(site_name: str, resource_id: str, spread: timedelta) -> timedelta:
    """Return how long a device holds on after the end, so that sites do not come back as one.

    Raises:
        InvalidInput: The spread is negative.
    """
    if spread < timedelta(0):
        raise InvalidInput(f"spread is {spread}, expected zero or more", spread=str(spread))
    return own_share("release", site_name, resource_id) * spread
