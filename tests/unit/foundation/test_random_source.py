"""Random bytes that keep a secret come from the system, unless whoever seals is handed another source."""

from support.offered_bids import BID
from support.seeded_random_source import SeededRandomSource

from vpp.foundation.random_source import SYSTEM_RANDOM_SOURCE
from vpp.foundation.sealing_keys import SealingKeys, new_sealing_keys
from vpp.workflows.records import BidRecord, BidState
from vpp.workflows.sealing import sealed

KEYS = SealingKeys((bytes(32),))


def test_the_systems_bytes_never_come_again() -> None:
    given = {SYSTEM_RANDOM_SOURCE.random_bytes(16) for _ in range(200)}
    assert len(given) == 200
    assert {len(each) for each in given} == {16}


def test_whoever_names_no_source_has_the_systems() -> None:
    assert KEYS.seal(b"x", "a", b"") != KEYS.seal(b"x", "a", b"")
    assert new_sealing_keys() != new_sealing_keys()


def test_a_source_decides_what_is_drawn() -> None:
    def drawn(seed: str) -> tuple[bytes, BidRecord]:
        source = SeededRandomSource(seed)
        record = BidRecord(BID, "evening", "peak", None, BidState.SUBMITTED)
        return KEYS.seal(b"x", "a", b"", source), sealed(record, "GBP", source)

    assert drawn("one") == drawn("one")
    assert drawn("one")[0] != drawn("other")[0]
    assert drawn("one")[1] != drawn("other")[1]
