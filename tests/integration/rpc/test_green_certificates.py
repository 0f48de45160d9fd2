"""Green certificates over real gRPC and at the desk: who may do what, and what others learn of it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf.message import Message
from support.hub_command import command_of
from support.market import Market
from support.serving import Served

from vpp.settlement.green_certificate_file import read_certificates
from vpp.v1 import green_certificate_pb2 as wire
from vpp.v1.green_certificate_pb2_grpc import GreenCertificateServiceStub as Stub

MONTH = "2026-02"
KIND = wire.GreenCertificate.KIND_WIND
LIST = "issuer,serial,kind,first_day,last_day,mwh\n" + "".join(
    f"rego,G{n:03},wind,2026-02-01,2026-02-28,1\n" for n in range(60)
)


@pytest.fixture
def used(two_sites: Market) -> Market:
    """Site a used 100 kW all through February: 67.2 MWh."""
    two_sites.meter("a", 100, datetime(2026, 2, 1, tzinfo=UTC), np.full(28 * 288, 100.0))
    return two_sites


def entry(count: int = 60, party: str = "owner-a") -> wire.ImportGreenCertificatesRequest:
    made = [
        wire.GreenCertificate(
            issuer="rego", serial=f"G{n:03}", kind=KIND, first_day="2026-02-01", last_day="2026-02-28"
        )
        for n in range(count)
    ]
    return wire.ImportGreenCertificatesRequest(party=f"parties/{party}", green_certificates=made)


def of_site(message: type[Message], site: str = "a", **fields: Any) -> Any:  # noqa: ANN401  a request
    return message(site=f"sites/{site}", settlement_period=MONTH, **fields)


async def test_from_the_registry_to_the_share(used: Market, hub: Served) -> None:
    del used
    entered = await hub.call("settlement", Stub, "ImportGreenCertificates", entry())
    assert entered.certificate_count == 60
    request = of_site(wire.AllocateGreenCertificatesRequest, share_ratio=0.8)
    share = (await hub.call("owner-a", Stub, "AllocateGreenCertificates", request)).green_share
    assert (share.allocated_count, share.share_ratio, share.counted_kwh) == (54, 0.8, 67_200)
    assert (share.gap_ratio, share.uncovered_kwh, share.left_over_kwh) == (0, 13_200, 0)
    request = of_site(wire.RetireGreenCertificatesRequest)
    share = (await hub.call("settlement", Stub, "RetireGreenCertificates", request)).green_share
    assert (share.allocated_count, share.retired_count) == (0, 54)
    request = of_site(wire.AllocateGreenCertificatesRequest, certificate_count=2)
    await hub.call("owner-a", Stub, "AllocateGreenCertificates", request)
    share = (
        await hub.call(
            "owner-a", Stub, "ReleaseGreenCertificates", of_site(wire.ReleaseGreenCertificatesRequest)
        )
    ).green_share
    assert (share.allocated_count, share.retired_count) == (0, 54)
    listed = await hub.call(
        "auditor",
        Stub,
        "ListGreenCertificates",
        wire.ListGreenCertificatesRequest(
            site="sites/a",
            settlement_period=MONTH,
            party="parties/owner-a",
            page_size=1,
            state=wire.GreenCertificate.STATE_RETIRED,
        ),
    )
    (one,) = listed.green_certificates
    assert (one.name, one.site, one.state) == (
        "greenCertificates/rego-g000",
        "sites/a",
        wire.GreenCertificate.STATE_RETIRED,
    )
    follow = wire.ListGreenCertificatesRequest(site="sites/a", page_token=listed.next_page_token)
    rest = await hub.call("auditor", Stub, "ListGreenCertificates", follow)
    assert [each.serial for each in rest.green_certificates] == [f"G{n:03}" for n in range(1, 51)]
    got = await hub.call(
        "owner-a", Stub, "GetGreenCertificate", wire.GetGreenCertificateRequest(name=one.name)
    )
    assert got == one
    gone = wire.WithdrawGreenCertificatesRequest(names=["greenCertificates/rego-g059"], reason="sold")
    assert (await hub.call("settlement", Stub, "WithdrawGreenCertificates", gone)).certificate_count == 1


@pytest.mark.parametrize("token", ["operator", "dispatcher", "agent-a"])
@pytest.mark.parametrize("method", ["GetGreenShare", "RetireGreenCertificates"])
async def test_who_neither_settles_nor_owns_is_refused(hub: Served, token: str, method: str) -> None:
    request = of_site(getattr(wire, f"{method}Request"))
    code, reason, _ = await hub.refused(token, Stub, method, request)
    assert (code, reason) == (grpc.StatusCode.PERMISSION_DENIED, "NOT_PERMITTED")


async def test_owners_do_not_enter_certificates_themselves(hub: Served) -> None:
    for token in ("owner-a", "auditor"):
        code, *_ = await hub.refused(token, Stub, "ImportGreenCertificates", entry(1))
        assert code == grpc.StatusCode.PERMISSION_DENIED


async def test_another_owners_are_as_good_as_absent(used: Market, hub: Served) -> None:
    del used
    await hub.call("settlement", Stub, "ImportGreenCertificates", entry(1))
    told = set()
    for serial in ("g000", "none"):
        request = wire.GetGreenCertificateRequest(name=f"greenCertificates/rego-{serial}")
        code, reason, text = await hub.refused("owner-b", Stub, "GetGreenCertificate", request)
        told.add((code, reason, text.replace(serial, "")))
    assert told == {(grpc.StatusCode.NOT_FOUND, "NOT_FOUND", "greenCertificates/rego- does not exist")}
    request = of_site(wire.AllocateGreenCertificatesRequest, certificate_count=1)
    for method in ("AllocateGreenCertificates", "GetGreenShare"):
        message = request if method.startswith("Alloc") else of_site(wire.GetGreenShareRequest)
        code, _, text = await hub.refused("owner-b", Stub, method, message)
        assert (code, text) == (grpc.StatusCode.NOT_FOUND, "sites/a does not exist")
    empty = await hub.call("owner-b", Stub, "ListGreenCertificates", wire.ListGreenCertificatesRequest())
    assert list(empty.green_certificates) == []
    shares = await hub.call(
        "owner-b", Stub, "ListGreenShares", wire.ListGreenSharesRequest(settlement_period=MONTH)
    )
    assert [share.site for share in shares.green_shares] == ["sites/b"]


@pytest.mark.parametrize(
    ("method", "request_", "field"),
    [
        ("ImportGreenCertificates", entry(0), "green_certificates"),
        ("AllocateGreenCertificates", of_site(wire.AllocateGreenCertificatesRequest), "wanted"),
        (
            "AllocateGreenCertificates",
            of_site(wire.AllocateGreenCertificatesRequest, share_ratio=float("nan")),
            "share_ratio",
        ),
        (
            "AllocateGreenCertificates",
            of_site(wire.AllocateGreenCertificatesRequest, share_ratio=0.805),
            "share_ratio is 0.805",
        ),
        ("RetireGreenCertificates", of_site(wire.RetireGreenCertificatesRequest, site="../a"), "site"),
    ],
)
async def test_what_cannot_be_is_refused_by_field(
    used: Market, hub: Served, method: str, request_: Message, field: str
) -> None:
    del used
    code, _, text = await hub.refused("settlement", Stub, method, request_)
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert field in text


async def test_a_day_that_there_is_not_is_refused(hub: Served) -> None:
    request = entry(1)
    request.green_certificates[0].last_day = "2026-02-30"
    code, _, text = await hub.refused("settlement", Stub, "ImportGreenCertificates", request)
    assert (code, text) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "last_day is '2026-02-30', expected a day as YYYY-MM-DD",
    )


async def test_the_same_at_the_desk(used: Market, hub: Served, tmp_path: Path) -> None:
    del used
    (tmp_path / "registry.csv").write_text(LIST)
    certificates = command_of(hub, tmp_path, "settle", "certificates")

    async def run(caller: str, *arguments: str) -> str:
        result = await certificates(caller, *arguments)
        assert result.exit_code == 0, result.output
        return result.output

    month = ["--site", "a", "--period", MONTH]
    await run("settlement", "import", str(tmp_path / "registry.csv"), "--party", "owner-a")
    allocated = json.loads(await run("owner-a", "allocate", *month, "--share", "0.8", "--json"))
    assert (allocated["allocated_count"], allocated["share_ratio"]) == (54, 0.8)
    await run("owner-a", "retire", *month, "--yes")
    await run("owner-a", "allocate", *month, "--count", "3")
    assert "54" in await run("owner-a", "release", *month)
    await run("settlement", "withdraw", "rego-g059", "--reason", "sold")
    shares = json.loads(await run("owner-a", "shares", "--period", MONTH, "--json"))
    assert [(one["site"], one["retired_count"]) for one in shares] == [("sites/a", 54)]
    assert "0.80" in await run("owner-a", "shares", *month)
    held = json.loads(await run("owner-a", "list", "--state", "held", "--json"))
    assert len(held) == 5
    assert "retired" in (await run("owner-a", "list", "--state", "retired")).lower()
    out = tmp_path / "certificates.csv"
    assert "60 certificates" in await run("owner-a", "export", "--out", str(out))
    assert len(read_certificates(out.read_bytes(), "owner-a")) == 60
