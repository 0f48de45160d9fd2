"""What the hub's owner sets about dispatch."""

from datetime import timedelta

from vpp.hub.setting_types import Group, Span


class DispatchSettings(Group):
    """How events call sites and let them go.

    Attributes:
        start_spread: Sites begin within this time of an event's start, one after the other, so that the
            portfolio never steps at one instant; at most a fifth of the first delivery interval.
        release_spread: Sites go back to their own load within this time of its end, likewise.
    """

    start_spread: Span = timedelta(minutes=1)
    release_spread: Span = timedelta(minutes=5)
