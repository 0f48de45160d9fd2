"""Lets principals in or not, and takes certificates out of use."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from vpp.foundation.errors import NotAuthenticated, NotFound, WrongState
from vpp.workflows.access_records import Barred, CertificateRevocation, PrincipalStanding
from vpp.workflows.identity import Principal
from vpp.workflows.ports import Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import audit
from vpp.workflows.visibility import Page, PageRequest, page_by_id

Known = Mapping[str, Principal]
"""The principals that the hub's settings name, by id."""
_ACTIVE, _SUSPENDED = "active", "suspended"


@dataclass(frozen=True, slots=True)
class PrincipalView:
    """A principal and whether it is let in.

    Attributes:
        principal: The principal.
        standing: What was decided about it, with its revision; None if nothing ever was.
    """

    principal: Principal
    standing: Stored[PrincipalStanding] | None

    @property
    def is_suspended(self) -> bool:
        """Whether it is refused."""
        return self.standing is not None and self.standing.value.is_suspended

    @property
    def decided_at(self) -> datetime | None:
        """When it was decided about, UTC; None if never."""
        return None if self.standing is None else self.standing.updated_at


def get_principal(units: UnitOfWorkFactory, known: Known, principal_id: str) -> PrincipalView:
    """Return one principal.

    Raises:
        NotFound: The hub's settings name none of that id.
    """
    principal = _known(known, principal_id)
    with units(write=False) as uow:
        return PrincipalView(principal, uow.standings.get(principal_id))


def list_principals(units: UnitOfWorkFactory, known: Known, request: PageRequest) -> Page[PrincipalView]:
    """List the principals that the hub's settings name, by id."""
    after = sorted(one for one in known if one > request.page_token)
    ids = after[: request.limit]
    with units(write=False) as uow:
        standings = uow.standings.get_all(ids)
    views = tuple(PrincipalView(known[each], standings.get(each)) for each in ids)
    return Page(views, ids[-1] if len(after) > len(ids) else "")


def suspend_principal(
    units: UnitOfWorkFactory, caller: Principal, known: Known, principal_id: str, *, reason: str
) -> PrincipalView:
    """Refuse a principal on every hub of this database from now on. A second time changes nothing.

    Nobody suspends themselves: so there is always an administrator left, who is not suspended.

    Args:
        units: Makes the transaction.
        caller: An administrator.
        known: The principals of the hub that was asked.
        principal_id: Whom.
        reason: Why, in words.

    Raises:
        NotFound: The hub's settings name none of that id.
        WrongState: It is the caller's own.
        NotAuthenticated: The caller has just been suspended by another.
    """
    principal = _known(known, principal_id)
    if principal_id == caller.principal_id:
        raise WrongState(
            "principal is your own, expected another's: nobody suspends themselves", principal=principal_id
        )
    return _decide(units, caller, principal, reason=reason, suspend=True)


def restore_principal(
    units: UnitOfWorkFactory, caller: Principal, known: Known, principal_id: str, *, reason: str
) -> PrincipalView:
    """Let a suspended principal call again. One that is not suspended stays as it is.

    Raises:
        NotFound: The hub's settings name none of that id.
        NotAuthenticated: The caller has just been suspended by another.
    """
    return _decide(units, caller, _known(known, principal_id), reason=reason, suspend=False)


def revoke_certificate(
    units: UnitOfWorkFactory, caller: Principal, serial: str, *, reason: str
) -> Stored[CertificateRevocation]:
    """Refuse a certificate on every hub of this database for good. A second time changes nothing.

    The hub need not know the certificate: one that was stolen before it was ever used can be revoked too.

    Args:
        units: Makes the transaction.
        caller: An administrator; may revoke their own.
        serial: The certificate's number at its authority, lower-case hexadecimal.
        reason: Why, in words.

    Raises:
        NotAuthenticated: The caller has just been suspended by another.
    """
    revocation = CertificateRevocation(serial, reason, caller.principal_id)
    with units() as uow:
        _check_caller(uow, caller)
        before = uow.revocations.get(revocation.revocation_id)
        if before is not None:
            return before
        after = uow.revocations.add(revocation.revocation_id, revocation)
        subject = f"revokedCertificates/{revocation.revocation_id}"
        audit(uow, caller.principal_id, "revoke_certificate", subject, after="revoked", reason=reason)
        uow.commit()
        return after


def list_revocations(units: UnitOfWorkFactory, request: PageRequest) -> Page[Stored[CertificateRevocation]]:
    """List the certificates that were revoked here, by id."""
    with units(write=False) as uow:
        return page_by_id(uow.revocations, request, lambda one: one.revocation_id, lambda _: True)


def read_barred(units: UnitOfWorkFactory) -> Barred:
    """Return everybody who is refused."""
    with units(write=False) as uow:
        return uow.barred.all()


def _known(known: Known, principal_id: str) -> Principal:
    principal = known.get(principal_id)
    if principal is None:
        name = f"principals/{principal_id}"
        raise NotFound(f"{name} does not exist", name=name)
    return principal


def _decide(
    units: UnitOfWorkFactory, caller: Principal, principal: Principal, *, reason: str, suspend: bool
) -> PrincipalView:
    principal_id = principal.principal_id
    with units() as uow:
        _check_caller(uow, caller)
        stored = uow.standings.get(principal_id)
        if (stored is not None and stored.value.is_suspended) == suspend:
            return PrincipalView(principal, stored)
        standing = PrincipalStanding(principal_id, suspend, reason, caller.principal_id)
        after = (
            uow.standings.add(principal_id, standing)
            if stored is None
            else uow.standings.update(principal_id, standing, revision=stored.revision)
        )
        action = "suspend_principal" if suspend else "restore_principal"
        before, now = (_ACTIVE, _SUSPENDED) if suspend else (_SUSPENDED, _ACTIVE)
        subject = f"principals/{principal_id}"
        audit(uow, caller.principal_id, action, subject, before=before, after=now, reason=reason)
        uow.commit()
        return PrincipalView(principal, after)


def _check_caller(uow: UnitOfWork, caller: Principal) -> None:
    """Look again inside the transaction: two administrators may suspend each other at once."""
    stored = uow.standings.get(caller.principal_id)
    if stored is not None and stored.value.is_suspended:
        raise NotAuthenticated("the caller is not authenticated")
