import pytest

from vpp.storage.caller_scope import CallerScope, scope_of
from vpp.workflows.identity import Principal, Role

STAFF = (
    Role.MARKET_OPERATOR,
    Role.DISPATCHER,
    Role.SETTLEMENT_OFFICER,
    Role.AUDITOR,
    Role.METER_DATA_MANAGER,
)


@pytest.mark.parametrize("role", STAFF)
def test_staff_reach_every_row(role: Role) -> None:
    assert scope_of(Principal("p", "grid", None, frozenset({role}))) is None


def test_the_hub_itself_reaches_every_row() -> None:
    assert scope_of(None) is None


def test_an_owner_reaches_its_partys_rows() -> None:
    owner = Principal("p", "dc", None, frozenset({Role.SITE_OWNER}))
    assert scope_of(owner) == CallerScope("tenant", "dc", "")


def test_an_agent_reaches_its_sites_rows() -> None:
    agent = Principal("p", "dc", "north", frozenset({Role.SITE_AGENT}))
    assert scope_of(agent) == CallerScope("tenant", "dc", "north")


def test_an_administrator_is_no_tenant_and_reaches_not_everything() -> None:
    administrator = Principal("p", "hub", None, frozenset({Role.ADMINISTRATOR}))
    assert scope_of(administrator) == CallerScope("administrator", "", "")


def test_every_role_is_one_or_the_other() -> None:
    narrowed = {role for role in Role if scope_of(Principal("p", "x", None, frozenset({role})))}
    assert narrowed == frozenset(Role) - frozenset(STAFF)
