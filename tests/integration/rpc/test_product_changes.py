"""Over the wire: a product changes by two people; faults of the file come back with their fields."""

from pathlib import Path

import grpc
import pytest
from support.products import PRODUCT_FOLDER, shipped_products
from support.serving import Served

from vpp.v1 import portfolio_pb2
from vpp.v1 import product_change_pb2 as pb
from vpp.v1.portfolio_pb2_grpc import PortfolioServiceStub
from vpp.v1.product_change_pb2_grpc import ProductChangeServiceStub

PEAK = shipped_products()["example-peak-shaving"]
FILE: Path = PRODUCT_FOLDER / "example_peak_shaving.toml"
NEXT = FILE.read_text().replace(f"version = {PEAK.version}", f"version = {PEAK.version + 1}")


def proposal(document: str) -> pb.CreateProductChangeRequest:
    return pb.CreateProductChangeRequest(
        product_change=pb.ProductChange(document=document, reason="the tariff changed")
    )


async def version_of(hub: Served) -> int:
    request = portfolio_pb2.GetProductRequest(name="products/example-peak-shaving")
    product = await hub.call("owner-a", PortfolioServiceStub, "GetProduct", request)
    return int(product.version_number)


async def test_a_version_is_proposed_approved_and_in_force(hub: Served) -> None:
    change = await hub.call("operator", ProductChangeServiceStub, "CreateProductChange", proposal(NEXT))
    assert (change.state, change.proposed_by) == (pb.ProductChange.STATE_PROPOSED, "operator")
    assert [(one.field, one.before, one.after) for one in change.differences] == [
        ("version", str(PEAK.version), str(PEAK.version + 1))
    ]
    assert not change.document
    approve = pb.ApproveProductChangeRequest(name=change.name)
    code, _, text = await hub.refused("operator", ProductChangeServiceStub, "ApproveProductChange", approve)
    assert (code, "was proposed by you" in text) == (grpc.StatusCode.PERMISSION_DENIED, True)
    assert await version_of(hub) == PEAK.version
    decided = await hub.call("administrator", ProductChangeServiceStub, "ApproveProductChange", approve)
    assert (decided.state, decided.decided_by) == (pb.ProductChange.STATE_APPROVED, "administrator")
    assert await version_of(hub) == PEAK.version + 1
    listed = await hub.call(
        "auditor", ProductChangeServiceStub, "ListProductChanges", pb.ListProductChangesRequest()
    )
    assert list(listed.product_changes) == [decided]
    shown = pb.GetProductChangeRequest(name=change.name)
    assert await hub.call("auditor", ProductChangeServiceStub, "GetProductChange", shown) == decided


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("no = toml = at all", "is no TOML"),
        (NEXT.replace('pay_rule = "', 'pay_rule = "odd_'), "money.pay_rule is 'odd_"),
        (NEXT.replace('\nrule = "', '\nrule = "no_'), "expected one of"),
        ("x = [" * 3000, "is no TOML"),
    ],
)
async def test_a_file_that_is_no_product_is_refused(hub: Served, document: str, expected: str) -> None:
    code, _, text = await hub.refused(
        "operator", ProductChangeServiceStub, "CreateProductChange", proposal(document)
    )
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert expected in text


@pytest.mark.parametrize("token", ["agent-a", "owner-a", "settlement", "dispatcher", "meter-data"])
async def test_nobody_else_proposes(hub: Served, token: str) -> None:
    refused = await hub.refused(token, ProductChangeServiceStub, "CreateProductChange", proposal(NEXT))
    assert refused[0] is grpc.StatusCode.PERMISSION_DENIED


async def test_one_takes_back_and_another_refuses(hub: Served) -> None:
    change = await hub.call("operator", ProductChangeServiceStub, "CreateProductChange", proposal(NEXT))
    withdrawn = await hub.call(
        "operator",
        ProductChangeServiceStub,
        "WithdrawProductChange",
        pb.WithdrawProductChangeRequest(name=change.name),
    )
    assert withdrawn.state == pb.ProductChange.STATE_WITHDRAWN
    again = await hub.call("operator", ProductChangeServiceStub, "CreateProductChange", proposal(NEXT))
    assert again.name == change.name
    rejected = await hub.call(
        "administrator",
        ProductChangeServiceStub,
        "RejectProductChange",
        pb.RejectProductChangeRequest(name=change.name),
    )
    assert rejected.state == pb.ProductChange.STATE_REJECTED
    adopt = pb.AdoptProductChangeRequest(name=change.name, reason="why not")
    refused = await hub.refused("administrator", ProductChangeServiceStub, "AdoptProductChange", adopt)
    assert refused[0] is grpc.StatusCode.FAILED_PRECONDITION
    assert await version_of(hub) == PEAK.version
