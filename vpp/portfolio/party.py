"""Who takes part in money terms."""

import enum
from dataclasses import dataclass


class PartyKind(enum.Enum):
    """What a party does in the market.

    Attributes:
        OPERATOR: Grid operator that buys reductions.
        AGGREGATOR: Runs the hub and keeps its fee.
        SITE_OWNER: Owns sites and is paid for their delivery.
    """

    OPERATOR = "operator"
    AGGREGATOR = "aggregator"
    SITE_OWNER = "site_owner"


@dataclass(frozen=True, slots=True)
class Party:
    """A legal person that statements are written for.

    Attributes:
        party_id: Last part of `parties/{party}`.
        display_name: Name on the statement.
        kind: What the party does in the market.
    """

    party_id: str
    display_name: str
    kind: PartyKind
