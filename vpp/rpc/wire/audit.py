"""The record of what was done, between workflows and protobuf."""

from vpp.foundation.audit_chain import MARKET, chain_of
from vpp.foundation.signed_head import SignedHead
from vpp.v1 import audit_pb2 as pb

_COLLECTION, _PARTY, _EVERY = "auditChains/", "party.", "-"


def chain_named(name: str) -> str | None:
    """Return the chain that a resource name names; None for all of them.

    Example:
        >>> [chain_named(f"auditChains/{one}") for one in ("party.acme", "market", "-")]
        ['parties/acme', 'market', None]
    """
    chain = name.removeprefix(_COLLECTION).partition("/")[0]
    if chain == _EVERY:
        return None
    return MARKET if chain == MARKET else chain_of(chain.removeprefix(_PARTY))


def chain_name(chain: str) -> str:
    """Return the resource name of a chain.

    Example:
        >>> chain_name("parties/acme"), chain_name("market")
        ('auditChains/party.acme', 'auditChains/market')
    """
    return f"{_COLLECTION}{MARKET if chain == MARKET else _PARTY + chain.partition('/')[2]}"


def head_message(signed: SignedHead) -> pb.AuditHead:
    """Write a signed head."""
    head = signed.head
    return pb.AuditHead(
        name=f"{chain_name(head.chain)}/heads/{head.sequence}",
        chain=head.chain,
        entry_count=head.sequence,
        entry_hash=head.entry_hash,
        sign_time=signed.at,
        key_id=signed.key_id,
        signature=signed.signature,
    )
