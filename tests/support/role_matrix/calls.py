"""A request for every method, about any subject, and who gets to see what it is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from support.populated_hub import NOW, PEAK
from support.role_matrix.additions import proposed_document
from support.role_matrix.relations import About, Relation
from support.role_matrix.subjects import GREEN_PERIOD, PERIOD, Subject, zone_of

OWN, BUYER, OTHER, MARKET, SETTLING, METER = (
    Relation.OWN,
    Relation.BUYER,
    Relation.OTHER_BUYER,
    Relation.MARKET,
    Relation.SETTLING,
    Relation.METER,
)


@dataclass(frozen=True, slots=True)
class MadeCall:
    """A call about a subject.

    Attributes:
        about: What of the subject it is about.
        seen_by: To whom that exists; to everybody else it is as if it did not. Empty where nothing is named.
        request: The request in the form of JSON.
    """

    about: About
    seen_by: frozenset[Relation]
    request: Mapping[str, Any]


def _at(**later: float) -> str:
    return (NOW + timedelta(**later)).isoformat().replace("+00:00", "Z")


def _span(days: float, hours: float = 2.0) -> dict[str, str]:
    return {"startTime": _at(days=days), "endTime": _at(days=days, hours=hours)}


def _series(start: str, count: int, step: str) -> dict[str, Any]:
    return {"startTime": start, "sampleInterval": step, "netPowerKw": [900.0] * count}


def _call(about: About, seen_by: tuple[Relation, ...], **request: Any) -> MadeCall:  # noqa: ANN401  fields of any message
    return MadeCall(about, frozenset(seen_by), request)


def made_calls(s: Subject) -> dict[str, MadeCall]:
    """Return a call of every method about a subject, by the method's name; more than one under name/what."""
    return _portfolio(s) | _readings(s) | _auctions(s) | _events(s) | _settlement(s) | _others(s)


def _portfolio(s: Subject) -> dict[str, MadeCall]:
    site, desk, nothing = About.SITE, About.ENROLLING, About.NOTHING
    name, resource = f"sites/{s.site_id}", f"sites/{s.site_id}/resources/battery"
    enrolment = f"enrolments/{s.enrolment_id}"
    to_call = (OWN, BUYER, OTHER, SETTLING)  # any operator can call an enrolled site
    entry = {
        "displayName": "A hall",
        "zone": "north",
        "timeZone": "Europe/London",
        "importLimitKw": 3000,
        "meteringInterval": "300s",
    }
    envelope = {"maxReductionKw": 9, "maxDuration": "14400s", "energyBudgetKwh": 8, "recoveryRatio": 1}
    made = {"kind": "KIND_BATTERY", "envelope": envelope}
    return {
        "CreateParty": _call(
            nothing, (), party={"displayName": "New", "kind": "KIND_SITE_OWNER"}, partyId="newcomer"
        ),
        "GetParty": _call(site, to_call, name=f"parties/{s.party_id}"),
        "GetParty/buyer": _call(About.BUYER, (BUYER, SETTLING), name=f"parties/{s.buyer_id}"),
        "ListParties": _call(nothing, ()),
        "CreateSite": _call(nothing, (), site=entry, siteId="newcomer-site"),
        "GetSite": _call(site, (*to_call, METER), name=name),
        "ListSites": _call(nothing, ()),
        "UpdateSite": _call(site, (OWN,), site=entry | {"name": name}, updateMask="displayName"),
        "ListSiteScores": _call(site, to_call, site=name),
        "CreateResource": _call(site, (OWN,), parent=name, resource=made, resourceId="second"),
        "GetResource": _call(site, to_call, name=resource),
        "ListResources": _call(site, to_call, parent=name),
        "UpdateResource": _call(site, (OWN,), resource=made | {"name": resource}, updateMask="envelope"),
        "GetProduct": _call(nothing, (), name=f"products/{PEAK}"),
        "ListProducts": _call(nothing, ()),
        "CreateEnrolment": _call(
            site, (OWN,), enrolment={"site": name, "product": "products/example-cn-valley-filling"}
        ),
        "GetEnrolment": _call(site, to_call, name=enrolment),
        "ListEnrolments": _call(site, to_call, site=name),
        "GetEnrolment/pending": _call(site, to_call, name=f"enrolments/{s.pending_id}"),
        "ApproveEnrolment": _call(desk, (BUYER,), name=f"enrolments/{s.pending_id}"),
        "SuspendEnrolment": _call(desk, (BUYER,), name=enrolment),
        "WithdrawEnrolment": _call(desk, (OWN, BUYER), name=enrolment),
    }


def _readings(s: Subject) -> dict[str, MadeCall]:
    site, load, part = About.SITE, About.LOAD, About.PART
    name, event = f"sites/{s.site_id}", f"events/{s.event_id}"
    product = f"products/{PEAK}"
    to_call, to_read = (OWN, BUYER, OTHER, SETTLING), (OWN, BUYER, SETTLING, METER)
    batch = {
        "sequence": 9000,
        "powerSeries": _series(_at(hours=-1), 12, "300s"),
        "quality": "METER_QUALITY_OK",
    }
    run = {"powerSeries": _series(_at(days=-2), 4, "900s"), "quality": "METER_QUALITY_OK"}
    return {
        "BackfillReadings": _call(site, (OWN,), site=name, batches=[batch]),
        "QueryReadings": _call(load, to_read, site=name, interval=_span(-5)),
        "ImportReadings": _call(
            site, (METER,), site=name, runs=[run], sourceName="m.csv", acceptDifference=True
        ),
        "ListReadingImports": _call(load, to_read, site=name),
        "GetBaseline": _call(part, (OWN, BUYER, SETTLING), event=event, site=name),
        "ListBaselines": _call(About.EVENT, (BUYER, MARKET, SETTLING), event=event),
        "VerifyBaseline": _call(part, (OWN, BUYER, SETTLING), event=event, site=name),
        "ListMeterEdits": _call(part, (OWN, BUYER, SETTLING), event=event, site=name),
        "GetRuleChoice": _call(site, to_call, site=name, product=product, season="2026-winter"),
        "ListRuleChoices": _call(site, to_call, site=name, product=product),
        "GetForecast": _call(site, to_call, site=name, coveredTime=_at(days=1)),
        "ListForecasts": _call(site, to_call, site=name),
        "CreateForecast": _call(site, (OWN, BUYER, OTHER), site=name),
        "GetPortfolioForecast": _call(site, to_call, sites=[name]),
        "CreateLoadPlan": _call(
            site, (OWN,), loadPlan={"site": name, "plan": _series(_at(days=3), 24, "3600s")}
        ),
    }


def _auctions(s: Subject) -> dict[str, MadeCall]:
    event, part, opened = About.EVENT, About.PART, About.OPEN
    cap = {"currencyCode": "GBP", "units": 2000}
    tender = {
        "product": f"products/{PEAK}",
        "zone": zone_of(s),
        "deliveryInterval": _span(11),
        "targetReductionKw": [100] * 8,
        "capPricePerMwh": cap,
        "gateClosureTime": _at(days=10),
    }
    step = {"reductionKw": 15, "pricePerMwh": {"currencyCode": "GBP", "units": 70}}
    offer = {"stepOffer": {"intervals": [{"steps": [step]}] * 8}, "deliveryRatio": 1}
    bid = offer | {"resource": f"sites/{s.site_id}/resources/battery", "auction": f"auctions/{s.open_id}"}
    return {
        "CreateAuction": _call(About.NOTHING, (), auction=tender),
        "GetAuction": _call(event, (BUYER, MARKET, SETTLING), name=f"auctions/{s.event_id}"),
        "GetAuction/open": _call(opened, (BUYER, MARKET, SETTLING), name=f"auctions/{s.open_id}"),
        "ListAuctions": _call(About.NOTHING, ()),
        "CancelAuction": _call(opened, (BUYER,), name=f"auctions/{s.open_id}"),
        "CreateBid": _call(About.SITE, (OWN,), bid=bid),
        "GetBid": _call(part, (OWN, BUYER, SETTLING), name=f"bids/{s.bid_id}"),
        "GetBid/sealed": _call(About.SITE, (OWN,), name=f"bids/{s.open_bid_id}"),
        "GetBid/standing": _call(About.SITE, (OWN,), name=f"bids/{s.standing_bid_id}"),
        "ListBids": _call(event, (BUYER, MARKET, SETTLING), auction=f"auctions/{s.event_id}"),
        "ListBids/sealed": _call(
            About.SITE, (OWN,), site=f"sites/{s.site_id}", auction=f"auctions/{s.open_id}"
        ),
        "WithdrawBid": _call(About.SITE, (OWN,), name=f"bids/{s.open_bid_id}"),
        "ListAwards": _call(event, (BUYER, MARKET, SETTLING), event=f"events/{s.event_id}"),
        "GetClearing": _call(event, (BUYER, MARKET, SETTLING), event=f"events/{s.event_id}"),
    }


def _events(s: Subject) -> dict[str, MadeCall]:
    about, name, opened, drill = About.EVENT, f"events/{s.event_id}", About.OPEN, f"events/{s.drill_id}"
    seen = (BUYER, MARKET, SETTLING)
    ordered = {
        "product": f"products/{PEAK}",
        "zone": zone_of(s),
        "purpose": "PURPOSE_TEST",
        "deliveryInterval": _span(2),
        "targetReductionKw": [50] * 8,
        "capPricePerMwh": {"currencyCode": "GBP"},
    }
    return {
        "CreateEvent": _call(About.NOTHING, (), event=ordered),
        "GetEvent": _call(about, seen, name=name),
        "ListEvents": _call(About.NOTHING, ()),
        "GetEvent/drill": _call(opened, seen, name=drill),
        "UpdateEvent": _call(about, (BUYER,), event=ordered | {"name": name}, updateMask="targetReductionKw"),
        "UpdateEvent/drill": _call(
            opened,
            (BUYER,),
            event=ordered | {"name": drill, "targetReductionKw": [9] * 8},
            updateMask="targetReductionKw",
        ),
        "CancelEvent": _call(opened, (BUYER,), name=f"events/{s.open_id}"),
        "CancelEvent/drill": _call(opened, (BUYER,), name=drill),
        "WatchEvent": _call(about, seen, name=name),
        "ListLooks": _call(about, (BUYER, SETTLING), event=name),
        "ListInstructions": _call(about, seen, event=name),
        "Connect": _call(
            About.SITE,
            (OWN,),
            hello={
                "site": f"sites/{s.site_id}",
                "agentTime": _at(),
                "agentVersion": "1",
                "readsDirection": True,
            },
        ),
    }


def _settlement(s: Subject) -> dict[str, MadeCall]:
    paid, nothing = About.PAID, About.NOTHING
    own, ours = (OWN, SETTLING), (SETTLING,)
    statement = {"name": f"statements/{s.statement_id}"}
    dispute = {"name": f"disputes/{s.dispute_id}"}
    agreed, proposed = {"name": f"adjustments/{s.agreed_id}"}, {"name": f"adjustments/{s.proposed_id}"}
    correction = {"name": f"ruleCorrections/{s.correction_id}"}
    amount = {
        "settlementPeriod": PERIOD,
        "payer": "parties/hub",
        "payee": f"parties/{s.party_id}",
        "adjustmentAmount": {"currencyCode": "GBP", "units": 5},
        "reason": "read by hand",
        "site": f"sites/{s.site_id}",
    }
    return {
        "GetStatement": _call(paid, own, **statement),
        "GetStatement/buyer": _call(
            About.BUYER, (BUYER, SETTLING), name=f"statements/{s.buyer_statement_id}"
        ),
        "ListStatements": _call(paid, own, party=f"parties/{s.party_id}"),
        "DownloadStatement": _call(paid, own, **statement),
        "DownloadBundle": _call(paid, own, **statement),
        "DownloadBundle/buyer": _call(
            About.BUYER, (BUYER, SETTLING), name=f"statements/{s.buyer_statement_id}"
        ),
        "ListBalances": _call(nothing, ()),
        "CreateDispute": _call(
            paid, (OWN,), dispute={"statement": statement["name"], "lineNumber": [2], "description": "odd"}
        ),
        "GetDispute": _call(paid, own, **dispute),
        "ListDisputes": _call(nothing, ()),
        "UpholdDispute": _call(paid, ours, **dispute, resolution="agreed"),
        "RejectDispute": _call(paid, ours, **dispute, resolution="no"),
        "WithdrawDispute": _call(paid, (OWN,), **dispute),
        "RunSettlement": _call(nothing, (), settlementPeriod=PERIOD, validateOnly=True),
        "ListSettlementRuns": _call(nothing, ()),
        "CreateAdjustment": _call(paid, ours, adjustment=amount),
        "GetAdjustment": _call(paid, own, **agreed),
        "GetAdjustment/proposed": _call(paid, ours, **proposed),
        "ListAdjustments": _call(nothing, ()),
        "ApproveAdjustment": _call(paid, ours, **proposed),
        "RejectAdjustment": _call(paid, ours, **proposed),
        "WithdrawAdjustment": _call(paid, ours, **proposed),
        "CreateRuleCorrection": _call(
            About.BUYER,
            ours,
            ruleCorrection={"event": f"events/{s.again_id}", "toVersionNumber": 3, "reason": "misread"},
        ),
        "GetRuleCorrection": _call(About.BUYER, (BUYER, SETTLING), **correction),
        "ListRuleCorrections": _call(About.BUYER, (BUYER, SETTLING), event=f"events/{s.event_id}"),
        "ApproveRuleCorrection": _call(About.BUYER, ours, **correction),
        "RejectRuleCorrection": _call(About.BUYER, ours, **correction),
        "WithdrawRuleCorrection": _call(About.BUYER, ours, **correction),
    }


def _others(s: Subject) -> dict[str, MadeCall]:
    paid, nothing, site = About.PAID, About.NOTHING, f"sites/{s.site_id}"
    own, ours = (OWN, SETTLING), (SETTLING,)
    month = {"site": site, "settlementPeriod": GREEN_PERIOD}
    new = {
        "issuer": "rego",
        "serial": "N1",
        "kind": "KIND_WIND",
        "firstDay": "2026-02-01",
        "lastDay": "2026-02-28",
    }
    chain = f"auditChains/party.{s.party_id}"
    revoked = {"certificateSerial": "ab" * 20, "reason": "lost"}
    someone = {"name": "principals/owner-alder"}
    change = {"name": f"productChanges/{s.proposed_change_id}"}
    found = {"name": f"productChanges/{s.found_change_id}"}
    document = {"document": proposed_document(), "reason": "dearer"}
    return {
        "ImportGreenCertificates": _call(paid, ours, party=f"parties/{s.party_id}", greenCertificates=[new]),
        "WithdrawGreenCertificates": _call(
            paid, ours, names=[f"greenCertificates/{s.certificate_id}"], reason="void"
        ),
        "GetGreenCertificate": _call(paid, own, name=f"greenCertificates/{s.certificate_id}"),
        "ListGreenCertificates": _call(paid, own, party=f"parties/{s.party_id}"),
        "AllocateGreenCertificates": _call(About.SITE, own, **month, certificateCount=1),
        "ReleaseGreenCertificates": _call(About.SITE, own, **month),
        "RetireGreenCertificates": _call(About.SITE, own, **month),
        "GetGreenShare": _call(About.SITE, own, **month),
        "ListGreenShares": _call(nothing, (), settlementPeriod=GREEN_PERIOD),
        "GetPrincipal": _call(nothing, (), **someone),
        "ListPrincipals": _call(nothing, ()),
        "SuspendPrincipal": _call(nothing, (), **someone, reason="left"),
        "RestorePrincipal": _call(nothing, (), **someone, reason="back"),
        "RevokeCertificate": _call(nothing, (), **revoked),
        "ListRevokedCertificates": _call(nothing, ()),
        "ListSessions": _call(nothing, ()),
        "GetAuditHead": _call(About.CHAIN, own, name=f"{chain}/heads/newest"),
        "ListAuditHeads": _call(About.CHAIN, own, parent=chain),
        "ExportAuditChain": _call(About.CHAIN, own, name=chain),
        "CreateProductChange": _call(nothing, (), productChange=document),
        "GetProductChange": _call(nothing, (), **change),
        "ListProductChanges": _call(nothing, ()),
        "AdoptProductChange": _call(nothing, (), **found, reason="ours"),
        "ApproveProductChange": _call(nothing, (), **change),
        "RejectProductChange": _call(nothing, (), **change),
        "WithdrawProductChange": _call(nothing, (), **change),
    }
