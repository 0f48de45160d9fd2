"""Repeats of a request: the same content has no second effect, other content is refused."""

import hashlib

from vpp.foundation.errors import AlreadyExists
from vpp.workflows.identity import Principal
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.records import RequestRecord


def fingerprint(*content: object) -> str:
    """Digest what a request asks for; equal content gives an equal digest."""
    return hashlib.sha256(repr(content).encode()).hexdigest()


def _key(principal: Principal, request_id: str) -> str:
    return f"{principal.principal_id}-{request_id}"


def replayed(uow: UnitOfWork, principal: Principal, method: str, request_id: str, digest: str) -> str | None:
    """Look for an earlier request with the same id.

    Args:
        uow: The transaction.
        principal: Who asks; request ids of different callers never meet.
        method: The workflow.
        request_id: The caller's id; empty if none was given.
        digest: `fingerprint` of the content.

    Returns:
        What the earlier request made or changed, or None if this is the first.

    Raises:
        AlreadyExists: The id was used for other content.
    """
    known = _known(uow, principal, request_id)
    if known is None:
        return None
    if (known.method, known.fingerprint) != (method, digest):
        raise used_otherwise(request_id)
    return known.subject_id


def earlier(uow: UnitOfWork, principal: Principal, method: str, request_id: str) -> str | None:
    """Look for an earlier request with the same id whose content no digest may give away.

    The caller compares the content itself.

    Args:
        uow: The transaction.
        principal: Who asks.
        method: The workflow.
        request_id: The caller's id; empty if none was given.

    Returns:
        What the earlier request made or changed, or None if this is the first.

    Raises:
        AlreadyExists: The id was used for another workflow.
    """
    known = _known(uow, principal, request_id)
    if known is None:
        return None
    if known.method != method:
        raise used_otherwise(request_id)
    return known.subject_id


def used_otherwise(request_id: str) -> AlreadyExists:
    """Return the refusal of a request whose id was used for other content."""
    return AlreadyExists(
        f"request_id {request_id} was used for another request; make a new one", request_id=request_id
    )


def _known(uow: UnitOfWork, principal: Principal, request_id: str) -> RequestRecord | None:
    stored = uow.requests.get(_key(principal, request_id)) if request_id else None
    return None if stored is None else stored.value


def remember(  # noqa: PLR0913, PLR0917  one argument per stored field
    uow: UnitOfWork, principal: Principal, method: str, request_id: str, digest: str, subject_id: str
) -> None:
    """Keep what a request did, in the transaction that does it."""
    if request_id:
        uow.requests.add(_key(principal, request_id), RequestRecord(method, digest, subject_id))
