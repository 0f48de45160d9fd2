"""How far a transaction reaches: everywhere for the hub and its staff, to their own for everybody else."""

from dataclasses import dataclass

from vpp.workflows.identity import Principal, Role

REACHES_EVERY_ROW = frozenset(
    {
        Role.MARKET_OPERATOR,
        Role.DISPATCHER,
        Role.SETTLEMENT_OFFICER,
        Role.AUDITOR,
        Role.METER_DATA_MANAGER,
    }
)
"""Roles whose calls concern rows of many parties; what they may see of them, workflows alone decide."""


@dataclass(frozen=True, slots=True)
class CallerScope:
    """Whose rows a transaction reaches.

    Attributes:
        kind: `tenant` or `administrator`.
        party_id: The party that is called for; empty for administrators.
        site_id: The one site of a site's agent; empty for everybody else.
    """

    kind: str
    party_id: str
    site_id: str


def scope_of(principal: Principal | None) -> CallerScope | None:
    """Return whose rows a call reaches; None for all: the hub's own work, and its staff's.

    Example:
        >>> scope_of(None) is None
        True
        >>> scope_of(Principal("a", "dc-north", "north-1", frozenset({Role.SITE_AGENT})))
        CallerScope(kind='tenant', party_id='dc-north', site_id='north-1')
    """
    if principal is None or principal.roles & REACHES_EVERY_ROW:
        return None
    if Role.ADMINISTRATOR in principal.roles:  # who may call is their business, no party's figures are
        return CallerScope("administrator", "", "")
    return CallerScope("tenant", principal.party_id, principal.site_id or "")
