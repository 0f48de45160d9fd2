"""Parties, sites, flexible resources, products and enrolments on the wire."""

import json
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

from vpp.foundation.names import identifier, name, resource_name
from vpp.portfolio.call_rules import Trigger
from vpp.portfolio.enrolment import Enrolment
from vpp.portfolio.party import Party, PartyKind
from vpp.portfolio.product import ProductProfile
from vpp.portfolio.resource import FlexibilityEnvelope, Resource, ResourceKind
from vpp.portfolio.site import Site
from vpp.rpc.wire.direction_field import direction_value
from vpp.rpc.wire.enum_fields import member
from vpp.rpc.wire.money_fields import money
from vpp.rpc.wire.time_fields import duration, span, timestamp
from vpp.v1 import portfolio_pb2 as pb
from vpp.workflows.ports import Stored


def party(message: pb.Party, party_id: str) -> Party:
    """Read a party that is to be created."""
    kind = member(PartyKind, pb.Party.Kind.Name(message.kind), "KIND_", "party.kind")
    return Party(party_id=party_id, display_name=message.display_name, kind=kind)


def party_message(stored: Stored[Party]) -> pb.Party:
    """Write a party."""
    return pb.Party(
        name=name("parties", stored.value.party_id),
        display_name=stored.value.display_name,
        kind=pb.Party.Kind.Value(f"KIND_{stored.value.kind.name}"),
        create_time=timestamp(stored.created_at),
        update_time=timestamp(stored.updated_at),
        etag=str(stored.revision),
    )


def site(message: pb.Site, site_id: str, party_id: str) -> Site:
    """Read a site that is to be created."""
    return Site(
        site_id=site_id,
        party_id=party_id,
        display_name=message.display_name,
        zone=message.zone,
        time_zone=message.time_zone,
        import_limit_kw=message.import_limit_kw,
        metering_interval=span(message.metering_interval, "site.metering_interval"),
        minimum_load_kw=message.minimum_load_kw,
    )


def site_message(stored: Stored[Site]) -> pb.Site:
    """Write a site."""
    value = stored.value
    return pb.Site(
        name=name("sites", value.site_id),
        party=name("parties", value.party_id),
        display_name=value.display_name,
        zone=value.zone,
        time_zone=value.time_zone,
        import_limit_kw=value.import_limit_kw,
        metering_interval=duration(value.metering_interval),
        minimum_load_kw=value.minimum_load_kw,
        create_time=timestamp(stored.created_at),
        update_time=timestamp(stored.updated_at),
        etag=str(stored.revision),
    )


def envelope(message: pb.FlexibilityEnvelope, field: str) -> FlexibilityEnvelope:
    """Read what a flexible resource can deliver."""
    return FlexibilityEnvelope(
        max_reduction_kw=message.max_reduction_kw,
        min_reduction_kw=message.min_reduction_kw,
        response_time=span(message.response_time, f"{field}.response_time"),
        min_duration=span(message.min_duration, f"{field}.min_duration"),
        max_duration=span(message.max_duration, f"{field}.max_duration"),
        energy_budget_kwh=message.energy_budget_kwh,
        recovery_ratio=message.recovery_ratio,
        recovery_duration=span(message.recovery_duration, f"{field}.recovery_duration"),
        max_increase_kw=message.max_increase_kw,
        increase_budget_kwh=message.increase_budget_kwh if message.HasField("increase_budget_kwh") else None,
    )


def resource(message: pb.Resource, site_name: str, resource_id: str) -> Resource:
    """Read a flexible resource that is to be created."""
    return Resource(
        site_id=identifier(site_name, "sites"),
        resource_id=resource_id,
        kind=member(ResourceKind, pb.Resource.Kind.Name(message.kind), "KIND_", "resource.kind"),
        envelope=envelope(message.envelope, "resource.envelope"),
    )


def resource_message(stored: Stored[Resource]) -> pb.Resource:
    """Write a flexible resource."""
    limits = stored.value.envelope
    return pb.Resource(
        name=resource_name(stored.value.site_id, stored.value.resource_id),
        kind=pb.Resource.Kind.Value(f"KIND_{stored.value.kind.name}"),
        envelope=pb.FlexibilityEnvelope(
            max_reduction_kw=limits.max_reduction_kw,
            min_reduction_kw=limits.min_reduction_kw,
            response_time=duration(limits.response_time),
            min_duration=duration(limits.min_duration),
            max_duration=duration(limits.max_duration),
            energy_budget_kwh=limits.energy_budget_kwh,
            recovery_ratio=limits.recovery_ratio,
            recovery_duration=duration(limits.recovery_duration),
            max_increase_kw=limits.max_increase_kw,
            increase_budget_kwh=limits.increase_budget_kwh,
        ),
        create_time=timestamp(stored.created_at),
        update_time=timestamp(stored.updated_at),
        etag=str(stored.revision),
    )


def product_message(profile: ProductProfile) -> pb.Product:
    """Write the newest version of a product."""
    low, full, cap = profile.money.band
    return pb.Product(
        name=name("products", profile.product_id),
        version_number=profile.version,
        display_name=profile.display_name,
        trigger=pb.Product.Trigger.Value(f"TRIGGER_{profile.call.trigger.name}"),
        notice_min_duration=duration(profile.call.notice_min),
        min_duration=duration(profile.call.min_duration),
        max_duration=duration(profile.call.max_duration),
        settlement_interval=duration(profile.settlement_interval),
        recovery_duration=duration(profile.call.recovery_window),
        min_bid_kw=profile.bid.min_bid_kw,
        increment_kw=profile.bid.increment_kw,
        floor_price_per_mwh=money(profile.bid.price_floor_per_mwh, profile.money.currency),
        cap_price_per_mwh=money(profile.bid.price_cap_per_mwh, profile.money.currency),
        pay_rule=pb.Product.PayRule.Value(f"PAY_RULE_{profile.money.pay_rule.name}"),
        band_low_ratio=float(low),
        band_full_ratio=float(full),
        band_cap_ratio=float(cap),
        baseline_id=profile.baseline.baseline_id,
        currency_code=profile.money.currency,
        profile_json=json.dumps(profile.model_dump(mode="json"), sort_keys=True),
        direction=direction_value(profile.call.direction),
        max_bid_kw=profile.bid.max_bid_kw,
        activation=pb.Product.Activation.Value(f"ACTIVATION_{profile.call.activation.name}"),
        notice_max_duration=_limit(profile.call.notice_max),
        gate_closure_lead_duration=_limit(
            profile.call.bidding_ends if profile.call.trigger is Trigger.DAY_AHEAD_AUCTION else None
        ),
        telemetry_interval=_limit(profile.telemetry_interval),
        excluded_products=[name("products", product_id) for product_id in profile.stacking_excludes],
    )


def _limit(length: timedelta | None) -> Duration | None:
    return None if length is None else duration(length)


def enrolment_message(stored: Stored[Enrolment]) -> pb.Enrolment:
    """Write an enrolment."""
    return pb.Enrolment(
        name=name("enrolments", stored.value.enrolment_id),
        site=name("sites", stored.value.site_id),
        product=name("products", stored.value.product_id),
        state=pb.Enrolment.State.Value(f"STATE_{stored.value.state.name}"),
        create_time=timestamp(stored.created_at),
        update_time=timestamp(stored.updated_at),
        etag=str(stored.revision),
    )
