"""A site enrols over the wire: what is its own it may see and change, what is not is not there."""

import re
import uuid
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from support.serving import Served

from vpp.v1 import portfolio_pb2 as pb
from vpp.v1.portfolio_pb2_grpc import PortfolioServiceStub


async def portfolio(hub: Served, token: str, method: str, request: Message) -> Any:  # noqa: ANN401  any answer
    return await hub.call(token, PortfolioServiceStub, method, request)


async def refused(hub: Served, token: str, method: str, request: Message) -> tuple[grpc.StatusCode, str, str]:
    return await hub.refused(token, PortfolioServiceStub, method, request)


def new_site(**changes: object) -> pb.Site:
    site = pb.Site(display_name="Third", zone="north", time_zone="Europe/London", import_limit_kw=900.0)
    site.metering_interval.FromSeconds(300)
    for field, value in changes.items():
        setattr(site, field, value)
    return site


async def test_an_owner_enrols_a_site_with_a_resource_and_a_product(hub: Served) -> None:
    site = await portfolio(
        hub, "owner-a", "CreateSite", pb.CreateSiteRequest(site=new_site(), site_id="third")
    )
    assert (site.name, site.party, site.etag) == ("sites/third", "parties/owner-a", "1")
    envelope = pb.FlexibilityEnvelope(max_reduction_kw=50.0, energy_budget_kwh=100.0)
    envelope.max_duration.FromSeconds(7200)
    resource = await portfolio(
        hub,
        "owner-a",
        "CreateResource",
        pb.CreateResourceRequest(
            parent=site.name,
            resource_id="ups",
            resource=pb.Resource(kind=pb.Resource.KIND_UPS, envelope=envelope),
        ),
    )
    assert resource.name == "sites/third/resources/ups"
    assert resource.envelope.max_duration.seconds == 7200
    product = "products/example-peak-shaving"
    request = pb.CreateEnrolmentRequest(enrolment=pb.Enrolment(site=site.name, product=product))
    enrolment = await portfolio(hub, "owner-a", "CreateEnrolment", request)
    assert enrolment.name == "enrolments/third-example-peak-shaving"
    assert enrolment.state == pb.Enrolment.STATE_ACTIVE
    listed = await portfolio(hub, "owner-a", "ListResources", pb.ListResourcesRequest(parent=site.name))
    assert [one.name for one in listed.resources] == [resource.name]


async def test_a_repeat_with_the_same_request_id_has_no_second_effect(hub: Served) -> None:
    request_id = str(uuid.uuid4())
    request = pb.CreateSiteRequest(site=new_site(), site_id="third", request_id=request_id)
    first = await portfolio(hub, "owner-a", "CreateSite", request)
    assert await portfolio(hub, "owner-a", "CreateSite", request) == first
    request.site.import_limit_kw = 901.0
    code, reason, _ = await refused(hub, "owner-a", "CreateSite", request)
    assert (code, reason) == (grpc.StatusCode.ALREADY_EXISTS, "ALREADY_EXISTS")


async def test_an_agent_enrols_its_own_site_alone(hub: Served) -> None:
    request = pb.CreateSiteRequest(site=new_site(), site_id="third")
    code, reason, _ = await refused(hub, "agent-a", "CreateSite", request)
    assert (code, reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_PERMITTED")
    code, _, _ = await refused(
        hub, "agent-a", "CreateSite", pb.CreateSiteRequest(site=new_site(), site_id="a")
    )
    assert code is grpc.StatusCode.ALREADY_EXISTS


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"time_zone": "Europe/Londom"}, "time_zone"), ({"time_zone": "../etc/passwd"}, "time_zone")],
)
async def test_a_site_that_cannot_be_is_refused(hub: Served, changes: dict[str, object], field: str) -> None:
    request = pb.CreateSiteRequest(site=new_site(**changes), site_id="third")
    code, _, text = await refused(hub, "owner-a", "CreateSite", request)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert text.startswith(f"{field} is ")


async def test_an_update_changes_what_its_mask_names(hub: Served) -> None:
    before = await portfolio(hub, "owner-a", "GetSite", pb.GetSiteRequest(name="sites/a"))
    changed = pb.Site(name="sites/a", display_name="ignored", import_limit_kw=2500.0, etag=before.etag)
    request = pb.UpdateSiteRequest(site=changed, update_mask=FieldMask(paths=["import_limit_kw"]))
    # The rules of Site hold for the whole message, so an update sends a whole site.
    changed.zone, changed.time_zone = before.zone, before.time_zone
    changed.metering_interval.CopyFrom(before.metering_interval)
    request.site.CopyFrom(changed)
    after = await portfolio(hub, "owner-a", "UpdateSite", request)
    assert (after.import_limit_kw, after.display_name) == (2500.0, before.display_name)
    assert int(after.etag) == int(before.etag) + 1
    code, reason, _ = await refused(hub, "owner-a", "UpdateSite", request)
    assert (code, reason) == (grpc.StatusCode.ABORTED, "STALE_WRITE")
    request.update_mask.paths[:] = ["zone"]
    code, _, text = await refused(hub, "owner-a", "UpdateSite", request)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "update_mask names zone" in text


ANOTHERS = [
    ("GetSite", pb.GetSiteRequest(name="sites/{}")),
    ("GetParty", pb.GetPartyRequest(name="parties/owner-{}")),
    ("GetResource", pb.GetResourceRequest(name="sites/{}/resources/battery")),
    ("ListResources", pb.ListResourcesRequest(parent="sites/{}")),
    ("GetEnrolment", pb.GetEnrolmentRequest(name="enrolments/{}-example-peak-shaving")),
    ("WithdrawEnrolment", pb.WithdrawEnrolmentRequest(name="enrolments/{}-example-peak-shaving")),
]


@pytest.mark.parametrize(("method", "request_"), ANOTHERS, ids=[method for method, _ in ANOTHERS])
@pytest.mark.parametrize("token", ["owner-a", "agent-a"])
async def test_what_is_anothers_answers_as_what_is_absent(
    hub: Served, token: str, method: str, request_: Message
) -> None:
    answers = []
    for site_id in ("b", "zzz"):
        request = type(request_)()
        request.CopyFrom(request_)
        field = "parent" if method == "ListResources" else "name"
        setattr(request, field, getattr(request, field).format(site_id))
        code, reason, text = await refused(hub, token, method, request)
        answers.append((code, reason, re.sub(rf"(?<=[/-]){site_id}\b", "?", text)))
    assert answers[0] == answers[1]
    assert answers[0][0] is grpc.StatusCode.NOT_FOUND


async def test_lists_hold_ones_own_in_pages(hub: Served) -> None:
    own = await portfolio(hub, "owner-a", "ListSites", pb.ListSitesRequest())
    assert [site.name for site in own.sites] == ["sites/a"]
    first = await portfolio(hub, "auditor", "ListSites", pb.ListSitesRequest(page_size=1))
    assert [site.name for site in first.sites] == ["sites/a"]
    request = pb.ListSitesRequest(page_size=1, page_token=first.next_page_token)
    second = await portfolio(hub, "auditor", "ListSites", request)
    assert [site.name for site in second.sites] == ["sites/b"]
    assert second.next_page_token == ""
    enrolments = await portfolio(hub, "agent-b", "ListEnrolments", pb.ListEnrolmentsRequest())
    assert {enrolment.site for enrolment in enrolments.enrolments} == {"sites/b"}
    parties = await portfolio(hub, "owner-b", "ListParties", pb.ListPartiesRequest())
    assert [party.name for party in parties.parties] == ["parties/owner-b"]


async def test_an_operator_suspends_and_approves_an_owner_withdraws(hub: Served) -> None:
    name = "enrolments/a-example-peak-shaving"
    suspended = await portfolio(hub, "operator", "SuspendEnrolment", pb.SuspendEnrolmentRequest(name=name))
    assert suspended.state == pb.Enrolment.STATE_SUSPENDED
    approved = await portfolio(hub, "operator", "ApproveEnrolment", pb.ApproveEnrolmentRequest(name=name))
    assert approved.state == pb.Enrolment.STATE_ACTIVE
    withdrawn = await portfolio(hub, "owner-a", "WithdrawEnrolment", pb.WithdrawEnrolmentRequest(name=name))
    assert withdrawn.state == pb.Enrolment.STATE_WITHDRAWN
    code, reason, _ = await refused(
        hub, "operator", "ApproveEnrolment", pb.ApproveEnrolmentRequest(name=name)
    )
    assert (code, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "WRONG_STATE")


async def test_products_are_for_everybody(hub: Served) -> None:
    listed = await portfolio(hub, "agent-a", "ListProducts", pb.ListProductsRequest(page_size=2))
    assert len(listed.products) == 2
    assert listed.next_page_token == listed.products[-1].name.removeprefix("products/")
    product = await portfolio(
        hub, "agent-a", "GetProduct", pb.GetProductRequest(name="products/example-peak-shaving")
    )
    assert (product.currency_code, product.cap_price_per_mwh.units) == ("GBP", 3000)
    code, _, _ = await refused(hub, "agent-a", "GetProduct", pb.GetProductRequest(name="products/none"))
    assert code is grpc.StatusCode.NOT_FOUND
