"""What `--pricing` and `--ties` may be."""

import enum


class Pricing(enum.Enum):
    """How awards are paid.

    Attributes:
        AS_BID: Each what it asked.
        UNIFORM: The price of the last kW with the accepted blocks as they are.
        HULL: The convex-hull price, which needs the least uplift.
        FIXED: The product's own price, given with `--fixed-price`.
    """

    AS_BID = "as-bid"
    UNIFORM = "uniform"
    HULL = "hull"
    FIXED = "fixed"


class Ties(enum.Enum):
    """Who serves when several ask the same.

    Attributes:
        PRICE_TIME: The earlier bid, then the smaller id.
        PRO_RATA: Divisible steps in proportion to their size.
    """

    PRICE_TIME = "price-time"
    PRO_RATA = "pro-rata"
