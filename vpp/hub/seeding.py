"""What must be in the database before the first call: parties."""

from collections.abc import Iterable

from vpp.portfolio.party import Party
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.recording import HUB, audit


def ensure_parties(units: UnitOfWorkFactory, parties: Iterable[Party]) -> None:
    """Enter parties that are missing and correct those that differ."""
    with units() as uow:
        for party in parties:
            known = uow.parties.get(party.party_id)
            if known is not None and known.value == party:
                continue
            if known is None:
                uow.parties.add(party.party_id, party)
            else:
                uow.parties.update(party.party_id, party, revision=known.revision)
            audit(uow, HUB, "ensure_party", f"parties/{party.party_id}", kind=party.kind.name)
        uow.commit()
