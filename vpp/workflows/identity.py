"""Who is calling, and what that lets them see."""

import enum
from dataclasses import dataclass

from vpp.foundation.errors import NotPermitted


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


HUB_STAFF = frozenset({Role.MARKET_OPERATOR, Role.DISPATCHER, Role.SETTLEMENT_OFFICER, Role.AUDITOR})
"""Staff of the market: they see every site and everybody's results."""

SEES_EVERY_SITE = HUB_STAFF | {Role.METER_DATA_MANAGER}
"""Roles that see every site; the others see their own party's or their own site's. A manager of meter data
is no staff of the market: the table of roles lets them call what concerns sites and readings, and no more."""

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
    def sees_every_site(self) -> bool:
        """Whether the caller may see sites that are not their own."""
        return bool(self.roles & SEES_EVERY_SITE)

    @property
    def sees_every_party(self) -> bool:
        """Whether the caller may see what others are paid: staff of the market, nobody else."""
        return bool(self.roles & HUB_STAFF)


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


def check_buyer(principal: Principal, operator_party_id: str) -> None:
    """Refuse a change to what another operator buys.

    Raises:
        NotPermitted: The caller acts for another party.
    """
    if principal.party_id != operator_party_id:
        raise NotPermitted(
            f"it is bought by parties/{operator_party_id}; you act for parties/{principal.party_id}",
            party=principal.party_id,
        )
