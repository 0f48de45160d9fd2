"""Requests that the populated hub takes: what changes to them come near to being accepted."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from support.populated_hub import EMERGENCY, NOW, PEAK
from support.role_matrix.calls import made_calls
from support.role_matrix.subjects import subjects

from vpp.workflows.ports import UnitOfWorkFactory

_SITE = {
    "party": "parties/owner-alder",
    "displayName": "A second hall",
    "zone": "north",
    "timeZone": "Europe/London",
    "importLimitKw": 3000,
    "meteringInterval": "300s",
}
_ENVELOPE = {"maxReductionKw": 200, "maxDuration": "14400s", "energyBudgetKwh": 800, "recoveryRatio": 1}
_STEPS = [{"steps": [{"reductionKw": 50, "pricePerMwh": {"currencyCode": "GBP", "units": 70}}]}] * 8
_CAP = {"currencyCode": "GBP", "units": 2000}


def _at(**later: float) -> str:
    return (NOW + timedelta(**later)).isoformat().replace("+00:00", "Z")


def _span(days: float, hours: float = 2.0) -> dict[str, str]:
    return {"startTime": _at(days=days), "endTime": _at(days=days, hours=hours)}


def _series(start: str, count: int, step: str = "300s") -> dict[str, Any]:
    return {"startTime": start, "sampleInterval": step, "netPowerKw": [900.0] * count}


def _event(**more: object) -> dict[str, Any]:
    plain = {"product": f"products/{EMERGENCY}", "zone": "north", "targetReductionKw": [50] * 8}
    return (
        plain
        | {"deliveryInterval": {"startTime": _at(hours=1), "endTime": _at(hours=3)}, "capPricePerMwh": _CAP}
        | more
    )


REQUESTS: Mapping[str, list[dict[str, Any]]] = {
    "CreateParty": [{"party": {"displayName": "New", "kind": "KIND_SITE_OWNER"}, "partyId": "newcomer"}],
    "CreateSite": [{"site": _SITE, "siteId": "alder-two"}],
    "UpdateSite": [
        {"site": _SITE | {"name": "sites/alder"}, "updateMask": "displayName"},
        {"site": _SITE | {"name": "sites/birch"}, "updateMask": "importLimitKw"},
    ],
    "CreateResource": [
        {
            "parent": "sites/alder",
            "resource": {"kind": "KIND_BATTERY", "envelope": _ENVELOPE},
            "resourceId": "second",
        }
    ],
    "UpdateResource": [
        {
            "resource": {
                "name": "sites/alder/resources/battery",
                "kind": "KIND_BATTERY",
                "envelope": _ENVELOPE,
            },
            "updateMask": "envelope",
        }
    ],
    "GetResource": [{"name": "sites/alder/resources/battery"}],
    "CreateEnrolment": [{"enrolment": {"site": "sites/alder", "product": "products/example-nordic-ffr"}}],
    "BackfillReadings": [
        {
            "site": "sites/alder",
            "batches": [
                {"sequence": 9000, "powerSeries": _series(_at(days=-1), 12), "quality": "METER_QUALITY_OK"}
            ],
        }
    ],
    "ImportReadings": [
        {
            "site": "sites/alder",
            "runs": [{"powerSeries": _series(_at(days=-2), 4, "900s"), "quality": "METER_QUALITY_OK"}],
            "sourceName": "meter.csv",
        }
    ],
    "QueryReadings": [{"site": "sites/alder", "interval": _span(-5)}],
    "CreateForecast": [{"site": "sites/alder"}, {"site": "sites/birch", "horizonInterval": _span(1)}],
    "CreateLoadPlan": [{"loadPlan": {"site": "sites/alder", "plan": _series(_at(days=2), 24, "3600s")}}],
    "CreateAuction": [
        {
            "auction": {
                "product": f"products/{PEAK}",
                "zone": "north",
                "deliveryInterval": _span(9),
                "targetReductionKw": [100] * 8,
                "capPricePerMwh": _CAP,
                "gateClosureTime": _at(days=8),
            },
            "auctionId": "fuzzed",
        }
    ],
    "CancelAuction": [{"name": "auctions/fuzzed"}],
    "CreateBid": [
        {
            "bid": {
                "resource": "sites/alder/resources/battery",
                "auction": "auctions/grid-open",
                "stepOffer": {"intervals": _STEPS},
                "deliveryRatio": 1,
            },
            "bidId": "fuzzed",
        },
        {
            "bid": {
                "resource": "sites/birch/resources/battery",
                "auction": "auctions/rival-open",
                "blockOffer": {
                    "profileKw": [40] * 8,
                    "pricePerMwh": {"currencyCode": "GBP", "units": 80},
                    "minAcceptanceRatio": 0.5,
                },
                "deliveryRatio": 1,
            }
        },
    ],
    "CreateEvent": [
        {"event": _event(), "eventId": "fuzzed-event"},
        {"event": _event(purpose="PURPOSE_TEST")},
    ],
    "UpdateEvent": [
        {
            "event": _event(name="events/fuzzed-event", targetReductionKw=[40] * 8),
            "updateMask": "targetReductionKw",
        }
    ],
    "ImportGreenCertificates": [
        {
            "party": "parties/owner-alder",
            "greenCertificates": [
                {
                    "issuer": "rego",
                    "serial": "F1",
                    "kind": "KIND_WIND",
                    "firstDay": "2026-02-01",
                    "lastDay": "2026-02-28",
                }
            ],
        }
    ],
    "AllocateGreenCertificates": [
        {"site": "sites/alder", "settlementPeriod": "2026-02", "certificateCount": 1}
    ],
    "ListMeterEdits": [{"event": "events/grid-evening", "site": "sites/alder"}],
    "CreateAdjustment": [
        {
            "adjustment": {
                "settlementPeriod": "2026-03",
                "payer": "parties/hub",
                "payee": "parties/owner-alder",
                "adjustmentAmount": {"currencyCode": "GBP", "units": 5},
                "reason": "read by hand",
                "site": "sites/alder",
            }
        }
    ],
}
"""By a method's name, in the form of JSON; fields that are gone are left out."""


def valid_requests(
    methods: Mapping[str, MethodDescriptor], units: UnitOfWorkFactory | None
) -> Iterator[tuple[str, bytes]]:
    """Yield requests, each with its method's path; with `units` those of the role matrix as well."""
    paths = {method.name: path for path, method in methods.items()}
    for subject in subjects(units).values() if units is not None else ():
        for name, made in made_calls(subject).items():
            path = paths[name.partition("/")[0]]
            message = GetMessageClass(methods[path].input_type)()
            yield path, json_format.ParseDict(dict(made.request), message).SerializeToString()
    for path, method in methods.items():
        for request in REQUESTS.get(method.name, ()):
            message = json_format.ParseDict(
                request, GetMessageClass(method.input_type)(), ignore_unknown_fields=True
            )
            yield path, message.SerializeToString()
