"""Which work waits for which: each lane runs by itself, so that nothing long holds up what is urgent."""

from dataclasses import dataclass

from vpp.workflows.due_work import MARKET
from vpp.workflows.ports import DueKind


@dataclass(frozen=True, slots=True)
class Lane:
    """Kinds of deadlines that are run one after the other, beside those of other lanes.

    Attributes:
        name: What its thread is called.
        kinds: What it runs.
        at_once: How many are claimed together; more than one only where each is a moment's work.
        is_urgent: Whether its solver runs go to the workers that are kept free for emergencies.
        lease_divisor: No other hub gets what is claimed for the rules' lease divided by this: short where
            the work is, as what a hub had claimed when it died waits for the end of it.
    """

    name: str
    kinds: frozenset[DueKind]
    at_once: int = 1
    is_urgent: bool = False
    lease_divisor: int = 1


PUNCTUAL = Lane(
    "punctual",
    frozenset({DueKind.GATE_CLOSURE, DueKind.EVENT_START, DueKind.EVENT_END}),
    at_once=50,
    lease_divisor=20,
)
"""What happens at an instant and takes no time."""
EMERGENCIES = Lane("emergencies", frozenset({DueKind.EMERGENCY}), is_urgent=True, lease_divisor=10)
"""Emergencies whose hub died before they were cleared."""
TRACKING = Lane("tracking", frozenset({DueKind.TRACKING}))
"""Looks at events in their course: each has to be over before the next."""
CLEARINGS = Lane("clearings", frozenset({DueKind.CLEARING}))
"""Auctions: the product's notice to the sites runs meanwhile."""
ACCOUNTS = Lane("accounts", MARKET - PUNCTUAL.kinds - EMERGENCIES.kinds - TRACKING.kinds - CLEARINGS.kinds)
"""Baselines, measurement and settlement: seconds each, and minutes for a month of thousands of sites."""
MARKET_LANES = (PUNCTUAL, EMERGENCIES, TRACKING, CLEARINGS, ACCOUNTS)
"""Together they run all of `MARKET`."""
