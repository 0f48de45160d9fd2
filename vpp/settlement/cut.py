"""A limit that cut a payment, and what it left of it."""

from typing import NamedTuple


class Cut(NamedTuple):
    """A payment that a limit cut; amounts in the currency's minor units.

    Attributes:
        limit: What cut it, in words.
        before: The payment before the cut.
        after: The payment after it.
        available: What the limit allows for all payments that share it.
        owed: What all payments that share it came to before the cut.
    """

    limit: str
    before: int
    after: int
    available: int
    owed: int
