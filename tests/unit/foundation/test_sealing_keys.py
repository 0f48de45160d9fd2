"""What is sealed opens with its key, in its scope, beside what it was bound to; and not otherwise."""

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.foundation.sealing_keys import (
    SealingKeys,
    new_sealing_keys,
    read_sealing_keys,
    sealing_key_lines,
)

KEYS = SealingKeys((bytes(range(32)),))
CONTENT = b'{"price":"120.50","kw":50}'


def test_what_is_sealed_opens() -> None:
    sealed = KEYS.seal(CONTENT, "auctions/evening", b"bids/a")
    assert CONTENT not in sealed
    assert KEYS.open(sealed, "auctions/evening", b"bids/a") == CONTENT


def test_the_same_content_never_looks_the_same() -> None:
    assert len({KEYS.seal(CONTENT, "auctions/evening", b"bids/a") for _ in range(50)}) == 50


@pytest.mark.parametrize(
    ("scope", "bound_to"), [("auctions/morning", b"bids/a"), ("auctions/evening", b"bids/b")]
)
def test_it_opens_nowhere_else(scope: str, bound_to: bytes) -> None:
    sealed = KEYS.seal(CONTENT, "auctions/evening", b"bids/a")
    with pytest.raises(InvalidInput, match="changed or moved"):
        KEYS.open(sealed, scope, bound_to)


def test_any_bit_that_is_flipped_is_found() -> None:
    sealed = KEYS.seal(CONTENT, "auctions/evening", b"bids/a")
    for bit in range(8 * len(sealed)):
        flipped = bytearray(sealed)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(InvalidInput):
            KEYS.open(bytes(flipped), "auctions/evening", b"bids/a")


@pytest.mark.parametrize("length", [0, 1, 20, 21, 30])
def test_what_is_cut_off_is_found(length: int) -> None:
    with pytest.raises(InvalidInput):
        KEYS.open(KEYS.seal(CONTENT, "a", b"")[:length], "a", b"")


def test_keys_are_changed_without_losing_what_the_older_one_sealed() -> None:
    old, new = new_sealing_keys(), new_sealing_keys()
    both = SealingKeys((*new.keys, *old.keys))
    assert both.open(old.seal(CONTENT, "a", b""), "a", b"") == CONTENT
    assert new.open(both.seal(CONTENT, "a", b""), "a", b"") == CONTENT
    with pytest.raises(InvalidInput, match=f"sealed with key {new.key_ids[0]}, which is not among"):
        old.open(both.seal(CONTENT, "a", b""), "a", b"")


def test_a_file_is_read_as_it_was_written() -> None:
    keys = SealingKeys((*new_sealing_keys().keys, *new_sealing_keys().keys))
    text = f"# the hub's own\n\n{sealing_key_lines(keys)}"
    assert read_sealing_keys(text, "sealing.key") == keys


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "holds no sealing key"),
        ("# nothing\n", "holds no sealing key"),
        ("-----BEGIN PRIVATE KEY-----\n", "line 1 of sealing.key is no sealing key"),
        ("vpp-sealing-1:c2hvcnQ=\n", "line 1 of sealing.key is no sealing key"),
        ("vpp-sealing-1:not base64!\n", "line 1 of sealing.key is no sealing key"),
        (sealing_key_lines(KEYS).removeprefix("vpp-sealing-1:"), "line 1 of sealing.key is no sealing key"),
        (sealing_key_lines(KEYS) * 2, "holds a sealing key twice"),
    ],
)
def test_what_is_no_file_of_keys_is_refused_and_never_repeated(text: str, expected: str) -> None:
    with pytest.raises(InvalidInput, match=expected) as refusal:
        read_sealing_keys(text, "sealing.key")
    assert "c2hvcnQ" not in str(refusal.value)


def test_no_key_is_shown() -> None:
    assert repr(KEYS) == f"SealingKeys({KEYS.key_ids[0]})"
    assert KEYS.keys[0].hex()[:16] not in f"{KEYS!r}{KEYS.key_ids}"
