import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from vpp.settlement.manifest import manifest_name, render_manifest, verify
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.statement import Statement, build_statement
from vpp.settlement.statement_file import render_csv

WRITTEN_AT = datetime(2026, 4, 1, 9, tzinfo=UTC)


@pytest.fixture
def statement(delivery: Callable[..., SiteDelivery]) -> Statement:
    return build_statement(
        "acme", "2026-03", [delivery(["60"])], operator_party_id="grid", aggregator_party_id="hub"
    )


def manifest_of(statement: Statement) -> bytes:
    return render_manifest(statement, render_csv(statement), code_version="1.2.3", created_at=WRITTEN_AT)


def test_the_manifest_says_what_was_written(statement: Statement) -> None:
    document = json.loads(manifest_of(statement))
    assert manifest_name(statement) == "statement_acme_2026-03_v1.manifest.json"
    assert document == {
        "statement_id": "acme-2026-03-v1",
        "previous": "",
        "run_type": "INITIAL",
        "currency": "GBP",
        "file_name": "statement_acme_2026-03_v1.csv",
        "sha256": hashlib.sha256(render_csv(statement)).hexdigest(),
        "row_count": 3,
        "control_totals": {"ENERGY": "4.80", "AGG_FEE": "-0.48", "PENALTY": "-1.20"},
        "total_amount": "3.12",
        "delta_amount": "3.12",
        "products": [{"product_id": "evening-peak", "version": 3}],
        "baselines": [{"baseline_id": "high-4-of-5", "product_id": "evening-peak", "product_version": 3}],
        "code_version": "1.2.3",
        "created_at": "2026-04-01T09:00:00Z",
        "signer": "",
    }


def test_the_same_inputs_give_the_same_bytes(statement: Statement) -> None:
    assert manifest_of(statement) == manifest_of(statement)


def test_an_untouched_file_has_no_problem(statement: Statement) -> None:
    assert verify(render_csv(statement), manifest_of(statement)) == []


def test_an_empty_statement_verifies_too(delivery: Callable[..., SiteDelivery]) -> None:
    nothing_to_share = build_statement(
        "hub", "2026-03", [delivery(["0"])], operator_party_id="grid", aggregator_party_id="hub"
    )
    assert nothing_to_share.lines == ()
    assert verify(render_csv(nothing_to_share), manifest_of(nothing_to_share)) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b'"4.80"', b'"5.80"', ["sha256", "control total ENERGY", "total_amount", "delta_amount"]),
        (b'"ENERGY"', b'"PENALTY"', ["sha256", "control total ENERGY", "control total PENALTY"]),
        (b'"GBP"', b'"EUR"', ["sha256", "currency"]),
        (b'"m-77"', b'"m-78"', ["sha256"]),
        (b'"4.80"', b'"4,80"', ["sha256", "an amount in the file is not a number"]),
        (b'"amount"', b'"sum"', ["sha256", "file does not have the columns"]),
        (b',"m-77"', b"", ["sha256", "a row does not have as many cells"]),
        (b'"m-77"', b'"m-77', ["sha256", "file is not UTF-8 CSV"]),
    ],
)
def test_every_change_is_found(statement: Statement, old: bytes, new: bytes, expected: list[str]) -> None:
    content = render_csv(statement)
    assert old in content
    problems = verify(content.replace(old, new), manifest_of(statement))
    assert [problem.startswith(start) for problem, start in zip(problems, expected, strict=True)] == [
        True
    ] * len(expected)


def test_a_lost_row_is_found(statement: Statement) -> None:
    *kept, _last, end = render_csv(statement).split(b"\r\n")
    problems = verify(b"\r\n".join([*kept, end]), manifest_of(statement))
    assert "row_count of the file is 2, manifest says 3" in problems


@pytest.mark.parametrize(
    ("manifest", "problem"),
    [(b"\xff", "manifest is not JSON"), (b"{", "manifest is not JSON"), (b"[]", "not a JSON object")],
)
def test_a_broken_manifest_is_a_problem_not_an_error(
    statement: Statement, manifest: bytes, problem: str
) -> None:
    [found] = verify(render_csv(statement), manifest)
    assert problem in found


def test_values_of_the_wrong_kind_are_problems(statement: Statement) -> None:
    wrong = {"sha256": 1, "row_count": "3", "control_totals": [], "total_amount": 3.12, "currency": ["GBP"]}
    document = json.loads(manifest_of(statement)) | wrong | {"delta_amount": "none"}
    assert len(verify(render_csv(statement), json.dumps(document).encode())) == 8
