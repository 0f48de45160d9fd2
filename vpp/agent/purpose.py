"""Why the site is called, in the agent's own terms."""

import enum

from vpp.v1 import event_pb2


class Purpose(enum.Enum):
    """Why an event calls the site; named as on the wire.

    Attributes:
        MARKET: An award is delivered and paid.
        MANDATORY: An order in an emergency of the grid, above every market event.
        TEST: The site shows what it can do; devices move.
        DRY_RUN: Everything but the devices.
    """

    MARKET = "market"
    MANDATORY = "mandatory"
    TEST = "test"
    DRY_RUN = "dry_run"

    @property
    def rank(self) -> int:
        """Where two instructions want the same kW, the higher rank has it."""
        return {Purpose.MANDATORY: 3, Purpose.MARKET: 2, Purpose.TEST: 1, Purpose.DRY_RUN: 0}[self]

    @property
    def moves_devices(self) -> bool:
        """Whether devices are commanded."""
        return self is not Purpose.DRY_RUN

    @property
    def gives_way(self) -> bool:
        """Whether it is not carried out beside anything of a higher rank: it would show nothing."""
        return self is Purpose.TEST


def purpose_of(value: event_pb2.Event.Purpose.ValueType) -> Purpose:
    """Take a purpose off the wire; one that is not given is a market's, as from hubs that know no other.

    Example:
        >>> purpose_of(event_pb2.Event.PURPOSE_UNSPECIFIED)
        <Purpose.MARKET: 'market'>
    """
    if value == event_pb2.Event.PURPOSE_UNSPECIFIED:
        return Purpose.MARKET
    return Purpose[event_pb2.Event.Purpose.Name(value).removeprefix("PURPOSE_")]
