"""What a search ends with."""

from dataclasses import dataclass

from vpp.auction.result import ClearingMethod
from vpp.auction.search.choices import Choices
from vpp.auction.search.pricing import Pricing
from vpp.solver.linear_program import Floats, LinearAnswer


@dataclass(frozen=True, slots=True)
class Proof:
    """A bound without awards: time ran out before any.

    Attributes:
        row_dual: Duals of the relaxation. Shape (R,).
        bound: What they prove by arithmetic alone, in thousandths.
        version: Version of the solver.
    """

    row_dual: Floats
    bound: float
    version: str


@dataclass(frozen=True, slots=True)
class Found:
    """The best awards known and what is proved of them. Amounts are in thousandths of the currency.

    Attributes:
        choices: What is accepted at all.
        answer: The linear program of these choices, solved.
        bounds: Bounds of its columns; None where only a restricted program was solved. Shape (C,) each.
        cost: Cost of the awards with what is unserved.
        bound: No awards can cost less.
        proof: Duals of the relaxation, which prove a bound by arithmetic alone. Shape (R,).
        proved: That bound.
        pricing: Where its prices come from.
        method: What found the awards.
        is_proven: Whether the gap is within what was asked for.
        version: Version of the solver.
    """

    choices: Choices
    answer: LinearAnswer
    bounds: tuple[Floats, Floats] | None
    cost: float
    bound: float
    proof: Floats
    proved: float
    pricing: Pricing
    method: ClearingMethod
    is_proven: bool
    version: str
