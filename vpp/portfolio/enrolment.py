"""A site's participation in a product."""

import enum
from dataclasses import dataclass
from types import MappingProxyType

from vpp.foundation.errors import WrongState


class EnrolmentState(enum.Enum):
    """Where an enrolment is in its life."""

    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


ENROLMENT_TRANSITIONS = MappingProxyType(
    {
        EnrolmentState.PENDING: frozenset({EnrolmentState.ACTIVE, EnrolmentState.WITHDRAWN}),
        EnrolmentState.ACTIVE: frozenset({EnrolmentState.SUSPENDED, EnrolmentState.WITHDRAWN}),
        EnrolmentState.SUSPENDED: frozenset({EnrolmentState.ACTIVE, EnrolmentState.WITHDRAWN}),
        EnrolmentState.WITHDRAWN: frozenset(),
    }
)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A site's participation in a product.

    Attributes:
        enrolment_id: Last part of `enrolments/{enrolment}`; `{site}.{product}` with a hyphen.
        site_id: The site.
        product_id: The product.
        state: Where it is in its life.
    """

    enrolment_id: str
    site_id: str
    product_id: str
    state: EnrolmentState


def check_enrolment_transition(current: EnrolmentState, wanted: EnrolmentState) -> None:
    """Refuse an enrolment step that the life cycle does not have.

    Raises:
        WrongState: There is no such step.
    """
    if wanted not in ENROLMENT_TRANSITIONS[current]:
        raise WrongState(f"enrolment is {current.name}, cannot become {wanted.name}", state=current.name)
