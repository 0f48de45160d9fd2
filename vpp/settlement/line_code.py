"""What a statement line is for."""

import enum
from decimal import Decimal


class LineCode(enum.Enum):
    """What a statement line is for.

    The codes are those of the settlement design, section 3, and MAKE_WHOLE, which is ours: a uniform price
    can lie below the cost of an accepted block bid, and the difference is owed beside the energy, never
    hidden in its price.

    Attributes:
        ENERGY: Payable energy at the price; operator to site owner.
        AVAILABILITY: Awarded power for as long as it was awarded; operator to site owner.
        MAKE_WHOLE: What the price left uncovered of an accepted bid; operator to site owner.
        AGG_FEE: Aggregator's share of energy and availability; site owner to aggregator.
        SITE_SHARE: What a site's own price lies above the operator's; aggregator to site owner.
        PENALTY: Charge for a shortfall; site owner to operator, or to the aggregator where it keeps it.
        ADJ_DISPUTE: Agreed by two people after a dispute.
        ADJ_MANUAL: Agreed by two people.
        ROUNDING: What rounding an event once leaves over against rounding its lines; operator to aggregator.
    """

    ENERGY = "energy"
    AVAILABILITY = "availability"
    MAKE_WHOLE = "make_whole"
    AGG_FEE = "agg_fee"
    SITE_SHARE = "site_share"
    PENALTY = "penalty"
    ADJ_DISPUTE = "adj_dispute"
    ADJ_MANUAL = "adj_manual"
    ROUNDING = "rounding"


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
