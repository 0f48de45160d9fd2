"""A product changes by two people, of two parties; what lies in a file is nobody's proposal."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine
from support.market import NOON, OPERATOR, Market, make_market, market_on
from support.products import changed_product, put_in_force, shipped_products

from vpp.foundation.clock import ManualClock
from vpp.foundation.errors import AlreadyExists, InvalidInput, NotFound, NotPermitted, WrongState
from vpp.portfolio.product import ProductProfile
from vpp.portfolio.product_change import ProductChange, ProductChangeState, change_id_of
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.founding_products import FROM_A_FILE, found_products
from vpp.workflows.identity import Principal, Role
from vpp.workflows.ports import Stored
from vpp.workflows.product_changes import adopt_change, decide_change, propose_change
from vpp.workflows.records import AuditRecord
from vpp.workflows.viewing_product_changes import get_change, list_changes
from vpp.workflows.visibility import PageRequest

SHAVING = shipped_products()["example-peak-shaving"]
NEXT = changed_product(SHAVING, version=SHAVING.version + 1, money={"penalty_ratio": "3"})
CHANGE = change_id_of(NEXT)
ADMIN = Principal("admin", "hub", None, frozenset({Role.ADMINISTRATOR}))
ADMIN_2 = Principal("admin-2", "hub", None, frozenset({Role.ADMINISTRATOR}))
COLLEAGUE = Principal("colleague", "grid", None, frozenset({Role.MARKET_OPERATOR}))
RIVAL = Principal("rival", "rival-grid", None, frozenset({Role.MARKET_OPERATOR}))
APPROVED, REJECTED, WITHDRAWN = (
    ProductChangeState.APPROVED,
    ProductChangeState.REJECTED,
    ProductChangeState.WITHDRAWN,
)


@pytest.fixture
def market(tmp_path: Path) -> Market:
    return make_market(tmp_path)


def propose(
    market: Market, profile: ProductProfile = NEXT, *, who: Principal = OPERATOR, request_id: str = ""
) -> Stored[ProductChange]:
    return propose_change(
        market.units, who, profile, reason="the grid asks for a higher penalty", request_id=request_id
    )


def in_force(market: Market, product_id: str = SHAVING.product_id) -> ProductProfile | None:
    with market.units(write=False) as uow:
        return uow.products.latest(product_id)


def records(market: Market) -> list[AuditRecord]:
    with market.units(write=False) as uow:
        return [one for one in uow.audit.page(limit=100_000) if "product" in one.action]


def test_what_one_proposes_counts_once_another_approves(engine: Engine) -> None:
    market = market_on(engine)
    stored = propose(market)
    assert (stored.value.change_id, stored.value.state) == (CHANGE, ProductChangeState.PROPOSED)
    assert in_force(market) == SHAVING
    approved = decide_change(market.units, ADMIN, CHANGE, APPROVED)
    assert (approved.value.decided_by, approved.value.proposed_person) == ("admin", "operator")
    assert in_force(market) == NEXT
    assert decide_change(market.units, ADMIN, CHANGE, APPROVED) == approved  # a repeat does no harm
    shown, before = get_change(market.units, CHANGE)
    assert (shown, before) == (approved, SHAVING)
    proposed, decided = records(market)
    assert proposed.before == {
        "version": str(SHAVING.version),
        "money.penalty_ratio": str(SHAVING.money.penalty_ratio),
    }
    assert (proposed.after["money.penalty_ratio"], proposed.after["state"]) == ("3", "PROPOSED")
    assert (decided.actor, decided.before["state"], decided.after["state"]) == (
        *("admin", "PROPOSED"),
        "APPROVED",
    )


@pytest.mark.parametrize("wanted", [APPROVED, REJECTED])
@pytest.mark.parametrize("who", [OPERATOR, replace(ADMIN, principal_id="operator-2", person_id="operator")])
def test_whoever_proposed_decides_nothing(market: Market, who: Principal, wanted: ProductChangeState) -> None:
    propose(market)
    with pytest.raises(NotPermitted, match="was proposed by you"):
        decide_change(market.units, who, CHANGE, wanted)
    assert in_force(market) == SHAVING


def test_two_people_of_one_buyer_do_not_change_what_others_are_paid_by(market: Market) -> None:
    propose(market)
    with pytest.raises(NotPermitted, match="proposed for parties/grid, for whom you act as well"):
        decide_change(market.units, COLLEAGUE, CHANGE, APPROVED)
    assert in_force(market) == SHAVING
    decide_change(market.units, RIVAL, CHANGE, APPROVED)
    assert in_force(market) == NEXT


def test_two_who_run_the_hub_may(market: Market) -> None:
    propose(market, who=ADMIN)
    decide_change(market.units, ADMIN_2, CHANGE, APPROVED)
    assert in_force(market) == NEXT


def test_a_colleague_may_refuse_and_the_content_may_be_proposed_anew(market: Market) -> None:
    propose(market)
    decide_change(market.units, COLLEAGUE, CHANGE, REJECTED)
    with pytest.raises(WrongState, match="is REJECTED, expected PROPOSED to make it APPROVED"):
        decide_change(market.units, ADMIN, CHANGE, APPROVED)
    again = propose(market, who=COLLEAGUE)
    assert (again.value.state, again.value.proposed_by, again.value.decided_by) == (
        *(ProductChangeState.PROPOSED, "colleague"),
        "",
    )


def test_another_content_never_takes_the_id_of_one_that_was_looked_at(market: Market) -> None:
    other = changed_product(SHAVING, version=SHAVING.version + 1, money={"penalty_ratio": "9"})
    taken = ProductChange(CHANGE, other, SHAVING.version, "their digests begin alike", WITHDRAWN, "operator")
    with market.units() as uow:
        uow.product_changes.add(CHANGE, taken)
        uow.commit()
    with pytest.raises(AlreadyExists, match=f"productChanges/{CHANGE} has other content"):
        propose(market)
    assert get_change(market.units, CHANGE)[0].value == taken


def test_only_whoever_proposed_takes_it_back(market: Market) -> None:
    propose(market)
    with pytest.raises(NotPermitted, match="who alone can withdraw it"):
        decide_change(market.units, ADMIN, CHANGE, WITHDRAWN)
    assert decide_change(market.units, OPERATOR, CHANGE, WITHDRAWN).value.state is WITHDRAWN
    assert in_force(market) == SHAVING


@pytest.mark.parametrize("version", [SHAVING.version, NEXT.version + 1])
def test_a_version_follows_the_one_in_force(market: Market, version: int) -> None:
    with pytest.raises(InvalidInput, match=f"version is {version}, expected {NEXT.version}"):
        propose(market, changed_product(NEXT, version=version))


def test_the_second_of_two_that_compete_is_not_approved(market: Market) -> None:
    other = changed_product(NEXT, money={"penalty_ratio": "4"})
    propose(market)
    propose(market, other, who=RIVAL)
    decide_change(market.units, ADMIN, CHANGE, APPROVED)
    with pytest.raises(WrongState, match="when version 2 was in force, expected that it still is"):
        decide_change(market.units, ADMIN, change_id_of(other), APPROVED)
    assert in_force(market) == NEXT


REQUEST_ID = "33333333-3333-4333-8333-333333333333"


def test_a_repeat_has_no_second_effect(market: Market) -> None:
    first = propose(market, request_id=REQUEST_ID)
    assert propose(market, request_id=REQUEST_ID) == first
    with pytest.raises(AlreadyExists, match="was used for another request"):
        propose(market, changed_product(NEXT, money={"penalty_ratio": "4"}), request_id=REQUEST_ID)
    with pytest.raises(WrongState, match="has the same content and is PROPOSED"):
        propose(market)


def test_a_product_may_be_new(market: Market) -> None:
    brand_new = changed_product(SHAVING, product_id="brand-new")
    propose(market, brand_new)
    assert in_force(market, "brand-new") is None
    decide_change(market.units, ADMIN, change_id_of(brand_new), APPROVED)
    assert in_force(market, "brand-new") == brand_new
    assert get_change(market.units, change_id_of(brand_new))[1] is None


def test_what_does_not_exist_is_not_found(market: Market) -> None:
    for act in (
        lambda: decide_change(market.units, ADMIN, "none", APPROVED),
        lambda: adopt_change(market.units, ADMIN, "none", reason="why"),
        lambda: get_change(market.units, "none"),
    ):
        with pytest.raises(NotFound, match="productChanges/none does not exist"):
            act()


def test_an_empty_hub_takes_its_files_and_says_so(sqlite_engine: Engine) -> None:
    units = SqlUnitOfWorkFactory(sqlite_engine, ManualClock(NOON))
    assert found_products(units, shipped_products().values()) == []
    with units(write=False) as uow:
        assert len(uow.products.all_latest()) == len(shipped_products())
        audited = {one.subject for one in uow.audit.page() if one.action == "found_product"}
    assert audited == {f"products/{product_id}" for product_id in shipped_products()}


def test_what_lies_in_a_file_afterwards_needs_two_people(
    market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):  # with every start
        (waiting,) = found_products(market.units, [SHAVING, NEXT])
        assert (waiting.value.state, waiting.value.reason) == (ProductChangeState.FOUND, FROM_A_FILE)
        assert f"productChanges/{CHANGE} lies in a file and is not in force" in caplog.text
        caplog.clear()
    assert in_force(market) == SHAVING
    with pytest.raises(WrongState, match="is FOUND, expected PROPOSED to make it APPROVED"):
        decide_change(market.units, ADMIN, CHANGE, APPROVED)
    adopted = adopt_change(market.units, ADMIN, CHANGE, reason="agreed with the grid")
    assert adopt_change(market.units, ADMIN, CHANGE, reason="agreed with the grid") == adopted
    with pytest.raises(WrongState, match="is PROPOSED, expected FOUND to adopt it"):
        adopt_change(market.units, ADMIN_2, CHANGE, reason="mine")
    with pytest.raises(NotPermitted, match="was proposed by you"):
        decide_change(market.units, ADMIN, CHANGE, APPROVED)
    assert in_force(market) == SHAVING
    decide_change(market.units, ADMIN_2, CHANGE, APPROVED)
    assert in_force(market) == NEXT
    assert found_products(market.units, [SHAVING, NEXT]) == []
    assert [one.action for one in records(market)] == [
        *("find_product_change", "adopt_product_change", "decide_product_change")
    ]


def test_what_was_refused_stays_out_however_often_the_hub_starts(
    market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        found_products(market.units, [NEXT])
        decide_change(market.units, COLLEAGUE, CHANGE, REJECTED)
        assert found_products(market.units, [NEXT]) == []
    assert f"productChanges/{CHANGE} lies in a file and was REJECTED" in caplog.text
    assert in_force(market) == SHAVING


def test_an_older_version_in_a_file_is_left_out(market: Market, caplog: pytest.LogCaptureFixture) -> None:
    put_in_force(market.units, changed_product(NEXT, version=5))
    assert found_products(market.units, [changed_product(NEXT, version=4)]) == []
    assert "is older than version 5 in force; it is left out" in caplog.text
    assert not list_changes(market.units, PageRequest()).items


def test_changes_are_listed_by_product(market: Market) -> None:
    brand_new = changed_product(SHAVING, product_id="brand-new")
    propose(market)
    propose(market, brand_new)
    every = list_changes(market.units, PageRequest()).items
    assert [stored.value.change_id for stored, _ in every] == sorted([CHANGE, change_id_of(brand_new)])
    (own,) = list_changes(market.units, PageRequest(), product_id="brand-new").items
    assert own[0].value.profile == brand_new
