"""What a clearing was made from can be read again, and clears to the same bytes."""

import base64
import json

import pytest

from vpp.auction.bid import Bid
from vpp.auction.clearing import clear
from vpp.auction.clearing_input import clearing_input, read_clearing_input, replay
from vpp.auction.clearing_json import clearing_to_document
from vpp.auction.commitment import commitment_of, content_text
from vpp.auction.generated_book import BookMix, generate_book
from vpp.auction.input_hash import input_hash
from vpp.auction.opened_bids import OpenedBids
from vpp.auction.rules import ClearingRules
from vpp.foundation.audit_chain import canonical
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.money_rules import PayRule

BOOK = generate_book(bid_count=12, interval_count=4, mix=BookMix.EVERYTHING, seed=5)
RULES = ClearingRules(PayRule.AS_CLEAR)


def test_the_input_reads_back_as_it_was() -> None:
    book, rules = read_clearing_input(clearing_input(BOOK, RULES))
    assert rules == RULES
    assert input_hash(book, rules) == input_hash(BOOK, RULES)


def test_a_clearing_is_made_again_to_the_same_bytes() -> None:
    clearing = canonical(clearing_to_document(clear(BOOK, RULES)))
    again = replay(clearing_input(BOOK, RULES), clearing)
    assert (again.is_same, again.differing) == (True, ())
    assert again.then == again.now


def test_what_was_changed_afterwards_is_named() -> None:
    document = clearing_to_document(clear(BOOK, RULES))
    changed = canonical({**document, "method": "METHOD_OF_EVE"})
    again = replay(clearing_input(BOOK, RULES), changed)
    assert (again.is_same, again.differing) == (False, ("method",))


NONCE = bytes(32)


def opened(bid: Bid) -> dict[str, object]:
    content = content_text(
        bid, auction_id=BOOK.auction_id, product_id="peak", currency="GBP", expires_at=None
    )
    opening = {"content": content, "nonce": base64.b64encode(NONCE).decode()}
    return {"commitment": commitment_of(content, NONCE), "opening": opening}


OPENINGS = {bid.bid_id: opened(bid) for bid in BOOK.bids}


def test_what_bids_were_committed_to_stands_beside_them_and_is_held_against_them() -> None:
    clearing = canonical(clearing_to_document(clear(BOOK, RULES)))
    content = clearing_input(BOOK, RULES, OPENINGS)
    recorded = {f"bids/{bid_id}": [str(one["commitment"])] for bid_id, one in OPENINGS.items()}
    again = replay(content, clearing, recorded)
    assert (again.is_same, again.opened) == (True, OpenedBids(len(BOOK.bids), ()))
    first, second = (bid.bid_id for bid in BOOK.bids[:2])
    swapped = clearing_input(BOOK, RULES, OPENINGS | {first: OPENINGS[second]})
    (violation,) = replay(swapped, clearing).opened.violations
    assert violation.startswith(f"bids/{first} is not what was committed to in ")
    # Whoever changes a bid together with its commitment is held to what was written down when it was entered.
    told = f"bids/{first} is not what was committed to when it was entered"
    changed = recorded | {f"bids/{first}": ["0" * 64]}
    assert replay(content, clearing, changed).opened.violations == (told,)
    assert replay(clearing_input(BOOK, RULES), clearing, recorded).opened.violations[0] == told


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"book": {}, "rules": {}}',
        json.dumps({"book": 1, "rules": {"fixed_price_per_mwh": "x"}}),
    ],
)
def test_what_is_no_input_is_refused(content: str) -> None:
    with pytest.raises(InvalidInput, match="the input of a clearing cannot be read"):
        read_clearing_input(content)
