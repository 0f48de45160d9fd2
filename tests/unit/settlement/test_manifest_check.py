import json
import os
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.reckoned_statements import statement_for

from vpp.foundation.command_keys import key_id
from vpp.settlement.manifest import ManifestFacts, sha256_of
from vpp.settlement.manifest_check import verify
from vpp.settlement.manifest_signature import StatementSigner
from vpp.settlement.payment_terms import PaymentTerms, TaxRate
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.statement_columns import COLUMNS
from vpp.settlement.statement_files import write_statement

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
PUBLIC = {key_id(KEY.public_key()): KEY.public_key()}
FACTS = ManifestFacts(code_version="1.2.3", created_at=datetime(2026, 4, 1, 9, tzinfo=UTC))
Files = tuple[bytes, bytes, bytes]


@pytest.fixture
def files(delivery: Callable[..., SiteDelivery]) -> Files:
    """Lines, summary and signed manifest."""
    return files_of(delivery(["60"]), StatementSigner(KEY))


def files_of(delivery: SiteDelivery, signer: StatementSigner | None, party_id: str = "acme") -> Files:
    statement = statement_for(party_id, [delivery])
    terms = PaymentTerms(rates=(TaxRate(statement.tally.zero + 1, "all"),))
    written = write_statement(statement.head, statement.lines, FACTS, terms=terms, signer=signer)
    csv_bytes, summary_bytes, manifest_bytes = written.files.values()
    return csv_bytes, summary_bytes, manifest_bytes


def test_untouched_files_have_no_problem(files: Files) -> None:
    csv_bytes, summary_bytes, manifest_bytes = files
    assert verify(csv_bytes, manifest_bytes) == []
    assert verify(csv_bytes, manifest_bytes, summary_bytes=summary_bytes, keys=PUBLIC) == []


def test_any_single_bit_that_is_flipped_in_any_of_the_files_is_found(files: Files) -> None:
    """Every 149th bit here, all of them with VPP_AUDIT_BITS=all."""
    step = 1 if os.environ.get("VPP_AUDIT_BITS") == "all" else 149
    for place, content in enumerate(files):
        for bit in range(0, len(content) * 8, step):
            flipped = bytearray(content)
            flipped[bit // 8] ^= 1 << bit % 8
            changed = [*files[:place], bytes(flipped), *files[place + 1 :]]
            found = verify(changed[0], changed[2], summary_bytes=changed[1], keys=PUBLIC)
            assert found, (place, bit)


def test_a_signature_in_capitals_is_not_the_one_that_was_written(files: Files) -> None:
    manifest = json.loads(files[2])
    shouted = json.dumps({**manifest, "signature": manifest["signature"].upper()}).encode()
    assert any("is not one of key" in problem for problem in verify(files[0], shouted, keys=PUBLIC))


def test_an_empty_statement_verifies_too(delivery: Callable[..., SiteDelivery]) -> None:
    csv_bytes, summary_bytes, manifest_bytes = files_of(delivery(["0"]), None, "hub")
    assert len(csv_bytes.splitlines()) == 1
    assert verify(csv_bytes, manifest_bytes, summary_bytes=summary_bytes) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b'"4.80"', b'"5.80"', ["sha256", "control total ENERGY", "total_amount", "delta_amount"]),
        (b'"ENERGY"', b'"PENALTY"', ["sha256", "control total ENERGY", "control total PENALTY"]),
        (b'"440.000"', b'"441.000"', ["sha256", "quantity total metered_kwh"]),
        (b'"GBP"', b'"EUR"', ["sha256", "currency"]),
        (b'"m-77"', b'"m-78"', ["sha256"]),
        (b'"4.80"', b'"4,80"', ["sha256", "an amount in the file is not a number"]),
        (b'"4.80"', b'""', ["sha256", "an amount in the file is not a number"]),
        (b'"440.000"', b'"4E2"', ["sha256", "a cell of metered_kwh in the file is not a number"]),
        (b'"amount"', b'"sum"', ["sha256", "file does not have the columns"]),
        (b',"m-77"', b"", ["sha256", "a row does not have as many cells"]),
        (b'"m-77"', b'"m-77', ["sha256", "file is not UTF-8 CSV"]),
    ],
)
def test_every_change_is_found(files: Files, old: bytes, new: bytes, expected: list[str]) -> None:
    csv_bytes, _, manifest_bytes = files
    assert old in csv_bytes
    problems = verify(csv_bytes.replace(old, new), manifest_bytes)
    assert [problem.startswith(start) for problem, start in zip(problems, expected, strict=True)] == [
        True
    ] * len(expected)


def test_a_lost_row_is_found(files: Files) -> None:
    csv_bytes, _, manifest_bytes = files
    *kept, _last, end = csv_bytes.split(b"\r\n")
    assert "row_count of the file is 2, manifest says 3" in verify(b"\r\n".join([*kept, end]), manifest_bytes)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b'"3.12","1.00","all","3.12","6.24"', b'"3.12","1.00","all","3.12","6.25"', "gross_amount"),
        (b'"3.12","1.00","all","3.12","6.24"', b'"3.13","1.00","all","3.11","6.24"', "taxable_base"),
        (b'"3.12","1.00","all","3.12","6.24"', b'"3.12","1.00","all","x","6.24"', "summary cannot be read"),
        (b'"taxable_base",', b"", "summary cannot be read"),
    ],
)
def test_a_changed_summary_is_found(files: Files, old: bytes, new: bytes, expected: str) -> None:
    csv_bytes, summary_bytes, manifest_bytes = files
    assert old in summary_bytes
    changed = summary_bytes.replace(old, new)
    assert verify(csv_bytes, manifest_bytes, summary_bytes=changed)[0].startswith("summary_sha256")
    document = json.loads(manifest_bytes)
    document["summary_sha256"] = sha256_of(changed)
    [problem] = verify(csv_bytes, json.dumps(document).encode(), summary_bytes=changed)
    assert problem.startswith(expected)


def test_a_changed_manifest_is_no_longer_signed(files: Files) -> None:
    csv_bytes, _, manifest_bytes = files
    changed = manifest_bytes.replace(b'"code_version": "1.2.3"', b'"code_version": "1.2.4"')
    assert changed != manifest_bytes
    [problem] = verify(csv_bytes, changed, keys=PUBLIC)
    assert problem.startswith("the signature is not one of key")


def test_with_a_public_key_the_manifest_has_to_be_signed_by_it(
    delivery: Callable[..., SiteDelivery],
) -> None:
    csv_bytes, _, unsigned = files_of(delivery(["60"]), None)
    assert verify(csv_bytes, unsigned) == []
    assert verify(csv_bytes, unsigned, keys=PUBLIC) == ["unsigned"]
    _, _, other = files_of(delivery(["60"]), StatementSigner(OTHER_KEY))
    [problem] = verify(csv_bytes, other, keys=PUBLIC)
    assert problem.endswith("which is not among the public keys given")


def test_a_manifest_of_before_there_were_quantities_verifies(files: Files) -> None:
    csv_bytes, _, manifest_bytes = files
    document = json.loads(manifest_bytes)
    for later in ("quantity_totals", "summary_sha256", "signer", "signature"):
        del document[later]
    older = csv_bytes.replace(b',"adjustment_id"', b"").replace(b',""\r\n', b"\r\n")
    document["sha256"] = sha256_of(older)
    assert older.count(b'","') == csv_bytes.count(b'","') - 4
    assert verify(older, json.dumps(document).encode(), summary_bytes=b"of earlier columns") == []


@pytest.mark.parametrize(
    ("manifest", "problem"),
    [
        (b"\xff", "manifest is not JSON"),
        (b"{", "manifest is not JSON"),
        (b"[" * 100_000, "manifest is not JSON"),
        (b"[]", "not a JSON object"),
    ],
)
def test_a_broken_manifest_is_a_problem_not_an_error(files: Files, manifest: bytes, problem: str) -> None:
    [found] = verify(files[0], manifest)
    assert problem in found


def test_values_of_the_wrong_kind_are_problems(files: Files) -> None:
    wrong = {"sha256": 1, "row_count": "3", "control_totals": [], "total_amount": 3.12, "currency": ["GBP"]}
    document = json.loads(files[2]) | wrong | {"delta_amount": "none", "quantity_totals": None}
    assert len(verify(files[0], json.dumps(document).encode())) == 8 + 7


def test_the_columns_that_are_read_exist() -> None:
    assert {"amount", "delta_amount", "line_code", "statement_id", "currency"} <= set(COLUMNS)
