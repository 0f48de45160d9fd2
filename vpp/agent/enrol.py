"""Enrols the site, its resources and its products; harmless however often it is done."""

import logging
import math
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import grpc
import grpc.aio

from vpp.agent.bidding import Enrolled, ProductRules
from vpp.agent.hub_client import CALL_DEADLINE_S, HubClient
from vpp.agent.settings import AgentSettings
from vpp.agent.unit import Unit
from vpp.agent.wire import amount, direction_of, duration, span
from vpp.flexibility.enrolment_envelope import EnrolmentEnvelope
from vpp.foundation.errors import AlreadyExists
from vpp.foundation.names import resource_name
from vpp.v1 import portfolio_pb2

GROWTH_RATIO = 1.05
"""The hub is told of a larger envelope once it has grown by this."""
STATES_ASKED = 16
STATE_STEP = timedelta(minutes=15)
log = logging.getLogger(__name__)


def _request_id(*parts: str) -> str:
    """Name a request so that a retry of the same content makes the same name."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)))


async def enrol_site(client: HubClient, settings: AgentSettings) -> None:
    """Create the site, or see that it exists as configured.

    Raises:
        AlreadyExists: A site of that name exists with another zone, civil time or metering.
        grpc.aio.AioRpcError: The hub refuses, or cannot be reached.
    """
    table = settings.site
    site = portfolio_pb2.Site(
        display_name=table.display_name,
        zone=table.zone,
        time_zone=table.time_zone,
        import_limit_kw=table.largest_import_kw,
        metering_interval=duration(table.metering_interval),
        minimum_load_kw=table.minimum_load_kw,
    )
    request = portfolio_pb2.CreateSiteRequest(
        site=site, site_id=table.site_id, request_id=_request_id("create", settings.site_name, str(site))
    )
    try:
        await client.portfolio.CreateSite(request, metadata=client.metadata, timeout=CALL_DEADLINE_S)
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.ALREADY_EXISTS:
            raise
    else:
        return
    held = await client.portfolio.GetSite(
        portfolio_pb2.GetSiteRequest(name=settings.site_name),
        metadata=client.metadata,
        timeout=CALL_DEADLINE_S,
    )
    for field in ("zone", "time_zone", "metering_interval"):
        if getattr(held, field) != getattr(site, field):
            raise AlreadyExists(
                f"{settings.site_name} exists with {field} {getattr(held, field)}, configured is "
                f"{getattr(site, field)}",
                field=field,
            )
    changeable = ("display_name", "import_limit_kw", "minimum_load_kw")
    changed = [field for field in changeable if getattr(held, field) != getattr(site, field)]
    if changed:
        site.name, site.etag = settings.site_name, held.etag
        update = portfolio_pb2.UpdateSiteRequest(
            site=site, request_id=_request_id("update", settings.site_name, held.etag, str(site))
        )
        update.update_mask.paths.extend(changed)
        await client.portfolio.UpdateSite(update, metadata=client.metadata, timeout=CALL_DEADLINE_S)


async def enrol_resources(
    client: HubClient, settings: AgentSettings, units: Mapping[str, Unit[Any]]
) -> dict[str, Enrolled]:
    """Create the resources that can be sold, and return what the hub knows of each.

    A resource that can deliver nothing at present is left out; it still serves the site's own
    tracking.

    Raises:
        grpc.aio.AioRpcError: The hub refuses, or cannot be reached.
    """
    enrolled: dict[str, Enrolled] = {}
    for unit in units.values():
        if unit.state is None:
            continue
        envelope = enrolment_of(unit, settings.site.metering_interval)
        can_reduce = envelope.max_reduction_kw > 0.0 and envelope.energy_budget_kwh > 0.0
        if not can_reduce and envelope.max_increase_kw <= 0.0:
            log.info("%s/%s can deliver nothing at present", settings.site_name, unit.resource_id)
            continue
        held = await _enrol_resource(client, settings, unit, _message(envelope))
        enrolled[unit.resource_id] = Enrolled(
            held.max_reduction_kw,
            held.energy_budget_kwh,
            held.max_increase_kw,
            held.increase_budget_kwh if held.HasField("increase_budget_kwh") else math.inf,
        )
    return enrolled


def enrolment_of(unit: Unit[Any], step: timedelta) -> EnrolmentEnvelope:
    """Return what the hub is told of a resource: the best it can do, whatever its present state.

    How far it can be raised is asked of its present state and of those that it passes through while it
    reduces: a store that is full now has room once it has given something.
    """
    state = unit.observed
    increase_kw = unit.available_increase_kw(state, step)
    for _ in range(STATES_ASKED):
        state, reduced_kw = unit.advance(state, unit.available_kw(state, STATE_STEP), STATE_STEP)
        increase_kw = max(increase_kw, unit.available_increase_kw(state, step))
        if reduced_kw <= 0.0:
            break
    return replace(unit.envelope().for_enrolment(), max_increase_kw=increase_kw)


async def _enrol_resource(
    client: HubClient,
    settings: AgentSettings,
    unit: Unit[Any],
    envelope: portfolio_pb2.FlexibilityEnvelope,
) -> portfolio_pb2.FlexibilityEnvelope:
    name = resource_name(settings.site.site_id, unit.resource_id)
    resource = portfolio_pb2.Resource(kind=unit.kind, envelope=envelope)
    request = portfolio_pb2.CreateResourceRequest(
        parent=settings.site_name,
        resource=resource,
        resource_id=unit.resource_id,
        request_id=_request_id("create", name, str(resource)),
    )
    try:
        created = await client.portfolio.CreateResource(
            request, metadata=client.metadata, timeout=CALL_DEADLINE_S
        )
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.ALREADY_EXISTS:
            raise
    else:
        return created.envelope
    held = await client.portfolio.GetResource(
        portfolio_pb2.GetResourceRequest(name=name), metadata=client.metadata, timeout=CALL_DEADLINE_S
    )
    has_grown = (
        envelope.max_reduction_kw > held.envelope.max_reduction_kw * GROWTH_RATIO
        or envelope.max_increase_kw > held.envelope.max_increase_kw * GROWTH_RATIO
    )
    if not has_grown:
        return held.envelope
    resource.name, resource.etag = name, held.etag
    update = portfolio_pb2.UpdateResourceRequest(
        resource=resource, request_id=_request_id("update", name, held.etag, str(resource))
    )
    update.update_mask.paths.append("envelope")
    updated = await client.portfolio.UpdateResource(update, metadata=client.metadata, timeout=CALL_DEADLINE_S)
    return updated.envelope


def _message(envelope: EnrolmentEnvelope) -> portfolio_pb2.FlexibilityEnvelope:
    return portfolio_pb2.FlexibilityEnvelope(
        max_reduction_kw=envelope.max_reduction_kw,
        min_reduction_kw=envelope.min_reduction_kw,
        response_time=duration(envelope.response_time),
        min_duration=duration(envelope.min_duration),
        max_duration=duration(envelope.max_duration),
        energy_budget_kwh=envelope.energy_budget_kwh,
        recovery_ratio=min(envelope.recovery_ratio, 3.0),
        recovery_duration=duration(envelope.recovery_duration),
        max_increase_kw=envelope.max_increase_kw,
        increase_budget_kwh=envelope.increase_budget_kwh,
    )


async def enrol_products(client: HubClient, settings: AgentSettings) -> dict[str, ProductRules]:
    """Enrol in the configured products, and return what each asks of a bid.

    Raises:
        grpc.aio.AioRpcError: The hub refuses, or cannot be reached.
    """
    rules: dict[str, ProductRules] = {}
    for product_id in settings.products:
        name = f"products/{product_id}"
        product = await client.portfolio.GetProduct(
            portfolio_pb2.GetProductRequest(name=name), metadata=client.metadata, timeout=CALL_DEADLINE_S
        )
        rules[name] = ProductRules(
            min_bid_kw=product.min_bid_kw,
            increment_kw=product.increment_kw,
            floor_price_per_mwh=amount(product.floor_price_per_mwh),
            cap_price_per_mwh=amount(product.cap_price_per_mwh),
            currency=product.currency_code,
            settlement_interval=span(product.settlement_interval),
            is_emergency=product.trigger == portfolio_pb2.Product.TRIGGER_EMERGENCY,
            direction=direction_of(product.direction),
            max_bid_kw=product.max_bid_kw if product.HasField("max_bid_kw") else math.inf,
        )
        request = portfolio_pb2.CreateEnrolmentRequest(
            enrolment=portfolio_pb2.Enrolment(site=settings.site_name, product=name),
            request_id=_request_id("enrol", settings.site_name, name),
        )
        try:
            await client.portfolio.CreateEnrolment(request, metadata=client.metadata, timeout=CALL_DEADLINE_S)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.ALREADY_EXISTS:
                raise
    return rules
