"""Signs where the chains of the record end, so that others can keep it."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vpp.foundation.audit_chain import MARKET
from vpp.foundation.audit_verification import SIGN_HEADS
from vpp.foundation.signed_head import signed
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.recording import HUB, audit


def sign_heads(units: UnitOfWorkFactory, key: Ed25519PrivateKey | None) -> int:
    """Sign the end of every chain that went on since it was signed last.

    The parties' chains come first, and the market's says what they were: who keeps the market's head can
    hold every party's chain against it. The market's own is signed in a transaction of its own, as only then
    its end is known.

    Args:
        units: Makes the transactions.
        key: The hub's key; None leaves the heads unsigned: they show a change to whoever keeps them, but not
            to others who made them.

    Returns:
        How many chains were signed.
    """
    with units() as uow:
        heads = [head for head in uow.audit.unsigned() if head.chain != MARKET]
        if heads:
            uow.audit.sign([signed(head, uow.now.isoformat(), key) for head in heads])
            told = {head.chain: f"{head.sequence} {head.entry_hash}" for head in heads}
            audit(uow, HUB, SIGN_HEADS, "auditChains/market", after=told)
            uow.commit()
    with units() as uow:
        market = [head for head in uow.audit.unsigned() if head.chain == MARKET]
        if market:
            uow.audit.sign([signed(head, uow.now.isoformat(), key) for head in market])
            uow.commit()
    return len(heads) + len(market)


def adopt_rows(units: UnitOfWorkFactory) -> int:
    """Take up what an older hub has stored before there was a chain; does nothing ever after.

    Returns:
        How many rows were taken up.
    """
    with units() as uow:
        count = uow.audit.adopt()
        uow.commit()
        return count
