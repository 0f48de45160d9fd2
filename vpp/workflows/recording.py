"""Helpers that every workflow with an effect calls: audit, revisions, look-ups that must succeed."""

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, TypeVar

from vpp.dispatch.event import Event, EventState, check_event_transition
from vpp.foundation.errors import BrokenPromise, NotFound, StaleWrite
from vpp.foundation.interval import Interval
from vpp.portfolio.product import ProductProfile
from vpp.workflows.ports import Stored, UnitOfWork
from vpp.workflows.records import AuditRecord

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
HUB = "hub"
"""Actor of what falls due."""


def audit(  # noqa: PLR0913  whatever is said of a change, by keyword
    uow: UnitOfWork,
    actor: str,
    action: str,
    subject: str,
    *,
    before: object = None,
    after: object = None,
    **detail: object,
) -> None:
    """Record who changed what, in the transaction that does it.

    The person and the roles are those of the principal whose call is being served.

    Args:
        uow: The transaction.
        actor: Principal, or `HUB` for what falls due.
        action: Name of the workflow.
        subject: Name of what is changed.
        before: What it was: fields by name, or the state alone; None where there was nothing.
        after: What it is from now on, in the same way.
        detail: The figures.
    """
    uow.audit.append(
        AuditRecord(
            at=uow.now,
            actor=actor,
            action=action,
            subject=subject,
            detail=_texts(detail),
            before=_told(before),
            after=_told(after),
        )
    )


def difference(before: "DataclassInstance", after: "DataclassInstance") -> dict[str, Mapping[str, object]]:
    """Return the fields in which a value became another, as `audit` takes what was before and is after.

    Example:
        >>> from datetime import UTC, datetime, timedelta
        >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
        >>> later = noon + timedelta(hours=1)
        >>> told = difference(Interval(noon, later), Interval(noon, later + timedelta(hours=1)))
        >>> [(when, name, f"{value:%H:%M}") for when in told for name, value in told[when].items()]
        [('before', 'end', '13:00'), ('after', 'end', '14:00')]
    """
    names = [field.name for field in fields(before)]
    changed = [name for name in names if getattr(before, name) != getattr(after, name)]
    return {
        when: {name: getattr(value, name) for name in changed}
        for when, value in (("before", before), ("after", after))
    }


def audit_all(uow: UnitOfWork, actor: str, action: str, details: Mapping[str, Mapping[str, object]]) -> None:
    """Record one change of many subjects, each with its figures, in few statements."""
    uow.audit.append_all(
        [
            AuditRecord(at=uow.now, actor=actor, action=action, subject=subject, detail=_texts(detail))
            for subject, detail in details.items()
        ]
    )


def _told(what: object) -> Mapping[str, str]:
    if what is None:
        return {}
    return _texts(what) if isinstance(what, Mapping) else {"state": str(what)}


def _texts(figures: Mapping[str, object]) -> dict[str, str]:
    return {key: str(value) for key, value in figures.items()}


def found(stored: Stored[T] | None, full_name: str) -> Stored[T]:
    """Return what was looked up.

    Raises:
        NotFound: There is nothing of that name.
    """
    if stored is None:
        raise NotFound(f"{full_name} does not exist", name=full_name)
    return stored


def promised(stored: Stored[T] | None, full_name: str) -> Stored[T]:
    """Return what another stored fact says must be there.

    Raises:
        BrokenPromise: It is not.
    """
    if stored is None:
        raise BrokenPromise(f"{full_name} is referred to and missing", name=full_name)
    return stored


def check_etag(stored: Stored[T], etag: str) -> None:
    """Refuse a write that was prepared on an older copy.

    Raises:
        StaleWrite: `etag` is given and is not the stored revision.
    """
    if etag and etag != str(stored.revision):
        raise StaleWrite(f"etag is {etag}, the stored one is {stored.revision}; read again", etag=etag)


def product_of(uow: UnitOfWork, product_id: str, version: int) -> ProductProfile:
    """Return the product version that a stored tender or event cites."""
    profile = uow.products.get(product_id, version)
    if profile is None:
        raise BrokenPromise(f"products/{product_id} version {version} is referred to and missing")
    return profile


def move_event(uow: UnitOfWork, stored: Stored[Event], event: Event, actor: str) -> Stored[Event]:
    """Write an event whose state may have changed, with its audit record.

    Raises:
        WrongState: The life cycle has no such step.
        StaleWrite: Another write came first.
    """
    before = stored.value.state
    if event.state is not before:
        check_event_transition(before, event.state)
    moved = uow.events.update(event.event_id, event, revision=stored.revision)
    audit(uow, actor, "move_event", f"events/{event.event_id}", before=before.name, after=event.state.name)
    return moved


def overlaps(one: Interval, other: Interval) -> bool:
    """Tell whether two half-open spans share an instant."""
    return one.start < other.end and other.start < one.end


CLAIMING_STATES = frozenset(
    {
        EventState.CLEARED,
        EventState.OFFERED,
        EventState.ACCEPTED,
        EventState.SCHEDULED,
        EventState.ACTIVE,
        EventState.ENDED,
        EventState.MEASURED,
    }
)
"""States in which an event's awards may still claim their resources, recovery included."""
