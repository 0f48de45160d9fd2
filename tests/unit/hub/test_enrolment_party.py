"""Whose people decide about enrolments."""

import pytest

from vpp.hub.enrolment_party import enrolment_party
from vpp.hub.settings import MarketSettings
from vpp.workflows.identity import Principal, Role


def of(party_id: str, role: Role) -> Principal:
    return Principal(f"{party_id}-{role.value}", party_id, None, frozenset({role}))


GRID, RIVAL = of("grid", Role.MARKET_OPERATOR), of("rival", Role.MARKET_OPERATOR)
OTHERS = (of("third", Role.DISPATCHER), of("owners", Role.SITE_OWNER))


@pytest.mark.parametrize(
    ("named", "principals", "expected"),
    [
        (None, (GRID, *OTHERS), "grid"),
        (None, (GRID, of("grid", Role.MARKET_OPERATOR), *OTHERS), "grid"),
        (None, (GRID, RIVAL), "hub"),
        (None, OTHERS, "hub"),
        ("rival", (GRID, RIVAL), "rival"),
        ("rival", (GRID,), "rival"),
    ],
)
def test_one_party_decides(named: str | None, principals: tuple[Principal, ...], expected: str) -> None:
    market = MarketSettings(aggregator_party_id="hub", enrolment_party_id=named)
    assert enrolment_party(market, principals) == expected
