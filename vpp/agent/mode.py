"""Who decides at the site."""

import enum


class Mode(enum.Enum):
    """Who decides at the site.

    Whatever the mode, what was agreed is carried out and ends on time; to stop it is a veto.

    Attributes:
        MANUAL: Nothing new without a person: bids wait for a confirmation before they are sent, and
            instructions before they are accepted.
        CONFIRM: Bids are made; an instruction is accepted only if a person confirms it in time.
        AUTO: The agent bids and accepts by itself, within the site's limits.
    """

    MANUAL = "manual"
    CONFIRM = "confirm"
    AUTO = "auto"

    @property
    def asks_for_bids(self) -> bool:
        """Whether bids wait for a person."""
        return self is Mode.MANUAL

    @property
    def asks_for_instructions(self) -> bool:
        """Whether instructions wait for a person."""
        return self is not Mode.AUTO
