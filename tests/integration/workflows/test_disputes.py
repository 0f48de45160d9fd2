"""From an objection to its decision: whose it is, when, about what, and who decides."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.market import NOON, OPERATOR, RULES, Market
from support.settlement_desk import ANNA, BEN, COLLEAGUE_A, OWNER_A, OWNER_B, actions, make_desk
from support.statements import keep, line, statement

from vpp.foundation.errors import AlreadyExists, InvalidInput, NotFound, NotPermitted, WrongState
from vpp.settlement.line_code import LineCode
from vpp.settlement.version_calendar import dispute_deadline
from vpp.workflows.bundling import statement_bundle
from vpp.workflows.deciding_disputes import reject_dispute, uphold_dispute, withdraw_dispute
from vpp.workflows.disputing import create_dispute
from vpp.workflows.identity import Principal, Role
from vpp.workflows.ports import Stored, UnitOfWork
from vpp.workflows.records import DisputeRecord, DisputeState
from vpp.workflows.settlement_pending import pending
from vpp.workflows.viewing_disputes import get_dispute, list_disputes
from vpp.workflows.viewing_results import get_statement, list_statements
from vpp.workflows.visibility import PageRequest

OWNERS_LINES = [
    line(1, "10.00"),
    line(2, "-1.00", code=LineCode.AGG_FEE),
    line(3, "10.00", interval=1),
    line(4, "5.00", event_id="", site_id="", code=LineCode.ADJ_MANUAL, adjustment_id="adj-2026-03-1"),
]
OPERATORS_LINES = [
    line(1, "-7.00", site_id="b"),
    line(2, "-10.00"),
    line(3, "-10.00", interval=1),
]
ENDS = dispute_deadline(NOON, RULES.settlement.calendar)


def settled_month(folder: Path) -> Market:
    """Settle one month: a statement of an owner, one of the operator."""
    market = make_desk(folder)
    keep(market, statement("owner-a", 1, OWNERS_LINES), statement("grid", 1, OPERATORS_LINES))
    return market


@pytest.fixture
def market(tmp_path: Path) -> Market:
    return settled_month(tmp_path)


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Market:
    """The same for tests in which everything is refused."""
    return settled_month(tmp_path_factory.mktemp("desk"))


def dispute(
    market: Market,
    *numbers: int,
    principal: Principal = OWNER_A,
    statement_id: str = "owner-a-2026-03-v1",
    description: str = "the meter was replaced at noon",
    request_id: str = "",
) -> Stored[DisputeRecord]:
    return create_dispute(
        market.units,
        RULES,
        principal,
        statement_id=statement_id,
        line_numbers=numbers,
        description=description,
        request_id=request_id,
    )


def test_an_objection_is_kept_with_who_raised_it(market: Market) -> None:
    raised = dispute(market, 3, 1, 3).value
    assert (raised.line_numbers, raised.state) == ((1, 3), DisputeState.OPEN)
    assert (raised.party_id, raised.raised_by, raised.period) == ("owner-a", "owner-a", "2026-03")
    assert get_dispute(market.units, OWNER_A, raised.dispute_id).stored.value == raised
    assert actions(market, f"disputes/{raised.dispute_id}") == [("owner-a", "create_dispute")]


@pytest.mark.parametrize("principal", [OWNER_B, OPERATOR, ANNA])
def test_anothers_statement_does_not_exist(unchanged: Market, principal: Principal) -> None:
    with pytest.raises(NotFound) as anothers:
        dispute(unchanged, 1, principal=principal)
    with pytest.raises(NotFound) as absent:
        dispute(unchanged, 1, principal=principal, statement_id="owner-x-2026-03-v1")
    assert str(anothers.value) == str(absent.value).replace("owner-x", "owner-a")


@pytest.mark.parametrize("number", [0, 5, -1])
def test_lines_that_are_not_there_are_refused(unchanged: Market, number: int) -> None:
    with pytest.raises(InvalidInput, match=f"line_number is {number}, expected 1 to 4"):
        dispute(unchanged, 1, number)


def test_words_are_needed(unchanged: Market) -> None:
    with pytest.raises(InvalidInput, match="description is empty"):
        dispute(unchanged, 1, description="  ")


def test_the_window_is_twenty_business_days(market: Market) -> None:
    assert ENDS.date() - NOON.date() == timedelta(days=29)  # four weeks of five, and the day itself in full
    market.clock.advance_to(ENDS - timedelta(seconds=1))
    dispute(market, 1)
    market.clock.advance_to(ENDS)
    with pytest.raises(WrongState, match="can no longer be disputed") as refused:
        dispute(market, 3)
    assert ENDS.isoformat() in str(refused.value)


def test_after_it_only_what_a_later_version_changed_may_be_disputed(market: Market) -> None:
    market.clock.advance_to(ENDS + timedelta(days=1))
    changed = [
        *(one._replace(delta_amount=one.amount * 0) for one in OWNERS_LINES[:2]),
        line(3, "4.00", interval=1, delta="-6.00"),
        OWNERS_LINES[3]._replace(delta_amount=OWNERS_LINES[3].amount * 0),
    ]
    keep(market, statement("owner-a", 2, changed))
    second = "owner-a-2026-03-v2"
    with pytest.raises(WrongState, match="can no longer be disputed"):
        dispute(market, 1, statement_id=second)
    with pytest.raises(WrongState, match=f"line 3 was changed by statements/{second}, where it is line 3"):
        dispute(market, 3)
    assert dispute(market, 3, statement_id=second).value.dispute_id == f"{second}-d1"


def test_a_line_is_disputed_once_at_a_time_by_either_party(market: Market) -> None:
    dispute(market, 3)
    with pytest.raises(AlreadyExists, match="line 3 of statements/owner-a-2026-03-v1 is in dispute already"):
        dispute(market, 1, 3, principal=COLLEAGUE_A)
    grid = "grid-2026-03-v1"
    with pytest.raises(AlreadyExists, match=f"line 3 of statements/{grid} .* by parties/owner-a"):
        dispute(market, 3, principal=OPERATOR, statement_id=grid)
    with pytest.raises(AlreadyExists):
        dispute(market, principal=OPERATOR, statement_id=grid)  # all of it
    dispute(market, 1, 2, principal=OPERATOR, statement_id=grid)
    with pytest.raises(AlreadyExists, match=r"line 1 of statements/owner-a-2026-03-v1 .* by parties/grid"):
        dispute(market, 1)


def test_what_the_other_party_held_may_be_disputed_once_that_is_decided(market: Market) -> None:
    grid = "grid-2026-03-v1"
    held = dispute(market, principal=OPERATOR, statement_id=grid).value  # all of it, so nobody else can
    market.clock.advance_to(ENDS)
    with pytest.raises(AlreadyExists, match="by parties/grid: wait until that is decided"):
        dispute(market, 1)
    withdraw_dispute(market.units, OPERATOR, held.dispute_id)
    with pytest.raises(WrongState, match=r"2 of the lines \(2, 4\) can no longer be disputed"):
        dispute(market)  # of these two the operator has none
    late = dispute(market, 1).value
    with pytest.raises(WrongState, match="can no longer be disputed"):
        dispute(market, 3, principal=OPERATOR, statement_id=grid)  # it has had its chance
    withdraw_dispute(market.units, OWNER_A, late.dispute_id)
    with pytest.raises(WrongState, match="can no longer be disputed"):
        dispute(market, 2, principal=OPERATOR, statement_id=grid)  # nor does a late objection hold anything
    market.clock.advance_to(dispute_deadline(ENDS, RULES.settlement.calendar))
    with pytest.raises(WrongState, match="can no longer be disputed"):
        dispute(market, 1)


def test_an_objection_to_a_whole_statement_is_one_to_each_of_its_lines(market: Market) -> None:
    whole = dispute(market).value
    assert whole.line_numbers == ()
    with pytest.raises(AlreadyExists):
        dispute(market, 2)
    with pytest.raises(AlreadyExists, match="line 2 of statements/grid-2026-03-v1"):
        dispute(market, 2, principal=OPERATOR, statement_id="grid-2026-03-v1")
    dispute(market, 1, principal=OPERATOR, statement_id="grid-2026-03-v1")  # another site's


def test_a_line_may_be_disputed_again_once_the_first_objection_is_decided(market: Market) -> None:
    first = dispute(market, 3).value
    reject_dispute(market.units, ANNA, first.dispute_id, resolution="read by the utility")
    second = dispute(market, 3).value
    assert (first.dispute_id, second.dispute_id) == (
        "owner-a-2026-03-v1-d1",
        "owner-a-2026-03-v1-d2",
    )
    withdraw_dispute(market.units, OWNER_A, second.dispute_id)
    dispute(market, 3)


def test_a_repeated_request_raises_nothing_twice(market: Market) -> None:
    first = dispute(market, 3, 1, request_id="one")
    assert dispute(market, 1, 3, request_id="one") == first
    with pytest.raises(AlreadyExists, match="request_id one was used for another request"):
        dispute(market, 2, request_id="one")
    assert len(list_disputes(market.units, OWNER_A, PageRequest()).items) == 1


class Meddled:
    """Units of work between whose reading and writing something else happens once."""

    def __init__(self, market: Market, meddle: Callable[[], object]) -> None:
        self._units, self._meddle = market.units, meddle
        self._is_over = False

    def __call__(self, *, write: bool = True) -> UnitOfWork:
        if write and not self._is_over:
            self._is_over = True
            self._meddle()
        return self._units(write=write)


def test_of_two_parties_at_once_one_comes_first(market: Market) -> None:
    grid = "grid-2026-03-v1"
    units = Meddled(market, lambda: dispute(market, 3, principal=OPERATOR, statement_id=grid))
    with pytest.raises(AlreadyExists, match="line 3 of statements/owner-a-2026-03-v1 is in dispute already"):
        dispute(replace(market, units=units), 3)
    assert len(list_disputes(market.units, ANNA, PageRequest()).items) == 1


def test_a_version_that_is_written_meanwhile_is_looked_at(market: Market) -> None:
    changed = [line(1, "9.00", delta="-1.00"), *OWNERS_LINES[1:]]
    units = Meddled(market, lambda: keep(market, statement("owner-a", 2, changed)))
    with pytest.raises(WrongState, match="line 1 was changed by statements/owner-a-2026-03-v2"):
        dispute(replace(market, units=units), 1)


def test_the_same_request_twice_at_once_raises_one_objection(market: Market) -> None:
    units = Meddled(market, lambda: dispute(market, 3, request_id="one"))
    twice = dispute(replace(market, units=units), 3, request_id="one")
    assert [seen.stored for seen in list_disputes(market.units, ANNA, PageRequest()).items] == [twice]


def test_upholding_names_what_is_measured_again(market: Market) -> None:
    raised = dispute(market).value  # of four lines, three are about the site in the event
    upheld = uphold_dispute(
        market.units, ANNA, raised.dispute_id, resolution="the utility agrees", measure_again=True
    ).value
    assert (upheld.state, upheld.decided_by, upheld.resolution) == (
        DisputeState.UPHELD,
        "anna",
        "the utility agrees",
    )
    assert upheld.measured_pairs == (("evening", "a"),)
    with market.units(write=False) as uow:
        assert uow.disputes.get(raised.dispute_id).value == upheld  # type: ignore[union-attr]  # it is there
        assert pending(uow, "2026-03").pairs_since(None) == {("evening", "a")}
        assert pending(uow, "2026-04").upheld == ()
    assert actions(market, f"disputes/{raised.dispute_id}")[1:] == [("anna", "uphold_dispute")]


def test_what_is_about_no_site_is_not_measured_again(market: Market) -> None:
    raised = dispute(market, 4).value
    with pytest.raises(InvalidInput, match="propose an adjustment"):
        uphold_dispute(market.units, ANNA, raised.dispute_id, resolution="yes", measure_again=True)
    assert (
        uphold_dispute(
            market.units, ANNA, raised.dispute_id, resolution="yes", measure_again=False
        ).value.measured_pairs
        == ()
    )


def test_who_raised_it_does_not_decide_it(market: Market) -> None:
    keep(market, statement("hub", 1, [line(1, "1.00", code=LineCode.AGG_FEE)]))
    raised = dispute(market, 1, principal=ANNA, statement_id="hub-2026-03-v1").value
    for decide in (
        lambda: uphold_dispute(market.units, ANNA, raised.dispute_id, resolution="x", measure_again=False),
        lambda: reject_dispute(market.units, ANNA, raised.dispute_id, resolution="x"),
    ):
        with pytest.raises(NotPermitted, match="was raised by you"):
            decide()
    reject_dispute(market.units, BEN, raised.dispute_id, resolution="the fee is as agreed")


def test_an_officer_of_the_party_that_objects_does_not_decide_it(market: Market) -> None:
    raised = dispute(market, 1).value
    officer = replace(BEN, party_id=OWNER_A.party_id)
    for decide in (
        lambda: uphold_dispute(market.units, officer, raised.dispute_id, resolution="x", measure_again=False),
        lambda: reject_dispute(market.units, officer, raised.dispute_id, resolution="x"),
    ):
        with pytest.raises(NotPermitted, match=r"moves money of parties/owner-a, for whom you act"):
            decide()


def test_only_the_own_party_withdraws_and_to_others_it_is_not_there(market: Market) -> None:
    raised = dispute(market, 1).value
    for other in (OWNER_B, OPERATOR, ANNA):
        with pytest.raises(NotFound, match=f"disputes/{raised.dispute_id} does not exist"):
            withdraw_dispute(market.units, other, raised.dispute_id)
    withdrawn = withdraw_dispute(market.units, COLLEAGUE_A, raised.dispute_id).value
    assert (withdrawn.state, withdrawn.decided_by) == (DisputeState.WITHDRAWN, "colleague-a")
    with pytest.raises(NotFound):
        get_dispute(market.units, OWNER_B, raised.dispute_id)
    assert not list_disputes(market.units, OWNER_B, PageRequest()).items


def test_a_decision_is_taken_once(market: Market) -> None:
    raised = dispute(market, 1).value
    rejected = reject_dispute(market.units, ANNA, raised.dispute_id, resolution="no")
    assert reject_dispute(market.units, ANNA, raised.dispute_id, resolution="no") == rejected
    with pytest.raises(WrongState, match="is REJECTED, expected OPEN to make it REJECTED"):
        reject_dispute(market.units, ANNA, raised.dispute_id, resolution="never")
    with pytest.raises(WrongState, match="expected OPEN to make it UPHELD"):
        uphold_dispute(market.units, BEN, raised.dispute_id, resolution="yes", measure_again=True)
    with pytest.raises(WrongState, match="expected OPEN to make it WITHDRAWN"):
        withdraw_dispute(market.units, OWNER_A, raised.dispute_id)
    assert len(actions(market, f"disputes/{raised.dispute_id}")) == 2


def test_who_brings_readings_in_sees_nothing_of_what_others_are_paid(market: Market) -> None:
    dispute(market, 1)
    both = Principal("both", "owner-b", None, frozenset({Role.METER_DATA_MANAGER, Role.SITE_OWNER}))
    assert both.sees_every_site
    assert not list_disputes(market.units, both, PageRequest()).items
    assert not list_statements(market.units, both, PageRequest()).items
    for look in (
        lambda: get_dispute(market.units, both, "owner-a-2026-03-v1-d1"),
        lambda: get_statement(market.units, both, "owner-a-2026-03-v1"),
        lambda: statement_bundle(market.units, both, "owner-a-2026-03-v1"),
    ):
        with pytest.raises(NotFound):
            look()


def test_lists_can_be_cut_to_a_period_and_a_state(market: Market) -> None:
    first, second = dispute(market, 1).value, dispute(market, 2).value
    withdraw_dispute(market.units, OWNER_A, first.dispute_id)

    def listed(**limits: object) -> list[str]:
        page = list_disputes(market.units, ANNA, PageRequest(), **limits)  # type: ignore[arg-type]  # as given
        return [seen.stored.value.dispute_id for seen in page.items]

    assert listed() == [first.dispute_id, second.dispute_id]
    assert listed(period="2026-03", state=DisputeState.OPEN) == [second.dispute_id]
    assert listed(period="2026-04") == []
