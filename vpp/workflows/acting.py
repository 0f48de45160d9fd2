"""Who acts: set where a call's identity is proved, read where what is done is recorded or looked up.

A context variable, because it has to reach the audit record and the database of every workflow, and no
workflow may be able to leave it out. It travels with a call into the thread in which its workflow runs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from vpp.workflows.identity import Principal

_actor: ContextVar[Principal | None] = ContextVar("vpp_actor", default=None)


def actor() -> Principal | None:
    """Return whose call is being served; None for what the hub does of itself."""
    return _actor.get()


def acting_person() -> str:
    """Return who stands behind the principal whose call is being served; empty for the hub itself."""
    principal = _actor.get()
    return "" if principal is None else principal.person


def acting_roles() -> tuple[str, ...]:
    """Return the roles of the principal whose call is being served, in order of name."""
    principal = _actor.get()
    return () if principal is None else tuple(sorted(role.value for role in principal.roles))


def act_as(principal: Principal) -> None:
    """Serve a principal's call from here on; grpc serves each call in a context of its own."""
    _actor.set(principal)


@contextmanager
def acting_as(principal: Principal | None) -> Iterator[None]:
    """Serve a principal for a while: one item of a batch that several sent.

    Example:
        >>> from vpp.workflows.identity import Role
        >>> with acting_as(Principal("anna", "grid", None, frozenset({Role.AUDITOR}))):
        ...     who = actor()
        >>> who.principal_id, actor()
        ('anna', None)
    """
    token = _actor.set(principal)
    try:
        yield
    finally:
        _actor.reset(token)
