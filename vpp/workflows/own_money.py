"""Nobody decides about money of the party that they act for, even where two people are at it."""

from collections.abc import Collection

from vpp.foundation.errors import NotPermitted
from vpp.portfolio.party import PartyKind
from vpp.workflows.identity import Principal
from vpp.workflows.ports import UnitOfWork


def check_not_own_money(
    uow: UnitOfWork, principal: Principal, full_name: str, party_ids: Collection[str]
) -> None:
    """Refuse a decision about what the caller's own party pays or is paid.

    The aggregator's people are exempt: it runs the settlement, and its fee is one side of much of that.

    Args:
        uow: Knows the parties.
        principal: Who would decide.
        full_name: What is decided.
        party_ids: Whose money it moves.

    Raises:
        NotPermitted: The caller acts for one of them.
    """
    if principal.party_id not in party_ids:
        return
    party = uow.parties.get(principal.party_id)
    if party is None or party.value.kind is not PartyKind.AGGREGATOR:
        raise NotPermitted(
            f"{full_name} moves money of parties/{principal.party_id}, for whom you act; somebody who acts "
            "for another party decides it",
            party=principal.party_id,
        )
