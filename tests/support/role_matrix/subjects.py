"""What calls are about: a site with an event of one operator, and everything that hangs on the two."""

from dataclasses import dataclass, replace

from support.populated_hub import AUCTIONS, GREEN_PERIOD, PEAK, PERIOD, SITES
from support.role_matrix.additions import WAITED_FOR, again_of, drill_of

from vpp.settlement.adjustment import AdjustmentState
from vpp.workflows.ports import UnitOfWorkFactory


@dataclass(frozen=True, slots=True)
class Subject:
    """Ids of what a call may name; each belongs to one site and its owner, or to one event and its buyer.

    Attributes:
        site_id: The site.
        party_id: Its owner.
        event_id: A settled event that the site delivered in; its auction has the same id.
        open_id: An auction of the same buyer that is still open.
        buyer_id: The operator that bought the event.
        bid_id: The site's bid for the event.
        open_bid_id: Its bid in the open auction.
        standing_bid_id: Its standing bid.
        dispute_id: Its owner's dispute.
        agreed_id: An approved adjustment in its owner's favour.
        proposed_id: One that is only proposed.
        correction_id: A correction of the event's rules.
        certificate_id: A green certificate of its owner's.
        proposed_change_id: A change of a product that waits for a second person.
        found_change_id: One that nobody answers for.
    """

    site_id: str
    party_id: str
    event_id: str
    open_id: str
    buyer_id: str
    bid_id: str
    open_bid_id: str
    standing_bid_id: str
    dispute_id: str
    agreed_id: str
    proposed_id: str
    correction_id: str
    certificate_id: str
    proposed_change_id: str
    found_change_id: str

    @property
    def statement_id(self) -> str:
        """The owner's statement."""
        return f"{self.party_id}-{PERIOD}-v1"

    @property
    def buyer_statement_id(self) -> str:
        """The buyer's statement."""
        return f"{self.buyer_id}-{PERIOD}-v1"

    @property
    def enrolment_id(self) -> str:
        """The site's enrolment."""
        return f"{self.site_id}-{PEAK}"

    @property
    def pending_id(self) -> str:
        """An enrolment of the site that waits for approval."""
        return f"{self.site_id}-{WAITED_FOR}"

    @property
    def drill_id(self) -> str:
        """An event that the buyer has ordered in the site's zone, and that lies ahead."""
        return drill_of(self.open_id)

    @property
    def again_id(self) -> str:
        """A settled event of the buyer's of which no correction waits."""
        return again_of(self.event_id)

    def ids(self) -> list[str]:
        """Return every id that is its own, the longest first, so that none is part of a later one."""
        own = {getattr(self, field) for field in self.__slots__}
        own |= {self.statement_id, self.buyer_statement_id, self.enrolment_id}
        own |= {self.pending_id, self.drill_id, self.again_id}
        return sorted(own, key=lambda one: (-len(one), one))


NONE = "none"
"""In place of an id where nothing waits to be decided."""
PAIRS = (
    ("alder", "grid-evening", "grid-open"),
    ("birch", "rival-night", "rival-open"),
    ("cedar", "rival-south", "rival-later"),
)
"""A site, an event that it delivered in, and an auction of the same buyer in which it has a bid."""


def subjects(units: UnitOfWorkFactory) -> dict[str, Subject]:
    """Look the ids of the populated hub up, by site."""
    return {site_id: _subject(units, site_id, event_id, open_id) for site_id, event_id, open_id in PAIRS}


def _subject(units: UnitOfWorkFactory, site_id: str, event_id: str, open_id: str) -> Subject:
    party_id = f"owner-{site_id}"
    with units(write=False) as uow:
        bids = {
            one.value.auction_id: one.value.bid.bid_id
            for one in uow.bids.page(where={"site_id": site_id}, limit=100)
        }
        adjustments = {
            one.value.state: one.value.adjustment_id
            for one in uow.adjustments.page(where={"payee_party_id": party_id})
        }
        [dispute] = uow.disputes.page(where={"party_id": party_id})
        [correction] = uow.rule_corrections.page(where={"event_id": event_id})
        changes = {
            state: [one.value.change_id for one in uow.product_changes.page(where={"state": state})]
            for state in ("proposed", "found")
        }
        certificates = uow.green_certificates.page(where={"party_id": party_id, "state": "held"})
    return Subject(
        site_id=site_id,
        party_id=party_id,
        event_id=event_id,
        open_id=open_id,
        buyer_id=AUCTIONS[event_id].buyer.partition("-")[0],
        bid_id=bids[event_id],
        open_bid_id=bids[open_id],
        standing_bid_id=bids[None],
        dispute_id=dispute.value.dispute_id,
        agreed_id=adjustments[AdjustmentState.APPROVED],
        proposed_id=adjustments[AdjustmentState.PROPOSED],
        correction_id=correction.value.correction_id,
        certificate_id=certificates[0].value.certificate_id,
        proposed_change_id=next(iter(changes["proposed"]), NONE),
        found_change_id=next(iter(changes["found"]), NONE),
    )


def absent_like(subject: Subject) -> Subject:
    """Return what a subject's ids would be if none of it existed: of the same length, and of nobody."""
    changes = {field: _unlike(getattr(subject, field)) for field in Subject.__slots__}
    letters = {"site_id": "q", "buyer_id": "z", "party_id": "y"}
    changes |= {field: letter * len(getattr(subject, field)) for field, letter in letters.items()}
    return replace(subject, **changes)


def _unlike(identifier: str) -> str:
    """Turn the first part of an id into another, and leave its form."""
    head, dash, tail = identifier.partition("-")
    return f"{'x' * len(head)}{dash}{tail}"


def zone_of(subject: Subject) -> str:
    """Return the zone of a subject's site."""
    return SITES[subject.site_id].zone if subject.site_id in SITES else "north"


__all__ = ["GREEN_PERIOD", "PERIOD", "Subject", "absent_like", "subjects", "zone_of"]
