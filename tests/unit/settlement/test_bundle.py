"""Bundles: everything that a statement was reckoned from, exact, and no one else's."""

import json

import pytest
from support.proved_month import ProvedMonth, adjustment, first_evidence, with_metered

from vpp.foundation.errors import InvalidInput
from vpp.settlement.bundle import ADJUSTMENTS, BOOKED, EVIDENCE, TERMS, bundle_bytes, read_bundle
from vpp.settlement.bundle_archive import pack, unpack
from vpp.settlement.reckoned_statement import only_lines, reckoned_statement
from vpp.settlement.statement_file import csv_pieces

PARTIES = ("owner-a", "owner-b", "grid", "hub")


@pytest.fixture(scope="module")
def month() -> ProvedMonth:
    """A second version: one reading corrected, one adjustment."""
    first = ProvedMonth(first_evidence())
    key = ("alone", "north-1")
    return first.after({key: with_metered(first.evidence[key], (450.0, 395.0, 410.0, 402.5))}, adjustment())


@pytest.mark.parametrize("party_id", PARTIES)
def test_a_bundle_comes_back_equal_and_is_written_alike(month: ProvedMonth, party_id: str) -> None:
    bundle = month.bundle(party_id)
    content = bundle_bytes(bundle)

    assert read_bundle(content) == bundle
    assert bundle_bytes(read_bundle(content)) == content


@pytest.mark.parametrize("party_id", PARTIES)
def test_a_bundle_gives_its_statement_again_to_the_last_byte(month: ProvedMonth, party_id: str) -> None:
    reckoned = reckoned_statement(read_bundle(bundle_bytes(month.bundle(party_id))))

    assert b"".join(csv_pieces(only_lines(reckoned.lines))) == month.csv(party_id)


def test_an_owners_bundle_names_no_other_owner_or_site(month: ProvedMonth) -> None:
    files, _ = unpack(bundle_bytes(month.bundle("owner-b")))

    for name, content in files.items():
        assert b"north" not in content, name
        assert b"owner-a" not in content, name


def test_an_owners_lines_need_the_sums_of_the_others(month: ProvedMonth) -> None:
    """Without the figures of the aggregate, its two sites alone would be judged as if they were all."""
    files, index = unpack(bundle_bytes(month.bundle("owner-b")))
    terms = json.loads(files[TERMS])
    terms["shared"] = None
    alone = read_bundle(pack({**files, TERMS: json.dumps(terms).encode()}, _facts(index)))

    found = b"".join(csv_pieces(only_lines(reckoned_statement(alone).lines)))

    assert found != month.csv("owner-b")


def _facts(index: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in index.items() if name != "files"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kind": "something else"}, "kind 'something else'"),
        ({"schema_version": 2}, "schema 2, expected 1"),
    ],
)
def test_another_kind_or_schema_is_refused(month: ProvedMonth, changed: dict[str, object], said: str) -> None:
    files, index = unpack(bundle_bytes(month.bundle("owner-a")))

    with pytest.raises(InvalidInput, match=said):
        read_bundle(pack(files, {**_facts(index), **changed}))


@pytest.mark.parametrize("name", [TERMS, ADJUSTMENTS, BOOKED, EVIDENCE])
def test_a_missing_part_is_named(month: ProvedMonth, name: str) -> None:
    files, index = unpack(bundle_bytes(month.bundle("owner-a")))
    del files[name]

    with pytest.raises(InvalidInput, match=f"bundle has no {name}"):
        read_bundle(pack(files, _facts(index)))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (TERMS, b"{", "terms.json is not UTF-8 JSON"),
        (TERMS, b"{}", "terms.json lacks"),
        (ADJUSTMENTS, b'[{"amount": 3}]', r"adjustments.json\[0\] lacks"),
        (BOOKED, b"3\n", "booked_before.jsonl is 3, expected an object"),
        ("products/example-together-v1.json", b'{"product_id": "x"}', "is no product"),
    ],
)
def test_a_part_that_cannot_be_read_is_named(
    month: ProvedMonth, name: str, content: bytes, said: str
) -> None:
    files, index = unpack(bundle_bytes(month.bundle("owner-a")))

    with pytest.raises(InvalidInput, match=said):
        read_bundle(pack({**files, name: content}, _facts(index)))


def test_evidence_that_is_there_twice_or_cannot_be_read_is_refused(month: ProvedMonth) -> None:
    files, index = unpack(bundle_bytes(month.bundle("owner-a")))
    twice = pack({**files, EVIDENCE: files[EVIDENCE] * 2}, _facts(index))
    broken = pack({**files, EVIDENCE: b"{}\n"}, _facts(index))

    with pytest.raises(InvalidInput, match="twice"):
        reckoned_statement(read_bundle(twice))
    with pytest.raises(InvalidInput, match="evidence has no"):
        reckoned_statement(read_bundle(broken))


def test_evidence_of_a_product_that_is_not_there_is_refused(month: ProvedMonth) -> None:
    files, index = unpack(bundle_bytes(month.bundle("owner-a")))
    without = {name: content for name, content in files.items() if "example-together" not in name}

    with pytest.raises(InvalidInput, match="bundle lacks product example-together"):
        reckoned_statement(read_bundle(pack(without, _facts(index))))


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (EVIDENCE, b'"84.25"', b'"1E+20000000"', "price_per_mwh"),
        (EVIDENCE, b'"metered_kw":[400.0', b'"metered_kw":[1e+308', "cannot be reckoned with"),
        ("products/example-together-v2.json", b'"amount": "120"', b'"amount": "1E+20000000"', "40 places"),
        (BOOKED, b'"amount":"2.11"', b'"amount":"1E-20000000"', "amount is '1E-20000000'"),
    ],
)
def test_a_number_that_would_take_hours_or_break_arithmetic_is_refused(
    month: ProvedMonth, name: str, old: bytes, new: bytes, said: str
) -> None:
    files, index = unpack(bundle_bytes(month.bundle("owner-a")))
    assert old in files[name]
    forged = pack({**files, name: files[name].replace(old, new, 1)}, _facts(index))

    with pytest.raises(InvalidInput, match=said):
        reckoned_statement(read_bundle(forged))


def test_the_file_is_named_after_the_statement(month: ProvedMonth) -> None:
    assert month.bundle("owner-a").file_name == "statement_owner-a_2026-03_v2.bundle.zip"
