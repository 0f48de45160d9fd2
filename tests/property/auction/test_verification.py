"""What the verifier says of answers of the reference model, for every kind of bid and term."""

from dataclasses import replace
from decimal import ROUND_CEILING, Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.books import books
from support.hand_cleared import NOTHING, cleared

from vpp.auction.bid import BlockOffer, Rebound, StoreOffer
from vpp.auction.book import Book
from vpp.auction.buyer import BuyerTerms
from vpp.auction.reference.answer import ReferenceAnswer, solve_reference
from vpp.auction.result import Award, BidReason, Certificate, Clearing, RowDual
from vpp.auction.verification import certified_bound, findings
from vpp.auction.verification.award_arrays import AwardArrays
from vpp.auction.verification.book_arrays import BookArrays
from vpp.auction.verification.money_checks import Money
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName

MICRO = Decimal("0.000001")
duals = st.one_of(st.just(0.0), st.floats(-3000, 3000), st.floats(-50, 50))

fast = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


def answered(book: Book) -> ReferenceAnswer:
    answer = solve_reference(book, solver=SolverName.HIGHS, relative_gap=1e-9)
    assert answer.objective is not None
    return answer


def told(book: Book, answer: ReferenceAnswer) -> Clearing:
    """The reference's answer as a pay-as-bid clearing; what a bid asks is paid by its energy."""
    awarded = {
        bid_id: (tuple(round(kw, 6) for kw in row), tuple(round(kw, 6) for kw in answer.rebound_kw[bid_id]))
        for bid_id, row in answer.reduction_kw.items()
    }
    nothing = (0.0,) * book.horizon_interval_count
    clearing = cleared(
        book,
        awarded,
        objective=str(Decimal(repr(answer.objective)).quantize(MICRO)),
        prices=dict.fromkeys({bid.zone for bid in book.bids}, nothing),
        pay_rule=PayRule.AS_BID,
        shortfall_kw=answer.unserved_kw,
        local_shortfall_kw=tuple(answer.local_unserved_kw.items()),
    )
    asked = Money(AwardArrays(BookArrays(book), clearing)).asked.tolist()
    by_id = dict(zip((bid.bid_id for bid in book.bids), asked, strict=True))
    return replace(
        clearing, awards=tuple(paid(book, award, by_id[award.bid_id]) for award in clearing.awards)
    )


def paid(book: Book, award: Award, asked: float) -> Award:
    mwh = sum(award.reduction_kw) / 1000 * book.step.total_seconds() / 3600
    if not mwh and not any(award.rebound_kw):
        return replace(award, reason=BidReason.REJECTED_NOT_NEEDED)
    price = Decimal(repr(asked / mwh)).quantize(Decimal("1e-9"), ROUND_CEILING) if mwh else NOTHING
    return replace(award, price_per_mwh=(price,) * book.delivery_interval_count)


@fast
@given(books())
def test_the_reference_breaks_no_promise(book: Book) -> None:
    assert findings(book, told(book, answered(book))) == ()


@fast
@given(books(), st.integers(0, 5), st.integers(0, 3), st.sampled_from([-7.0, 7.0]))
def test_an_award_that_changed_is_never_overlooked(book: Book, place: int, t: int, by_kw: float) -> None:
    clearing = told(book, answered(book))
    if not clearing.awards:
        return
    award = clearing.awards[place % len(clearing.awards)]
    t %= len(award.rebound_kw)
    moved = tuple(kw + by_kw * (k == t) for k, kw in enumerate(award.rebound_kw))
    awards = tuple(replace(award, rebound_kw=moved) if one is award else one for one in clearing.awards)
    store = next(bid.offer for bid in book.bids if bid.bid_id == award.bid_id)
    if isinstance(store, StoreOffer):
        return  # may charge more, or less, without harm
    assert findings(book, replace(clearing, awards=awards)) != ()


def rows_of(book: Book) -> list[tuple[str, tuple[str | int, ...]]]:
    """Every row that the certificate of a book may speak of, but those of single steps."""
    delivery, horizon = range(book.delivery_interval_count), range(book.horizon_interval_count)
    terms: BuyerTerms = book.terms
    names = [("zone", bid.zone) for bid in book.bids] + [("site", bid.site_id) for bid in book.bids]
    names += [("feeder", feeder.feeder_id) for feeder in terms.feeders]
    names += [("path", f"{path.from_zone}>{path.to_zone}") for path in terms.paths]
    found: list[tuple[str, tuple[str | int, ...]]] = [
        ("balance", (*name, t)) for name in dict.fromkeys(names) for t in horizon
    ]
    found += [
        ("system" if t < len(book.target_kw) and book.target_kw[t] else "rebound_headroom", (t,))
        for t in horizon
    ]
    found += [("local", (zone.zone, t)) for zone in terms.zones for t in delivery]
    found += [("start_ramp", (t,)) for t in horizon] + [
        ("release_ramp", (t,)) for t in (*horizon, len(horizon))
    ]
    found += [("loss", (bid.site_id, t)) for bid in book.bids for t in delivery]
    found += [("resource_limit", (*key, t)) for key in book.resource_limit_kw for t in delivery]
    for bid in book.bids:
        if isinstance(bid.offer, StoreOffer):
            found += [("stored", (bid.bid_id, t)) for t in horizon] + [("cycle", (bid.bid_id,))]
        if isinstance(bid.rebound, Rebound):
            found += [(family, (bid.bid_id, t)) for family in ("owed", "deadline") for t in horizon]
        if bid.run_limits is not None:
            families = ("run_min", "start", "min_run", "max_run", "rest")
            found += [(family, (bid.bid_id, t)) for family in families for t in delivery]
            found += [("run_max", (bid.bid_id, t, 0)) for t in delivery] + [("calls", (bid.bid_id,))]
        if bid.exclusive_group is not None:
            found.append(("group", (bid.site_id, bid.exclusive_group)))
            if not isinstance(bid.offer, BlockOffer):
                found += [("group_step", (bid.bid_id, t, 0)) for t in delivery]
        if bid.parent_bid_id is not None:
            found.append(("link", (bid.bid_id,)))
        if bid.energy_limit_kwh is not None:
            found.append(("energy_limit", (bid.bid_id,)))
    return found


@fast
@given(books(), st.data())
def test_no_duals_prove_more_than_the_best_awards_cost(book: Book, data: st.DataObject) -> None:
    objective = answered(book).objective
    assert objective is not None
    rows = rows_of(book)
    drawn = data.draw(st.lists(duals, min_size=len(rows), max_size=len(rows)))
    stated = tuple(
        RowDual(family, key, dual) for (family, key), dual in zip(rows, drawn, strict=True) if dual
    )
    slack = 1e-6 * (1 + abs(objective))
    assert float(certified_bound(book, Certificate(NOTHING, stated))) <= objective + slack
