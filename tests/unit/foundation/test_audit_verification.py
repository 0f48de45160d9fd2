"""Every way to tamper with a chain is found, with its place, and what cannot be found is not said to be."""

import hashlib
import json
import os
import random
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.audit_files import KEYS, MadeChain, chained, made_chain, written

from vpp.foundation.audit_chain import canonical, entry_hash
from vpp.foundation.audit_export import ExportWriter
from vpp.foundation.audit_verification import verify_export
from vpp.foundation.command_keys import key_id
from vpp.foundation.signed_head import SignedHead

CHAIN = "parties/acme"
TRIALS = 200
LENGTH = 20
MADE = made_chain(CHAIN, LENGTH)
KEPT = (MADE.heads[-1],)
Records = list[list[dict[str, object]]]


def faults(lines: list[bytes], kept: tuple[SignedHead, ...] = (), *, with_keys: bool = True) -> list[str]:
    found = verify_export(lines, keys=KEYS if with_keys else {}, kept=kept, is_strict=with_keys)
    return [str(fault) for fault in found.faults]


def test_an_untouched_export_holds() -> None:
    lines = written([made_chain("market", 3), MADE])
    verdict = verify_export(lines, keys=KEYS, kept=KEPT, is_strict=True)
    assert (verdict.faults, verdict.entry_count, verdict.unchecked) == ((), LENGTH + 3, 0)
    assert verdict.signed == {"market": 3, CHAIN: LENGTH}


def test_without_keys_a_signature_covers_nothing() -> None:
    verdict = verify_export(written([MADE]), keys={})
    assert (verdict.faults, dict(verdict.signed), verdict.unchecked) == ((), {}, 4)


def records_of(made: MadeChain) -> Records:
    return [json.loads(entry.content)["records"] for entry in made.entries]


def edit(records: Records, dice: random.Random) -> Records:
    place = dice.randrange(LENGTH)
    return [*records[:place], [{**records[place][0], "actor": "eve"}], *records[place + 1 :]]


def delete(records: Records, dice: random.Random) -> Records:
    place = dice.randrange(LENGTH)
    return records[:place] + records[place + 1 :]


def swap(records: Records, dice: random.Random) -> Records:
    one, other = dice.sample(range(LENGTH), 2)
    swapped = list(records)
    swapped[one], swapped[other] = swapped[other], swapped[one]
    return swapped


def truncate(records: Records, dice: random.Random) -> Records:
    return records[: dice.randrange(LENGTH)]


@pytest.mark.parametrize("attack", [edit, delete, swap, truncate])
def test_a_chain_that_was_written_anew_is_found_by_a_kept_head(
    attack: Callable[[Records, random.Random], Records],
) -> None:
    """Whoever holds the database can make every hash anew, but not the head that somebody else holds."""
    missed_alone = 0
    for trial in range(TRIALS):
        anew = chained(CHAIN, attack(records_of(MADE), random.Random(trial)))
        lines = written([anew])
        assert faults(lines, KEPT), trial
        missed_alone += not faults(lines, with_keys=False)
    assert missed_alone == TRIALS  # the hashes alone say nothing against it


@pytest.mark.parametrize("attack", ["edit", "delete", "swap", "truncate"])
def test_what_is_done_to_lines_without_new_hashes_is_found_without_any_head(attack: str) -> None:
    lines = written([MADE])
    for trial in range(TRIALS):
        dice = random.Random(trial)
        place = dice.randrange(1, LENGTH)  # that the last one is gone, hashes alone do not show
        changed = list(lines)
        if attack == "edit":
            changed[place] = changed[place].replace(b'"anna"', b'"eve"')
        elif attack == "delete":
            del changed[place]
        elif attack == "swap":
            other = dice.choice([one for one in range(1, LENGTH) if one != place])
            changed[place], changed[other] = changed[other], changed[place]
            place = min(place, other)
        else:
            changed = changed[:place]
        first = faults(changed, with_keys=False)[0]
        shown = place + 1 if attack != "truncate" else place
        assert first.startswith(f"line {shown}"), (trial, first)
        assert attack == "truncate" or f"{CHAIN} entry {place}:" in first, (trial, first)


def test_a_parties_chain_that_was_written_anew_is_found_by_the_markets_head() -> None:
    """Nobody kept the party's head, but the market's chain names it."""
    told = MADE.heads[-1].head
    record: dict[str, object] = {
        "action": "sign_heads",
        "actor": "hub",
        "subject": "auctionChains/market",
        "after": {CHAIN: f"{told.sequence} {told.entry_hash}"},
    }
    market = chained("market", [[record]])
    assert faults(written([market, MADE]), with_keys=False) == []
    anew = chained(CHAIN, edit(records_of(MADE), random.Random(1)))
    (found,) = faults(written([market, anew]), with_keys=False)
    assert (
        found
        == f"{CHAIN} entry {LENGTH}: the market's entry 1 names another hash: the chain was written anew"
    )


def test_a_document_needs_an_entry_that_vouches_for_it() -> None:
    (found,) = faults(written([MADE], [("events/evening/clearing", "{}")]))
    assert found.endswith("no entry vouches for events/evening/clearing")


CLEARED = '{"awards":[]}'
RECORD: dict[str, object] = {
    "action": "clear",
    "actor": "hub",
    "subject": "events/evening",
    "detail": {
        "clearing_sha256": hashlib.sha256(CLEARED.encode()).hexdigest(),
        "clearing_input_sha256": hashlib.sha256(b"{}").hexdigest(),
    },
}
DOCUMENTS = (("events/evening/clearing", CLEARED), ("events/evening/clearingInput", "{}"))


def test_a_document_is_what_it_is_called() -> None:
    vouching = chained(CHAIN, [[RECORD]])
    assert faults(written([vouching], DOCUMENTS), with_keys=False) == []
    swapped = [("events/evening/clearing", "{}"), ("events/night/clearingInput", "{}")]
    found = faults(written([vouching], swapped), with_keys=False)
    assert [each.rpartition(" ")[2] for each in found] == [name for name, _ in swapped]


def test_of_everything_nothing_may_be_taken_out() -> None:
    """Whoever makes the file's own hashes anew can leave out lines, but not what other lines name."""
    told = MADE.heads[-1].head
    signing: dict[str, object] = {
        "action": "sign_heads",
        "after": {CHAIN: f"{told.sequence} {told.entry_hash}"},
    }
    market, buyer = chained("market", [[signing]]), chained("parties/grid", [[RECORD]])
    assert faults(written([market, buyer, MADE], DOCUMENTS), with_keys=False) == []
    (found,) = faults(written([market, buyer], DOCUMENTS), with_keys=False)
    assert found.startswith(f"{CHAIN} entry {LENGTH}:")
    assert "taken out" in found
    (found,) = faults(written([market, buyer, MADE], DOCUMENTS[:1]), with_keys=False)
    assert found == "an entry vouches for events/evening/clearingInput, which is not here: it was taken out"
    sealed = {**RECORD, "detail": {**RECORD["detail"], "clearing_input_sealed": "until"}}  # type: ignore[dict-item]
    emergency = chained("parties/grid", [[sealed]])
    assert faults(written([market, emergency, MADE], DOCUMENTS[:1]), with_keys=False) == []
    assert faults(written([market]), with_keys=False) == []  # a chain alone comes alone


def test_a_kept_head_of_a_chain_that_is_not_there_is_counted_and_its_signature_checked() -> None:
    kept = made_chain("parties/other", 2).heads
    verdict = verify_export(written([MADE]), keys=KEYS, kept=kept)
    assert (verdict.faults, verdict.unused) == ((), 1)
    edited = SignedHead(
        kept[0].head._replace(entry_hash="0" * 64), kept[0].at, kept[0].key_id, kept[0].signature
    )
    (found,) = verify_export(written([MADE]), keys=KEYS, kept=[edited]).faults
    assert str(found).startswith("parties/other entry 2: the signature is not one of key")


def test_with_another_key_it_is_said_that_the_key_is_another_one() -> None:
    public = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    verdict = verify_export(written([MADE]), keys={key_id(public): public}, is_strict=True)
    assert dict(verdict.signed) == {}
    assert all("is not among the given ones" in str(fault) for fault in verdict.faults)
    assert len(verdict.faults) == len(MADE.heads)


@pytest.mark.parametrize(
    "records",
    [
        [{"action": "sign_heads", "after": {CHAIN: "x y"}}],
        [{"action": "sign_heads", "after": ["sign_heads"]}],
        [{"actor": "clearing_sha256", "detail": ["clearing_sha256"]}],
        ["clearing_sha256"],
    ],
)
def test_a_forged_entry_is_a_fault_or_nothing_and_never_an_accident(records: list[dict[str, object]]) -> None:
    verify_export(written([chained("market", [records]), MADE]), keys={})
    anew = canonical({"chain": "market", "previous": [], "records": records, "sequence": 1})
    lines = [ExportWriter().header(["market"], "now"), f"E {entry_hash(anew)} {anew}\n".encode()]
    assert verify_export(lines, keys={}).faults
    nested = "[" * 100_000
    assert verify_export([lines[0], f"E {entry_hash(nested)} {nested}\n".encode()], keys={}).faults


def test_a_head_of_another_key_is_refused() -> None:
    head = MADE.heads[-1]
    forged = MadeChain(CHAIN, MADE.entries, (SignedHead(head.head, head.at, head.key_id, "00" * 64),))
    (found,) = faults(written([forged]))
    assert "the signature is not one of key" in found
    unsigned = MadeChain(CHAIN, MADE.entries, (SignedHead(head.head, head.at),))
    (found,) = faults(written([unsigned]))
    assert found.endswith("is not signed")


@pytest.mark.parametrize(
    "lines", [[], [b""], [b"\n"], [b"H x y\n"], [b"Z\n"], [b"\xff\n"], written([MADE])[1:]]
)
def test_what_is_no_export_is_said_to_be_none(lines: list[bytes]) -> None:
    assert faults(lines)


def test_any_single_bit_that_is_flipped_is_found_in_its_line() -> None:
    """Of a small export every 37th bit here, all of them with VPP_AUDIT_BITS=all."""
    lines = written([made_chain("market", 2, signed_every=9), made_chain(CHAIN, 3, signed_every=9)])
    content = b"".join(lines)
    ends = [sum(map(len, lines[: place + 1])) for place in range(len(lines))]
    step = 1 if os.environ.get("VPP_AUDIT_BITS") == "all" else 37
    for bit in range(0, len(content) * 8, step):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        line = next(place for place, end in enumerate(ends, start=1) if bit // 8 < end)
        found = verify_export(bytes(flipped).splitlines(keepends=True), keys={}).faults
        assert found, bit
        assert found[0].line == line, (bit, str(found[0]))
