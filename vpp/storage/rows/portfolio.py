"""Parties, sites, resources and enrolments."""

from sqlalchemy import RowMapping as Row

from vpp.portfolio.enrolment import Enrolment, EnrolmentState
from vpp.portfolio.party import Party, PartyKind
from vpp.portfolio.resource import FlexibilityEnvelope, Resource, ResourceKind
from vpp.portfolio.site import Site
from vpp.storage.repository import TableMapping, Values
from vpp.storage.tables.portfolio import ENROLMENTS, PARTIES, RESOURCES, SITES


def _party_row(party: Party) -> Values:
    return {"party_id": party.party_id, "display_name": party.display_name, "kind": party.kind.value}


def _party(row: Row) -> Party:
    return Party(party_id=row["party_id"], display_name=row["display_name"], kind=PartyKind(row["kind"]))


def _site_row(site: Site) -> Values:
    return {
        "site_id": site.site_id,
        "party_id": site.party_id,
        "display_name": site.display_name,
        "zone": site.zone,
        "time_zone": site.time_zone,
        "import_limit_kw": site.import_limit_kw,
        "metering_interval_s": site.metering_interval,
        "minimum_load_kw": site.minimum_load_kw or None,
    }


def _site(row: Row) -> Site:
    return Site(
        site_id=row["site_id"],
        party_id=row["party_id"],
        display_name=row["display_name"],
        zone=row["zone"],
        time_zone=row["time_zone"],
        import_limit_kw=row["import_limit_kw"],
        metering_interval=row["metering_interval_s"],
        minimum_load_kw=row["minimum_load_kw"] or 0.0,
    )


def _resource_row(resource: Resource) -> Values:
    envelope = resource.envelope
    return {
        "site_id": resource.site_id,
        "resource_id": resource.resource_id,
        "kind": resource.kind.value,
        "max_reduction_kw": envelope.max_reduction_kw,
        "min_reduction_kw": envelope.min_reduction_kw,
        "response_time_s": envelope.response_time,
        "min_duration_s": envelope.min_duration,
        "max_duration_s": envelope.max_duration,
        "energy_budget_kwh": envelope.energy_budget_kwh,
        "recovery_ratio": envelope.recovery_ratio,
        "recovery_duration_s": envelope.recovery_duration,
        "max_increase_kw": envelope.max_increase_kw or None,
        "increase_budget_kwh": envelope.increase_budget_kwh,
    }


def _resource(row: Row) -> Resource:
    envelope = FlexibilityEnvelope(
        max_reduction_kw=row["max_reduction_kw"],
        min_reduction_kw=row["min_reduction_kw"],
        response_time=row["response_time_s"],
        min_duration=row["min_duration_s"],
        max_duration=row["max_duration_s"],
        energy_budget_kwh=row["energy_budget_kwh"],
        recovery_ratio=row["recovery_ratio"],
        recovery_duration=row["recovery_duration_s"],
        max_increase_kw=row["max_increase_kw"] or 0.0,
        increase_budget_kwh=row["increase_budget_kwh"],
    )
    return Resource(
        site_id=row["site_id"],
        resource_id=row["resource_id"],
        kind=ResourceKind(row["kind"]),
        envelope=envelope,
    )


def _enrolment_row(enrolment: Enrolment) -> Values:
    return {
        "enrolment_id": enrolment.enrolment_id,
        "site_id": enrolment.site_id,
        "product_id": enrolment.product_id,
        "state": enrolment.state.value,
    }


def _enrolment(row: Row) -> Enrolment:
    return Enrolment(
        enrolment_id=row["enrolment_id"],
        site_id=row["site_id"],
        product_id=row["product_id"],
        state=EnrolmentState(row["state"]),
    )


PARTY_MAPPING = TableMapping(PARTIES, _party_row, _party)
SITE_MAPPING = TableMapping(SITES, _site_row, _site, frozenset({"party_id", "zone"}))
RESOURCE_MAPPING = TableMapping(RESOURCES, _resource_row, _resource, frozenset({"site_id"}))
ENROLMENT_MAPPING = TableMapping(
    ENROLMENTS, _enrolment_row, _enrolment, frozenset({"site_id", "product_id", "state"})
)
