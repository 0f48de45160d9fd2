"""Ids that the hub gives: each owner's own count, and nobody's to ask for."""

import re

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.workflows.given_ids import DIGEST_LENGTH, chosen_id, given_id


def test_the_first_free_one_is_given() -> None:
    first = given_id("evening", "parties/grid", lambda _: False)
    assert re.fullmatch(rf"evening-[0-9a-f]{{{DIGEST_LENGTH}}}-1", first)
    assert given_id("evening", "parties/grid", first.__eq__) == first[:-1] + "2"
    taken = {first, first[:-1] + "2"}
    assert given_id("evening", "parties/grid", taken.__contains__) == first[:-1] + "3"


def test_owners_count_apart_and_so_do_things() -> None:
    ids = [
        given_id(base, owner, lambda _: False)
        for base in ("evening", "morning")
        for owner in ("parties/grid", "parties/rival")
    ]
    assert len({one.split("-")[1] for one in ids}) == len(ids)


@pytest.mark.parametrize("count", ["1", "27"])
def test_nobody_can_ask_for_one_that_is_the_hubs_to_give(count: str) -> None:
    given = given_id("evening", "parties/grid", lambda _: False)[:-1] + count
    with pytest.raises(
        InvalidInput, match=f"^bid_id is '{given}', expected one that does not end"
    ) as refusal:
        chosen_id(given, "bid_id")
    assert refusal.value.metadata == {"field": "bid_id"}


@pytest.mark.parametrize(
    "own", ["evening", "a-1", "evening-20260304-1", "evening-190a90fe7d", "e-190a90fe7-1"]
)
def test_others_are_the_callers_to_choose(own: str) -> None:
    assert chosen_id(own, "bid_id") == own


def test_what_is_no_id_is_refused() -> None:
    with pytest.raises(InvalidInput, match="bid_id"):
        chosen_id("No Id", "bid_id")
