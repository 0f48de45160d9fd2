"""Denied calls in the audit record."""

from vpp.workflows.identity import Principal
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.recording import audit


def write_down_denial(units: UnitOfWorkFactory, principal: Principal, method: str) -> None:
    """Record that a caller tried what no role of theirs allows."""
    with units() as uow:
        roles = ",".join(sorted(role.value for role in principal.roles))
        audit(uow, principal.principal_id, "denied", method, roles=roles)
        uow.commit()
