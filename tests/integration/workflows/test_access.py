"""Suspending, restoring and revoking: what is decided, by whom, and what the record says."""

from pathlib import Path

import pytest
from support.market import Market, make_market

from vpp.foundation.errors import NotAuthenticated, NotFound, WrongState
from vpp.workflows import access
from vpp.workflows.access_records import Barred
from vpp.workflows.acting import acting_as
from vpp.workflows.identity import Principal, Role
from vpp.workflows.visibility import PageRequest

ANNA = Principal("anna", "hub", None, frozenset({Role.ADMINISTRATOR}))
BERT = Principal("bert", "hub", None, frozenset({Role.ADMINISTRATOR}))
AGENT = Principal("agent-a", "owner-a", "a", frozenset({Role.SITE_AGENT}))
KNOWN = {one.principal_id: one for one in (ANNA, BERT, AGENT)}
SERIAL = "ab" * 20


@pytest.fixture
def market(tmp_path: Path) -> Market:
    return make_market(tmp_path)


def recorded(market: Market) -> list[tuple[str, str, str, dict[str, str], dict[str, str], dict[str, str]]]:
    with market.units(write=False) as uow:
        page = uow.audit.page(limit=1000)
    return [
        (one.actor, one.action, one.subject, dict(one.before), dict(one.after), dict(one.detail))
        for one in page
        if one.action in {"suspend_principal", "restore_principal", "revoke_certificate"}
    ]


def test_a_principal_is_suspended_and_restored(market: Market) -> None:
    units = market.units
    assert not access.get_principal(units, KNOWN, "agent-a").is_suspended
    with acting_as(ANNA):
        view = access.suspend_principal(units, ANNA, KNOWN, "agent-a", reason="laptop lost")
    assert view.is_suspended
    assert access.get_principal(units, KNOWN, "agent-a").is_suspended
    assert access.read_barred(units) == Barred(frozenset({"agent-a"}))
    with acting_as(BERT):
        view = access.restore_principal(units, BERT, KNOWN, "agent-a", reason="found")
    assert (view.is_suspended, view.standing and view.standing.revision) == (False, 2)
    assert access.read_barred(units) == Barred()
    active, suspended = {"state": "active"}, {"state": "suspended"}
    assert recorded(market) == [
        ("anna", "suspend_principal", "principals/agent-a", active, suspended, {"reason": "laptop lost"}),
        ("bert", "restore_principal", "principals/agent-a", suspended, active, {"reason": "found"}),
    ]


def test_a_repeat_changes_nothing(market: Market) -> None:
    units = market.units
    assert access.restore_principal(units, ANNA, KNOWN, "agent-a", reason="never was").standing is None
    first = access.suspend_principal(units, ANNA, KNOWN, "agent-a", reason="lost")
    assert access.suspend_principal(units, BERT, KNOWN, "agent-a", reason="again") == first
    revoked = access.revoke_certificate(units, ANNA, SERIAL, reason="stolen")
    assert access.revoke_certificate(units, BERT, SERIAL, reason="again") == revoked
    assert [record[1] for record in recorded(market)] == ["suspend_principal", "revoke_certificate"]


def test_nobody_suspends_themselves_and_nobody_unknown(market: Market) -> None:
    with pytest.raises(WrongState, match="your own"):
        access.suspend_principal(market.units, ANNA, KNOWN, "anna", reason="holiday")
    for unknown in ("mallory", ""):
        with pytest.raises(NotFound, match="does not exist"):
            access.suspend_principal(market.units, ANNA, KNOWN, unknown, reason="x")
        with pytest.raises(NotFound, match="does not exist"):
            access.restore_principal(market.units, ANNA, KNOWN, unknown, reason="x")
        with pytest.raises(NotFound, match="does not exist"):
            access.get_principal(market.units, KNOWN, unknown)
    assert recorded(market) == []


def test_of_two_who_suspend_each_other_one_is_left(market: Market) -> None:
    units = market.units
    access.suspend_principal(units, ANNA, KNOWN, "bert", reason="first")
    for change in (
        lambda: access.suspend_principal(units, BERT, KNOWN, "anna", reason="second"),
        lambda: access.restore_principal(units, BERT, KNOWN, "bert", reason="myself"),
        lambda: access.revoke_certificate(units, BERT, SERIAL, reason="anna's"),
    ):
        with pytest.raises(NotAuthenticated):
            change()
    assert access.read_barred(units) == Barred(frozenset({"bert"}))


def test_revoked_certificates_are_listed_and_barred(market: Market) -> None:
    serials = [f"{n:x}" for n in range(1, 6)]
    for one in serials:
        access.revoke_certificate(market.units, ANNA, one, reason="stolen")
    assert access.read_barred(market.units) == Barred(serials=frozenset(serials))
    first = access.list_revocations(market.units, PageRequest(page_size=3))
    rest = access.list_revocations(market.units, PageRequest(3, first.next_page_token))
    assert [stored.value.serial for stored in (*first.items, *rest.items)] == serials
    assert rest.next_page_token == ""


def test_principals_are_listed_in_pages(market: Market) -> None:
    access.suspend_principal(market.units, ANNA, KNOWN, "agent-a", reason="lost")
    first = access.list_principals(market.units, KNOWN, PageRequest(page_size=2))
    rest = access.list_principals(market.units, KNOWN, PageRequest(2, first.next_page_token))
    listed = [(view.principal.principal_id, view.is_suspended) for view in (*first.items, *rest.items)]
    assert listed == [("agent-a", True), ("anna", False), ("bert", False)]
    assert rest.next_page_token == ""
