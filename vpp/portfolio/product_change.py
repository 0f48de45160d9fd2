"""A version of a product that one person proposes and another puts in force."""

import enum
import hashlib
from dataclasses import dataclass
from datetime import datetime

from vpp.portfolio.product import ProductProfile

_DIGEST_LENGTH = 12


class ProductChangeState(enum.Enum):
    """Where a change is in its life; only an approved one is in force.

    Attributes:
        FOUND: Lies in a file of the hub; nobody answers for it.
        PROPOSED: Waits for a second person.
        APPROVED: A second person agreed.
        REJECTED: A second person did not.
        WITHDRAWN: Taken back by whoever proposed it.
    """

    FOUND = "found"
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


WAITING = frozenset({ProductChangeState.FOUND, ProductChangeState.PROPOSED})
"""States in which nothing has been decided."""


@dataclass(frozen=True, slots=True)
class ProductChange:
    """A version of a product that is proposed, and what became of it.

    Attributes:
        change_id: Last part of `productChanges/{product_change}`.
        profile: The version that it becomes, whole.
        from_version: The version that was in force when it was proposed; 0 for a product that is new.
        reason: Why, in words.
        state: Where it is in its life.
        proposed_by: Principal who answers for it; empty while nobody does.
        proposed_person: Person behind that principal.
        proposed_party: Party that they act for.
        decided_by: Principal who decided, another person; empty while it waits.
        decided_at: When; None while it waits.
    """

    change_id: str
    profile: ProductProfile
    from_version: int
    reason: str
    state: ProductChangeState
    proposed_by: str = ""
    proposed_person: str = ""
    proposed_party: str = ""
    decided_by: str = ""
    decided_at: datetime | None = None


def change_id_of(profile: ProductProfile) -> str:
    """Name a change by what it would put in force: the same content is the same change."""
    digest = hashlib.sha256(profile.model_dump_json().encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{profile.product_id}-v{profile.version}-{digest}"
