"""Bids are committed to when they are entered, and opened when their gate closes.

What a bidder said is in the audit record as a digest alone. When the gate closes the book is opened: each
bid is checked against its digest, and one that does not fit takes no part and is told.
"""

import base64
import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from vpp.auction.commitment import NONCE_BYTES, BidSeal, commitment_of, content_text, fits
from vpp.auction.tender import TenderState
from vpp.foundation.errors import BrokenPromise
from vpp.foundation.random_source import RandomSource
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.ports import Stored, UnitOfWork
from vpp.workflows.recording import HUB, audit, product_of, promised
from vpp.workflows.records import BidRecord, BidState

_log = logging.getLogger(__name__)
SEAL_BROKEN = "REJECTED_SEAL_BROKEN"
"""Reason of a bid that is not what was committed to when the gate closed."""


@dataclass(frozen=True, slots=True)
class OpenedBook:
    """What was found when a book was opened.

    Attributes:
        bids: How many bids were opened.
        broken: Why others could not be, by bid id.
        commitments_sha256: SHA-256 over a line `{bid}:{commitment}` for each bid of the book, by id.
    """

    bids: int
    broken: Mapping[str, str]
    commitments_sha256: str


def sealed(record: BidRecord, currency: str, random_source: RandomSource) -> BidRecord:
    """Return a bid with a seal of its own.

    Args:
        record: The bid, with id, zone and time of submission.
        currency: Currency of its prices.
        random_source: Gives what keeps its content from being guessed.
    """
    nonce = random_source.random_bytes(NONCE_BYTES)
    commitment = commitment_of(_content(record, currency), nonce)
    return replace(record, seal=BidSeal(commitment, nonce, currency))


def promised_seal(record: BidRecord) -> BidSeal:
    """Return the seal of a bid that was just sealed.

    Raises:
        BrokenPromise: It has none.
    """
    if record.seal is None:
        raise BrokenPromise(f"bids/{record.bid.bid_id} has no seal", bid=record.bid.bid_id)
    return record.seal


def content_of(record: BidRecord) -> str:
    """Return all that a bid says, as it was committed to; empty without a seal, or where it is not shown."""
    if record.seal is None or record.covered is not None:
        return ""
    return _content(record, record.seal.currency)


def opening_of(record: BidRecord) -> Mapping[str, object]:
    """Return a bid's commitment and what opens it, as its JSON form has them; nothing without a seal."""
    content = content_of(record)
    if not content or record.seal is None:
        return {}
    nonce = base64.b64encode(record.seal.nonce).decode()
    return {"commitment": record.seal.commitment, "opening": {"content": content, "nonce": nonce}}


def is_same_offer(stored: BidRecord, offered: BidRecord, currency: str) -> bool:
    """Tell whether an offer that is made again says what a stored bid says.

    Args:
        stored: The bid.
        offered: The offer; its id may be empty, its zone and time of submission count nothing.
        currency: Currency of its prices.
    """
    same = replace(
        offered.bid,
        bid_id=offered.bid.bid_id or stored.bid.bid_id,
        zone=stored.bid.zone,
        submitted_at=stored.bid.submitted_at,
    )
    product_id = stored.product_id if offered.auction_id is not None else offered.product_id
    before = content_of(stored) or _content(stored, currency)
    return stored.covered is None and before == _content(
        replace(offered, bid=same, product_id=product_id), currency
    )


def fault_of(record: BidRecord) -> str | None:
    """Say why a bid is not what was committed to; None where it is."""
    if record.covered is not None:
        return record.covered.fault or "its content is not shown to whoever asks"
    if record.seal is None:
        return "it has no commitment"
    if fits(record.seal.commitment, content_of(record), record.seal.nonce):
        return None
    return "its content does not give its commitment"


def open_book(uow: UnitOfWork, auction_id: str) -> OpenedBook:
    """Open the bids of an auction whose gate closes: checked, and in the clear from here on.

    A bid that was withdrawn stays closed for good. One that is not what was committed to is rejected; its
    ciphertext stays, as evidence.

    Args:
        uow: The transaction that closes the gate; the caller commits.
        auction_id: The auction.
    """
    uow.bids.uncover()
    stored = [
        each
        for each in uow.bids.page(where={"auction_id": auction_id}, limit=EVERYTHING)
        if each.value.state is BidState.SUBMITTED
    ]
    faults = {each.value.bid.bid_id: fault_of(each.value) for each in stored}
    broken = {bid_id: fault for bid_id, fault in faults.items() if fault is not None}
    uow.bids.update_all(
        {
            each.value.bid.bid_id: (_opened(each.value, faults[each.value.bid.bid_id]), each.revision)
            for each in stored
        }
    )
    for bid_id, fault in broken.items():
        _log.error("bids/%s takes no part in auctions/%s: %s", bid_id, auction_id, fault)
        audit(uow, HUB, "refuse_bid", f"bids/{bid_id}", before="SUBMITTED", after="REJECTED", fault=fault)
    opened = OpenedBook(len(stored) - len(broken), broken, _list_digest(stored))
    audit(
        uow,
        HUB,
        "open_book",
        f"auctions/{auction_id}",
        bids=opened.bids,
        broken=len(broken),
        commitments_sha256=opened.commitments_sha256,
    )
    return opened


def _opened(record: BidRecord, fault: str | None) -> BidRecord:
    if fault is not None:
        return replace(record, state=BidState.REJECTED, reason=SEAL_BROKEN, reason_detail=fault)
    return record if record.seal is None else replace(record, seal=replace(record.seal, is_open=True))


def _list_digest(stored: Iterable[Stored[BidRecord]]) -> str:
    held = {each.value.bid.bid_id: each.value.seal for each in stored}
    lines = (f"{bid_id}:{seal.commitment}\n" for bid_id, seal in sorted(held.items()) if seal is not None)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def seal_older_bids(uow: UnitOfWork) -> int:
    """Seal the bids that an older hub left open before their gate; returns how many. The caller commits."""
    changes = {}
    for stored in uow.bids.page(where={"state": BidState.SUBMITTED.value}, limit=EVERYTHING):
        record = stored.value
        if record.seal is None and _is_before_gate(uow, record):
            changes[record.bid.bid_id] = (
                sealed(record, _currency(uow, record), uow.random_source),
                stored.revision,
            )
    uow.bids.update_all(changes)
    for bid_id, (record, _) in changes.items():
        commitment = "" if record.seal is None else record.seal.commitment
        audit(uow, HUB, "seal_bid", f"bids/{bid_id}", commitment=commitment)
    return len(changes)


def give_up_key(uow: UnitOfWork, key_id: str) -> int:
    """Refuse the bids that still stand and that only a lost key would open; returns how many.

    Their ciphertext stays, as evidence. The caller commits.

    Args:
        uow: The transaction.
        key_id: The key that nobody has any more.
    """
    changes = {}
    for stored in uow.bids.page(where={"state": BidState.SUBMITTED.value}, limit=EVERYTHING):
        record = stored.value
        if record.covered is not None and record.covered.key_id == key_id:
            refused = _opened(
                record, f"the hub has lost key {key_id}, with which it was sealed; enter it anew"
            )
            changes[record.bid.bid_id] = (refused, stored.revision)
    uow.bids.update_all(changes)
    audit(uow, HUB, "lose_sealing_key", f"sealingKeys/{key_id}", bids=len(changes))
    for bid_id in changes:
        audit(uow, HUB, "refuse_bid", f"bids/{bid_id}", before="SUBMITTED", after="REJECTED", lost_key=key_id)
    return len(changes)


def _is_before_gate(uow: UnitOfWork, record: BidRecord) -> bool:
    if record.auction_id is None:
        return True
    tender = promised(uow.auctions.get(record.auction_id), f"auctions/{record.auction_id}")
    return tender.value.state is TenderState.OPEN


def _currency(uow: UnitOfWork, record: BidRecord) -> str:
    if record.auction_id is not None:
        tender = promised(uow.auctions.get(record.auction_id), f"auctions/{record.auction_id}").value
        return product_of(uow, tender.product_id, tender.product_version).money.currency
    product = uow.products.latest(record.product_id)
    return "" if product is None else product.money.currency


def _content(record: BidRecord, currency: str) -> str:
    return content_text(
        record.bid,
        auction_id=record.auction_id,
        product_id=record.product_id,
        currency=currency,
        expires_at=record.expires_at,
    )
