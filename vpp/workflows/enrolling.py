"""Parties, sites, flexible resources and enrolments: who takes part, with what, in which product."""

import math
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput, NotFound, NotPermitted
from vpp.foundation.free_text import free_text
from vpp.foundation.names import checked_id
from vpp.portfolio.enrolment import Enrolment, EnrolmentState, check_enrolment_transition
from vpp.portfolio.party import Party
from vpp.portfolio.resource import FlexibilityEnvelope, Resource
from vpp.portfolio.site import Site
from vpp.workflows.fine_metering import check_metering
from vpp.workflows.identity import Principal, Role, check_owner, owns
from vpp.workflows.ports import Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import audit, check_etag, difference, found, promised
from vpp.workflows.requesting import fingerprint, remember, replayed
from vpp.workflows.stacking import check_enrolments

_HOUR = timedelta(hours=1)


def create_party(
    units: UnitOfWorkFactory, principal: Principal, party: Party, *, request_id: str
) -> Stored[Party]:
    """Enter a legal person that statements can be written for.

    Raises:
        InvalidInput: The id is malformed, or the name steers terminals.
        AlreadyExists: The id is taken, or the request id was used for something else.
    """
    checked_id(party.party_id, "party_id")
    party = replace(party, display_name=free_text(party.display_name, "display_name", several_lines=False))
    digest = fingerprint(party)
    with units() as uow:
        known = replayed(uow, principal, "create_party", request_id, digest)
        if known is not None:
            return promised(uow.parties.get(known), f"parties/{known}")
        stored = uow.parties.add(party.party_id, party)
        audit(uow, principal.principal_id, "create_party", f"parties/{party.party_id}", kind=party.kind.name)
        remember(uow, principal, "create_party", request_id, digest, party.party_id)
        uow.commit()
        return stored


def create_site(
    units: UnitOfWorkFactory, principal: Principal, site: Site, *, request_id: str
) -> Stored[Site]:
    """Enrol a site; its owner is the caller's party, whatever the argument says.

    Raises:
        NotPermitted: A site's agent enrols another site than its own.
        NotFound: The caller's party has not been entered.
        InvalidInput: Id, civil time, import limit or metering interval is not possible.
        AlreadyExists: The id is taken, or the request id was used for something else.
    """
    if principal.site_id is not None and principal.site_id != site.site_id:
        raise NotPermitted(f"sites/{site.site_id} is not yours, or does not exist", site=site.site_id)
    checked_id(site.site_id, "site_id")
    _check_site(site)
    display_name = free_text(site.display_name, "display_name", several_lines=False)
    owned = replace(site, party_id=principal.party_id, display_name=display_name)
    digest = fingerprint(owned)
    with units() as uow:
        known = replayed(uow, principal, "create_site", request_id, digest)
        if known is not None:
            return promised(uow.sites.get(known), f"sites/{known}")
        found(uow.parties.get(principal.party_id), f"parties/{principal.party_id}")
        stored = uow.sites.add(owned.site_id, owned)
        audit(uow, principal.principal_id, "create_site", f"sites/{owned.site_id}", zone=owned.zone)
        remember(uow, principal, "create_site", request_id, digest, owned.site_id)
        uow.commit()
        return stored


def _check_site(site: Site) -> None:
    try:
        ZoneInfo(site.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput(
            f"time_zone is {site.time_zone!r}, expected an IANA name such as Europe/London",
            time_zone=site.time_zone,
        ) from error
    _check_import_limit(site.import_limit_kw)
    _check_minimum_load(site.minimum_load_kw, site.import_limit_kw)
    if site.metering_interval <= timedelta(0) or _HOUR % site.metering_interval:
        raise InvalidInput(
            f"metering_interval is {site.metering_interval}, expected a span that divides an hour",
            metering_interval=str(site.metering_interval),
        )


def _check_import_limit(import_limit_kw: float) -> None:
    if not (math.isfinite(import_limit_kw) and import_limit_kw > 0):
        raise InvalidInput(
            f"import_limit_kw is {import_limit_kw}, expected a finite value above 0",
            import_limit_kw=str(import_limit_kw),
        )


def _check_minimum_load(minimum_load_kw: float, import_limit_kw: float) -> None:
    if not (math.isfinite(minimum_load_kw) and minimum_load_kw < import_limit_kw):
        raise InvalidInput(
            f"minimum_load_kw is {minimum_load_kw}, expected a finite value below the import limit of "
            f"{import_limit_kw}",
            minimum_load_kw=str(minimum_load_kw),
        )


def update_site(  # noqa: PLR0913  one argument per field of the request
    units: UnitOfWorkFactory,
    principal: Principal,
    site_id: str,
    *,
    display_name: str | None,
    import_limit_kw: float | None,
    minimum_load_kw: float | None = None,
    etag: str,
    request_id: str,
) -> Stored[Site]:
    """Change a site's name for people, its import limit or its minimum load; None keeps a value.

    Raises:
        NotPermitted: The site is another's, or there is none of that name.
        InvalidInput: Nothing is to change, or the limit is not possible.
        StaleWrite: The etag is outdated.
    """
    if display_name is None and import_limit_kw is None and minimum_load_kw is None:
        raise InvalidInput(
            "update_mask names no field, expected display_name, import_limit_kw or minimum_load_kw"
        )
    if display_name is not None:
        display_name = free_text(display_name, "display_name", several_lines=False)
    if import_limit_kw is not None:
        _check_import_limit(import_limit_kw)
    digest = fingerprint(site_id, display_name, import_limit_kw, minimum_load_kw)
    with units() as uow:
        stored = own_site(uow, principal, site_id)
        if replayed(uow, principal, "update_site", request_id, digest) is not None:
            return stored
        check_etag(stored, etag)
        before = stored.value
        changed = replace(
            before,
            display_name=before.display_name if display_name is None else display_name,
            import_limit_kw=before.import_limit_kw if import_limit_kw is None else import_limit_kw,
            minimum_load_kw=before.minimum_load_kw if minimum_load_kw is None else minimum_load_kw,
        )
        _check_minimum_load(changed.minimum_load_kw, changed.import_limit_kw)
        written = uow.sites.update(site_id, changed, revision=stored.revision)
        audit(
            uow,
            principal.principal_id,
            "update_site",
            f"sites/{site_id}",
            **difference(before, changed),
        )
        remember(uow, principal, "update_site", request_id, digest, site_id)
        uow.commit()
        return written


def own_site(uow: UnitOfWork, principal: Principal, site_id: str) -> Stored[Site]:
    """Return a site of the caller's.

    Raises:
        NotPermitted: It is another's, or there is none of that name; the text is the same.
        NotFound: It is the caller's to enrol, and has not been enrolled.
    """
    stored = uow.sites.get(site_id)
    check_owner(principal, site_id=site_id, party_id="" if stored is None else stored.value.party_id)
    return found(stored, f"sites/{site_id}")


def create_resource(
    units: UnitOfWorkFactory, principal: Principal, resource: Resource, *, request_id: str
) -> Stored[Resource]:
    """Enrol a flexible resource of one's own site.

    Raises:
        NotPermitted: The site is another's, or there is none of that name.
        InvalidInput: Id or envelope is not possible.
        AlreadyExists: The id is taken, or the request id was used for something else.
    """
    checked_id(resource.resource_id, "resource_id")
    _check_envelope(resource.envelope)
    key = f"{resource.site_id}/{resource.resource_id}"
    digest = fingerprint(resource)
    with units() as uow:
        own_site(uow, principal, resource.site_id)
        known = replayed(uow, principal, "create_resource", request_id, digest)
        if known is not None:
            return promised(uow.resources.get(known), f"resource {known}")
        stored = uow.resources.add(key, resource)
        audit(
            uow,
            principal.principal_id,
            "create_resource",
            f"sites/{resource.site_id}/resources/{resource.resource_id}",
            max_reduction_kw=resource.envelope.max_reduction_kw,
        )
        remember(uow, principal, "create_resource", request_id, digest, key)
        uow.commit()
        return stored


def _check_envelope(envelope: FlexibilityEnvelope) -> None:
    figures = {
        "max_reduction_kw": envelope.max_reduction_kw,
        "min_reduction_kw": envelope.min_reduction_kw,
        "energy_budget_kwh": envelope.energy_budget_kwh,
        "recovery_ratio": envelope.recovery_ratio,
        "max_increase_kw": envelope.max_increase_kw,
        "increase_budget_kwh": envelope.budget_kwh(Direction.LOAD_UP),
    }
    for field, value in figures.items():
        if not (math.isfinite(value) and value >= 0):
            raise InvalidInput(
                f"envelope.{field} is {value}, expected a finite value of 0 or more", field=field
            )
    only_raises = envelope.max_reduction_kw <= 0 < envelope.max_increase_kw
    if not (envelope.max_reduction_kw > 0 or only_raises) or (
        envelope.min_reduction_kw > envelope.max_reduction_kw
    ):
        raise InvalidInput(
            f"envelope.max_reduction_kw is {envelope.max_reduction_kw}, expected above 0 and at least "
            f"min_reduction_kw {envelope.min_reduction_kw}; 0 only with a max_increase_kw",
            field="max_reduction_kw",
        )
    if envelope.max_reduction_kw > 0 and envelope.energy_budget_kwh <= 0:
        raise InvalidInput(
            f"envelope.energy_budget_kwh is {envelope.energy_budget_kwh}, expected above 0, as "
            f"max_reduction_kw is {envelope.max_reduction_kw}",
            field="energy_budget_kwh",
        )
    if envelope.max_duration <= timedelta(0) or envelope.min_duration > envelope.max_duration:
        raise InvalidInput(
            f"envelope.max_duration is {envelope.max_duration}, expected above 0 and at least min_duration "
            f"{envelope.min_duration}",
            field="max_duration",
        )


def update_resource(  # noqa: PLR0913  one argument per field of the request
    units: UnitOfWorkFactory,
    principal: Principal,
    site_id: str,
    resource_id: str,
    *,
    envelope: FlexibilityEnvelope,
    etag: str,
    request_id: str,
) -> Stored[Resource]:
    """Replace what a flexible resource may be asked to deliver; bids already given keep the old one.

    Raises:
        NotPermitted: The site is another's, or there is none of that name.
        NotFound: The site has no such resource.
        InvalidInput: The envelope is not possible.
        StaleWrite: The etag is outdated.
    """
    _check_envelope(envelope)
    full_name = f"sites/{site_id}/resources/{resource_id}"
    digest = fingerprint(site_id, resource_id, envelope)
    with units() as uow:
        own_site(uow, principal, site_id)
        stored = found(uow.resources.get(f"{site_id}/{resource_id}"), full_name)
        if replayed(uow, principal, "update_resource", request_id, digest) is not None:
            return stored
        check_etag(stored, etag)
        changed = replace(stored.value, envelope=envelope)
        written = uow.resources.update(f"{site_id}/{resource_id}", changed, revision=stored.revision)
        audit(
            uow,
            principal.principal_id,
            "update_resource",
            full_name,
            **difference(stored.value.envelope, envelope),
        )
        remember(uow, principal, "update_resource", request_id, digest, full_name)
        uow.commit()
        return written


def create_enrolment(  # noqa: PLR0913  one argument per field of the request
    units: UnitOfWorkFactory,
    principal: Principal,
    site_id: str,
    product_id: str,
    *,
    request_id: str,
    automatic_approval: bool,
) -> Stored[Enrolment]:
    """Enrol one's own site in a product.

    Args:
        units: Makes the transaction.
        principal: The site's agent or owner.
        site_id: The site.
        product_id: The product.
        request_id: Makes repeats harmless; empty if not given.
        automatic_approval: Whether the enrolment may bid at once or waits for an operator.

    Raises:
        NotPermitted: The site is another's, or there is none of that name.
        NotFound: There is no such product.
        InvalidInput: The site's meter is too coarse for the product.
        WrongState: The site is enrolled in a product that this one may not be served beside.
        AlreadyExists: The site is or was enrolled in it, or the request id was used otherwise.
    """
    enrolment_id = f"{site_id}-{product_id}"
    digest = fingerprint(site_id, product_id)
    with units() as uow:
        site = own_site(uow, principal, site_id).value
        known = replayed(uow, principal, "create_enrolment", request_id, digest)
        if known is not None:
            return promised(uow.enrolments.get(known), f"enrolments/{known}")
        product = uow.products.latest(product_id)
        if product is None:
            raise NotFound(f"products/{product_id} does not exist", name=f"products/{product_id}")
        check_metering(product, site)
        check_enrolments(uow, site_id, product)
        state = EnrolmentState.ACTIVE if automatic_approval else EnrolmentState.PENDING
        stored = uow.enrolments.add(enrolment_id, Enrolment(enrolment_id, site_id, product_id, state))
        audit(uow, principal.principal_id, "create_enrolment", f"enrolments/{enrolment_id}", state=state.name)
        remember(uow, principal, "create_enrolment", request_id, digest, enrolment_id)
        uow.commit()
        return stored


def change_enrolment(  # noqa: PLR0913  one argument per field of the request
    units: UnitOfWorkFactory,
    principal: Principal,
    enrolment_id: str,
    wanted: EnrolmentState,
    *,
    deciding_party_id: str,
    etag: str,
    request_id: str,
) -> Stored[Enrolment]:
    """Approve, suspend or end an enrolment.

    All operators buy of the same enrolments, and one that is ended is so for good: of several operators only
    one party's people decide, or each could cut the others off from who sells to them.

    Args:
        units: Makes the transaction.
        principal: An operator, or the site's agent or owner, who may end it.
        enrolment_id: The enrolment.
        wanted: What it is to be.
        deciding_party_id: The party whose market operators decide.
        etag: The revision that the caller has read; empty to skip the check.
        request_id: Makes repeats harmless; empty if not given.

    Raises:
        NotFound: There is no such enrolment, or it is not the caller's to end.
        NotPermitted: Only a market operator of the party that decides approves and suspends; asked before
            anything is looked up.
        WrongState: The life cycle has no such step, or the site is enrolled in a product that this one may
            not be served beside.
        StaleWrite: The etag is outdated.
    """
    full_name = f"enrolments/{enrolment_id}"
    digest = fingerprint(enrolment_id, wanted)
    decides = Role.MARKET_OPERATOR in principal.roles and principal.party_id == deciding_party_id
    if not decides and wanted is not EnrolmentState.WITHDRAWN:
        raise NotPermitted(
            f"{wanted.name} is for a market operator to decide, of the party that decides about enrolments",
            state=wanted.name,
        )
    with units() as uow:
        known = uow.enrolments.get(enrolment_id)
        named = uow.sites.get("" if known is None else known.value.site_id)
        stored, site = found(known, full_name), promised(named, f"the site of {full_name}").value
        if not decides and not owns(principal, site_id=site.site_id, party_id=site.party_id):
            found(None, full_name)
        if replayed(uow, principal, "change_enrolment", request_id, digest) is not None:
            return stored
        check_etag(stored, etag)
        check_enrolment_transition(stored.value.state, wanted)
        product = uow.products.latest(stored.value.product_id)
        if wanted is EnrolmentState.ACTIVE and product is not None:
            check_enrolments(uow, site.site_id, product)
        changed = replace(stored.value, state=wanted)
        written = uow.enrolments.update(enrolment_id, changed, revision=stored.revision)
        audit(
            uow,
            principal.principal_id,
            "change_enrolment",
            full_name,
            before=stored.value.state.name,
            after=wanted.name,
        )
        remember(uow, principal, "change_enrolment", request_id, digest, enrolment_id)
        uow.commit()
        return written
