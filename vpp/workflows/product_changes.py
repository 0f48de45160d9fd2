"""Products change by two people: one proposes a version, another puts it in force.

Rules of a product decide what others are paid. So whoever approves acts for another party than whoever
proposed, or administers the hub; and a file that somebody put beside the hub is nobody's proposal until a
person adopts it.
"""

from dataclasses import replace

from vpp.foundation.errors import AlreadyExists, InvalidInput, NotPermitted, WrongState
from vpp.foundation.free_text import free_text
from vpp.portfolio.product import ProductProfile
from vpp.portfolio.product_change import ProductChange, ProductChangeState, change_id_of
from vpp.portfolio.product_diff import changed_fields
from vpp.workflows.identity import Principal, Role
from vpp.workflows.ports import Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import audit, found
from vpp.workflows.requesting import fingerprint, remember, replayed
from vpp.workflows.second_person import check_decision, is_same_person


def propose_change(
    units: UnitOfWorkFactory, principal: Principal, profile: ProductProfile, *, reason: str, request_id: str
) -> Stored[ProductChange]:
    """Propose a version of a product; it counts for nothing until another person approves it.

    What was found in a file, taken back or rejected may be proposed by the caller.

    Raises:
        InvalidInput: The version is not the one after the version in force.
        WrongState: The same content waits already, or is in force.
        AlreadyExists: The request id was used for something else, or another content has the change's id.
    """
    words = free_text(reason, "reason", several_lines=False)
    digest = fingerprint(profile.model_dump_json(), words)
    with units() as uow:
        known = replayed(uow, principal, "propose_product_change", request_id, digest)
        if known is not None:
            return found(uow.product_changes.get(known), f"productChanges/{known}")
        in_force = _check_next(uow, profile)
        change = ProductChange(
            change_id_of(profile),
            profile,
            in_force,
            words,
            ProductChangeState.PROPOSED,
            proposed_by=principal.principal_id,
            proposed_person=principal.person,
            proposed_party=principal.party_id,
        )
        stored = _entered(uow, principal, change)
        remember(uow, principal, "propose_product_change", request_id, digest, change.change_id)
        uow.commit()
        return stored


def adopt_change(
    units: UnitOfWorkFactory, principal: Principal, change_id: str, *, reason: str
) -> Stored[ProductChange]:
    """Answer for a change that was found in a file; another person decides about it then.

    Raises:
        NotFound: There is no such change.
        WrongState: Somebody answers for it, or it was decided; or another version came into force since.
    """
    words = free_text(reason, "reason", several_lines=False)
    full_name = f"productChanges/{change_id}"
    with units() as uow:
        stored = found(uow.product_changes.get(change_id), full_name)
        change = stored.value
        if (change.state, change.proposed_by, change.reason) == (
            ProductChangeState.PROPOSED,
            principal.principal_id,
            words,
        ):
            return stored
        if change.state is not ProductChangeState.FOUND:
            raise WrongState(
                f"{full_name} is {change.state.name}, expected FOUND to adopt it", state=change.state.name
            )
        in_force = _check_next(uow, change.profile)
        adopted = replace(
            change,
            state=ProductChangeState.PROPOSED,
            reason=words,
            from_version=in_force,
            proposed_by=principal.principal_id,
            proposed_person=principal.person,
            proposed_party=principal.party_id,
        )
        written = _moved(uow, principal.principal_id, "adopt_product_change", stored, adopted)
        uow.commit()
        return written


def decide_change(
    units: UnitOfWorkFactory, principal: Principal, change_id: str, wanted: ProductChangeState
) -> Stored[ProductChange]:
    """Approve, reject or withdraw a change. An approved one is in force from then on.

    A decision that the same person has taken before stands, so that a repeat is harmless.

    Raises:
        NotFound: There is no such change.
        WrongState: It has been decided otherwise, nobody answers for it, or another version came into
            force since it was proposed.
        NotPermitted: The caller proposed it and would approve or reject it, did not and would withdraw it,
            or acts for the party of who proposed it and would approve it.
    """
    full_name = f"productChanges/{change_id}"
    with units() as uow:
        stored = found(uow.product_changes.get(change_id), full_name)
        change = stored.value
        if (change.state, change.decided_by) == (wanted, principal.principal_id):
            return stored
        if not (change.state is ProductChangeState.FOUND and wanted is ProductChangeState.REJECTED):
            check_decision(
                principal,
                full_name,
                state=change.state,
                proposed_by=change.proposed_by,
                proposed_person=change.proposed_person,
                wanted=wanted,
            )
        if wanted is ProductChangeState.APPROVED:
            _check_parties(principal, full_name, change)
            if version_in_force(uow, change.profile.product_id) != change.from_version:
                raise WrongState(
                    f"{full_name} was proposed when version {change.from_version} was in force, expected "
                    "that it still is; propose the next version",
                    from_version=str(change.from_version),
                )
            uow.products.add(change.profile)
        decided = replace(change, state=wanted, decided_by=principal.principal_id, decided_at=uow.now)
        written = _moved(uow, principal.principal_id, "decide_product_change", stored, decided)
        uow.commit()
        return written


def _entered(uow: UnitOfWork, principal: Principal, change: ProductChange) -> Stored[ProductChange]:
    full_name = f"productChanges/{change.change_id}"
    known = uow.product_changes.get(change.change_id)
    if known is None:
        stored = uow.product_changes.add(change.change_id, change)
        audit(uow, principal.principal_id, "propose_product_change", full_name, **told_of(uow, change))
        return stored
    if known.value.profile != change.profile:
        # An id holds a few digits of a digest: whoever tried long enough could have another approve, under an
        # id that was looked at before, what was put in its place since.
        raise AlreadyExists(f"{full_name} has other content; word the proposal anew", id=change.change_id)
    if known.value.state in {ProductChangeState.PROPOSED, ProductChangeState.APPROVED}:
        raise WrongState(
            f"{full_name} has the same content and is {known.value.state.name}", state=known.value.state.name
        )
    return _moved(uow, principal.principal_id, "propose_product_change", known, change)


def _moved(
    uow: UnitOfWork, who: str, action: str, stored: Stored[ProductChange], change: ProductChange
) -> Stored[ProductChange]:
    written = uow.product_changes.update(change.change_id, change, revision=stored.revision)
    told = told_of(uow, change)
    audit(
        uow,
        who,
        action,
        f"productChanges/{change.change_id}",
        **(told | {"before": {"state": stored.value.state.name} | told["before"]}),
    )
    return written


def told_of(uow: UnitOfWork, change: ProductChange) -> dict[str, dict[str, object]]:
    """Return what the audit record says of a change: every field that differs, before and after."""
    before = version_before(uow, change)
    differences = [] if before is None else list(changed_fields(before, change.profile))
    return {
        "before": {field: was for field, was, _ in differences},
        "after": {
            "state": change.state.name,
            "proposed_by": change.proposed_by,
            **{field: now for field, _, now in differences},
        },
    }


def _check_parties(principal: Principal, full_name: str, change: ProductChange) -> None:
    """Refuse that two people of one party change the rules that others are paid by."""
    if principal.party_id == change.proposed_party and Role.ADMINISTRATOR not in principal.roles:
        raise NotPermitted(
            f"{full_name} was proposed for parties/{change.proposed_party}, for whom you act as well; "
            "somebody of another party or an administrator approves it",
            party=principal.party_id,
        )
    if is_same_person(principal, principal_id=change.proposed_by, person=change.proposed_person):
        raise NotPermitted(f"{full_name} was proposed by you; another person approves it")


def _check_next(uow: UnitOfWork, profile: ProductProfile) -> int:
    in_force = version_in_force(uow, profile.product_id)
    if in_force and profile.version != in_force + 1:  # a product that is new may have a history elsewhere
        raise InvalidInput(
            f"version is {profile.version}, expected {in_force + 1}: version {in_force} of "
            f"{product_name(profile)} is in force",
            version=str(profile.version),
        )
    return in_force


def version_in_force(uow: UnitOfWork, product_id: str) -> int:
    """Return the newest version of a product; 0 for one that is new."""
    latest = uow.products.latest(product_id)
    return 0 if latest is None else latest.version


def version_before(uow: UnitOfWork, change: ProductChange) -> ProductProfile | None:
    """Return the version that a change was proposed against, None for a product that is new."""
    return uow.products.get(change.profile.product_id, change.from_version) if change.from_version else None


def product_name(profile: ProductProfile) -> str:
    """Return the full name of a version's product."""
    return f"products/{profile.product_id}"
