"""Why an event calls sites: what it outranks, whether it is paid, whether devices move."""

import enum


class EventPurpose(enum.Enum):
    """Why an event calls sites.

    Attributes:
        MARKET: Awards are delivered and paid.
        MANDATORY: An operator's order in an emergency of the grid: shared by all sites, unpaid, and
            above every market event.
        TEST: Named sites show what they can do; devices move, nothing is paid, and what is learnt
            becomes the site's score.
        DRY_RUN: Everything but the devices: messages, answers, start and end.
    """

    MARKET = "market"
    MANDATORY = "mandatory"
    TEST = "test"
    DRY_RUN = "dry_run"

    @property
    def rank(self) -> int:
        """Where two events want the same site, the higher rank is served first."""
        return _RANKS[self]

    @property
    def is_paid(self) -> bool:
        """Whether delivery is settled; only awards are."""
        return self is EventPurpose.MARKET

    @property
    def moves_devices(self) -> bool:
        """Whether sites really change their load."""
        return self is not EventPurpose.DRY_RUN

    @property
    def is_ordered(self) -> bool:
        """Whether sites are told without an auction or standing bids: there is nothing to clear."""
        return self is not EventPurpose.MARKET


_RANKS = {EventPurpose.MANDATORY: 3, EventPurpose.MARKET: 2, EventPurpose.TEST: 1, EventPurpose.DRY_RUN: 0}
