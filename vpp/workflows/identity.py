"""Who is calling, and what that lets them see."""

import enum
from dataclasses import dataclass

from vpp.foundation.errors import NotFound, NotPermitted


class Role(enum.Enum):
    """What a caller may do. No role both changes meter data and decides about statements."""

    MARKET_OPERATOR = "market_operator"
    DISPATCHER = "dispatcher"
    SETTLEMENT_OFFICER = "settlement_officer"
    AUDITOR = "auditor"
    SITE_AGENT = "site_agent"
    SITE_OWNER = "site_owner"
    METER_DATA_MANAGER = "meter_data_manager"
    ADMINISTRATOR = "administrator"


SEES_EVERYTHING = frozenset({Role.SETTLEMENT_OFFICER, Role.AUDITOR})
"""Roles of whoever settles, and of whoever looks after that: they see every party's part of the market."""

BUYERS = frozenset({Role.MARKET_OPERATOR, Role.DISPATCHER})
"""Roles of an operator's people: of the market they see what their own party buys, and nothing of others'."""

HUB_STAFF = SEES_EVERYTHING | BUYERS
"""Who runs the market, each within what they see."""

SEES_EVERY_SITE = SEES_EVERYTHING | {Role.METER_DATA_MANAGER}
"""Roles that see every site and its readings. A manager of meter data sees nothing else."""

CHANGES_READINGS = frozenset({Role.SITE_AGENT, Role.METER_DATA_MANAGER})
"""Roles that bring readings in; nobody who has one of them has SETTLEMENT_OFFICER as well."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller whose identity has been proved.

    Attributes:
        principal_id: Name in the audit record.
        party_id: The party that the caller acts for.
        site_id: The one site of a site agent; None for everyone else.
        roles: What the caller may do.
        person_id: Who stands behind it, where one person has several principals; None for itself.
    """

    principal_id: str
    party_id: str
    site_id: str | None
    roles: frozenset[Role]
    person_id: str | None = None

    @property
    def person(self) -> str:
        """Who stands behind the principal; two people are two of these."""
        return self.person_id or self.principal_id

    @property
    def sees_everything(self) -> bool:
        """Whether the caller sees every party's part of the market."""
        return bool(self.roles & SEES_EVERYTHING)

    @property
    def sees_every_site(self) -> bool:
        """Whether the caller sees every site and its readings."""
        return bool(self.roles & SEES_EVERY_SITE)

    @property
    def buys(self) -> bool:
        """Whether the caller acts for an operator: what its party buys is its to see."""
        return bool(self.roles & BUYERS)


def owns(principal: Principal, *, site_id: str, party_id: str) -> bool:
    """Tell whether a site belongs to the caller."""
    if principal.site_id is not None:
        return principal.site_id == site_id
    return principal.party_id == party_id


def check_owner(principal: Principal, *, site_id: str, party_id: str) -> None:
    """Refuse a change to somebody else's site.

    Raises:
        NotPermitted: The site is another's; the text is the same whether or not it exists.
    """
    if not owns(principal, site_id=site_id, party_id=party_id):
        raise NotPermitted(f"sites/{site_id} is not yours, or does not exist", site=site_id)


def bought_by(principal: Principal, operator_party_id: str) -> bool:
    """Tell whether the caller's own party buys something, and the caller is there to buy."""
    return principal.buys and principal.party_id == operator_party_id


def check_buyer(principal: Principal, operator_party_id: str, full_name: str) -> None:
    """Refuse a change to what another operator buys, as if it were not there.

    Raises:
        NotFound: The caller acts for another party; the text is that of what does not exist.
    """
    if not bought_by(principal, operator_party_id):
        raise NotFound(f"{full_name} does not exist", name=full_name)
