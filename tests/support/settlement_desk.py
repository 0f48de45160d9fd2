"""People around statements: two owners, a grid operator, and a settlement desk of two."""

from pathlib import Path

from support.market import FIVE, OPERATOR, Market, make_market

from vpp.portfolio.party import Party, PartyKind
from vpp.portfolio.site import Site
from vpp.workflows.enrolling import create_party, create_site
from vpp.workflows.identity import Principal, Role

ANNA = Principal("anna", "hub", None, frozenset({Role.SETTLEMENT_OFFICER}))
BEN = Principal("ben", "hub", None, frozenset({Role.SETTLEMENT_OFFICER}))
OWNER_A = Principal("owner-a", "owner-a", None, frozenset({Role.SITE_OWNER}))
COLLEAGUE_A = Principal("colleague-a", "owner-a", None, frozenset({Role.SITE_OWNER}))
OWNER_B = Principal("owner-b", "owner-b", None, frozenset({Role.SITE_OWNER}))


def make_desk(folder: Path) -> Market:
    """Make a market in which sites a and b belong to an owner each; nothing has been settled."""
    market = make_market(folder)
    for owner, site_id in ((OWNER_A, "a"), (OWNER_B, "b")):
        party = Party(owner.party_id, f"Owner of {site_id}", PartyKind.SITE_OWNER)
        create_party(market.units, OPERATOR, party, request_id="")
        site = Site(site_id, owner.party_id, site_id, "north", "Europe/London", 3000.0, FIVE)
        create_site(market.units, owner, site, request_id="")
    return market


def actions(market: Market, subject: str) -> list[tuple[str, str]]:
    """Return who did what to a subject, in order."""
    with market.units(write=False) as uow:
        records = uow.audit.page(limit=10_000)
    return [(record.actor, record.action) for record in records if record.subject == subject]
