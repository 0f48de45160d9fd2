"""What a site's awards say of its delivery: power sold, price, what the clearing owes beside the energy."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import zip_longest

from vpp.dispatch.allocation import net_reduction
from vpp.dispatch.instruction import Instruction, InstructionState
from vpp.portfolio.product import ProductProfile
from vpp.workflows.records import AwardRecord

PRICE_STEP = Decimal("0.000001")


def awarded_kw(awards: Sequence[AwardRecord]) -> list[float]:
    """Sum a site's awards net of the rebound they expect: what its meter was sold to show.

    One that was bought after the event had been shortened has fewer intervals than those before it.
    """
    nets = [net_reduction(award.reduction_kw, award.rebound_kw) for award in awards]
    return [max(0.0, sum(values)) for values in zip_longest(*nets, fillvalue=0.0)]


def declined_readiness(product: ProductProfile, instruction: Instruction) -> str:
    """Say that a site did not stand ready; empty if it did, or is instructed and held to that.

    Where sites act by themselves there is no shortfall that would tell: one that refused, opted out or ended
    early says itself that its readiness was not there. When it ended is not kept with the instruction, so
    no interval counts. One that said nothing may stand ready all the same.
    """
    said = instruction.answer if instruction.state is InstructionState.SUPERSEDED else instruction.state
    if product.call.is_instructed or said not in {InstructionState.REFUSED, InstructionState.ABORTED}:
        return ""
    verb = "refused" if said is InstructionState.REFUSED else "ended early"
    why = f"the site {verb} ({instruction.reason.value}) and did not stand ready"
    return f"{why}: nothing of its award counts"


def mean_price(awards: Sequence[AwardRecord], n: int) -> Decimal:
    """Average the prices of a site's awards in one interval, weighted by awarded power.

    Metering sees the site, not the resource, so one price per site and interval is what delivery
    can be paid at. With one clearing price for all, it is that price.
    """
    if len(awards) == 1 and n < len(awards[0].reduction_kw):  # almost every site
        return awards[0].price_per_mwh[n] if awards[0].reduction_kw[n] > 0 else Decimal(0)
    serving = [award for award in awards if n < len(award.reduction_kw) and award.reduction_kw[n] > 0]
    prices = {award.price_per_mwh[n] for award in serving}
    if not prices:
        return Decimal(0)
    if len(prices) == 1:
        return prices.pop()
    weights = [Decimal(repr(award.reduction_kw[n])) for award in serving]
    value = sum(
        (weight * award.price_per_mwh[n] for weight, award in zip(weights, serving, strict=True)), Decimal(0)
    )
    return (value / sum(weights, Decimal(0))).quantize(PRICE_STEP)


def make_whole_due(awards: Sequence[AwardRecord], paid_target_kw: Sequence[float]) -> Decimal:
    """Return the part of a site's make-whole that falls to what is paid for.

    It was reckoned on the whole award; an event that is cancelled, shortened or lowered calls less.

    Args:
        awards: The site's awards.
        paid_target_kw: What it was told to deliver in the intervals that are paid, kW. Shape (N,).
    """
    whole = sum((award.make_whole for award in awards), Decimal(0))
    if not whole:
        return whole
    awarded, called = sum(awarded_kw(awards)), sum(paid_target_kw)
    if called >= awarded:
        return whole
    return (whole * Decimal(repr(called)) / Decimal(repr(awarded))).quantize(PRICE_STEP)
