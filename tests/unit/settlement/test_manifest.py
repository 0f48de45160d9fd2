import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from support.reckoned_statements import statement_for

from vpp.foundation.audit_chain import ChainHead
from vpp.foundation.signed_head import SignedHead
from vpp.settlement.manifest import ManifestFacts, manifest_name
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.statement import Statement
from vpp.settlement.statement_files import write_statement
from vpp.settlement.statement_names import StatementNames

WRITTEN_AT = datetime(2026, 4, 1, 9, tzinfo=UTC)
FACTS = ManifestFacts(code_version="1.2.3", created_at=WRITTEN_AT)


@pytest.fixture
def statement(delivery: Callable[..., SiteDelivery]) -> Statement:
    return statement_for("acme", [delivery(["60"])])


def document_of(statement: Statement, facts: ManifestFacts = FACTS) -> dict[str, object]:
    files = write_statement(statement.head, statement.lines, facts).files
    found: dict[str, object] = json.loads(files[manifest_name(statement.head)])
    return found


def test_the_manifest_says_what_was_written(statement: Statement) -> None:
    files = write_statement(statement.head, statement.lines, FACTS).files
    csv_bytes, summary_bytes, _ = files.values()
    assert list(files) == [
        "statement_acme_2026-03_v1.csv",
        "statement_acme_2026-03_v1.summary.csv",
        "statement_acme_2026-03_v1.manifest.json",
    ]
    assert document_of(statement) == {
        "statement_id": "acme-2026-03-v1",
        "party_id": "acme",
        "party_name": "",
        "settlement_period": "2026-03",
        "version": 1,
        "previous": "",
        "previous_manifest_sha256": "",
        "run_id": "",
        "run_type": "INITIAL",
        "run_label": "INITIAL",
        "currency": "GBP",
        "file_name": "statement_acme_2026-03_v1.csv",
        "sha256": hashlib.sha256(csv_bytes).hexdigest(),
        "summary_file_name": "statement_acme_2026-03_v1.summary.csv",
        "summary_sha256": hashlib.sha256(summary_bytes).hexdigest(),
        "row_count": 3,
        "control_totals": {"ENERGY": "4.80", "AGG_FEE": "-0.48", "PENALTY": "-1.20"},
        "quantity_totals": {
            "baseline_kwh": "500.000",
            "metered_kwh": "440.000",
            "delivered_kwh": "60.000",
            "payable_kwh": "60.000",
            "availability_kw_h": "0",
            "penalty_basis_kwh": "30.000",
            "co2_kg": "0",
        },
        "total_amount": "3.12",
        "delta_amount": "3.12",
        "products": [{"product_id": "evening-peak", "version": 3}],
        "baselines": [{"baseline_id": "high-4-of-5", "product_id": "evening-peak", "product_version": 3}],
        "evidence_sha256": "",
        "data_versions": {},
        "site_names": {},
        "code_version": "1.2.3",
        "created_at": "2026-04-01T09:00:00Z",
        "signer": "",
        "signature": "",
    }


def test_a_signed_head_of_the_partys_record_goes_with_its_statement(statement: Statement) -> None:
    head = SignedHead(ChainHead("parties/acme", 3, "ab" * 32), "2026-04-01T08:50:00+00:00", "k", "s")
    document = document_of(statement, replace(FACTS, audit_head=head))
    assert document["audit_head"] == head.document()
    assert "audit_head" not in document_of(statement)


def test_facts_of_the_run_stand_in_it_and_no_other_site_s(statement: Statement) -> None:
    document = document_of(
        statement,
        ManifestFacts(
            code_version="1",
            created_at=WRITTEN_AT,
            run_id="run-2026-03-3",
            run_label="RECALC_2",
            evidence_sha256="ab",
            data_versions={"north-1": 17, "someone-elses": 3},
            product_sha256={("evening-peak", 3): "cd", ("other", 1): "no"},
            rule_sha256={"high-4-of-5": "ef"},
            names=StatementNames("Acme 株式会社", {"north-1": "北京数据中心", "someone-elses": "Secret"}),
            previous_manifest_sha256="01",
        ),
    )
    assert (document["run_id"], document["run_label"], document["run_type"]) == (
        "run-2026-03-3",
        "RECALC_2",
        "INITIAL",
    )
    assert (document["evidence_sha256"], document["previous_manifest_sha256"]) == ("ab", "01")
    assert (document["data_versions"], document["site_names"]) == (
        {"north-1": 17},
        {"north-1": "北京数据中心"},
    )
    assert document["party_name"] == "Acme 株式会社"
    assert document["products"] == [{"product_id": "evening-peak", "version": 3, "sha256": "cd"}]
    assert document["baselines"] == [
        {"baseline_id": "high-4-of-5", "product_id": "evening-peak", "product_version": 3, "sha256": "ef"}
    ]


def test_the_same_inputs_give_the_same_bytes(statement: Statement) -> None:
    first, second = (write_statement(statement.head, statement.lines, FACTS) for _ in range(2))
    assert first.files == second.files
    assert first.csv_sha256 == hashlib.sha256(first.files["statement_acme_2026-03_v1.csv"]).hexdigest()


def test_names_are_written_as_they_are(statement: Statement) -> None:
    facts = ManifestFacts(code_version="1", created_at=WRITTEN_AT, names=StatementNames("東京電力"))
    content = write_statement(statement.head, statement.lines, facts).files[manifest_name(statement.head)]
    assert "東京電力" in content.decode()
