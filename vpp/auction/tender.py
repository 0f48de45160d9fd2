"""An operator's tender for reductions, from its opening to its clearing."""

import enum
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from vpp.auction.buyer import ANY_TERMS, BuyerTerms
from vpp.auction.rules import TieRule, UniformPrice
from vpp.foundation.direction import Direction
from vpp.foundation.errors import WrongState
from vpp.foundation.interval import Interval


class TenderState(enum.Enum):
    """Where a tender is in its life."""

    OPEN = "open"
    GATE_CLOSED = "gate_closed"
    CLEARED = "cleared"
    CANCELLED = "cancelled"


TENDER_TRANSITIONS = MappingProxyType(
    {
        TenderState.OPEN: frozenset({TenderState.GATE_CLOSED, TenderState.CANCELLED}),
        TenderState.GATE_CLOSED: frozenset({TenderState.CLEARED, TenderState.CANCELLED}),
        TenderState.CLEARED: frozenset(),
        TenderState.CANCELLED: frozenset(),
    }
)


@dataclass(frozen=True, slots=True)
class Tender:
    """An operator's tender for reductions: on the wire, an auction.

    Attributes:
        auction_id: Last part of `auctions/{auction}` and of `events/{event}`.
        product_id: Product whose rules apply.
        product_version: Version of the product's rules, fixed when the tender opens.
        zone: Zone in which reductions count.
        delivery: When delivery takes place.
        target_reduction_kw: Reduction asked for per settlement interval, kW. Shape (N,).
        price_cap_per_mwh: Highest price the operator pays, in the product's currency.
        gate_closes_at: Bids are taken until this instant, exclusive.
        rebound_headroom_kw: Largest rebound of all awarded sites together, kW; None for no limit.
        operator_party_id: Who buys.
        state: Where the tender is in its life.
        terms: What the operator asks beside the target.
        uniform_price: Which uniform price is published.
        tie_rule: Who serves when several ask the same.
        direction: Which way consumption is asked to move: the product's direction, in which every quantity
            is a magnitude.
    """

    auction_id: str
    product_id: str
    product_version: int
    zone: str
    delivery: Interval
    target_reduction_kw: tuple[float, ...]
    price_cap_per_mwh: Decimal
    gate_closes_at: datetime
    rebound_headroom_kw: float | None
    operator_party_id: str
    state: TenderState
    terms: BuyerTerms = ANY_TERMS
    uniform_price: UniformPrice = UniformPrice.FIXED_BINARIES
    tie_rule: TieRule = TieRule.PRICE_TIME
    direction: Direction = Direction.LOAD_DOWN


def check_tender_transition(current: TenderState, wanted: TenderState) -> None:
    """Refuse a step that a tender's life does not have.

    Raises:
        WrongState: There is no such step.
    """
    if wanted not in TENDER_TRANSITIONS[current]:
        raise WrongState(f"auction is {current.name}, cannot become {wanted.name}", state=current.name)
