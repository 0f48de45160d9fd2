"""Who sees what by role, and whose a thing is."""

import pytest

from vpp.foundation.errors import NotFound, NotPermitted
from vpp.workflows.identity import (
    BUYERS,
    CHANGES_READINGS,
    HUB_STAFF,
    SEES_EVERY_SITE,
    SEES_EVERYTHING,
    Principal,
    Role,
    bought_by,
    check_buyer,
    check_owner,
    owns,
)

AGENT = Principal("agent", "acme", "north", frozenset({Role.SITE_AGENT}))
OWNER = Principal("owner", "acme", None, frozenset({Role.SITE_OWNER}))
BUYER = Principal("buyer", "grid", None, frozenset({Role.DISPATCHER}))


def of(role: Role) -> Principal:
    return Principal("someone", "acme", None, frozenset({role}))


def test_who_settles_and_who_audits_see_everything_and_nobody_else() -> None:
    assert {role for role in Role if of(role).sees_everything} == {Role.SETTLEMENT_OFFICER, Role.AUDITOR}
    assert {role for role in Role if of(role).sees_every_site} == {
        Role.SETTLEMENT_OFFICER,
        Role.AUDITOR,
        Role.METER_DATA_MANAGER,
    }
    assert {role for role in Role if of(role).buys} == {Role.MARKET_OPERATOR, Role.DISPATCHER}
    assert HUB_STAFF == SEES_EVERYTHING | BUYERS
    assert SEES_EVERY_SITE > SEES_EVERYTHING
    assert not CHANGES_READINGS & HUB_STAFF


def test_a_person_may_have_several_principals() -> None:
    assert OWNER.person == "owner"
    assert Principal("owner", "acme", None, frozenset(), person_id="anna").person == "anna"


@pytest.mark.parametrize(
    ("principal", "site_id", "party_id", "expected"),
    [
        (AGENT, "north", "acme", True),
        (AGENT, "north", "", True),  # its own, enrolled or not
        (AGENT, "south", "acme", False),  # of the same party, and not its own
        (OWNER, "north", "acme", True),
        (OWNER, "north", "other", False),
        (OWNER, "north", "", False),  # what does not exist is nobody's
    ],
)
def test_an_agent_owns_its_site_and_an_owner_its_partys(
    principal: Principal,
    site_id: str,
    party_id: str,
    *,
    expected: bool,
) -> None:
    assert owns(principal, site_id=site_id, party_id=party_id) is expected
    if expected:
        check_owner(principal, site_id=site_id, party_id=party_id)
        return
    with pytest.raises(NotPermitted, match=f"^sites/{site_id} is not yours, or does not exist$") as refusal:
        check_owner(principal, site_id=site_id, party_id=party_id)
    assert refusal.value.metadata == {"site": site_id}


def test_what_another_buys_is_as_if_it_were_not_there() -> None:
    assert bought_by(BUYER, "grid")
    assert not bought_by(BUYER, "rival")
    assert not bought_by(OWNER, "acme")  # of the same party, and not there to buy
    check_buyer(BUYER, "grid", "events/e")
    for principal, party_id in ((BUYER, "rival"), (OWNER, "acme")):
        with pytest.raises(NotFound, match=r"^events/e does not exist$") as refusal:
            check_buyer(principal, party_id, "events/e")
        assert refusal.value.metadata == {"name": "events/e"}
