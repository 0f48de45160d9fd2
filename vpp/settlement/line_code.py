"""What a statement line is for."""

import enum
from decimal import Decimal


class LineCode(enum.Enum):
    """What a statement line is for.

    The codes are those of the settlement design, section 3, that this project books, and
    MAKE_WHOLE, which is ours: a uniform price can lie below the cost of an accepted block bid, and
    the difference is owed beside the energy, never hidden in its price.

    Attributes:
        ENERGY: Payable reduction at the price; operator to site owner.
        AVAILABILITY: Awarded power for as long as it was awarded; operator to site owner.
        MAKE_WHOLE: What the price left uncovered of an accepted bid; operator to site owner.
        AGG_FEE: Aggregator's share of energy and availability; site owner to aggregator.
        PENALTY: Charge for a shortfall; site owner to operator.
    """

    ENERGY = "energy"
    AVAILABILITY = "availability"
    MAKE_WHOLE = "make_whole"
    AGG_FEE = "agg_fee"
    PENALTY = "penalty"


class Flow(enum.Enum):
    """Which way the money of a line goes, seen by the party of the statement.

    Attributes:
        PAYMENT: To the party; amount is zero or above.
        CHARGE: From the party; amount is below zero.
    """

    PAYMENT = "payment"
    CHARGE = "charge"


def flow_of(amount: Decimal) -> Flow:
    """Tell the flow of an amount.

    Example:
        >>> flow_of(Decimal("-0.01")), flow_of(Decimal(0))
        (<Flow.CHARGE: 'charge'>, <Flow.PAYMENT: 'payment'>)
    """
    return Flow.CHARGE if amount < 0 else Flow.PAYMENT
