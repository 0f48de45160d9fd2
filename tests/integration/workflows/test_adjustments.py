"""Amounts that no rule gives: proposed by one, decided by another, about parties of the period."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError
from support.market import NOON, OPERATOR, RULES, Market
from support.settlement_desk import ANNA, BEN, OWNER_A, OWNER_B, actions, make_desk
from support.statements import keep, line, statement

from vpp.foundation.errors import (
    AlreadyExists,
    InvalidInput,
    NotFound,
    NotPermitted,
    VppError,
    WrongState,
)
from vpp.portfolio.party import Party, PartyKind
from vpp.settlement.adjustment import Adjustment, AdjustmentState
from vpp.settlement.run_type import RunType
from vpp.workflows.adjusting import decide_adjustment, propose_adjustment
from vpp.workflows.adjustment_checks import AdjustmentProposal
from vpp.workflows.deciding_disputes import reject_dispute, uphold_dispute
from vpp.workflows.disputing import create_dispute
from vpp.workflows.enrolling import create_party
from vpp.workflows.identity import Principal
from vpp.workflows.ports import Stored
from vpp.workflows.settlement_dues import look_at_settlements
from vpp.workflows.settlement_pending import pending
from vpp.workflows.settlement_records import RunRecord
from vpp.workflows.viewing_disputes import get_adjustment, get_dispute, list_adjustments
from vpp.workflows.visibility import PageRequest

APPROVED, REJECTED, WITHDRAWN = (
    AdjustmentState.APPROVED,
    AdjustmentState.REJECTED,
    AdjustmentState.WITHDRAWN,
)
PROPOSAL = AdjustmentProposal(
    period="2026-03",
    payer_party_id="grid",
    payee_party_id="owner-a",
    amount=Decimal("12.50"),
    currency="GBP",
    reason="meter read by hand",
    site_id="a",
)


def settled_month(folder: Path) -> Market:
    """Settle one month of an owner and the operator; owner b had no part in it."""
    market = make_desk(folder)
    keep(market, statement("owner-a", 1, [line(1)]), statement("grid", 1, [line(1, "-10.00")]))
    return market


@pytest.fixture
def market(tmp_path: Path) -> Market:
    return settled_month(tmp_path)


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Market:
    """The same for tests in which everything is refused."""
    return settled_month(tmp_path_factory.mktemp("desk"))


def propose(
    market: Market, *, principal: Principal = ANNA, request_id: str = "", **changes: object
) -> Stored[Adjustment]:
    proposal = replace(PROPOSAL, **changes)  # type: ignore[arg-type]  # fields of any kind, by name
    return propose_adjustment(market.units, RULES, principal, proposal, request_id=request_id)


def approved(market: Market) -> list[str]:
    with market.units(write=False) as uow:
        return [one.adjustment_id for one in pending(uow, "2026-03").adjustments]


def test_an_amount_counts_once_a_second_person_agrees(market: Market) -> None:
    proposed = propose(market).value
    assert (proposed.adjustment_id, proposed.state) == ("adj-2026-03-7e3040d134-1", AdjustmentState.PROPOSED)
    assert approved(market) == []
    agreed = decide_adjustment(market.units, BEN, "adj-2026-03-7e3040d134-1", APPROVED).value
    assert (agreed.proposed_by, agreed.decided_by, agreed.decided_at) == ("anna", "ben", NOON)
    assert approved(market) == ["adj-2026-03-7e3040d134-1"]
    assert get_adjustment(market.units, ANNA, "adj-2026-03-7e3040d134-1").value == agreed
    assert actions(market, "adjustments/adj-2026-03-7e3040d134-1") == [
        ("anna", "propose_adjustment"),
        ("ben", "decide_adjustment"),
    ]


@pytest.mark.parametrize("wanted", [APPROVED, REJECTED])
def test_who_proposed_it_never_decides_it(market: Market, wanted: AdjustmentState) -> None:
    propose(market)
    with pytest.raises(NotPermitted, match="was proposed by you; another person makes it"):
        decide_adjustment(market.units, ANNA, "adj-2026-03-7e3040d134-1", wanted)
    assert approved(market) == []


@pytest.mark.parametrize("party_id", ["grid", "owner-a"])
@pytest.mark.parametrize("wanted", [APPROVED, REJECTED])
def test_two_officers_of_one_party_decide_nothing_about_its_money(
    market: Market, party_id: str, wanted: AdjustmentState
) -> None:
    adjustment_id = propose(market, principal=replace(ANNA, party_id=party_id)).value.adjustment_id
    with pytest.raises(NotPermitted, match=f"moves money of parties/{party_id}, for whom you act"):
        decide_adjustment(market.units, replace(BEN, party_id=party_id), adjustment_id, wanted)
    assert approved(market) == []
    decide_adjustment(market.units, replace(BEN, party_id="owner-b"), adjustment_id, wanted)


def test_the_database_knows_two_people_too(market: Market) -> None:
    stored = propose(market)
    with market.units() as uow:
        alone = replace(stored.value, state=APPROVED, decided_by="anna", decided_at=uow.now)
        with pytest.raises((VppError, IntegrityError)):
            uow.adjustments.update("adj-2026-03-7e3040d134-1", alone, revision=stored.revision)
    assert approved(market) == []


def test_only_who_proposed_it_takes_it_back(market: Market) -> None:
    propose(market)
    with pytest.raises(NotPermitted, match="was proposed by anna, who alone can withdraw it"):
        decide_adjustment(market.units, BEN, "adj-2026-03-7e3040d134-1", WITHDRAWN)
    decide_adjustment(market.units, ANNA, "adj-2026-03-7e3040d134-1", WITHDRAWN)
    with pytest.raises(WrongState, match="is WITHDRAWN, expected PROPOSED"):
        decide_adjustment(market.units, BEN, "adj-2026-03-7e3040d134-1", APPROVED)


def test_a_repeated_decision_stands_and_another_is_refused(market: Market) -> None:
    propose(market)
    first = decide_adjustment(market.units, BEN, "adj-2026-03-7e3040d134-1", REJECTED)
    assert decide_adjustment(market.units, BEN, "adj-2026-03-7e3040d134-1", REJECTED) == first
    with pytest.raises(WrongState):
        decide_adjustment(market.units, BEN, "adj-2026-03-7e3040d134-1", APPROVED)
    with pytest.raises(NotFound, match="adjustments/adj-2026-03-7e3040d134-9 does not exist"):
        decide_adjustment(market.units, BEN, "adj-2026-03-7e3040d134-9", APPROVED)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"amount": Decimal(0)}, "amount is 0 GBP, expected above 0"),
        ({"amount": Decimal("-1.00")}, "amount is -1.00 GBP, expected above 0"),
        ({"amount": Decimal("0.005")}, "a whole number of 0.01 GBP"),
        ({"amount": Decimal("1e12")}, "below 1,000,000,000,000"),
        ({"amount": Decimal("1.50"), "currency": "JPY"}, "a whole number of 1 JPY"),
        ({"currency": "XYZ"}, "currency is 'XYZ', expected one of"),
        ({"currency": "EUR"}, "currency is EUR, expected that of the parties' statements of 2026-03: GBP"),
        ({"payee_party_id": "grid"}, "payer and payee are both parties/grid"),
        ({"payee_party_id": "owner-b", "site_id": "b"}, "payee is parties/owner-b, which has no statement"),
        ({"period": "2026-04"}, "payer is parties/grid, which has no statement of 2026-04"),
        ({"site_id": "b"}, "site is sites/b, expected one that payer or payee owns"),
        ({"reason": " "}, "reason is empty"),
        ({"reason": "one\ntwo"}, "expected one line"),
    ],
    ids=str,
)
def test_what_cannot_be_booked_is_not_proposed(
    unchanged: Market, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        propose(unchanged, **changes)
    assert message in str(refused.value)
    assert not list_adjustments(unchanged.units, ANNA, PageRequest()).items


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"payer_party_id": "nobody"}, "parties/nobody"),
        ({"site_id": "nowhere"}, "sites/nowhere"),
        ({"event_id": "never"}, "events/never"),
        ({"dispute_id": "none"}, "disputes/none"),
    ],
    ids=str,
)
def test_what_it_names_must_be_there(unchanged: Market, changes: dict[str, object], missing: str) -> None:
    with pytest.raises(NotFound, match=f"{missing} does not exist"):
        propose(unchanged, **changes)


def test_an_event_of_another_month_is_refused(market: Market) -> None:
    market.enrol("c", days=1)
    market.open_auction()  # its event is on the fifth of March
    propose(market, event_id="evening", payee_party_id="hub", site_id="")
    keep(
        market,
        replace(statement("owner-a", 1, [line(1)]), statement_id="owner-a-2026-05-v1", period="2026-05"),
    )
    with pytest.raises(InvalidInput, match="expected one of settlement_period 2026-05"):
        propose(market, event_id="evening", period="2026-05", payer_party_id="hub")


def test_an_event_is_the_operators_own_and_called_the_owners_site(market: Market) -> None:
    """Else one of the parties could not prove its line: what it knows holds neither."""
    market.enrol("c", days=1)
    market.open_auction()
    for site_id, named in (("a", "sites/a"), ("", "empty")):
        with pytest.raises(InvalidInput, match=f"site is {named}, expected the owner's site that events"):
            propose(market, event_id="evening", site_id=site_id)
    other = Party("other-grid", "Another", PartyKind.OPERATOR)
    create_party(market.units, OPERATOR, other, request_id="")
    keep(market, statement("other-grid", 1, [line(1, "-10.00")]))
    with pytest.raises(InvalidInput, match="which parties/grid bought, expected one of parties/other-grid"):
        propose(market, event_id="evening", payer_party_id="other-grid", payee_party_id="hub", site_id="")


def test_a_month_that_cannot_be_settled_again_takes_no_amount(market: Market) -> None:
    with market.units() as uow:
        uow.settlement_runs.add(
            RunRecord("run-2026-03-1", "2026-03", 1, RunType.INITIAL, NOON, "", "", "hub", 0, (), NOON)
        )
        uow.commit()
    assert propose(market).value.state is AdjustmentState.PROPOSED
    market.clock.advance_to(NOON + RULES.telemetry.keep_raw)
    with pytest.raises(WrongState, match="settlement_period is 2026-03, which was settled before evidence"):
        propose(market)
    decide_adjustment(market.units, BEN, "adj-2026-03-7e3040d134-1", APPROVED)
    look_at_settlements(market.units, RULES, f"{market.clock.now():%Y-%m-%d}")
    assert not actions(market, "periods/2026-03")  # what could only fail is not owed, day after day


def test_owners_do_not_pay_each_other(market: Market) -> None:
    keep(market, statement("owner-b", 1, [line(1, site_id="b")]))
    with pytest.raises(InvalidInput, match="both own sites, expected a grid operator or the aggregator"):
        propose(market, payer_party_id="owner-b")


def test_the_aggregator_may_pay_without_a_statement_of_its_own(market: Market) -> None:
    assert propose(market, payer_party_id="hub").value.payer_party_id == "hub"


def test_a_repeated_request_proposes_nothing_twice(market: Market) -> None:
    first = propose(market, request_id="one")
    assert propose(market, request_id="one") == first
    with pytest.raises(AlreadyExists):
        propose(market, request_id="one", amount=Decimal("99.00"))
    assert propose(market, request_id="two").value.adjustment_id == "adj-2026-03-7e3040d134-2"
    assert propose(market, principal=BEN, request_id="one").value.adjustment_id == "adj-2026-03-7e3040d134-3"


def test_parties_see_what_was_agreed_about_them_and_nothing_else(market: Market) -> None:
    propose(market)
    for principal in (OWNER_A, OWNER_B):
        with pytest.raises(NotFound):
            get_adjustment(market.units, principal, "adj-2026-03-7e3040d134-1")
    decide_adjustment(market.units, BEN, "adj-2026-03-7e3040d134-1", APPROVED)
    assert get_adjustment(market.units, OWNER_A, "adj-2026-03-7e3040d134-1").value.amount == Decimal("12.50")
    assert len(list_adjustments(market.units, OWNER_A, PageRequest(), period="2026-03").items) == 1
    assert not list_adjustments(market.units, OWNER_A, PageRequest(), period="2026-04").items
    with pytest.raises(NotFound):
        get_adjustment(market.units, OWNER_B, "adj-2026-03-7e3040d134-1")
    assert not list_adjustments(market.units, OWNER_B, PageRequest()).items


def raised(market: Market, principal: Principal = OWNER_A, statement_id: str = "owner-a-2026-03-v1") -> str:
    return create_dispute(
        market.units, RULES, principal, statement_id=statement_id, line_numbers=(1,),
        description="too little", request_id="",
    ).value.dispute_id  # fmt: skip


def test_an_amount_answers_a_dispute_once_that_is_upheld(market: Market) -> None:
    dispute_id = raised(market)
    propose(market, dispute_id=dispute_id)
    with pytest.raises(WrongState, match="is OPEN, expected UPHELD before its amount is approved"):
        decide_adjustment(market.units, BEN, "adj-2026-03-7e3040d134-1", APPROVED)
    uphold_dispute(market.units, ANNA, dispute_id, resolution="agreed", measure_again=False)
    assert get_dispute(market.units, OWNER_A, dispute_id).adjustment_ids == ()
    assert get_dispute(market.units, ANNA, dispute_id).adjustment_ids == ("adj-2026-03-7e3040d134-1",)
    decide_adjustment(market.units, BEN, "adj-2026-03-7e3040d134-1", APPROVED)
    assert get_dispute(market.units, OWNER_A, dispute_id).adjustment_ids == ("adj-2026-03-7e3040d134-1",)


def test_a_rejected_dispute_is_not_answered_with_money(market: Market) -> None:
    dispute_id = raised(market)
    propose(market, dispute_id=dispute_id)
    reject_dispute(market.units, ANNA, dispute_id, resolution="no")
    with pytest.raises(WrongState, match="is REJECTED, expected OPEN or UPHELD"):
        propose(market, dispute_id=dispute_id)
    with pytest.raises(WrongState, match="is REJECTED, expected UPHELD"):
        decide_adjustment(market.units, BEN, "adj-2026-03-7e3040d134-1", APPROVED)


def test_a_dispute_is_answered_in_its_period_and_to_its_party(market: Market) -> None:
    dispute_id = raised(market)
    with pytest.raises(InvalidInput, match="neither parties/owner-a, who raised"):
        propose(market, payee_party_id="hub", site_id="", dispute_id=dispute_id)
    keep(
        market,
        replace(statement("owner-a", 1, [line(1)]), statement_id="owner-a-2026-05-v1", period="2026-05"),
    )
    with pytest.raises(InvalidInput, match="settlement_period is 2026-05, expected 2026-03"):
        propose(market, period="2026-05", payer_party_id="hub", dispute_id=dispute_id)


def test_who_raised_a_dispute_does_not_approve_what_answers_it(market: Market) -> None:
    keep(market, statement("hub", 1, [line(1, "1.00")]))
    dispute_id = raised(market, principal=BEN, statement_id="hub-2026-03-v1")
    uphold_dispute(market.units, ANNA, dispute_id, resolution="agreed", measure_again=False)
    proposed = propose(market, payee_party_id="hub", site_id="", dispute_id=dispute_id).value
    with pytest.raises(NotPermitted, match="was raised by you; another person approves"):
        decide_adjustment(market.units, BEN, proposed.adjustment_id, APPROVED)
