"""Green certificates: entered as a registry has them, set aside for what a site used, used up once."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal

from vpp.foundation.errors import AlreadyExists, InvalidInput, NotFound, WrongState
from vpp.settlement.green_certificate import (
    USED,
    GreenCertificate,
    GreenCertificateState,
    check_certificate_transition,
)
from vpp.settlement.green_certificate_file import MAX_CERTIFICATES
from vpp.settlement.green_share import KWH_PER_CERTIFICATE, GreenShare, certificates_for
from vpp.workflows.green_shares import green_share
from vpp.workflows.identity import Principal
from vpp.workflows.ports import Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import audit, difference, found
from vpp.workflows.requesting import fingerprint, remember, replayed
from vpp.workflows.viewing import visible_site

NOWHERE = ("", "")
"""Site and period of a certificate that is not used."""


def import_certificates(
    units: UnitOfWorkFactory,
    principal: Principal,
    certificates: Sequence[GreenCertificate],
    *,
    request_id: str,
) -> int:
    """Enter certificates that a party holds, all or none.

    Args:
        units: Makes the transaction.
        principal: A settlement officer, who has seen the registry's account.
        certificates: The certificates, HELD, of one party.
        request_id: The caller's id of this request.

    Returns:
        How many were entered.

    Raises:
        InvalidInput: There are none or too many, or one is there twice.
        NotFound: There is no such party.
        AlreadyExists: One has been entered before, whoever held it then; or the request id was used for
            something else.
    """
    _check_count(len(certificates))
    by_id = {one.certificate_id: one for one in certificates}
    if len(by_id) != len(certificates):
        twice = next(one for one in certificates if by_id[one.certificate_id] is not one)
        raise InvalidInput(
            f"certificate {twice.certificate_id} is there twice, expected every certificate once",
            certificate=twice.certificate_id,
        )
    digest = fingerprint(tuple(sorted(by_id)), certificates[0].party_id)
    with units() as uow:
        if replayed(uow, principal, "import_certificates", request_id, digest) is not None:
            return len(certificates)
        for party_id in sorted({one.party_id for one in certificates}):
            found(uow.parties.get(party_id), f"parties/{party_id}")
        known = uow.green_certificates.get_all(by_id)
        if known:
            first = min(known)
            raise AlreadyExists(
                f"{len(known)} of {len(by_id)} certificates have been entered before, the first is {first}; "
                "nothing was entered",
                certificate=first,
            )
        uow.green_certificates.add_all(by_id)
        party_id = certificates[0].party_id
        audit(uow, principal.principal_id, "import_certificates", f"parties/{party_id}", **_detail(by_id))
        remember(uow, principal, "import_certificates", request_id, digest, party_id)
        uow.commit()
        return len(certificates)


def allocate_certificates(  # noqa: PLR0913  one argument per field of the request
    units: UnitOfWorkFactory,
    principal: Principal,
    *,
    site_id: str,
    period: str,
    count: int | None = None,
    share_ratio: Decimal | None = None,
    request_id: str,
) -> GreenShare:
    """Set certificates of a site's owner aside for what the site used in a month.

    The oldest generation is taken first.

    Args:
        units: Makes the transaction.
        principal: The owner, or a settlement officer.
        site_id: The site.
        period: Civil month at the site, YYYY-MM.
        count: How many more.
        share_ratio: In place of a count: as many as it takes to tell this share, 0..1, and no more.
        request_id: The caller's id of this request.

    Returns:
        The share that is reached.

    Raises:
        NotFound: There is no such site that the caller may see.
        InvalidInput: Neither or both of count and share are given, one is out of range, or there would be
            more certificates than the site used energy.
        WrongState: The month is not over, or the owner does not hold enough.
        AlreadyExists: The request id was used for something else.
    """
    if (count is None) == (share_ratio is None):
        raise InvalidInput("expected either a count of certificates or a share of consumption")
    digest = fingerprint(site_id, period, count, share_ratio)
    with units() as uow:
        site = visible_site(uow, principal, site_id).value
        before = green_share(uow, site, period)
        if replayed(uow, principal, "allocate_certificates", request_id, digest) is not None:
            return before
        if share_ratio is not None:
            count = max(0, certificates_for(share_ratio, before.counted_kwh) - before.certificates)
        needed = _checked_need(before, count or 0)
        held = uow.green_certificates.held(site.party_id, needed)
        if len(held) < needed:
            raise WrongState(
                f"parties/{site.party_id} holds {len(held)} certificates that are free, expected {needed}",
                party=site.party_id,
                held=str(len(held)),
            )
        _move(uow, held, GreenCertificateState.ALLOCATED, (site_id, period))
        return _told(uow, principal, "allocate_certificates", before, held, (request_id, digest))


def _checked_need(before: GreenShare, count: int) -> int:
    """Refuse more certificates than there is consumption to cover."""
    useful = int((before.counted_kwh / KWH_PER_CERTIFICATE).to_integral_value(ROUND_CEILING))
    most = max(0, useful - before.certificates)
    if not 0 <= count <= most:
        raise InvalidInput(
            f"certificate_count is {count}, expected 0 to {most}: {before.site_id} used "
            f"{before.counted_kwh:f} kWh in {before.period} at most, and has {before.certificates}",
            certificate_count=str(count),
        )
    return count


def release_certificates(
    units: UnitOfWorkFactory, principal: Principal, *, site_id: str, period: str, request_id: str
) -> GreenShare:
    """Take back what was set aside for a site and a month and is not used up.

    Raises:
        NotFound: There is no such site that the caller may see.
        WrongState: The month is not over.
        AlreadyExists: The request id was used for something else.
    """
    return _of_site(
        units,
        principal,
        "release_certificates",
        (site_id, period, request_id),
        GreenCertificateState.HELD,
    )


def retire_certificates(
    units: UnitOfWorkFactory, principal: Principal, *, site_id: str, period: str, request_id: str
) -> GreenShare:
    """Use up what was set aside for a site and a month, for good.

    Raises:
        NotFound: There is no such site that the caller may see.
        WrongState: The month is not over.
        AlreadyExists: The request id was used for something else.
    """
    return _of_site(
        units,
        principal,
        "retire_certificates",
        (site_id, period, request_id),
        GreenCertificateState.RETIRED,
    )


def _of_site(
    units: UnitOfWorkFactory,
    principal: Principal,
    action: str,
    request: tuple[str, str, str],
    state: GreenCertificateState,
) -> GreenShare:
    """Move everything that is set aside for a site and a month."""
    site_id, period, request_id = request
    digest = fingerprint(site_id, period)
    with units() as uow:
        site = visible_site(uow, principal, site_id).value
        before = green_share(uow, site, period)
        if replayed(uow, principal, action, request_id, digest) is not None:
            return before
        used = uow.green_certificates.used(site_id, period).values()
        allocated = [stored for stored in used if stored.value.state is GreenCertificateState.ALLOCATED]
        _move(uow, allocated, state, (site_id, period) if state in USED else NOWHERE)
        return _told(uow, principal, action, before, allocated, (request_id, digest))


def _told(  # noqa: PLR0913, PLR0917  who did what to what, and what is remembered of it
    uow: UnitOfWork,
    principal: Principal,
    action: str,
    before: GreenShare,
    moved: Sequence[Stored[GreenCertificate]],
    request: tuple[str, str],
) -> GreenShare:
    """Write down what was done for a site and a month, commit it, and return where that leads."""
    counts = uow.green_certificates.counts(before.site_id, before.period)
    after = replace(
        before,
        allocated=counts.get(GreenCertificateState.ALLOCATED, 0),
        retired=counts.get(GreenCertificateState.RETIRED, 0),
    )
    audit(
        uow,
        principal.principal_id,
        action,
        f"sites/{before.site_id}",
        period=before.period,
        **difference(before, after),
        **_detail(stored.value.certificate_id for stored in moved),
    )
    remember(uow, principal, action, *request, before.site_id)
    uow.commit()
    return after


def withdraw_certificates(
    units: UnitOfWorkFactory,
    principal: Principal,
    certificate_ids: Sequence[str],
    *,
    reason: str,
    request_id: str,
) -> int:
    """Take certificates out that their holder has no more, or never had; all or none.

    Their ids stay taken, so that nobody enters them again.

    Args:
        units: Makes the transaction.
        principal: A settlement officer.
        certificate_ids: Which ones, each HELD.
        reason: Why, in words.
        request_id: The caller's id of this request.

    Returns:
        How many were withdrawn.

    Raises:
        InvalidInput: There are none or too many.
        NotFound: One has not been entered.
        WrongState: One is set aside or used up.
        AlreadyExists: The request id was used for something else.
    """
    wanted = sorted(set(certificate_ids))
    _check_count(len(wanted))
    digest = fingerprint(tuple(wanted), reason)
    with units() as uow:
        if replayed(uow, principal, "withdraw_certificates", request_id, digest) is not None:
            return len(wanted)
        known = uow.green_certificates.get_all(wanted)
        for certificate_id in wanted:
            if certificate_id not in known:
                name = f"greenCertificates/{certificate_id}"
                raise NotFound(f"{name} does not exist", name=name)
        _move(uow, known.values(), GreenCertificateState.WITHDRAWN, NOWHERE)
        for party_id, ids in _by_party(known).items():
            audit(
                uow,
                principal.principal_id,
                "withdraw_certificates",
                f"parties/{party_id}",
                reason=reason,
                **_detail(ids),
            )
        remember(uow, principal, "withdraw_certificates", request_id, digest, wanted[0])
        uow.commit()
        return len(wanted)


def _by_party(known: Mapping[str, Stored[GreenCertificate]]) -> dict[str, list[str]]:
    parties: dict[str, list[str]] = {}
    for certificate_id, stored in sorted(known.items()):
        parties.setdefault(stored.value.party_id, []).append(certificate_id)
    return dict(sorted(parties.items()))


def _move(
    uow: UnitOfWork,
    stored: Iterable[Stored[GreenCertificate]],
    state: GreenCertificateState,
    use: tuple[str, str],
) -> None:
    """Write certificates with a step of their life done, for a site and a period or for nothing."""
    site_id, period = use
    changes = {}
    for one in stored:
        check_certificate_transition(one.value, state)
        after = replace(one.value, state=state, site_id=site_id, period=period)
        changes[after.certificate_id] = (after, one.revision)
    uow.green_certificates.update_all(changes)


def _check_count(count: int) -> None:
    if not 1 <= count <= MAX_CERTIFICATES:
        raise InvalidInput(
            f"request has {count} certificates, expected 1 to {MAX_CERTIFICATES}", count=str(count)
        )


def _detail(certificate_ids: Iterable[str]) -> dict[str, object]:
    """Say which certificates, in a record that stays short: how many, the outermost, and a digest of all."""
    ids = sorted(certificate_ids)
    if not ids:
        return {"certificates": 0}
    sha256 = hashlib.sha256("\n".join(ids).encode()).hexdigest()
    return {"certificates": len(ids), "first": ids[0], "last": ids[-1], "sha256": sha256}
