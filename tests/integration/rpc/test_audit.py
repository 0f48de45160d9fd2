"""AuditService on the wire: a party its own chain, auditors all, and a foreign chain is as good as none."""

from pathlib import Path

import grpc
import pytest
from support.audit_files import KEY, KEYS
from support.serving import Served
from support.statements import keep, line, statement

from vpp.foundation.audit_verification import AuditVerdict, verify_export
from vpp.v1 import audit_pb2 as pb
from vpp.v1.audit_pb2_grpc import AuditServiceStub
from vpp.workflows.recording import audit
from vpp.workflows.signing_heads import sign_heads

OWN = "auditChains/party.owner-a"


@pytest.fixture
def signed(hub: Served) -> Served:
    """A hub that has written statements of two parties and signed its heads."""
    keep(hub.market, statement("owner-a", 1, [line(1)]), statement("grid", 1, [line(1, "-10.00")]))
    assert sign_heads(hub.market.units, KEY) > 2
    return hub


async def exported(hub: Served, caller: str, name: str) -> list[bytes]:
    stream = AuditServiceStub(hub.channel).ExportAuditChain(
        pb.ExportAuditChainRequest(name=name), metadata=(("authorization", f"Bearer {caller}"),), timeout=20
    )
    content = b"".join([answer.content async for answer in stream])
    return content.splitlines(keepends=True)


def checked(lines: list[bytes]) -> AuditVerdict:
    return verify_export(lines, keys=KEYS, is_strict=True)


async def test_a_party_gets_its_own_chain_and_can_check_it(signed: Served) -> None:
    verdict = checked(await exported(signed, "owner-a", OWN))
    assert (verdict.faults, set(verdict.heads)) == ((), {"parties/owner-a"})
    assert verdict.signed["parties/owner-a"] == verdict.heads["parties/owner-a"].sequence


async def test_an_entry_that_is_larger_than_an_answer_may_be_comes_in_pieces(hub: Served) -> None:
    with hub.market.units() as uow:
        audit(uow, "hub", "note", "parties/owner-a", text="x" * 5_000_000)
        uow.commit()
    verdict = checked(await exported(hub, "owner-a", OWN))
    assert (verdict.faults, set(verdict.heads)) == ((), {"parties/owner-a"})


@pytest.mark.parametrize("token", ["9" * 30, "٣", "-1"])
async def test_a_page_token_that_no_list_has_given_is_refused(signed: Served, token: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await AuditServiceStub(signed.channel).ListAuditHeads(
            pb.ListAuditHeadsRequest(parent=OWN, page_token=token),
            metadata=(("authorization", "Bearer owner-a"),),
        )
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_an_auditor_gets_all_of_them(signed: Served) -> None:
    verdict = checked(await exported(signed, "auditor", "auditChains/-"))
    assert verdict.faults == ()
    assert {"market", "parties/owner-a", "parties/grid"} <= set(verdict.heads)


async def test_an_export_holds_nothing_of_others(signed: Served) -> None:
    content = b"".join(await exported(signed, "owner-a", OWN))
    assert b"owner-a" in content
    for canary in (b"owner-b", b"grid-2026", b"parties/grid", b"agent-b"):
        assert canary not in content


@pytest.mark.parametrize("name", ["auditChains/party.grid", "auditChains/market", "auditChains/-"])
async def test_a_foreign_chain_is_refused_as_one_that_does_not_exist(signed: Served, name: str) -> None:
    refused = []
    for wanted in (name, "auditChains/party.nobody"):
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await exported(signed, "owner-a", wanted)
        refused.append((error.value.code(), str(error.value.details()).rpartition(" ")[0]))
    assert refused[0] == refused[1] == (grpc.StatusCode.NOT_FOUND, "there is no chain")


async def test_heads_come_newest_first_and_in_pages(signed: Served) -> None:
    keep(signed.market, statement("owner-a", 2, [line(1)]))
    sign_heads(signed.market.units, KEY)
    first = await signed.call(
        "owner-a", AuditServiceStub, "ListAuditHeads", pb.ListAuditHeadsRequest(parent=OWN, page_size=1)
    )
    request = pb.ListAuditHeadsRequest(parent=OWN, page_token=first.next_page_token)
    rest = await signed.call("owner-a", AuditServiceStub, "ListAuditHeads", request)
    newest = await signed.call(
        "owner-a", AuditServiceStub, "GetAuditHead", pb.GetAuditHeadRequest(name=f"{OWN}/heads/newest")
    )
    assert list(first.audit_heads) == [newest]
    assert [head.entry_count < newest.entry_count for head in rest.audit_heads] == [True]
    assert (newest.chain, len(newest.signature)) == ("parties/owner-a", 128)


async def test_a_sites_agent_sees_its_partys_heads_and_no_entries(signed: Served) -> None:
    request = pb.GetAuditHeadRequest(name=f"{OWN}/heads/newest")
    head = await signed.call("agent-a", AuditServiceStub, "GetAuditHead", request)
    assert head.chain == "parties/owner-a"
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await exported(signed, "agent-a", OWN)
    assert error.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_nothing_new_is_signed_twice(signed: Served) -> None:
    assert sign_heads(signed.market.units, KEY) == 0


async def test_a_head_that_was_kept_proves_that_the_chain_went_on_from_it(
    signed: Served, tmp_path: Path
) -> None:
    with signed.market.units(write=False) as uow:
        kept = uow.audit.newest_signed(["parties/owner-a"])["parties/owner-a"]
    keep(signed.market, statement("owner-a", 2, [line(1)]))
    lines = await exported(signed, "owner-a", OWN)
    verdict = verify_export(lines, keys={}, kept=[kept])
    assert (verdict.faults, verdict.signed["parties/owner-a"]) == ((), kept.head.sequence)
    (tmp_path / "export").write_bytes(b"".join(lines))
